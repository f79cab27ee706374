"""What of this machine decides the last bit of a number."""

from __future__ import annotations

import functools

import numpy as np

from charcot.engine import compiled


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
