"""AMICI: SBML to C++, compiled, CVODES with KLU and the analytic sparse Jacobian."""

from __future__ import annotations

import hashlib
import os
import resource
import sys
import tempfile
from pathlib import Path
from typing import Any

import amici
import numpy as np

from peers.problem import Problem

NAME = "AMICI"
INSTALL = (
    "a virtual environment of its own: apt-get install libopenblas-dev libhdf5-dev libboost-dev cmake g++; "
    "pip install swig; pip install amici==1.0.1; then --python amici_cvodes=<its python>"
)


# What is compared is simulation: no code for sensitivities, no observables beside the states.
LEAN = {
    "generate_sensitivity_code": False,
    "compute_conservation_laws": False,
    "simplify": None,
    "observation_model": [],
}


def _of(*places: str) -> Any:
    """The first of several places at which releases of AMICI keep one thing."""
    for place in places:
        found: Any = amici
        try:
            for part in place.split("."):
                found = getattr(found, part)
        except AttributeError:
            continue
        return found
    raise ModuleNotFoundError(f"AMICI has none of {places}", name="amici")


def _seconds() -> float:
    """Processor time of this process and of the compilers that it has started."""
    return sum(sum(resource.getrusage(who)[:2]) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))


class Peer:
    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        text = (problem.folder / "model.xml").read_bytes()
        name = f"model_{hashlib.sha256(text + amici.__version__.encode()).hexdigest()[:12]}"
        # compiling takes a minute: a second run on the same model finds the first one's extension here
        place = Path(os.environ.get("CHARCOT_AMICI", tempfile.gettempdir())) / name
        self.extras: dict[str, object] = {"built": not place.exists()}
        begin = _seconds()
        if not place.exists():
            building = place.with_name(f"{name}.building")
            importer = amici.SbmlImporter(str(problem.folder / "model.xml"))
            importer.sbml2amici(name, str(building), verbose=False, **LEAN)
            building.rename(place)
        sys.path.insert(0, str(place))
        module = amici.import_model_module(name, str(place))
        self.model = module.get_model() if hasattr(module, "get_model") else module.getModel()
        self.extras["build_s"] = _seconds() - begin
        self.solver = (getattr(self.model, "create_solver", None) or self.model.getSolver)()
        self.call(self.model, "set_timepoints", problem.times)
        self.call(self.solver, "set_max_steps", 10_000_000)
        states = list(self.call(self.model, "get_state_ids"))
        self.order = [states.index(state) for state in problem.states]
        fixed = list(self.call(self.model, "get_fixed_parameter_ids"))
        free = list(self.call(self.model, "get_free_parameter_ids", "get_parameter_ids"))
        place_of = {n: i for i, n in enumerate(problem.parameters)}
        self.free = [place_of.get(n, -1) for n in free]
        self.fixed = [place_of.get(n, -1) for n in fixed]

    @staticmethod
    def call(target: Any, *spellings: str, **_: Any) -> Any:
        *names, last = spellings
        values: tuple[Any, ...] = ()
        if isinstance(last, str):
            names.append(last)
        else:
            values = (last,)
        for name in names:
            head, *words = name.split("_")
            for spelling in (name, head + "".join(word.title() for word in words)):
                if hasattr(target, spelling):
                    return getattr(target, spelling)(*values)
        raise AttributeError(f"{target} has none of {names}")

    def run(self, patient: int, tolerance: float) -> np.ndarray:
        row = self.problem.table[patient]
        for kind, places in (("free_parameters", self.free), ("fixed_parameters", self.fixed)):
            if places:
                names = (f"get_{kind}", f"get_{kind.removeprefix('free_')}")
                values = np.array(self.call(self.model, *names))
                values = [row[p] if p >= 0 else v for p, v in zip(places, values, strict=True)]
                names = (f"set_{kind}", f"set_{kind.removeprefix('free_')}")
                self.call(self.model, *names, values)
        self.call(self.solver, "set_relative_tolerance", tolerance)
        self.call(self.solver, "set_absolute_tolerance", tolerance * self.problem.absolute)
        simulate = _of("run_simulation", "sim.sundials.run_simulation", "runAmiciSimulation")
        found = simulate(self.model, self.solver)
        if found["status"] < 0:
            raise RuntimeError(f"AMICI stopped with status {found['status']}")
        return np.asarray(found["x"])[:, self.order]
