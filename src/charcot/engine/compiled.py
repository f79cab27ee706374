"""Machine code for a program: compiled once, kept in memory and on disk.

The object code lies in a folder of the user (``$CHARCOT_CACHE``, else ``$XDG_CACHE_HOME/charcot``, else
``~/.cache/charcot``), keyed by the program, the source of the generator, the processor and the compiler. A file that
cannot be read, or does not match its own checksum, is compiled again; a folder that cannot be written is done without.
Whoever writes such a file runs code in this process, so only what nobody else can have written is loaded
(:mod:`charcot.core.private_folder`); the rest is compiled again, with a warning.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import threading
import warnings
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm
import numpy as np

from charcot.core import expression, result, schedule
from charcot.core.errors import CharcotWarning
from charcot.core.private_folder import Untrusted, private_folder
from charcot.core.program import Program
from charcot.engine import (
    codegen,
    control,
    elimination,
    expressions,
    factorisation,
    functions,
    graph,
    linear,
    linearise,
    loops,
    scalar,
    soften,
    tableau,
    vector,
)
from charcot.engine.linear import Block

# The exported functions, and how many tables each takes.
FUNCTIONS = {"prologue": 2, "initial": 2, "start": 7, "step": 12, "recall": 2}
FUNCTIONS |= {"commit": 4, "sample": 10, "report": 4, "slopes": 5}
OF_TRIGGERS = {"watch": 10, "moment": 4}  # only in a program with triggers
WORD = ctypes.c_int64
OF_CONTROL = {"drive": ctypes.CFUNCTYPE(WORD, WORD, WORD), "finish": ctypes.CFUNCTYPE(None, WORD, WORD, WORD)}
MAGIC = b"charcot kernel 5\n"


SECONDS_A_LINE = 7e-5  # to compile the text of a program, measured from 48,000 to 233,000 lines
LONG_COMPILATION = 20.0  # seconds


class LargeProgram(CharcotWarning):
    """A program that takes long to compile."""


class UntrustedCache(CharcotWarning):
    """Others may have written what lies in the cache of compiled models."""


@dataclass(frozen=True)
class Sizes:
    """How many vectors a pack needs in each table of a kernel, and the lanes of a vector.

    ``entries`` lists the slopes as (row, column, vector of the table ``matrix``), where the unknowns are the states and
    then ``intermediates``; what stands in ``allowances``, ``slides``, ``clock`` and ``follows`` is told of
    :class:`~charcot.engine.graph.Model`.
    """

    width: int
    states: int
    parameters: int
    inputs: int
    readouts: int
    derived: int
    scratch: int
    modes: int
    blocks: list[Block]
    conditions: int
    consequences: int
    matrix: int
    intermediates: int
    entries: list[tuple[int, int, int]]
    single: bool  # whether the tables hold floats
    allowances: list[int]
    slides: bool
    clock: int
    follows: bool


class Kernel:
    """The compiled functions of one program; calls release the interpreter's lock, and share nothing."""

    def __init__(self, sizes: Sizes, code: bytes) -> None:
        self.sizes = sizes
        self._engine = _loaded(code)
        functions = FUNCTIONS | (OF_TRIGGERS if sizes.conditions else {})
        self.addresses = {name: self._engine.get_function_address(name) for name in functions}
        for name, tables in functions.items():
            prototype = ctypes.CFUNCTYPE(None, ctypes.c_int64, *[ctypes.c_void_p] * (tables + 1))
            setattr(self, name, prototype(self.addresses[name]))

    prologue: Any
    initial: Any
    start: Any
    step: Any
    recall: Any
    commit: Any
    sample: Any
    report: Any
    slopes: Any
    watch: Any
    moment: Any


class Control:
    """The compiled functions of :mod:`charcot.engine.control`, which serve every program of one precision."""

    def __init__(self, code: bytes) -> None:
        self._engine = _loaded(code)
        for name, prototype in OF_CONTROL.items():
            setattr(self, name, prototype(self._engine.get_function_address(name)))

    drive: Any
    finish: Any


def _loaded(code: bytes) -> Any:
    """An engine of LLVM that holds the object ``code``; it lives as long as its functions are called."""
    # llvmlite's own memory manager keeps the sections of an object together: code of the small model may not lie
    # farther than 2 GiB from its constants, and in a process with many threads LLVM's default scatters them
    # (the loader then aborts the process)
    engine = llvm.create_mcjit_compiler(llvm.parse_assembly(""), _target_machine(), use_lmm=True)
    engine.add_object_file(llvm.ObjectFileRef.from_data(code))
    engine.finalize_object()
    return engine


_kernels: dict[str, Kernel] = {}
_controls: dict[bool, Control] = {}
_lock = threading.Lock()


def kernel(program: Program, single: bool = False) -> Kernel:
    """The kernel of ``program``, in double or single precision: from memory, else from disk, else compiled now."""
    if not program.states:
        raise ValueError("The program has no states, so there is nothing to integrate. Add a mechanism with a rate.")
    key = cache_key(program, single)
    with _lock:
        if key not in _kernels:
            name = f"{key}.kernel"
            stored = _read(name)
            if stored is None:
                stored = compile_program(program, single)
                _write(name, *stored)
            _kernels[key] = Kernel(*stored)
        return _kernels[key]


def control_of(single: bool) -> Control:
    """The control of steps in double or single precision: from memory, else from disk, else compiled now."""
    with _lock:
        if single not in _controls:
            name = f"{_key(['control'], single)}.control"
            code = _read_code(name)
            if code is None:
                code = _target_machine().emit_object(llvm.parse_assembly(_control_text(single)))
                _write_code(name, code)
            _controls[single] = Control(code)
        return _controls[single]


