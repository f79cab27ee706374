"""Charcot's own engine: the whole ensemble on one core."""

from __future__ import annotations

import os
import tempfile
import time
from typing import Any

import numpy as np
from problems import program_of

from charcot.core.schedule import EventKind, Schedule
from charcot.engine import compiled, simulate
from charcot.engine.request import empty_result, make_request
from charcot.engine.seats import Seats
from peers.problem import Problem

NAME = "Charcot"
INSTALL = "pip install charcot"
BATCH = 512


class Peer:
    """Compiled once into an empty cache and once from it, so that both times are known."""

    def __init__(self, problem: Problem) -> None:
        self.problem, self.program = problem, program_of(problem)
        with tempfile.TemporaryDirectory() as folder:
            os.environ["CHARCOT_CACHE"] = folder
            begin = time.process_time()
            compiled.kernel(self.program)
            cold = time.process_time() - begin
            compiled._kernels.clear()
            begin = time.process_time()
            self.kernel = compiled.kernel(self.program)
            self.extras: dict[str, Any] = {"compile_cold_s": cold, "compile_warm_s": time.process_time() - begin}
        self.extras["worker_kb"] = self.memory()
        self.extras["width"] = self.kernel.sizes.width

    def schedule(self, count: int) -> Schedule:
        doses = self.problem.dose_times
        if not len(doses):
            return Schedule.empty(count)
        values = np.full((count, len(doses)), self.problem.dose)
        return Schedule.even(count, doses, self.problem.dose_state, EventKind.ADD, values)

    def memory(self) -> float:
        """Kilobytes of a worker's tables, whatever the number of patients (results and doses not counted)."""
        asked = make_request(
            self.program, self.problem.table[:1], self.problem.times, 0.0, None, None, None, [], 1e-4, 10
        )
        tables = Seats(self.kernel, asked, empty_result(self.program, asked), BATCH).tables
        return sum(table.nbytes for table in tables.values()) / 1024

    def ensemble(self, tolerance: float, few: int) -> tuple[np.ndarray, dict[str, Any]]:
        """States of the first few patients, and the speed of all: the best of up to three rounds of a second."""
        table, count = self.problem.table, len(self.problem.table)
        best, spent = np.inf, 0.0
        for _ in range(3):
            begin = time.process_time()
            result = simulate(
                self.program,
                table,
                self.problem.times,
                schedule=self.schedule(count),
                tolerance=tolerance,
                max_steps=10_000_000,
                batch=BATCH,
            )
            seconds = time.process_time() - begin
            best, spent = min(best, seconds), spent + seconds
            if spent > 3.0:
                break
        taken = result.steps + result.rejected
        return result.values[:few], {
            "patients": count,
            "patients_per_s": count / best,
            "steps": float(result.steps.mean()),
            "rejected": float(result.rejected.mean()),
            "microseconds_per_pack_step": 1e6 * best * self.kernel.sizes.width / float(taken.sum()),
            "failed": int(result.failed.sum()),
        }
