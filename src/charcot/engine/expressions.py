"""Straight-line code for the nodes of a graph."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

from charcot.engine.graph import CONSTANT, MOMENT, PATIENT, Graph
from charcot.engine.vector import Body


class Writer:
    """Writes the nodes below some roots into function bodies, each once.

    ``level`` says what the function computes: PATIENT for the prologue, which reads the table ``%parameters``;
    MOMENT for what is evaluated at every stage, which reads ``%states``, ``%inputs`` and the table ``%derived`` of
    parameter-only values. Beyond ``part`` nodes it goes on in another body; what a later one reads of an earlier one
    lies in the table ``%kept``, of ``kept`` vectors.
    """

    def __init__(
        self,
        body: Body,
        graph: Graph,
        roots: Sequence[int],
        level: int,
        patient_nodes: Sequence[int] = (),
        part: int = 0,
    ) -> None:
        self.graph, self.level, self.bodies = graph, level, [body]
        self._derived = {number: i for i, number in enumerate(patient_nodes)} if level == MOMENT else {}
        self._nodes = graph.below(roots, level)
        self._names: dict[int, str] = {}
        self._fused = self._fusable(roots)
        inside = set(self._fused.values())
        self._written = [n for n in self._nodes if n not in inside and not self._is_leaf(n)]
        self._part = {number: place // part for place, number in enumerate(self._written)} if part else {}
        self._places = self._crossing() if part else {}

    @property
    def body(self) -> Body:
        """The one that is written now."""
        return self.bodies[-1]

    @property
    def kept(self) -> int:
        """How many values later bodies read of earlier ones."""
        return len(self._places)

    def _crossing(self) -> dict[int, int]:
        """The nodes that a later body reads, and where each is kept."""
        found: dict[int, int] = {}
        for number in self._written:
            inner = self._fused.get(number)
            for a in (*self.graph.arguments[number], *(self.graph.arguments[inner] if inner is not None else ())):
                if a in self._part and self._part[a] < self._part[number]:
                    found.setdefault(a, len(found))
        return found

    def _fusable(self, roots: Sequence[int]) -> dict[int, int]:
        """{sum: product}: products with one user, a sum, are written with it as one fused multiply-add."""
        users = Counter(a for number in self._nodes for a in self.graph.arguments[number])
        users.update(roots)
        fused: dict[int, int] = {}
        for number in self._nodes:
            if self.graph.operations[number] in {"add", "subtract"}:
                for a in self.graph.arguments[number]:
                    if self.graph.operations[a] == "multiply" and users[a] == 1 and self.graph.levels[a] == self.level:
                        fused[number] = a
                        break
        return fused

    def write(self, finish: Callable[[Body, int, str], None], roots: Sequence[int]) -> None:
        """Write all nodes, and call ``finish(body, position, name)`` for each root as soon as its value is there."""
        waiting: dict[int, list[int]] = {}
        for position, root in enumerate(roots):
            waiting.setdefault(root, []).append(position)
        for number in self._written:
            if self._part.get(number, 0) == len(self.bodies):
                self.bodies.append(Body(self.body.lanes))
                self._names = {}
            self._names[number] = self._operation(number)
            if number in self._places:
                self.body.store(self._names[number], "%kept", self._places[number])
            for position in waiting.pop(number, []):
                finish(self.body, position, self._names[number])
        for number, positions in waiting.items():  # roots that are leaves, constants or patient values
            for position in positions:
                finish(self.body, position, self.name(number))

    def _is_leaf(self, number: int) -> bool:
        return self.graph.operations[number] in {"state", "input", "parameter"}

    def name(self, number: int) -> str:
        """The text that reads node ``number`` here."""
        graph = self.graph
        if number in self._names:
            return self._names[number]
        if number in self._places:
            return self.body.recall("%kept", self._places[number])
        if graph.levels[number] == CONSTANT:
            return self.body.constant(graph.values[number])
        if self.level == MOMENT and graph.levels[number] == PATIENT:
            return self.body.recall("%derived", self._derived[number])
        table = {"state": "%states", "input": "%inputs", "parameter": "%parameters"}[graph.operations[number]]
        return self.body.recall(table, graph.places[number])

    def _operation(self, number: int) -> str:
        body, operation = self.body, self.graph.operations[number]
        if number in self._fused:
            return self._fused_sum(number)
        a = [self.name(argument) for argument in self.graph.arguments[number]]
        match operation:
            case "add" | "subtract" | "multiply" | "negate" | "square_root":
                return getattr(body, operation)(*a)  # type: ignore[no-any-return]
            case "reciprocal":
                return body.divide(body.constant(1.0), a[0])
            case "not_negative":
                return body.greatest(a[0], body.constant(0.0))
            case "minimum":
                return body.least(*a)
            case "maximum":
                return body.greatest(*a)
            case "select":
                return body.choose("olt", *a)
            case "exp" | "log":
                return body.call(f"vector_{operation}", a[0])
            case "sine" | "cosine" | "arctangent" | "floor" | "raised":
                return body.call(f"vector_{operation}", *a)
            case "sigmoid":
                decay = body.call("vector_exp", body.negate(a[0]))
                return body.divide(body.constant(1.0), body.add(decay, body.constant(1.0)))
            case "softplus":
                return self._softplus(a[0])
        raise ValueError(f"the engine has no code for the operation {operation!r}")

    def _fused_sum(self, number: int) -> str:
        body, product = self.body, self._fused[number]
        first, second = self.graph.arguments[number]
        x, y = (self.name(a) for a in self.graph.arguments[product])
        if first == product:
            other = self.name(second)
            return body.fma(x, y, body.negate(other) if self.graph.operations[number] == "subtract" else other)
        return body.fma(body.negate(x) if self.graph.operations[number] == "subtract" else x, y, self.name(first))

    def _softplus(self, x: str) -> str:
        """max(x, 0) + ln(1 + z), z = e^-|x|; ln(1 + z) = ln(u) + (z - (u - 1)) / u with u the rounded 1 + z."""
        body = self.body
        one = body.constant(1.0)
        z = body.call("vector_exp", body.negate(body.absolute(x)))
        u = body.add(z, one)
        lost = body.subtract(z, body.subtract(u, one))
        return body.add(
            body.greatest(x, body.constant(0.0)),
            body.add(body.call("vector_log", u), body.divide(lost, u)),
        )
