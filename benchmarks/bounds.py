"""How near a step comes to what the machine can do: measured peaks, and the vector operations of the generated code.

The peaks are those of one core with vectors of the engine's width: fused multiply-adds with everything in registers,
and loads from a working set that lies in the second-level cache. The operations of a step are counted in the text that
is compiled: each function once per call, each loop body once per turn.
"""

from __future__ import annotations

import ctypes
import re
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

import llvmlite.binding as llvm
import numpy as np

from charcot.core.program import Program
from charcot.engine import codegen, compiled
from charcot.engine.compiled import aligned
from charcot.engine.factorisation import matrix_size
from charcot.engine.graph import build

CHAINS = 20  # independent accumulators: enough to hide the latency of a multiply-add on two units
L2_BYTES = 512 * 1024  # beyond a first-level cache (32 to 128 KiB), within a second-level one (1 MiB and more)
TURNS = 200_000


@dataclass(frozen=True)
class Peaks:
    """Per nanosecond of one core: vector multiply-adds, and vector loads from the second-level cache."""

    multiply_adds: float
    loads: float
    width: int


def peaks() -> Peaks:
    """Measure the machine (a second)."""
    width = compiled._host()[2].width
    real = f"<{width} x double>"
    fma = _compiled(_fma_kernel(real, width))
    load = _compiled(_load_kernel(real, width))
    data = aligned((L2_BYTES // 8,))
    out = np.zeros(width)
    turns = TURNS * CHAINS
    adds = turns / _fastest(lambda: fma(TURNS, data.ctypes.data, out.ctypes.data))
    vectors = L2_BYTES // (8 * width) // CHAINS * CHAINS
    sweeps = 200
    loads = sweeps * vectors / _fastest(lambda: load(sweeps, data.ctypes.data, out.ctypes.data))
    return Peaks(adds * 1e-9, loads * 1e-9, width)


def _fastest(function: Callable[[], object]) -> float:
    best = np.inf
    for _ in range(7):
        begin = time.thread_time()
        function()
        best = min(best, time.thread_time() - begin)
    return float(best)


_alive: list[object] = []  # machine code lives as long as its engine


def _compiled(text: str) -> Callable[..., None]:
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(text), compiled._target_machine(), use_lmm=True)
    engine.finalize_object()
    _alive.append(engine)
    kind = ctypes.CFUNCTYPE(None, ctypes.c_int64, ctypes.c_void_p, ctypes.c_void_p)
    return kind(engine.get_function_address("kernel"))


def _head(real: str, width: int) -> list[str]:
    return [
        f"declare {real} @llvm.fma.v{width}f64({real}, {real}, {real})",
        "define void @kernel(i64 %turns, ptr %data, ptr %out) {",
        "entry:",
        f"  %x = load {real}, ptr %data, align 8",
    ]


def _sum(real: str, names: list[str]) -> list[str]:
    lines, total = [], names[0]
    for k, name in enumerate(names[1:]):
        lines.append(f"  %total{k} = fadd {real} {total}, {name}")
        total = f"%total{k}"
    return [*lines, f"  store {real} {total}, ptr %out, align 8", "  ret void", "}"]


def _fma_kernel(real: str, width: int) -> str:
    lines = [*_head(real, width), "  br label %loop", "loop:", "  %i = phi i64 [ 0, %entry ], [ %next, %loop ]"]
    lines += [f"  %a{k} = phi {real} [ %x, %entry ], [ %b{k}, %loop ]" for k in range(CHAINS)]
    for k in range(CHAINS):
        lines.append(f"  %b{k} = call {real} @llvm.fma.v{width}f64({real} %a{k}, {real} %x, {real} %x)")
    lines += ["  %next = add i64 %i, 1", "  %more = icmp ult i64 %next, %turns"]
    lines += ["  br i1 %more, label %loop, label %done", "done:"]
    return "\n".join([*lines, *_sum(real, [f"%b{k}" for k in range(CHAINS)])])


def _load_kernel(real: str, width: int) -> str:
    """Sweeps over the data, CHAINS loads and additions a turn (additions are the cheaper half)."""
    vectors = L2_BYTES // (8 * width) // CHAINS * CHAINS
    lines = [*_head(real, width), "  br label %sweep", "sweep:"]
    lines += ["  %s = phi i64 [ 0, %entry ], [ %s.next, %swept ]"]
    lines += [f"  %c{k} = phi {real} [ %x, %entry ], [ %b{k}, %swept ]" for k in range(CHAINS)]
    lines += ["  br label %loop", "loop:", "  %i = phi i64 [ 0, %sweep ], [ %next, %loop ]"]
    lines += [f"  %a{k} = phi {real} [ %c{k}, %sweep ], [ %b{k}, %loop ]" for k in range(CHAINS)]
    for k in range(CHAINS):
        lines += [f"  %j{k} = add i64 %i, {k}", f"  %p{k} = getelementptr {real}, ptr %data, i64 %j{k}"]
        lines += [f"  %v{k} = load {real}, ptr %p{k}, align 8", f"  %b{k} = fadd {real} %a{k}, %v{k}"]
    lines += [f"  %next = add i64 %i, {CHAINS}", f"  %more = icmp ult i64 %next, {vectors}"]
    lines += ["  br i1 %more, label %loop, label %swept", "swept:", "  %s.next = add i64 %s, 1"]
    lines += ["  %again = icmp ult i64 %s.next, %turns", "  br i1 %again, label %sweep, label %done", "done:"]
    return "\n".join([*lines, *_sum(real, [f"%b{k}" for k in range(CHAINS)])])


ARITHMETIC = ("fma", "fadd", "fsub", "fmul", "fneg", "fcmp", "select", "sqrt", "maxnum", "minnum", "maximum", "minimum")
_CALL = re.compile(r"call [^@]*@([\w.]+)\(")
_RESULT = re.compile(r"= (\w+) ")


def operations(program: Program, function: str = "step_pack") -> Counter[str]:
    """Vector operations of one call of ``function``: ``arithmetic``, ``divide``, ``load``, ``store``.

    The dense output, which few steps need, is left out.
    """
    lanes = compiled._host()[2]
    text = codegen.generate(build(program), lanes)
    return count(text, function, lanes.real)


def count(text: str, function: str, real: str) -> Counter[str]:
    """The operations of one call of ``function`` in the module ``text``, those of what it calls included."""
    bodies = {m[1]: m[2] for m in re.finditer(r"define [^@]*@([\w.]+)\([^\n]*\{\n(.*?)\n\}", text, re.S)}
    known: dict[str, Counter[str]] = {}

    def of(name: str) -> Counter[str]:
        if name not in known:
            known[name] = Counter()
            for label, turns, lines in _blocks(bodies[name]):
                if label.startswith(("dense_output", "coefficients")):
                    continue
                for line in lines:
                    for kind, number in _of_line(line, real, bodies, of).items():
                        known[name][kind] += turns * number
        return known[name]

    return of(function)


def _blocks(body: str) -> list[tuple[str, int, list[str]]]:
    """(label, turns, lines) of each block; a block that branches back to itself is a loop."""
    blocks: list[tuple[str, list[str]]] = [("entry", [])]
    for line in body.split("\n"):
        label = re.match(r"([\w.]+):$", line)
        if label:
            blocks.append((label[1], []))
        else:
            blocks[-1][1].append(line)
    out = []
    for label, lines in blocks:
        loops = bool(lines) and f"label %{label}," in lines[-1] + ","
        bounds = [int(m[1]) for line in lines if (m := re.search(r"icmp ult i64 [^,]+, (\d+)$", line))]
        out.append((label, bounds[-1] if loops and bounds else 1, lines))
    return out


def _of_line(line: str, real: str, bodies: dict[str, str], of: Callable[[str], Counter[str]]) -> Counter[str]:
    called = _CALL.search(line)
    if called and called[1] in bodies:
        return of(called[1])
    if called:
        words = called[1].split(".")
        return Counter(arithmetic=1) if len(words) > 1 and words[1] in ARITHMETIC else Counter()
    if re.search(rf"\bstore {re.escape(real)}", line):
        return Counter(store=1)
    result = _RESULT.search(line)
    if result is None or real not in line:
        return Counter()
    if result[1] == "load":
        return Counter(load=1)
    if result[1] == "fdiv":
        return Counter(divide=1)
    return Counter(arithmetic=1) if result[1] in ARITHMETIC else Counter()


PHASES = ("rates", "jacobian", "factor", "solve", "exact")
CALLS = {"rates": 7, "jacobian": 1, "factor": 1, "solve": 8, "exact": 1}


def phases(program: Program, table: np.ndarray) -> dict[str, float]:
    """Microseconds of one pack-step by phase, each timed alone on one pack; ``step`` is the whole of it.

    What the phases leave of ``step`` is the sums between stages, the error and the step's end.
    """
    lanes = compiled._host()[2]
    model = build(program)
    text = codegen.generate(model, lanes).replace("define internal", "define")
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(text), compiled._target_machine(), use_lmm=True)
    engine.finalize_object()
    _alive.append(engine)
    states, width = len(program.states), lanes.width
    parameters = aligned((model.parameters, width))
    parameters[: len(program.parameters)] = table[:width].T
    tables = {
        "parameters": parameters,
        "derived": aligned((max(len(model.patient_nodes), 1), width)),
        "modes": aligned((max(model.modes, 1), width)),
        "inputs": aligned((max(model.inputs, 1), width)),
        "states": aligned((states, width)),
        "next_states": aligned((states, width)),
        "dense": aligned((3 * states, width)),
        "scratch": aligned((codegen.scratch_size(model), width)),
        "matrix": aligned((matrix_size(model.elimination), width)),
        "rates": aligned((states, width)),
        "sums": aligned((states, width)),
        "out": aligned((max(model.elimination.unknowns, len(model.readouts)), width)),
        "tolerances": aligned((1 + states, width)),
        "wants": np.zeros(width, dtype=np.int64),
    }
    for name in ("step_size", "error", "factor"):
        tables[name] = aligned((width,))
    tables["step_size"][:] = 5.0
    tables["tolerances"][:] = 1e-4
    tables["states"][:] = program.initial_states(table[:width]).T
    tables["inputs"][: len(program.inputs)] = np.array([[entry.value] for entry in program.inputs])
    tables["duration"] = tables["step_size"]

    def timed(name: str, repeats: int) -> float:
        arguments = re.search(rf"define [^@]*@{name}\(([^\n]*)\)", text)
        assert arguments is not None
        names = re.findall(r"%(\w+)", arguments[1])
        call = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * len(names))(engine.get_function_address(name))
        given = [tables[n].ctypes.data for n in names]

        def many() -> None:
            for _ in range(repeats):
                call(*given)

        many()
        return 1e6 * _fastest(many) / repeats

    timed("prologue_pack", 1)
    nothing = min(timed("commit_pack", 200) for _ in range(2)) if states < 4 else 0.4  # a call from Python
    found = {name: max(timed(name, 200) - nothing, 0.0) * CALLS[name] for name in PHASES if f"@{name}(" in text}
    found["step"] = timed("step_pack", 100) - nothing
    return found
