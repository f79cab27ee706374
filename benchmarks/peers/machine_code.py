"""Rates and exact Jacobian of a problem as machine code for one patient, for solvers that are given functions.

They come from Charcot's own generator (one lane), so that what is compared is the method and the stepping of many
patients at once, not Python against machine code.
"""

from __future__ import annotations

import ctypes

import llvmlite.binding as llvm
import numpy as np
from problems import program_of

from charcot.engine import codegen, compiled
from charcot.engine.graph import build
from charcot.engine.vector import Lanes
from peers.problem import Problem


class MachineCode:
    """``rates(y, out)`` and ``jacobian(y, out)`` of the patient that was last ``chosen``."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.model = problem, build(program_of(problem), sharing=False)
        text = codegen.generate(self.model, Lanes(1, fused=True)).replace("define internal", "define")
        self.engine = llvm.create_mcjit_compiler(llvm.parse_assembly(text), compiled._target_machine(), use_lmm=True)
        self.engine.finalize_object()
        pointer = ctypes.c_void_p
        self._rates = ctypes.CFUNCTYPE(None, *[pointer] * 4)(self.engine.get_function_address("rates"))
        self._jacobian = ctypes.CFUNCTYPE(None, *[pointer] * 5)(self.engine.get_function_address("jacobian"))
        self._prologue = ctypes.CFUNCTYPE(None, *[pointer] * 2)(self.engine.get_function_address("prologue_pack"))
        self.derived = np.zeros(max(len(self.model.patient_nodes), 1))
        self.inputs = problem.input_values.copy()
        self.waste = np.zeros(len(problem.states))
        self.matrix = np.zeros(self.model.elimination.size)
        rows, columns, _ = (np.array(column) for column in zip(*self.model.entries, strict=True))
        self.places = (rows, columns)
        self.slots = np.array([self.model.elimination.slot[r, c] for r, c, _ in self.model.entries])
        self._fixed = (self.derived.ctypes.data, self.inputs.ctypes.data)

    def choose(self, patient: int) -> None:
        self.parameters = np.ascontiguousarray(self.problem.table[patient])
        self._prologue(self.parameters.ctypes.data, self.derived.ctypes.data)

    def rates(self, y: np.ndarray, out: np.ndarray) -> None:
        self._rates(y.ctypes.data, *self._fixed, out.ctypes.data)

    def jacobian(self, y: np.ndarray, out: np.ndarray) -> None:
        """Fills the structural entries of the dense ``out``."""
        self._jacobian(y.ctypes.data, *self._fixed, self.waste.ctypes.data, self.matrix.ctypes.data)
        out[self.places] = self.matrix[self.slots]
