"""Double programming: equations that cohorts hardly feel, written a second time in plain arithmetic.

A cohort's median moves little when one term of one equation is wrong, so the tests of published observations do not
see it. Here each mechanism is called with numbers and compared with its own docstring's equation, written here by hand
from the text and not from the code.
"""

from __future__ import annotations

import math

import numpy as np
import pytest

from charcot.clinic.mechanisms import function, hazards, nutrition
from charcot.core.expression import constant, is_constant
from charcot.disease.mechanisms.biomarker import fluids
from charcot.disease.mechanisms.immune import tcells
from charcot.disease.mechanisms.muscle import mir126
from charcot.disease.mechanisms.pool import cranial, lower
from charcot.disease.mechanisms.system import person, spread
from charcot.model.algebra import Indexed
from charcot.model.mechanism import Mechanism

REGIONS = ("bulbar", "cervical", "thoracic", "lumbar")


def drawn(mechanism: Mechanism, seed: int = 3, **given):
    """A number between 0.2 and 0.9 for each argument that is not given."""
    values = dict(zip(mechanism.arguments, np.random.default_rng(seed).uniform(0.2, 0.9, 100), strict=False))
    return {**values, **given}


def evaluate(mechanism: Mechanism, values) -> dict[str, float | dict]:
    """What the mechanism writes, in numbers; a family of values goes in and comes out as a dictionary."""
    made = mechanism.function(**{name: _symbolic(value) for name, value in values.items()})
    return {name: _number(value) for name, value in made.items()}


def _symbolic(value):
    return Indexed({k: constant(v) for k, v in value.items()}) if isinstance(value, dict) else constant(float(value))


def _number(value):
    assert all(is_constant(v) for v in (value if isinstance(value, Indexed) else [value])), value
    return {k: v.value for k, v in value.entries.items()} if isinstance(value, Indexed) else value.value


def test_regulatory_cells_hold_effector_cells_back():
    v = drawn(tcells.t_cells)
    found = evaluate(tcells.t_cells, v)
    act, treg = v["immune_activation"], v["immune_treg"]
    driven = v["immune_costimulation"] * act / (v["immune_activation_half"] + act) * 2 / (1 + treg)
    k_reg, k_mem = (math.log(2) / v[f"immune_{kind}_doubling_time"] for kind in ("treg", "memory"))
    x = v["immune_inflammation"]
    left, cd8 = (v["immune_lymphocytes"] * v[f"immune_{kind}_supply"] for kind in ("cd4", "cd8"))
    supply = left * v["immune_treg_base"] * v["immune_treg_supply"]
    expected = {
        "d/dt immune.treg": k_reg * (supply / (1 + v["immune_treg_loss"] * x) - treg),
        "d/dt immune.th2": k_mem * (left / (1 + v["immune_th2_loss"] * x) - v["immune_th2"]),
        "d/dt immune.th1": k_mem * (left * (1 + v["immune_th1_gain"] * driven) - v["immune_th1"]),
        "d/dt immune.cd8": k_mem * (cd8 * (1 + v["immune_cd8_gain"] * driven) - v["immune_cd8"]),
    }
    assert found == pytest.approx(expected, rel=1e-12)
    more = evaluate(tcells.t_cells, {**v, "immune_treg": treg + 1})
    assert more["d/dt immune.cd8"] < found["d/dt immune.cd8"]


def test_regulatory_cells_keep_effector_cells_out():
    v = drawn(tcells.infiltration)
    found = evaluate(tcells.infiltration, v)
    auto = v["immune_autoreactivity"] + v["lesion_autoreactivity"] * v["lesion_load"]
    entry = v["microglia_toxic"] / (v["immune_entry_half"] + v["microglia_toxic"]) + auto
    width = v["immune_restraint_width"]
    e1, e8 = (
        entry * width * math.log1p(math.exp((v[f"immune_{kind}"] - v["immune_treg"]) / width)) / 2
        for kind in ("th1", "cd8")
    )
    room = v["immune_infiltration_half"] + e1 + e8
    expected = (e1 + e8) / room
    assert found["immune.infiltration_th1"] == pytest.approx(e1 / room, rel=1e-12)
    assert found["immune.infiltration_cd8"] == pytest.approx(e8 / room, rel=1e-12)
    assert found["immune.infiltration"] == pytest.approx(expected, rel=1e-12)
    assert found["immune.attack"] == pytest.approx(auto * expected, rel=1e-12)
    assert evaluate(tcells.infiltration, {**v, "immune_treg": 3.0})["immune.infiltration"] < expected


def test_neurofilament_decays_with_its_half_life():
    v = drawn(fluids.neurofilament, pool_loss_flux={"bulbar": 0.0, "lumbar": 0.0})
    v |= {"person_age": v["biomarker_nfl_age_reference"], "biomarker_nfl_normal": 0.0}
    found = evaluate(fluids.neurofilament, v)
    # nothing is released: after one half-life half is left
    after = v["biomarker_nfl_csf"] * math.exp(
        found["d/dt biomarker.nfl_csf"] / v["biomarker_nfl_csf"] * v["biomarker_nfl_half_life"]
    )
    assert after == pytest.approx(v["biomarker_nfl_csf"] / 2, rel=1e-12)
    loss = {**v, "pool_loss_flux": {"bulbar": 0.1, "lumbar": 0.3}}
    released = math.log(2) / v["biomarker_nfl_half_life"] * v["biomarker_nfl_per_loss"] * 0.4
    gain = evaluate(fluids.neurofilament, loss)["d/dt biomarker.nfl_csf"] - found["d/dt biomarker.nfl_csf"]
    assert gain == pytest.approx(released, rel=1e-12)


