"""libRoadRunner: SBML compiled with LLVM, CVODE with a dense Jacobian by differences."""

from __future__ import annotations

import numpy as np
import roadrunner

from peers.problem import Problem

NAME = "libRoadRunner"
INSTALL = "pip install libroadrunner"


class Peer:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        self.model = roadrunner.RoadRunner(str(problem.folder / "model.xml"))
        self.model.timeCourseSelections = problem.states
        place = {name: i for i, name in enumerate(self.model.model.getGlobalParameterIds())}
        self.places = [place[name] for name in problem.parameters]
        self.times = [float(t) for t in problem.times]

    def run(self, patient: int, tolerance: float) -> np.ndarray:
        model = self.model
        model.resetAll()
        model.model.setGlobalParameterValues(self.places, self.problem.table[patient])
        integrator = model.getIntegrator()
        integrator.setValue("relative_tolerance", tolerance)
        integrator.setValue("absolute_tolerance", tolerance * self.problem.absolute)
        integrator.setValue("maximum_num_steps", 10_000_000)
        return np.array(model.simulate(times=self.times))
