"""Muscle falls ill of itself too: its pathology lowers the secretion of miR-126, which serum hardly shows."""

from __future__ import annotations

import math

import numpy as np
import pytest

from charcot.clinic.mechanisms import nutrition
from charcot.core.expression import constant
from charcot.disease.mechanisms.muscle import mir126, pathology
from charcot.disease.systems import system_names
from charcot.experiments.arms import trace
from charcot.experiments.definition import Arm
from charcot.model.algebra import Indexed
from charcot.patients import simulate, typical_cohort

SERUM, VESICLES = "biomarker.mir126_serum", "biomarker.mir126_muscle_vesicles"
SICK = "lumbar.muscle.pathology"


def evaluated(mechanism, **given):
    """What a mechanism writes at the numbers ``given``, and 0.4 for all else."""
    values = {name: given.get(name, 0.4) for name in mechanism.arguments}
    family = {name: Indexed(dict(enumerate(map(constant, v)))) for name, v in values.items() if isinstance(v, list)}
    made = mechanism.function(**{name: family.get(name, v) for name, v in values.items()})
    return {name: getattr(value, "value", value) for name, value in made.items()}


def test_pathology_as_its_equation_says() -> None:
    given = {"nmj_innervation": 0.7, "soma_burden": 0.2, "sod1_mutant": 0.5, "muscle_pathology": 0.3}
    found = evaluated(pathology.pathology, **given)["d/dt muscle.pathology"]
    harm = 0.4 * 0.3 + 0.4 * 0.2 + 0.4 * 0.5 / 0.9 + 0.4
    assert found == pytest.approx(math.log(2) / 0.4 * (harm - 0.3))


def test_health_is_one_and_stays_it() -> None:
    still = {"muscle_pathology": 0, "nmj_innervation": 1, "soma_burden": 0, "sod1_mutant": 0}
    assert evaluated(pathology.pathology, muscle_pathology_primary=0, **still)["d/dt muscle.pathology"] == 0
    whole = {"muscle_mir126": 1, "terminal_mir126": 1, "mir126_added": 0, "lesion_load": 0, "mir126_secretion_block": 0}
    rates = evaluated(mir126.mir126_loop, muscle_pathology=0, nmj_innervation=1, **whole)
    assert all(abs(float(rate)) < 1e-12 for rate in rates.values())


def test_body_mass_as_its_equation_says() -> None:
    given = {
        "muscle_mass": [0.6, 0.8],
        "nmj_innervation": [0.5, 0.9],
        "clinic_alsfrs_r_swallowing": 3.0,
        "function_item_points": 4.0,
        "nutrition_body_mass": 24.0,
        "nutrition_expected_body_mass": 25.0,
        "nutrition_normal_body_mass": 26.0,
        "nutrition_own_body_mass": 1.1,
        "nutrition_hypermetabolism": 2.0,
    }
    found = evaluated(nutrition.body_mass, **given)
    own = 0.4 * 0.25 * 0.6 + 0.4 * 0.3 + 0.8 * 0.3
    typical = 0.4 * 0.25 + 0.4 * 0.3 + 0.4 * 0.3
    assert found["d/dt nutrition.body_mass"] == pytest.approx((26 * 1.1 * (1 - own + 0.4) - 24) / 0.4)
    assert found["d/dt nutrition.expected_body_mass"] == pytest.approx((26 * (1 - typical) - 25) / 0.4)


def test_vesicles_of_muscle_show_what_serum_hides() -> None:
    courses = simulate(typical_cohort(["lumbar"], 58.0), readouts=(SERUM, VESICLES, SICK))
    day = courses.onset
    vesicles, serum = (float(courses.at(name, day)[0]) for name in (VESICLES, SERUM))
    assert vesicles < 0.9
    assert 1 - serum == pytest.approx(0.1 * (1 - vesicles), rel=1e-6)
    assert courses.at(SICK, day)[0] > courses.at(SICK, np.zeros(1))[0]


def test_a_carrier_of_mutant_sod1_has_a_sick_muscle_before_any_denervation() -> None:
    carrier, other = (
        simulate(typical_cohort(["lumbar"], 58.0, genotype), readouts=(SICK,), seeded=False, horizon_years=0.2)
        for genotype in ("SOD1", "sporadic")
    )
    gap = carrier.result[SICK][0, 0] - other.result[SICK][0, 0]
    assert 0.01 < gap < 0.05


def test_inclusion_body_myositis_lowers_mir126_and_spares_junctions() -> None:
    reads = ("lumbar.terminal.mir126", "lumbar.nmj.innervation", "lumbar.axon.tdp43_terminal")
    ill, well = (trace(Arm(), name, reads, {}) for name in ("inclusion-body-myositis", "human"))
    last = {name: float(ill.at(name, 3650.0) / well.at(name, 3650.0)) for name in reads}
    assert last["lumbar.terminal.mir126"] < 0.8
    assert last["lumbar.axon.tdp43_terminal"] > 1.2
    assert last["lumbar.nmj.innervation"] > 0.98


def test_the_systems_of_other_disorders_are_there() -> None:
    assert {"inclusion-body-myositis", "cortical-tdp43"} <= set(system_names())