def test_each_state_of_a_motor_neuron_ages():
    """Without disease all neurons, recruited or not, are lost at the rate of ageing and at no other."""
    quiet = dict.fromkeys(
        ("pool_recruitment_rate", "pool_death_rate", "pool_recovery_rate", "nmj_denervation_rate", "nmj_overload_rate"),
        0.0,
    )
    v = drawn(lower.pools, **quiet, nmj_reinnervation_rate=0.0)
    found = evaluate(lower.pools, v)
    for kind in ("fast", "slow"):
        for state in ("healthy", "recruited", "innervating"):
            rate = found[f"d/dt pool.{state}_{kind}"] / v[f"pool_{state}_{kind}"]
            assert rate == pytest.approx(-v["pool_ageing_rate"], rel=1e-12), (state, kind)
    v = drawn(cranial.resistant_nuclei)
    v = {
        name: {"bulbar": 0.0} if name.startswith("pool_") and name != "pool_ageing_rate" else x for name, x in v.items()
    }
    found = evaluate(cranial.resistant_nuclei, v)
    for state in ("healthy", "recruited"):
        assert found[f"d/dt cranial.{state}"] / v[f"cranial_{state}"] == pytest.approx(-v["pool_ageing_rate"])


def test_motor_neurons_move_between_states_and_none_appear():
    v = drawn(lower.pools)
    found = evaluate(lower.pools, v)
    for kind in ("fast", "slow"):
        change = found[f"d/dt pool.healthy_{kind}"] + found[f"d/dt pool.recruited_{kind}"]
        dying = v[f"pool_{kind}_death"] * v["pool_death_rate"] * v[f"pool_recruited_{kind}"]
        ageing = v["pool_ageing_rate"] * (v[f"pool_healthy_{kind}"] + v[f"pool_recruited_{kind}"])
        assert change == pytest.approx(-dying - ageing, rel=1e-12)


def test_seeds_go_from_donor_to_receiver():
    """influx_r = k tempo sigma_r sum_j W_rj phi_j: the weights are not symmetric, and the first index receives."""
    rng = np.random.default_rng(8)
    families = {name: dict(zip(REGIONS, rng.uniform(0.2, 0.9, 4), strict=True)) for name in (
        "soma_aggregate", "soma_sod1_misfolded", "soma_fus_condensate", "lesion_load", "upper_aggregate",
        "upper_neurons", "pool_neurons", "spread_regional_receptivity",
    )}  # fmt: skip
    weights = {(r, d): w for (r, d), w in zip(
        [(r, d) for r in REGIONS for d in REGIONS if r != d], rng.uniform(0.1, 2.0, 12), strict=True
    )}  # fmt: skip
    v = drawn(spread.spread, **families, spread_weight=weights, spread_descending=0.0)
    found = evaluate(spread.spread, v)
    half, floor = v["spread_saturation"], v["spread_release_without_neurons"]
    load, neurons = v["soma_aggregate"], v["pool_neurons"]
    phi = {r: (1 + half) * load[r] ** 2 / (half + load[r]) * (floor + (1 - floor) * neurons[r]) for r in REGIONS}
    for r in REGIONS:
        arriving = sum(weights[r, d] * phi[d] for d in REGIONS if d != r)
        expected = v["spread_rate"] * v["person_tempo"] * v["spread_regional_receptivity"][r] * arriving
        assert found["spread.influx"][r] == pytest.approx(expected, rel=1e-12), r


def test_nobody_dies_of_the_disease_before_it():
    v = drawn(function.survival, clinic_survival_hazard=0.01)
    at_risk = evaluate(function.survival, {**v, "survival_at_risk": 1.0})
    before = evaluate(function.survival, {**v, "survival_at_risk": 0.0})
    assert at_risk["d/dt clinic.survival.cumulative_hazard"] == pytest.approx(0.01)
    assert before["d/dt clinic.survival.cumulative_hazard"] == 0