def cache_folder() -> Path:
    """Where object code is kept."""
    named = os.environ.get("CHARCOT_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "charcot"


def cache_key(program: Program, single: bool = False) -> str:
    """Everything on which the object code depends, in 32 hexadecimal digits."""
    return _key([program.hash], single)


def _key(parts: list[str], single: bool) -> str:
    processor, features, _ = _host()
    parts = [*parts, _generator(), processor, features, llvmlite.__version__, llvm.get_default_triple()]
    parts += ["single"] if single else []
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def compile_program(program: Program, single: bool = False) -> tuple[Sizes, bytes]:
    """Differentiate, generate and compile ``program``: its sizes and its object code."""
    lanes = _host()[2].narrowed() if single else _host()[2]
    model = graph.build(program, jumps=not single)
    sizes = Sizes(
        width=lanes.width,
        states=len(program.states),
        parameters=model.parameters,
        inputs=model.inputs,
        readouts=len(program.readouts),
        derived=len(model.patient_nodes),
        scratch=codegen.scratch_size(model),
        modes=model.modes,
        blocks=model.blocks,
        conditions=len(model.conditions),
        consequences=len(model.consequences),
        matrix=model.elimination.size,
        intermediates=model.elimination.unknowns - len(program.states),
        entries=[(row, column, model.elimination.slot[row, column]) for row, column, _ in model.entries],
        single=single,
        allowances=model.allowances,
        slides=model.slides,
        clock=model.clock,
        follows=model.follows,
    )
    text = codegen.generate(model, lanes)
    _tell_of_long_compilation(program, text.count("\n"))
    module = llvm.parse_assembly(text)
    return sizes, _target_machine().emit_object(module)


def _tell_of_long_compilation(program: Program, lines: int) -> None:
    """Say so before a large program is compiled: nobody should take it for a hang."""
    seconds = SECONDS_A_LINE * lines
    if seconds > LONG_COMPILATION:
        warnings.warn(
            f"Compiling {len(program.states):,} states takes about {10 * round(seconds / 10):,} s of processor time, "
            "once; the code is kept in the cache. Fewer read-outs make it shorter.",
            LargeProgram,
            stacklevel=2,
        )


def _control_text(single: bool) -> str:
    elements = {"Reals": "float" if single else "double", "Doubles": "double", "Integers": "i64", "Shorts": "i32"}
    return scalar.translate(control, "Board", elements, control.OF_KERNEL, list(OF_CONTROL))


@cache
def _generator() -> str:
    """The hash of every source file on which the generated code depends."""
    program = (expression, codegen, elimination, expressions, factorisation, functions, graph, linear, linearise, loops)
    others = (soften, tableau, vector, control, scalar)
    modules = (*program, *others, result, schedule)  # the last two number the ways to end and the kinds of events
    files = [Path(__file__), *(Path(module.__file__ or "") for module in modules)]
    return hashlib.sha256(b"".join(file.read_bytes() for file in files)).hexdigest()


@cache
def _host() -> tuple[str, str, vector.Lanes]:
    """(processor, features, lanes) of this machine."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    features = llvm.get_host_cpu_features()
    wide = 8 if features.get("avx512f") and features.get("avx512dq") else 4 if features.get("avx2") else 2
    x86 = llvm.get_default_triple().startswith(("x86", "i686", "amd64"))
    return llvm.get_host_cpu_name(), features.flatten(), vector.Lanes(wide, fused=bool(features.get("fma")) or not x86)


def _target_machine() -> Any:
    processor, features, _ = _host()
    target = llvm.Target.from_default_triple()
    return target.create_target_machine(cpu=processor, features=features, opt=1, reloc="pic", codemodel="small")


def _read(name: str) -> tuple[Sizes, bytes] | None:
    """The kernel in a file of the cache, or None when there is none that can be used."""
    content = _read_code(name)
    try:
        head, code = (content or b"").split(b"\n", 1)
        numbers = json.loads(head)
        return Sizes(**{**numbers, "blocks": [Block(**block) for block in numbers["blocks"]]}), code
    except (ValueError, TypeError, KeyError):
        return None


def _write(name: str, sizes: Sizes, code: bytes) -> None:
    _write_code(name, json.dumps(asdict(sizes)).encode() + b"\n" + code)


def _read_code(name: str) -> bytes | None:
    """What a file of the cache holds, or None when there is none, it is damaged or others may have written it."""
    try:
        with private_folder(cache_folder()) as folder:
            content = folder.read(name)
    except Untrusted as error:
        remedy = "Or name a folder that you alone can write: CHARCOT_CACHE=FOLDER."
        warnings.warn(f"A compiled model was not loaded, it is compiled anew. {error} {remedy}", UntrustedCache, 2)
        return None
    except OSError:
        return None
    magic, digest, rest = content[: len(MAGIC)], content[len(MAGIC) :][:32], content[len(MAGIC) + 32 :]
    return rest if magic == MAGIC and hashlib.sha256(rest).digest() == digest else None


def _write_code(name: str, rest: bytes) -> None:
    """Store machine code where nobody else can change it, or not at all (:func:`_read_code` has said why)."""
    with contextlib.suppress(OSError, Untrusted), private_folder(cache_folder()) as folder:
        folder.write(name, MAGIC + hashlib.sha256(rest).digest() + rest)


def aligned(shape: tuple[int, ...], real: np.dtype[Any] = np.dtype(np.float64)) -> np.ndarray:
    """Zeros that begin on a cache line."""
    size = int(np.prod(shape))
    raw = np.zeros(size + 64 // real.itemsize, dtype=real)
    first = (-raw.ctypes.data % 64) // real.itemsize
    return raw[first : first + size].reshape(shape)
