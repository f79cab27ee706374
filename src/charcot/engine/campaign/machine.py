"""What decides the last bit of a number: the code, the libraries, and the kind of processor."""

from __future__ import annotations

import functools

import numpy as np

from charcot import __version__
from charcot.core.hashing import code_hash
from charcot.engine import compiled

PACKAGES = ("numpy", "scipy", "llvmlite", "pyarrow", "zarr")  # those that write or decide a byte of a result


@functools.cache
def arithmetic() -> str:
    """The kind of arithmetic of this processor, in words.

    NumPy takes exp and log from another library where the processor has AVX-512, and the kernels join a product and a
    sum where it can; two processors of one kind give the same bits.
    """
    found = np.lib.introspect.opt_func_info(func_name="^(exp|log)$", signature="float64")
    kinds = sorted({str(entry["current"]) for function in found.values() for entry in function.values()})
    fused = "fused" if compiled._host()[2].fused else "not fused"
    return f"NumPy {' '.join(kinds) or 'baseline'}; multiply-add {fused}"


def made_by(*more: str) -> dict[str, str]:
    """The fingerprint of a campaign: on what a byte of its files depends; ``more`` packages than all campaigns use."""
    from importlib.metadata import version

    packages = {name: version(name) for name in (*PACKAGES, *more)}
    return {"charcot": __version__, "code": code_hash(), **packages, "arithmetic": arithmetic()}