def test_hazards_and_capacity_as_their_equations_say():
    v = drawn(hazards.respiratory_failure, clinic_vital_capacity=0.7)
    half = v["survival_respiratory_half"] * (
        1 - v["survival_ventilation_support"] * v["clinic_alsfrs_r_swallowing"] / v["function_item_points"]
    )
    own = half * v["respiration_normal"] / v["survival_reference_capacity"]
    respiratory = v["survival_respiratory_hazard"] / (1 + (0.7 / own) ** v["survival_respiratory_exponent"])
    found = evaluate(hazards.respiratory_failure, v)
    assert found["clinic.survival.hazard"] == found["survival.of_breathing"] == pytest.approx(respiratory, rel=1e-12)
    v = drawn(hazards.bulbar_failure, function_drive={"bulbar": 0.5})
    bulbar = v["survival_bulbar_hazard"] / (1 + (0.5 / v["survival_bulbar_half"]) ** v["survival_bulbar_exponent"])
    assert evaluate(hazards.bulbar_failure, v)["clinic.survival.hazard"] == pytest.approx(bulbar, rel=1e-12)
    v = drawn(nutrition.malnutrition, nutrition_body_mass=22.0, nutrition_expected_body_mass=24.0)
    factor = math.exp(2 * v["nutrition_hazard_by_body_mass"])
    expected = (v["survival_of_breathing"] + v["survival_of_swallowing"]) * (factor - 1)
    assert evaluate(nutrition.malnutrition, v)["clinic.survival.hazard"] == pytest.approx(expected, rel=1e-12)
    v = drawn(function.vital_capacity, function_drive={"cervical": 0.3, "thoracic": 0.8})
    w, k, n = (v[f"respiration_{name}"] for name in ("cervical_weight", "half", "exponent"))
    x = w * 0.3 + (1 - w) * 0.8
    expected = v["respiration_normal"] * (1 + k**n) * x**n / (k**n + x**n)
    assert evaluate(function.vital_capacity, v)["clinic.vital_capacity"] == pytest.approx(expected, rel=1e-12)


def test_mir126_of_muscle_and_ending():
    v = drawn(mir126.mir126_loop)
    found = evaluate(mir126.mir126_loop, v)
    h, n, i = v["mir126_innervation_half"], v["mir126_innervation_exponent"], v["nmj_innervation"]
    drive = (1 + h**n) * i**n / (h**n + i**n)
    left = (1 - v["mir126_secretion_block"]) * (1 - v["lesion_loss_of_mir126"] * v["lesion_load"])
    secretion = drive * left / (1 + v["muscle_pathology"] / v["mir126_burden_half_inhibition"])
    muscle = math.log(2) / v["mir126_muscle_half_life"] * (secretion - v["muscle_mir126"])
    taken = v["muscle_mir126"] + v["mir126_added"] - v["terminal_mir126"]
    assert found["d/dt muscle.mir126"] == pytest.approx(muscle, rel=1e-12)
    assert found["d/dt terminal.mir126"] == pytest.approx(math.log(2) / v["mir126_terminal_half_life"] * taken)
    v = drawn(mir126.mir126_arm_a)
    k, n, a = v["mir126_repression_half"], v["mir126_repression_exponent"], v["terminal_mir126"]
    expected = (1 + (1 / k) ** n) / (1 + (a / k) ** n)
    assert evaluate(mir126.mir126_arm_a, v)["mir126.tdp43_synthesis"] == pytest.approx(expected, rel=1e-12)
    v = drawn(mir126.mir126_arm_b)
    k, w, block, a = (v[name] for name in (
        "mir126_semaphorin_half", "mir126_semaphorin_weight", "mir126_neuropilin_block", "terminal_mir126"
    ))  # fmt: skip
    expected = 1 + w * ((1 - block) * (1 + 1 / k) / (1 + a / k) - 1)
    assert evaluate(mir126.mir126_arm_b, v)["mir126.semaphorin"] == pytest.approx(expected, rel=1e-12)


def test_harm_to_neurons_as_its_equations_say():
    v = drawn(lower.rates)
    found = evaluate(lower.rates, v)
    k, n, b = v["pool_burden_half"], v["pool_burden_exponent"], v["soma_burden"]
    burdened = b**n / (k**n + b**n)
    forward, attack = v["pool_forward_death"] * burdened, v["pool_harm_by_attack"] * v["immune_attack"]
    damaged = v["axon_failure_terminal"] * v["macrophage_damage"]
    pace = v["person_tempo"] * v["pool_vulnerability"]
    recruit = pace * v["pool_recruitment_constant"] * v["pool_regional_susceptibility"] * (damaged + forward + attack)
    harm = (
        v["pool_death_by_axon"] * v["axon_failure_mean"]
        + v["pool_death_by_burden"] * burdened
        + v["pool_death_by_terminal"] * damaged * v["sod1_breakdown"]
        + forward
        + attack
    )
    assert found["pool.recruitment_rate"] == pytest.approx(recruit, rel=1e-12)
    assert found["pool.death_rate"] == pytest.approx(pace * v["pool_death_constant"] * harm, rel=1e-12)
    back = v["pool_return_constant"] * (1 - v["axon_failure_terminal"])
    assert found["pool.recovery_rate"] == pytest.approx(back, rel=1e-12)


def test_a_tempo_drifts_to_its_target():
    v = drawn(person.tempo)
    found = evaluate(person.tempo, v)
    drift = (v["person_tempo_target"] - v["person_tempo_drift"]) / v["person_tempo_memory"]
    assert found["person.tempo"] == pytest.approx(v["person_base_tempo"] * math.exp(v["person_tempo_drift"]))
    assert found["d/dt person.tempo_drift"] == pytest.approx(drift, rel=1e-12)
