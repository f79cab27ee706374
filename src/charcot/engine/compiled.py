"""Machine code for a program: compiled once, kept in memory and on disk.

The object code lies in a folder of the user (``$CHARCOT_CACHE``, else ``$XDG_CACHE_HOME/charcot``, else
``~/.cache/charcot``), keyed by the program, the source of the generator, the processor and the compiler. A file that
cannot be read, or does not match its own checksum, is compiled again; a folder that cannot be written is done without.
"""

from __future__ import annotations

import contextlib
import ctypes
import hashlib
import json
import os
import tempfile
import threading
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import llvmlite
import llvmlite.binding as llvm

from charcot.core import expression
from charcot.core.program import Program
from charcot.engine import codegen, elimination, expressions, graph, tableau, vector

FUNCTIONS = {"prologue": 2, "initial": 2, "start": 6, "step": 11, "commit": 3, "sample": 8}  # tables that each takes
MAGIC = b"charcot kernel 1\n"


@dataclass(frozen=True)
class Sizes:
    """How many vectors a pack needs in each table of a kernel, and the lanes of a vector."""

    width: int
    states: int
    parameters: int
    inputs: int
    readouts: int
    derived: int
    scratch: int


class Kernel:
    """The compiled functions of one program; calls release the interpreter's lock, and share nothing."""

    def __init__(self, sizes: Sizes, code: bytes) -> None:
        self.sizes = sizes
        module = llvm.parse_assembly("")
        # llvmlite's own memory manager keeps the sections of an object together: code of the small model may not lie
        # farther than 2 GiB from its constants, and in a process with many threads LLVM's default scatters them
        # (the loader then aborts the process)
        self._engine = llvm.create_mcjit_compiler(module, _target_machine(), use_lmm=True)
        self._engine.add_object_file(llvm.ObjectFileRef.from_data(code))
        self._engine.finalize_object()
        for name, tables in FUNCTIONS.items():
            prototype = ctypes.CFUNCTYPE(None, ctypes.c_int64, *[ctypes.c_void_p] * (tables + 1))
            setattr(self, name, prototype(self._engine.get_function_address(name)))

    prologue: Any
    initial: Any
    start: Any
    step: Any
    commit: Any
    sample: Any


_kernels: dict[str, Kernel] = {}
_lock = threading.Lock()


def kernel(program: Program) -> Kernel:
    """The kernel of ``program``: from memory, else from disk, else compiled now (seconds)."""
    if not program.states:
        raise ValueError("The program has no states, so there is nothing to integrate. Add a mechanism with a rate.")
    key = cache_key(program)
    with _lock:
        if key not in _kernels:
            path = cache_folder() / f"{key}.kernel"
            stored = _read(path)
            if stored is None:
                stored = compile_program(program)
                _write(path, *stored)
            _kernels[key] = Kernel(*stored)
        return _kernels[key]


def cache_folder() -> Path:
    """Where object code is kept."""
    named = os.environ.get("CHARCOT_CACHE")
    if named:
        return Path(named)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "charcot"


def cache_key(program: Program) -> str:
    """Everything on which the object code depends, in 32 hexadecimal digits."""
    processor, features, _ = _host()
    parts = [program.hash, _generator(), processor, features, llvmlite.__version__, llvm.get_default_triple()]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()[:32]


def compile_program(program: Program) -> tuple[Sizes, bytes]:
    """Differentiate, generate and compile ``program``: its sizes and its object code."""
    lanes = _host()[2]
    model = graph.build(program)
    sizes = Sizes(
        width=lanes.width,
        states=len(program.states),
        parameters=len(program.parameters),
        inputs=len(program.inputs),
        readouts=len(program.readouts),
        derived=len(model.patient_nodes),
        scratch=codegen.scratch_size(model),
    )
    module = llvm.parse_assembly(codegen.generate(model, lanes))
    return sizes, _target_machine().emit_object(module)


@cache
def _generator() -> str:
    """The hash of every source file on which the generated code depends."""
    sources = (
        module.__file__ or "" for module in (expression, codegen, elimination, expressions, graph, tableau, vector)
    )
    return hashlib.sha256(b"".join(Path(source).read_bytes() for source in sources)).hexdigest()


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


def _read(path: Path) -> tuple[Sizes, bytes] | None:
    """The kernel in a file, or None when there is none or the file is damaged."""
    try:
        content = path.read_bytes()
        magic, digest, rest = content[: len(MAGIC)], content[len(MAGIC) :][:32], content[len(MAGIC) + 32 :]
        if magic != MAGIC or hashlib.sha256(rest).digest() != digest:
            return None
        head, code = rest.split(b"\n", 1)
        return Sizes(**json.loads(head)), code
    except (OSError, ValueError, TypeError):
        return None


def _write(path: Path, sizes: Sizes, code: bytes) -> None:
    """Store a kernel so that a reader sees all of it or nothing."""
    rest = json.dumps(asdict(sizes)).encode() + b"\n" + code
    with contextlib.suppress(OSError):
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(dir=path.parent, prefix=path.stem, suffix=".part")
        try:
            with os.fdopen(descriptor, "wb") as file:
                file.write(MAGIC + hashlib.sha256(rest).digest() + rest)
            os.replace(temporary, path)
        except OSError:
            os.unlink(temporary)
