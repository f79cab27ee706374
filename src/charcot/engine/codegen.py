"""The kernel of one program as LLVM text: one Rosenbrock step of W patients, and what surrounds it.

Tables are in packs: vector i of pack p of a table with n vectors a pack lies at ``table + (p n + i) W`` doubles. Every
exported function takes the number of packs to treat, their list, and its tables:

=============  =====================================================================================
``prologue``   parameters -> derived (everything that depends on parameters only)
``initial``    parameters -> states
``start``      a first step size from the rates at ``states``
``step``       one step of size ``step_size``: ``next_states``, the error norm, the factor by which the step may
               grow (0 where a pivot was too small), and, where ``wants`` is not 0, the coefficients of the dense
               output
``recall``     the coefficients of the dense output of the step that is still in ``scratch``
``commit``     states = next_states in the lanes where ``accept`` is 1; where a state's scale is unknown, ``largest``
               follows the largest value of each
``sample``     states and read-outs at the fraction ``theta`` of the step
``report``     copies the chosen read-outs of chosen lanes to where the result wants them
``slopes``     rates and the Jacobian at ``states``, for a solver that pivots
``watch``      states and the triggers' conditions at the fraction ``theta`` (programs with triggers only)
``moment``     the triggers' conditions, then their delays, priorities and values, at ``states`` (likewise)
=============  =====================================================================================

States that are linear in each other only (:mod:`charcot.engine.linear`) end a step, and are sampled, at their exact
values.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence

import numpy as np

from charcot.engine.expressions import Writer
from charcot.engine.factorisation import linear_solver, matrix_size
from charcot.engine.functions import LIBRARY
from charcot.engine.graph import MOMENT, PATIENT, Model
from charcot.engine.linear import Block
from charcot.engine.tableau import RODAS5P, Tableau
from charcot.engine.vector import Body, Lanes, exponential, logarithm, polynomial

# The time to compile a function grows faster than its length: an evaluation goes on in another one after so many
# operations.
PART = 200

# Of the step size controller. At a safety of 0.9 one step in seven was rejected on the disease model; at 0.85 one in
# thirteen, and the error is a tenth smaller.
SAFETY, SHRINK, GROW = 0.85, 0.2, 6.0


def scratch_size(model: Model, tableau: Tableau = RODAS5P) -> int:
    """Vectors of working memory that ``step``, ``start`` and ``sample`` need."""
    plan = model.elimination
    return tableau.stages * plan.unknowns + 3 * plan.states + matrix_size(plan) + len(model.exact_states)


def generate(model: Model, lanes: Lanes, tableau: Tableau = RODAS5P) -> str:
    """The text of the whole module."""
    pieces = [
        lanes.declarations(),
        exponential(lanes),
        logarithm(lanes),
        *(write(lanes) for operation, write in LIBRARY.items() if operation in model.graph.operations),
        _evaluation(model, lanes, "rates", model.rates, "%out"),
        _jacobian(model, lanes),
        *linear_solver(model.elimination, {entry[:2] for entry in model.entries}, lanes, tableau.gamma),
        _evaluation(model, lanes, "readouts", model.readouts, "%out"),
        _exact(model, lanes),
        *_of_parameters(model, lanes, "prologue", "derived", model.patient_nodes),
        *_of_parameters(model, lanes, "initial", "states", model.initial),
        *_start(model, lanes),
        *_step(model, lanes, tableau),
        *_recall(model, lanes, tableau),
        *_commit(model, lanes),
        *_sample(model, lanes),
        _report(model, lanes),
        *_slopes(model, lanes),
        *_of_triggers(model, lanes),
    ]
    return "\n\n".join(pieces) + "\n"


# straight-line parts ---------------------------------------------------------------------------------------------


def _evaluation(model: Model, lanes: Lanes, name: str, roots: Sequence[int], out: str) -> str:
    arguments = ("ptr noalias %states", "ptr %derived", "ptr %inputs", "ptr noalias %out")

    def finish(body: Body, position: int, value: str) -> None:
        body.store(value, out, position)

    return _in_parts(_of_moment(model, lanes, roots), name, arguments, roots, finish)


def _jacobian(model: Model, lanes: Lanes) -> str:
    """Rates into ``%out`` and slopes into ``%matrix``, row by row, so that they share what they have in common."""
    slot = model.elimination.slot
    targets = [(row, root, -1) for row, root in enumerate(model.rates)]
    targets += [(row, root, slot[row, column]) for row, column, root in model.entries]
    targets.sort()
    doubtful = model.graph.doubtful()

    def finish(body: Body, position: int, value: str) -> None:
        row, root, place = targets[position]
        if place < 0:
            body.store(value, "%out", row)
            return
        if root in doubtful:  # 0 x infinity beside a finite rate: the step is as good without it, only shorter
            value = body.choose("olt", body.absolute(value), body.constant(math.inf), value, body.constant(0.0))
        body.store(value, "%matrix", place)

    tables = ("ptr noalias %states", "ptr %derived", "ptr %inputs", "ptr noalias %out", "ptr noalias %matrix")
    roots = [root for _, root, _ in targets]
    return _in_parts(_of_moment(model, lanes, roots), "jacobian", tables, roots, finish)


def _of_moment(model: Model, lanes: Lanes, roots: Sequence[int]) -> Writer:
    return Writer(Body(lanes), model.graph, roots, MOMENT, model.patient_nodes, PART)


def _in_parts(
    writer: Writer, name: str, tables: Sequence[str], roots: Sequence[int], finish: Callable[[Body, int, str], None]
) -> str:
    """The function ``name``, which evaluates ``roots``; a long one calls one part after the other."""
    writer.write(finish, roots)
    for body in writer.bodies:
        body.do("ret void")
    head = f"internal void @{name}({', '.join(tables)})"
    if len(writer.bodies) == 1:
        return writer.body.function(head)
    whole = Body(writer.body.lanes)
    whole.do(f"%kept = alloca {whole.lanes.real}, i64 {max(writer.kept, 1)}")
    given = ", ".join(f"ptr {table.split()[-1]}" for table in (*tables, "%kept"))
    parts = []
    for number, body in enumerate(writer.bodies):
        whole.do(f"call void @{name}_{number}({given})")
        parts.append(body.function(f"internal void @{name}_{number}({', '.join(tables)}, ptr noalias %kept)"))
    whole.do("ret void")
    return "\n\n".join([*parts, whole.function(head)])


def _exact(model: Model, lanes: Lanes) -> str:
    """The states of the linear blocks after ``%duration`` from ``%states``, in ``%out``, block after block."""
    body = Body(lanes)
    duration, place = body.load("%duration"), 0
    for block, roots in zip(model.blocks, model.forcing, strict=True):
        pushes: dict[int, str] = {}

        def take(_: Body, position: int, value: str, block: Block = block, pushes: dict[int, str] = pushes) -> None:
            pushes[block.forced[position]] = value

        Writer(body, model.graph, roots, MOMENT, model.patient_nodes).write(take, roots)
        count = len(block.states)
        first = block.offset + (count > 1)  # after the flag
        amounts = [body.load("%states", state) for state in block.states]
        moved = []
        for k in range(count):
            rate = body.load("%modes", first + k)
            growth = body.call("vector_exp", body.multiply(rate, duration))
            inverse = _entries(body, first + count + count * count + k * count, count)
            z = body.multiply(_product(body, inverse, amounts), growth)
            if pushes:
                push = _product(body, [inverse[j] for j in pushes] if inverse else [], list(pushes.values()))
                z = body.fma(push, _mean_growth(body, rate, duration, growth), z)
            moved.append(z)
        for k in range(count):
            body.store(_product(body, _entries(body, first + count + k * count, count), moved), "%out", place)
            place += 1
    body.do("ret void")
    tables = "ptr %states, ptr %modes, ptr %derived, ptr %inputs, ptr %duration, ptr noalias %out"
    return body.function(f"internal void @exact({tables})")


def _entries(body: Body, first: int, count: int) -> list[str]:
    """A row of V or V^-1; empty for a state alone, whose eigenvector is 1 and is not kept."""
    return [body.load("%modes", first + j) for j in range(count)] if count > 1 else []


def _product(body: Body, row: Sequence[str], column: Sequence[str]) -> str:
    """``row`` times ``column``; an empty row stands for 1."""
    if not row:
        return column[0]
    total = body.multiply(row[0], column[0])
    for a, b in zip(row[1:], column[1:], strict=True):
        total = body.fma(a, b, total)
    return total


def _mean_growth(body: Body, rate: str, duration: str, growth: str) -> str:
    """(exp(l s) - 1) / l; by its series where l s is small, where the difference would lose its digits."""
    z = body.multiply(rate, duration)
    series = polynomial(body, [1.0 / math.factorial(k + 1) for k in range(9)], z)
    near = body.multiply(duration, series)
    far = body.divide(body.subtract(growth, body.constant(1.0)), rate)
    return body.choose("olt", body.absolute(z), body.constant(0.05), near, far)


def _exact_places(model: Model) -> list[tuple[Block, int, int]]:
    """(block, state, place in the output of ``exact``) of every state that is solved exactly."""
    states = [(block, state) for block in model.blocks for state in block.states]
    return [(block, state, place) for place, (block, state) in enumerate(states)]


def _where_exact(body: Body, block: Block, value: str, table: str, state: int) -> str:
    """``value`` in the lanes whose block is solved exactly, elsewhere what ``table`` holds."""
    if len(block.states) == 1:
        return value
    return body.choose("oeq", body.load("%modes", block.offset), body.constant(1.0), value, body.load(table, state))


# loops -----------------------------------------------------------------------------------------------------------


def _for_each_state(
    body: Body, label: str, count: int, write: Callable[[str, list[str]], list[str]], starts: Sequence[str] = ()
) -> list[str]:
    """A loop over states: ``write(index, carried)`` gives the new carried values; returns them after the loop."""
    real, before = body.lanes.real, body.block
    body.do(f"br label %{label}")
    body.lines.append(f"{label}:")
    index, carried = f"%{label}.i", [f"%{label}.c{k}" for k in range(len(starts))]
    phi = len(body.lines)
    after = write(index, carried)
    body.do(f"{index}.next = add i64 {index}, 1")
    body.do(f"{index}.more = icmp ult i64 {index}.next, {count}")
    body.do(f"br i1 {index}.more, label %{label}, label %{label}.done")
    body.lines.append(f"{label}.done:")
    body.block = f"{label}.done"
    heads = [f"  {index} = phi i64 [ 0, %{before} ], [ {index}.next, %{label} ]"]
    heads += [
        f"  {name} = phi {real} [ {start}, %{before} ], [ {value}, %{label} ]"
        for name, start, value in zip(carried, starts, after, strict=True)
    ]
    body.lines[phi:phi] = heads
    return after


def _exported(
    lanes: Lanes, name: str, packed: Sequence[tuple[str, int]], shared: Sequence[str], body: Body
) -> tuple[str, str]:
    """The function of one pack, and the exported loop over a list of packs that calls it.

    ``packed`` lists the tables (name, vectors a pack), ``shared`` the tables that all packs read or overwrite.
    """
    body.do("ret void")
    names = [table for table, _ in packed] + list(shared)
    one = body.function(f"internal void @{name}_pack({', '.join(f'ptr %{table}' for table in names)})")
    loop = ["loop:", "  %c = phi i64 [ 0, %entry ], [ %c.next, %loop ]"]
    loop += ["  %place = getelementptr i64, ptr %list, i64 %c", "  %pack = load i64, ptr %place, align 8"]
    for table, size in packed:
        loop.append(f"  %{table}.offset = mul i64 %pack, {size}")
        loop.append(f"  %{table}.pack = getelementptr {lanes.real}, ptr %{table}, i64 %{table}.offset")
    arguments = [f"ptr %{table}.pack" for table, _ in packed] + [f"ptr %{table}" for table in shared]
    loop += [f"  call void @{name}_pack({', '.join(arguments)})", "  %c.next = add i64 %c, 1"]
    loop += ["  %more = icmp ult i64 %c.next, %count", "  br i1 %more, label %loop, label %done"]
    head = f"define void @{name}(i64 %count, ptr %list, {', '.join(f'ptr %{table}' for table in names)}) {{"
    test = ["entry:", "  %any = icmp ugt i64 %count, 0", "  br i1 %any, label %loop, label %done"]
    return one, "\n".join([head, *test, *loop, "done:", "  ret void", "}"])


def _of_parameters(model: Model, lanes: Lanes, name: str, table: str, roots: Sequence[int]) -> Iterable[str]:
    def finish(body: Body, position: int, value: str) -> None:
        body.store(value, f"%{table}", position)

    writer = Writer(Body(lanes), model.graph, roots, PATIENT, (), PART)
    yield _in_parts(writer, f"{name}_of_one", ("ptr %parameters", f"ptr %{table}"), roots, finish)
    body = Body(lanes)
    body.do(f"call void @{name}_of_one(ptr %parameters, ptr %{table})")
    yield from _exported(lanes, name, [("parameters", model.parameters), (table, len(roots))], (), body)


def _scale(body: Body, index: str, magnitude: str) -> str:
    """The size of a local error that is just allowed: absolute + relative x |y|."""
    after = body.put(f"add i64 {index}, 1")
    return body.fma(body.load("%tolerances"), magnitude, body.load("%tolerances", after))


def _start(model: Model, lanes: Lanes) -> tuple[str, str]:
    """h such that an Euler step changes no state by more than 1 % of the largest, or by the tolerance.

    States that are solved exactly are left out.
    """
    body = Body(lanes)
    body.do("call void @rates(ptr %states, ptr %derived, ptr %inputs, ptr %scratch)")
    for block, state, _ in _exact_places(model):
        body.store(_where_exact(body, block, body.constant(0.0), "%scratch", state), "%scratch", state)

    def measure(index: str, carried: list[str]) -> list[str]:
        magnitude = body.absolute(body.load("%states", index))
        scale = _scale(body, index, magnitude)
        size = body.divide(magnitude, scale)
        speed = body.divide(body.absolute(body.load("%scratch", index)), scale)
        return [body.greatest(carried[0], size), body.greatest(carried[1], speed)]

    zero = body.constant(0.0)
    size, speed = _for_each_state(body, "norm", len(model.rates), measure, [zero, zero])
    change = body.greatest(body.multiply(size, body.constant(0.01)), body.constant(1.0))
    body.store(body.divide(change, speed), "%step_size")
    tables = [("states", len(model.rates)), ("derived", len(model.patient_nodes)), ("modes", model.modes)]
    tables += [("inputs", model.inputs), ("step_size", 1), ("tolerances", 1 + len(model.rates))]
    return _exported(lanes, "start", tables, ["scratch"], body)


def _commit(model: Model, lanes: Lanes) -> tuple[str, str]:
    body = Body(lanes)
    accept = body.load("%accept")

    def move(index: str, carried: list[str]) -> list[str]:
        old, new = body.load("%states", index), body.load("%next_states", index)
        body.store(body.choose("oeq", accept, body.constant(1.0), new, old), "%states", index)
        if model.follows:
            largest = body.greatest(body.load("%largest", index), body.absolute(old))
            reached = body.greatest(largest, body.absolute(new))
            body.store(body.choose("oeq", accept, body.constant(1.0), reached, largest), "%largest", index)
        return []

    _for_each_state(body, "move", len(model.rates), move)
    tables = [("states", len(model.rates)), ("next_states", len(model.rates)), ("accept", 1)]
    tables += [("largest", len(model.rates) if model.follows else 0)]
    return _exported(lanes, "commit", tables, (), body)


def _interpolation(body: Body, model: Model) -> None:
    """``between`` = the states at the fraction ``theta`` of the step, by its dense output or exactly.

    In a program with triggers a state that stands still keeps its last bit: it may be a count that a condition reads;
    and the clock goes straight.
    """
    states = len(model.rates)
    theta = body.load("%theta")
    rest = body.subtract(body.constant(1.0), theta)

    def interpolate(index: str, carried: list[str]) -> list[str]:
        d = [body.load("%dense", body.put(f"add i64 {index}, {m * states}")) for m in range(3)]
        inner = body.fma(theta, body.fma(theta, d[2], d[1]), d[0])
        before, after = body.load("%states", index), body.load("%next_states", index)
        if model.conditions:
            value = body.fma(theta, body.fma(rest, inner, body.subtract(after, before)), before)
            value = body.choose("oeq", theta, body.constant(1.0), after, value)
        else:
            value = body.fma(theta, body.fma(rest, inner, after), body.multiply(rest, before))
        body.store(value, "%between", index)
        return []

    _for_each_state(body, "between_ends", states, interpolate)
    if model.conditions and model.clock >= 0:
        before, after = body.load("%states", model.clock), body.load("%next_states", model.clock)
        value = body.fma(theta, body.load("%step_size"), before)
        body.store(body.choose("oeq", theta, body.constant(1.0), after, value), "%between", model.clock)
    if model.blocks:
        body.do(f"%duration = alloca {body.lanes.real}, i64 1")
        body.do(f"%exactly = alloca {body.lanes.real}, i64 {len(model.exact_states)}")
        body.store(body.multiply(theta, body.load("%step_size")), "%duration")
        body.do("call void @exact(ptr %states, ptr %modes, ptr %derived, ptr %inputs, ptr %duration, ptr %exactly)")
        for block, state, place in _exact_places(model):
            body.store(_where_exact(body, block, body.load("%exactly", place), "%between", state), "%between", state)


def _sample(model: Model, lanes: Lanes) -> tuple[str, str]:
    body, states = Body(lanes), len(model.rates)
    _interpolation(body, model)
    body.do("call void @readouts(ptr %between, ptr %derived, ptr %inputs, ptr %out)")
    tables = [("theta", 1), ("step_size", 1), ("states", states), ("next_states", states), ("dense", 3 * states)]
    tables += [("derived", len(model.patient_nodes)), ("modes", model.modes), ("inputs", model.inputs)]
    tables += [("between", states), ("out", len(model.readouts))]
    return _exported(lanes, "sample", tables, (), body)


def _report(model: Model, lanes: Lanes) -> str:
    """``report``: for each lane with a row (not -1), the selected read-outs to ``values`` from that place on.

    ``rows`` holds a place for every lane of every pack; ``selection`` the number of read-outs asked for, then which.
    """
    width, element = lanes.width, lanes.format.element
    widen = "fpext float %given to double" if element == "float" else "fadd double %given, -0.0"  # -0: nothing changes
    return f"""define void @report(i64 %count, ptr %list, ptr %out, ptr %rows, ptr %selection, ptr %values) {{
entry:
  %chosen = load i64, ptr %selection, align 8
  %any = icmp ugt i64 %count, 0
  %some = icmp ugt i64 %chosen, 0
  %both = and i1 %any, %some
  br i1 %both, label %packs, label %done
packs:
  %c = phi i64 [ 0, %entry ], [ %c.next, %packs.next ]
  %place = getelementptr i64, ptr %list, i64 %c
  %pack = load i64, ptr %place, align 8
  %first = mul i64 %pack, {len(model.readouts) * width}
  %table = getelementptr {element}, ptr %out, i64 %first
  br label %lanes
lanes:
  %l = phi i64 [ 0, %packs ], [ %l.next, %lanes.next ]
  %before = mul i64 %pack, {width}
  %lane = add i64 %before, %l
  %row.place = getelementptr i64, ptr %rows, i64 %lane
  %row = load i64, ptr %row.place, align 8
  %wanted = icmp sge i64 %row, 0
  br i1 %wanted, label %copy, label %lanes.next
copy:
  %r = phi i64 [ 0, %lanes ], [ %r.next, %copy ]
  %r.next = add i64 %r, 1
  %which.place = getelementptr i64, ptr %selection, i64 %r.next
  %which = load i64, ptr %which.place, align 8
  %vector = mul i64 %which, {width}
  %entry.place = add i64 %vector, %l
  %source = getelementptr {element}, ptr %table, i64 %entry.place
  %given = load {element}, ptr %source, align {lanes.format.bits // 8}
  %value = {widen}
  %to = add i64 %row, %r
  %target = getelementptr double, ptr %values, i64 %to
  store double %value, ptr %target, align 8
  %more = icmp ult i64 %r.next, %chosen
  br i1 %more, label %copy, label %lanes.next
lanes.next:
  %l.next = add i64 %l, 1
  %l.more = icmp ult i64 %l.next, {width}
  br i1 %l.more, label %lanes, label %packs.next
packs.next:
  %c.next = add i64 %c, 1
  %c.more = icmp ult i64 %c.next, %count
  br i1 %c.more, label %packs, label %done
done:
  ret void
}}"""


def _slopes(model: Model, lanes: Lanes) -> tuple[str, str]:
    body = Body(lanes)
    body.do("call void @jacobian(ptr %states, ptr %derived, ptr %inputs, ptr %rates, ptr %matrix)")
    tables = [("states", len(model.rates)), ("derived", len(model.patient_nodes)), ("inputs", model.inputs)]
    tables += [("rates", len(model.rates)), ("matrix", model.elimination.size)]
    return _exported(lanes, "slopes", tables, (), body)


def _of_triggers(model: Model, lanes: Lanes) -> Iterable[str]:
    """``watch`` and ``moment``; both ask one function for the conditions, so that they agree to the last bit."""
    if not model.conditions:
        return
    states, conditions, consequences = len(model.rates), len(model.conditions), len(model.consequences)
    yield _evaluation(model, lanes, "conditions", model.conditions, "%out")
    yield _evaluation(model, lanes, "consequences", model.consequences, "%out")
    present = [("derived", len(model.patient_nodes)), ("inputs", model.inputs)]

    body = Body(lanes)
    _interpolation(body, model)
    body.do("call void @conditions(ptr %between, ptr %derived, ptr %inputs, ptr %out)")
    tables = [("theta", 1), ("step_size", 1), ("states", states), ("next_states", states), ("dense", 3 * states)]
    tables += [("derived", len(model.patient_nodes)), ("modes", model.modes), ("inputs", model.inputs)]
    yield from _exported(lanes, "watch", [*tables, ("between", states), ("out", conditions)], (), body)

    body = Body(lanes)
    body.do("call void @conditions(ptr %states, ptr %derived, ptr %inputs, ptr %out)")
    rest = body.address("%out", conditions)
    body.do(f"call void @consequences(ptr %states, ptr %derived, ptr %inputs, ptr {rest})")
    tables = [("states", states), *present, ("out", conditions + consequences)]
    yield from _exported(lanes, "moment", tables, (), body)


# the step --------------------------------------------------------------------------------------------------------


def _step(model: Model, lanes: Lanes, tableau: Tableau) -> tuple[str, str]:
    body, states, stride = Body(lanes), len(model.rates), model.elimination.unknowns
    names = ["point", "rates", "sums", "matrix", "exactly"]
    sizes = [states, states, states, matrix_size(model.elimination), len(model.exact_states)]
    for name, offset in zip(names, np.cumsum([tableau.stages * stride, *sizes[:-1]]), strict=True):
        body.do(f"%{name} = getelementptr {lanes.real}, ptr %scratch, i64 {offset}")
    body.do("call void @jacobian(ptr %states, ptr %derived, ptr %inputs, ptr %rates, ptr %matrix)")
    body.do("call void @factor(ptr %matrix, ptr %step_size)")
    for stage in range(tableau.stages):
        _stage_sums(body, model, stage, tableau)
        if stage > 0:
            body.do("call void @rates(ptr %point, ptr %derived, ptr %inputs, ptr %rates)")
        k = body.address("%scratch", stage * stride)
        body.do(f"call void @solve(ptr %matrix, ptr %rates, ptr %sums, ptr %step_size, ptr {k})")
    if model.blocks:
        body.do("call void @exact(ptr %states, ptr %modes, ptr %derived, ptr %inputs, ptr %step_size, ptr %exactly)")
        for block, state, place in _exact_places(model):  # and no error
            body.store(_where_exact(body, block, body.load("%exactly", place), "%point", state), "%point", state)
            body.store(_where_exact(body, block, body.constant(0.0), k, state), k, state)
    _finish(body, model, tableau)
    small_pivot = body.load("%matrix", model.elimination.size)
    factor = body.choose("ogt", small_pivot, body.constant(0.0), body.constant(0.0), body.load("%factor"))
    body.store(factor, "%factor")
    _dense_output(body)
    tables = [("states", states), ("next_states", states), ("dense", 3 * states)]
    tables += [("derived", len(model.patient_nodes)), ("modes", model.modes), ("inputs", model.inputs)]
    tables += [(name, 1) for name in ("step_size", "error", "factor", "wants")]
    return _exported(lanes, "step", [*tables, ("tolerances", 1 + states)], ["scratch"], body)


def _weighted_sum(body: Body, weights: Iterable[float], terms: Sequence[str], start: str = "") -> str:
    total = start
    for weight, term in zip(weights, terms, strict=True):
        if weight != 0.0:
            factor = body.constant(weight)
            total = body.fma(factor, term, total) if total else body.multiply(factor, term)
    return total


def _stages(body: Body, model: Model, index: str, stages: Iterable[int]) -> list[str]:
    """k_j of one state; behind those of all states, a stage keeps what the intermediates are."""
    return [body.load("%scratch", body.put(f"add i64 {index}, {j * model.elimination.unknowns}")) for j in stages]


def _stage_sums(body: Body, model: Model, stage: int, tableau: Tableau) -> None:
    """``point`` = y + sum_j a_ij k_j and ``sums`` = sum_j c_ij k_j, in one pass over the states."""
    steps_on = stage >= 2 and np.array_equal(tableau.stage[stage, : stage - 1], tableau.stage[stage - 1, : stage - 1])

    def sums(index: str, carried: list[str]) -> list[str]:
        k = _stages(body, model, index, range(stage))
        if steps_on:  # the previous point plus the last stage: the tail of a stiffly accurate method
            point = _weighted_sum(body, [tableau.stage[stage, stage - 1]], k[-1:], body.load("%point", index))
        else:
            point = _weighted_sum(body, tableau.stage[stage, :stage], k, body.load("%states", index))
        coupling = _weighted_sum(body, tableau.coupling[stage, :stage], k) or body.constant(0.0)
        body.store(point, "%point", index)
        body.store(coupling, "%sums", index)
        return []

    _for_each_state(body, f"stage{stage}", len(model.rates), sums)


def _finish(body: Body, model: Model, tableau: Tableau) -> None:
    """``next_states``, the error as the largest over states of |k_8| / allowed, and the factor for the next step."""

    def compare(index: str, carried: list[str]) -> list[str]:
        (last,) = _stages(body, model, index, [tableau.stages - 1])
        after = body.add(body.load("%point", index), last)
        body.store(after, "%next_states", index)
        magnitude = body.greatest(body.absolute(body.load("%states", index)), body.absolute(after))
        error = body.divide(body.absolute(last), _scale(body, index, magnitude))
        # a maximum forgets NaN; 0 x NaN and 0 x infinity do not
        spoiled = body.fma(after, body.constant(0.0), body.fma(error, body.constant(0.0), carried[1]))
        return [body.choose("ogt", error, carried[0], error, carried[0]), spoiled]

    zero = body.constant(0.0)
    largest, spoiled = _for_each_state(body, "finish", len(model.rates), compare, [zero, zero])
    body.store(body.add(largest, body.absolute(spoiled)), "%error")
    bounded = body.greatest(largest, body.constant(1e-10))
    logarithm = body.call("vector_log", bounded)
    root = body.call("vector_exp", body.multiply(logarithm, body.constant(-1.0 / (tableau.embedded_order + 1))))
    factor = body.multiply(root, body.constant(SAFETY))
    factor = body.least(body.greatest(factor, body.constant(SHRINK)), body.constant(GROW))
    body.store(factor, "%factor")


def _dense_output(body: Body) -> None:
    """The coefficients of the dense output, where they are wanted."""
    wants = body.put("load i64, ptr %wants, align 8")
    asked = body.put(f"icmp ne i64 {wants}, 0")
    body.do(f"br i1 {asked}, label %dense_output, label %end")
    body.lines.append("dense_output:")
    body.do("call void @recall_pack(ptr %dense, ptr %scratch)")
    body.do("br label %end")
    body.lines.append("end:")
    body.block = "end"


def _recall(model: Model, lanes: Lanes, tableau: Tableau) -> tuple[str, str]:
    body, states = Body(lanes), len(model.rates)

    def coefficients(index: str, carried: list[str]) -> list[str]:
        k = _stages(body, model, index, range(tableau.stages))
        for m, weights in enumerate(tableau.dense):
            body.store(_weighted_sum(body, weights, k), "%dense", body.put(f"add i64 {index}, {m * states}"))
        return []

    _for_each_state(body, "coefficients", states, coefficients)
    return _exported(lanes, "recall", [("dense", 3 * states)], ["scratch"], body)
