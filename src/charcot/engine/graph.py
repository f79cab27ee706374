"""From a program to what the kernel computes: rates, exact Jacobian, read-outs, and what can be done once per patient.

The graph here is closer to the machine than :mod:`charcot.core.expression`: powers are multiplications, square roots
or exp(e log x); division is multiplication by a shared reciprocal; and every node knows whether it depends on nothing
(a constant), on parameters only (computed once per patient), or on states and inputs (computed at every stage).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from charcot.core.expression import Expression, symbols_of, topological
from charcot.core.program import Program
from charcot.engine.elimination import Elimination
from charcot.engine.linear import Block, LinearPart, is_nothing, linear_parts
from charcot.engine.linearise import linearised
from charcot.engine.soften import SLIDING, Softening

CONSTANT, PATIENT, MOMENT = 0, 1, 2  # how often a node changes: never, with the patient, at every stage

LARGEST_PRODUCT_POWER = 16  # x^16 takes four multiplications; beyond, exp(e log x) is as fast and as exact


@dataclass
class Graph:
    """Value-numbered operations: equal nodes have equal numbers, arguments come before their users."""

    operations: list[str] = field(default_factory=list)
    arguments: list[tuple[int, ...]] = field(default_factory=list)
    values: list[float] = field(default_factory=list)  # of a constant
    places: list[int] = field(default_factory=list)  # of a leaf: its index among states, parameters or inputs
    levels: list[int] = field(default_factory=list)
    _known: dict[tuple[object, ...], int] = field(default_factory=dict)

    def node(self, operation: str, *arguments: int, value: float = 0.0, place: int = -1) -> int:
        """The number of a node, made when it is new."""
        key = (operation, arguments, value.hex(), place)
        number = self._known.get(key)
        if number is None:
            number = self._known[key] = len(self.operations)
            self.operations.append(operation)
            self.arguments.append(arguments)
            self.values.append(value)
            self.places.append(place)
            leaf = {"constant": CONSTANT, "parameter": PATIENT}.get(operation, MOMENT)
            self.levels.append(max((self.levels[a] for a in arguments), default=leaf))
        return number

    def constant(self, value: float) -> int:
        return self.node("constant", value=value)

    def doubtful(self) -> set[int]:
        """The nodes that may be no number where what they are the slope of is one: 0 x infinity.

        Infinities come from powers, exponentials and logarithms, and from quotients; but where a quotient that stands
        in no other quotient is infinite, so is what it is the slope of.
        """
        risk = [0] * len(self.operations)
        for number, operation in enumerate(self.operations):
            if self.levels[number] == MOMENT:
                below = max((risk[a] for a in self.arguments[number]), default=0)
                own = {"reciprocal": min(2, below + 1), "exp": 2, "log": 2, "raised": 2, "square_root": 2}
                risk[number] = max(below, own.get(operation, 0))
        return {number for number, level in enumerate(risk) if level == 2}

    def below(self, roots: Iterable[int], level: int) -> list[int]:
        """The nodes of at least ``level`` below ``roots``, arguments first, close to their users."""
        order: list[int] = []
        seen: set[int] = set()
        for root in roots:
            stack = [root]
            while stack:
                number = stack[-1]
                if number in seen or self.levels[number] < level:
                    stack.pop()
                    continue
                missing = [a for a in self.arguments[number] if a not in seen and self.levels[a] >= level]
                if missing:
                    stack.extend(reversed(missing))
                else:
                    seen.add(number)
                    order.append(number)
                    stack.pop()
        return order


class Lowering:
    """Translates expressions into a :class:`Graph`, each expression once."""

    def __init__(self, program: Program, allowances: Sequence[str]) -> None:
        self.graph = Graph()
        self._made: dict[int, int] = {}
        self._leaves = {name: ("state", i) for i, name in enumerate(program.state_names)}
        self._leaves |= {name: ("parameter", i) for i, name in enumerate(program.parameter_names)}
        self._leaves |= {name: ("input", i) for i, name in enumerate([*program.input_names, SLIDING])}
        self._leaves |= {name: ("parameter", i) for i, name in enumerate(allowances, len(program.parameters))}

    def __call__(self, roots: Sequence[Expression]) -> list[int]:
        for expression in topological(roots):
            if expression.serial not in self._made:
                self._made[expression.serial] = self._lower(expression)
        return [self._made[root.serial] for root in roots]

    def _lower(self, expression: Expression) -> int:
        graph, a = self.graph, [self._made[argument.serial] for argument in expression.arguments]
        match expression.operation:
            case "constant":
                return graph.constant(expression.value)
            case "symbol":
                kind, place = self._leaves[expression.name]
                return graph.node(kind, place=place)
            case "power":
                return self._power(a[0], expression.value)
            case "divide":
                return self._multiply(a[0], self._reciprocal(a[1]))
            case "multiply":
                return self._multiply(a[0], a[1])
            case "subtract" if graph.operations[a[0]] == "constant" and graph.values[a[0]] == 0.0:
                return graph.node("negate", a[1])
        return graph.node(expression.operation, *a)

    def _multiply(self, a: int, b: int) -> int:
        graph = self.graph
        for one, other in ((a, b), (b, a)):
            if graph.operations[one] == "constant" and abs(graph.values[one]) == 1.0:
                return other if graph.values[one] == 1.0 else graph.node("negate", other)
        return graph.node("multiply", a, b)

    def _reciprocal(self, a: int) -> int:
        if self.graph.operations[a] == "constant":
            return self.graph.constant(1.0 / self.graph.values[a])
        return self.graph.node("reciprocal", a)

    def _power(self, base: int, exponent: float) -> int:
        if exponent < 0:
            return self._reciprocal(self._power(base, -exponent))
        whole = int(exponent) if exponent <= LARGEST_PRODUCT_POWER else -1
        if whole == exponent:
            return self._product(base, whole)
        # Round-off may carry a quantity a hair below zero; a fractional power reads that as zero, not as NaN.
        base = self.graph.node("not_negative", base)
        if whole + 0.5 == exponent:
            root = self.graph.node("square_root", base)
            return self._multiply(self._product(base, whole), root) if whole else root
        logarithm = self.graph.node("log", base)
        return self.graph.node("exp", self._multiply(self.graph.constant(exponent), logarithm))

    def _product(self, base: int, exponent: int) -> int:
        if exponent == 1:
            return base
        half = self._product(base, exponent // 2)
        square = self.graph.node("multiply", half, half)
        return self.graph.node("multiply", square, base) if exponent % 2 else square


@dataclass(frozen=True)
class Model:
    """All that code generation needs of a program, as node numbers of one graph.

    Attributes:
        graph: the operations.
        inputs: how many there are; the last tells who slides (:mod:`charcot.engine.soften`) where ``slides``.
        allowances: the column in the table of tolerances of each parameter that follows those of the program.
        initial, rates: the root of each state's initial value and rate.
        entries: (row, column, root) of each slope that is not zero, by row: of the states' rates, then of the
            intermediates, by the states and the intermediates (:mod:`charcot.engine.linearise`).
        readouts: the root of each read-out.
        conditions: the root of each trigger's condition, then of each jump that is watched.
        consequences: the roots of what else the triggers evaluate, trigger by trigger: delay, priority, values.
        patient_nodes: the parameter-only nodes that the rest reads, in the order of the ``derived`` table.
        elimination: how W = I/(gamma h) - J, with the intermediates as further unknowns, is factored.
        blocks: the linear parts that are solved exactly.
        forcing: the root of b of each forced row of each block.
        clock: the index of the state that is the time of the run; -1 for none.
        follows: whether the scale of a state is to be found from the largest value that it reaches.
    """

    graph: Graph
    inputs: int
    slides: bool
    parameters: int
    allowances: list[int]
    initial: list[int]
    rates: list[int]
    entries: list[tuple[int, int, int]]
    readouts: list[int]
    conditions: list[int]
    consequences: list[int]
    patient_nodes: list[int]
    elimination: Elimination
    blocks: list[Block]
    forcing: list[list[int]]
    clock: int
    follows: bool

    @property
    def modes(self) -> int:
        """Vectors of the table that holds the eigenvalues and eigenvectors of all blocks."""
        return sum(block.size for block in self.blocks)

    @property
    def exact_states(self) -> list[int]:
        """The states that are solved exactly, block after block."""
        return [state for block in self.blocks for state in block.states]


def build(program: Program, jumps: bool = True, sharing: bool = True) -> Model:
    """The rates, their exact slopes and the read-outs of ``program`` in one graph.

    Args:
        jumps: whether comparisons in rates on which the solution may stay are watched.
        sharing: whether intermediates that many rates share are unknowns; without, the entries are the Jacobian.
    """
    soft = Softening(program, jumps)
    rates = soft.rates([state.rate for state in program.states])
    rows = linearised(rates, program.state_names, sharing)
    places = [(row, column) for row, slopes in enumerate(rows) for column in slopes]
    slopes = soft.slopes([slope for row in rows for slope in row.values()])
    reading = soft.values([readout.expression for readout in program.readouts])
    watching = [*soft.values([trigger.condition for trigger in program.triggers]), *soft.conditions()]
    acting = soft.values([part for trigger in program.triggers for part in trigger.expressions()[1:]])
    read = symbols_of([*rates, *slopes, *reading, *watching, *acting])
    allowances = {name: place for name, place in soft.allowances.items() if name in read}
    lower = Lowering(program, list(allowances))
    rate_roots, slope_roots = lower(rates), lower(slopes)
    readouts, conditions, consequences = lower(reading), lower(watching), lower(acting)
    # Where triggers watch, every state has its say in the step: a long step could jump over a passage and back.
    parts = [] if watching else linear_parts(program)
    matrices = [lower([entry for _, _, entry in part.matrix]) for part in parts]
    forced = [[k for k, b in enumerate(part.forcing) if not is_nothing(b)] for part in parts]
    pushes = [lower([part.forcing[k] for k in rows]) for part, rows in zip(parts, forced, strict=True)]
    roots = [*rate_roots, *slope_roots, *readouts, *conditions, *consequences]
    roots += [root for group in (*matrices, *pushes) for root in group]
    patient_nodes = _hoisted(lower.graph, roots)
    return Model(
        graph=lower.graph,
        inputs=len(program.inputs) + soft.slides,
        slides=soft.slides,
        parameters=len(program.parameters) + len(allowances),
        allowances=list(allowances.values()),
        initial=lower([state.initial for state in program.states]),
        rates=rate_roots,
        entries=[(row, column, root) for (row, column), root in zip(places, slope_roots, strict=True)],
        readouts=readouts,
        conditions=conditions,
        consequences=consequences,
        patient_nodes=patient_nodes,
        elimination=Elimination.plan(len(rates), places, len(rows) - len(rates)),
        blocks=_blocks(lower.graph, parts, matrices, forced, patient_nodes),
        forcing=pushes,
        clock=program.state_names.index(program.clock) if program.clock else -1,
        follows=any(state.scale is None for state in program.states),
    )


def _blocks(
    graph: Graph,
    parts: list[LinearPart],
    matrices: list[list[int]],
    forced: list[list[int]],
    patient_nodes: list[int],
) -> list[Block]:
    """Each linear part with the places of its coefficients among the patient's derived values."""
    derived = {number: place for place, number in enumerate(patient_nodes)}
    blocks, offset = [], 0
    for part, roots, rows in zip(parts, matrices, forced, strict=True):
        coefficients = [
            (row, column, derived.get(root, -1), graph.values[root])
            for (row, column, _), root in zip(part.matrix, roots, strict=True)
        ]
        blocks.append(Block(part.states, coefficients, rows, offset))
        offset += blocks[-1].size
    return blocks


def _hoisted(graph: Graph, roots: list[int]) -> list[int]:
    """The parameter-only nodes that are roots or are read by a node that changes in time."""
    wanted = [root for root in roots if graph.levels[root] == PATIENT]
    for number in graph.below(roots, MOMENT):
        wanted += [a for a in graph.arguments[number] if graph.levels[a] == PATIENT]
    return sorted(set(wanted))
