"""Published observations that each mechanism must reproduce in sign and in rough size, with the evidence named.

Each test names the observation and the key of its source in ``charcot/evidence/sources.csv``. Where only a direction
could be read in the source, the margin is the test's own: large enough that a mechanism without effect fails.
"""

from __future__ import annotations

import functools
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from lifelines import CoxPHFitter
from virtual_experiments import (
    BLOCKED_MONTHS,
    BY_LENGTH,
    EVERYTHING,
    REGIONS,
    SEED_AGE,
    Courses,
    block,
    blocked_people,
    diagnosed,
    drawn_summaries,
    person,
    treated_from_diagnosis,
    treated_patients,
)

from charcot import patients
from charcot.core.units import DAYS_PER_MONTH as MONTH
from charcot.core.units import DAYS_PER_YEAR as YEAR
from charcot.disease.systems import system as patient_system
from charcot.experiments.arms import Trace, reads_of, trace
from charcot.experiments.definition import Arm
from charcot.model.compose import compose
from charcot.patients.cohort import START_AGE, value
from charcot.treatments import Regimen


@pytest.fixture(scope="module")
def patient():
    """The typical sporadic patient with lumbar onset."""
    return person()


@pytest.fixture(scope="module")
def healthy():
    """The same person without a seed."""
    return person(seeded=False, horizon_years=20.0)


def unmet(*values, reason: str):
    """A case of a true property that the present model does not meet: it fails as soon as the model meets it."""
    return pytest.param(*values, marks=pytest.mark.xfail(strict=True, reason=reason))


def model_system(name: str, *reads: str, **arm) -> Trace:
    """A mouse or a culture as the published experiments have it."""
    return trace(Arm.model_validate(arm), name, reads, {})


# 1 Axonal local protein synthesis


def test_delivery_and_energy_fall_with_length_in_health(healthy):
    """Motor nerves of people reach from a few to a hundred centimetres, and half of what is in transit is lost over a
    length: kendir2012, dossier_axon. The longer the axon, the less mRNA and energy its ending has."""
    mrna = [healthy.at(f"{region}.axon.mrna_terminal", 0.0) for region in BY_LENGTH]
    energy = [healthy.at(f"{region}.axon.atp_terminal", 0.0) for region in BY_LENGTH]
    assert all(longer < 0.8 * shorter for shorter, longer in pairwise(mrna)), mrna
    assert all(longer < shorter - 0.01 for shorter, longer in pairwise(energy)), energy


def test_length_alone_makes_the_difference():
    """The same lengths everywhere leave no difference between regions: kendir2012."""
    same = tuple((f"{region}.axon.length", 595.0) for region in REGIONS)
    equal = person(seeded=False, horizon_years=1.0, overrides=same)
    for readout in ("axon.mrna_terminal", "axon.atp_terminal", "axon.translation_terminal"):
        values = [equal.at(f"{region}.{readout}", 0.0) for region in REGIONS]
        assert np.ptp(values) < 1e-3, (readout, values)


def test_energy_of_the_ending_fails_before_neurons_die(patient, healthy):
    """Local protein synthesis and mitochondrial protein fail in axons while the neuron lives: altman2021. The most
    vulnerable class of the region of onset, in which this comes first."""
    names = [f"lumbar.{name}.1" for name in ("axon.atp", "pool.alive")]
    model = compose(patients.definition(), readouts=[*EVERYTHING, *names])
    cohort = patients.typical_cohort(["lumbar"], SEED_AGE)
    courses = patients.simulate(cohort, model=model, readouts=names, step_days=10.0)
    days, (energy, alive) = courses.result.times[0], (courses.result[name][0] for name in names)
    half = int((energy <= energy[0] / 2).argmax())
    assert 0 < days[half] < patient.onset
    died = 1 - alive[half] / alive[0] - (1 - healthy.at("lumbar.pool.neurons", float(days[half])))
    assert died < 0.02, died


def test_restoring_translation_rescues_early_but_not_late(patient):
    """Local synthesis comes back when its block is lifted while the ending is there: altman2021. After a year of
    weakness less comes back."""
    early, late = treated_patients()["restorer early"], treated_patients()["restorer late"]
    day = patient.onset + 24 * MONTH
    readout = "lumbar.pool.motor_units"
    lost = patient.at(readout, 0.0) - patient.at(readout, day)
    assert early.onset > patient.onset + 4 * MONTH, (early.onset - patient.onset) / MONTH
    assert early.at(readout, day) - patient.at(readout, day) > 0.2 * lost
    assert late.at(readout, day) < early.at(readout, day)


@pytest.mark.xfail(
    strict=True,
    raises=AssertionError,
    reason="23 % of the lost units work again two years after onset; wanted under 5 %",
)
def test_a_late_restorer_leaves_the_first_region_as_it_is(patient):
    late, day, readout = treated_patients()["restorer late"], patient.onset + 24 * MONTH, "lumbar.pool.motor_units"
    assert late.at(readout, day) - patient.at(readout, day) < 0.05 * (
        patient.at(readout, 0.0) - patient.at(readout, day)
    )


# 2 Axonal transport


@pytest.mark.parametrize(
    "slower",
    [
        unmet(
            2.0,
            reason="energy left to the lumbar ending after 4.5 years is 0.337 of health, wanted below 0.3; its "
            "innervation falls below 0.8 after 6.1 years and onset is after 8.0, wanted within five",
        ),
        2.5,
    ],
)
def test_halved_transport_velocity_fells_the_longest_axon_first(slower):
    """Granules move at 20 to 200 mm a day, slowly enough for length to decide: millecamps2013, kendir2012. At half the
    velocity the longest axon fails too slowly in the model, at two fifths of it as it should."""
    velocity = (("transport.granule_velocity", value("transport.granule_velocity") / slower),)
    slow = person(age=START_AGE, seeded=False, horizon_years=5.0, overrides=velocity)
    normal = person(age=START_AGE, seeded=False, horizon_years=5.0)
    left = [
        slow.at(f"{r}.axon.atp_terminal", 4.5 * YEAR) / normal.at(f"{r}.axon.atp_terminal", 4.5 * YEAR)
        for r in BY_LENGTH
    ]
    assert left == sorted(left, reverse=True)
    assert left[-1] < 0.3 < 0.7 < left[-2], left
    day = {r: slow.first_below(f"{r}.nmj.innervation", 0.8) for r in REGIONS}
    assert min(day, key=day.get) == "lumbar"
    assert slow.courses.onset_domain[0] == "gross motor"


def test_dipeptide_repeats_slow_delivery():
    """Dipeptide repeats of C9orf72 block motors on microtubules: fumagalli2021."""
    carrier = person(age=START_AGE, genotype="C9orf72", seeded=False, horizon_years=5.0)
    normal = person(age=START_AGE, seeded=False, horizon_years=5.0)
    ratio = [
        carrier.at(f"{r}.axon.mrna_terminal", 4 * YEAR) / normal.at(f"{r}.axon.mrna_terminal", 4 * YEAR)
        for r in BY_LENGTH
    ]
    assert ratio == sorted(ratio, reverse=True)
    assert ratio[-1] < 0.75, ratio


def test_transport_is_slow_before_symptoms_in_sod1_disease():
    """SOD1-G93A mice have a transport deficit before symptoms, worse at the early stage: bilsland2010."""
    carrier = person(age=50.0, genotype="SOD1")
    start = carrier.at("lumbar.axon.mrna_terminal", 0.0)
    before, early = (carrier.at("lumbar.axon.mrna_terminal", carrier.onset + m * MONTH) / start for m in (-6, 6))
    assert early < before - 0.01
    assert before < 0.9


def test_cytoplasmic_tdp43_follows_transport():
    """An HDAC6 inhibitor restores transport in TARDBP motor neurons and mislocalised TDP-43 falls: fazal2021."""
    velocity, excess = "lumbar.axon.transport_velocity", "lumbar.soma.cytoplasmic_excess"
    mutation, inhibitor = {"tdp43.transgene": 1.0}, {"transport.competence": 1.5}
    healthy, mutant, treated = (
        model_system("ipsc-neuron", velocity, excess, set=numbers) for numbers in ({}, mutation, mutation | inhibitor)
    )
    assert mutant.at(velocity, 50) < 0.95 * healthy.at(velocity, 50)
    assert treated.at(velocity, 50) > 1.1 * mutant.at(velocity, 50)
    assert treated.at(excess, 50) < 0.97 * mutant.at(excess, 50)
    assert healthy.at(excess, 50) == pytest.approx(1, rel=0.01)


# 3 miR-126


def test_blocking_muscle_mir126_harms_a_healthy_ending():
    """Blocked secretion of miR-126 raises TDP-43 in the ending, lowers translation and loses junctions: ionescu2025."""
    blocked = blocked_people(0.8)["untreated"]
    day = 24 * MONTH
    assert blocked.at("lumbar.axon.tdp43_terminal", day) > 2 * blocked.at("lumbar.axon.tdp43_terminal", 0.0)
    assert blocked.at("lumbar.axon.translation_terminal", day) < 0.2
    assert blocked.at("lumbar.nmj.innervation", day) < 0.7


def test_a_block_of_mir126_needs_no_aggregate():
    """No seed of disease is needed: ionescu2025. Condensate of the ending comes back to the cell body and nucleates
    aggregates there, but later: none is there when translation goes, and without that return innervation goes alike."""
    blocked, day = blocked_people(0.8)["untreated"], 24 * MONTH
    translation_gone = blocked.first_below("lumbar.axon.translation_terminal", 0.2)
    assert translation_gone < 12 * MONTH
    assert blocked.at("lumbar.soma.aggregate", translation_gone) < 1e-2
    no_return = (*block(0.8), ("aggregation.return_rate", 0.0))
    alone = person(age=START_AGE, seeded=False, horizon_years=5.0, overrides=no_return)
    assert alone.at("lumbar.soma.aggregate", day) < 1e-3
    for readout in ("lumbar.axon.translation_terminal", "lumbar.nmj.innervation"):
        assert alone.at(readout, day) == pytest.approx(blocked.at(readout, day), abs=0.02), readout
    assert blocked.at("lumbar.soma.aggregate", day) > 10 * alone.at("lumbar.soma.aggregate", day)


def test_adding_mir126_back_protects():
    """miR-126 added to the axons protects junctions: ionescu2025."""
    protected = blocked_people(0.8)["vector at once"]
    day = 48 * MONTH
    assert protected.at("lumbar.axon.tdp43_terminal", day) < 1.2
    assert protected.at("lumbar.axon.translation_terminal", day) > 0.85
    assert protected.at("lumbar.nmj.innervation", day) > 0.97


def test_mir126_delays_decline_in_disease(patient):
    """Adding miR-126 protects junctions and delays decline in SOD1 mice: ionescu2025."""
    early, at_onset = treated_patients()["vector early"], treated_patients()["vector at onset"]
    assert early.onset > patient.onset + 12 * MONTH
    assert at_onset.survival > 1.5 * patient.survival


def _semaphorin(arm_b_off: bool) -> tuple[float, float]:
    """Innervation two years after a block of miR-126 in axons that fail by themselves, without and with the block."""
    off = ("mir126.mir126_arm_a", *(("mir126.mir126_arm_b",) if arm_b_off else ()))
    velocity = (("transport.granule_velocity", value("transport.granule_velocity") / 2),)
    both = [
        person(age=START_AGE, seeded=False, horizon_years=4.0, off=off, overrides=(*velocity, *block(share)))
        for share in (0.0, 0.9)
    ]
    return tuple(p.at("lumbar.nmj.innervation", 3 * YEAR) for p in both)


def test_the_semaphorin_arm_is_separable_from_the_tdp43_arm():
    """Semaphorin-3A and neuropilin, targets of miR-126, make axons retract by themselves: maimon2018. With the arm on
    TDP-43 off, a block still costs innervation where endings are weak, and TDP-43 stays where it was."""
    alone = person(age=START_AGE, seeded=False, horizon_years=5.0, off=("mir126.mir126_arm_a",), overrides=block(0.8))
    normal = person(age=START_AGE, seeded=False, horizon_years=5.0)
    tdp43 = [p.at("lumbar.axon.tdp43_terminal", 4 * YEAR) for p in (alone, normal)]
    assert abs(tdp43[0] - tdp43[1]) < 0.01
    free, blocked = _semaphorin(arm_b_off=False)
    without_arms = _semaphorin(arm_b_off=True)
    assert blocked < free - 0.01, (free, blocked)
    assert abs(without_arms[0] - without_arms[1]) < 1e-3


# 4 TDP-43


@pytest.mark.parametrize(
    "shares",
    [
        (0.0, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9),
        (0.0, 0.2, 0.4, 0.5, 0.51, 0.52, 0.54, 0.56, 0.58, 0.6, 0.65),
    ],
    ids=["by tenths", "around the threshold"],
)
def test_the_dose_response_of_the_block_is_graded(shares):
    """Condensates form above a threshold, so that each ending switches; neurons differ in that threshold, so that the
    pool does not. A block of miR-126 does nothing when small and takes more of the energy the larger it is, with parts
    in between: in the model from a block of 0.5 on, where most classes switch within a tenth and the most resistant one
    later."""
    energy = [
        person(age=START_AGE, seeded=False, horizon_years=4.0, overrides=block(share)).at(
            "lumbar.axon.atp_terminal", 2.25 * YEAR
        )
        for share in shares
    ]
    loss = np.array([1 - atp / energy[0] for atp in energy])
    assert (np.diff(loss) > -5e-3).all(), loss  # the few that are left have shorter axons
    assert loss[1] < 0.1, loss
    partial = [one for one in loss if 0.15 < one < 0.85]
    assert len(partial) >= 2, loss
    assert max(partial) - min(partial) >= 0.1, loss


@pytest.mark.parametrize(
    ("arm", "share", "start", "months"),
    [
        ("vector after the loss", 0.8, 24, 9),
        unmet(
            "dissolver after the loss",
            0.65,
            15,
            18,
            reason="translation is 0.24 before the dissolver, wanted below 0.15, and 0.51 18 months after it, wanted "
            "above 0.7; innervation gained 0.12, wanted 0.3",
        ),
    ],
)
def test_the_block_is_reversible_while_neurons_live(arm, share, start, months):
    """Clearing TDP-43 or dissolving condensates brings local translation back: altman2021; muscle is reinnervated 12
    weeks after the cause is gone: spiller2016b. The dissolver is given at 20 times its default dose, where its effect
    is at its largest."""
    treated, untreated = blocked_people(share)[arm], blocked_people(share)["untreated"]
    begin, end = start * MONTH, (start + months) * MONTH
    assert treated.at("lumbar.axon.translation_terminal", begin) < 0.15
    assert treated.at("lumbar.axon.translation_terminal", end) > 0.7
    gain = treated.at("lumbar.nmj.innervation", end) - untreated.at("lumbar.nmj.innervation", end)
    assert gain > 0.3, gain
    assert treated.at("lumbar.nmj.innervation", end) > treated.at("lumbar.nmj.innervation", begin) + 0.03


def test_a_dissolver_brings_part_of_translation_back():
    """Dissolving condensates brings local translation back: altman2021. In the model in part only, and innervation is
    held, while it is lost without the dissolver."""
    treated, untreated = (blocked_people(0.8)[arm] for arm in ("dissolver after the loss", "untreated"))
    begin, end = 15 * MONTH, 33 * MONTH
    assert treated.at("lumbar.axon.translation_terminal", begin) < 0.15
    assert untreated.at("lumbar.axon.translation_terminal", end) < 0.05
    assert treated.at("lumbar.axon.translation_terminal", end) > 0.2
    assert treated.at("lumbar.nmj.innervation", end) - untreated.at("lumbar.nmj.innervation", end) > 0.15


def test_nuclear_tdp43_is_cleared_as_aggregates_grow(patient):
    """Aggregates capture importins, then nuclear TDP-43 is lost: gassetrosa2019."""
    days, load = patient.course("lumbar.soma.aggregate")
    nuclear = patient.course("lumbar.soma.tdp43_nuclear")[1]
    growing = (load > 0.11) & (days < patient.onset + 24 * MONTH)
    assert np.corrcoef(load[growing], nuclear[growing])[0, 1] < -0.9
    assert nuclear[growing].min() < 0.85 * nuclear[0]


def test_stathmin2_falls_with_nuclear_tdp43(patient):
    """Stathmin-2 is lost in motor neurons whose nucleus loses TDP-43: melamed2019, klim2019."""
    nuclear = patient.course("lumbar.soma.tdp43_nuclear")[1]
    stathmin = patient.course("lumbar.soma.stathmin2")[1]
    assert np.corrcoef(nuclear, stathmin)[0, 1] > 0.98
    assert stathmin.min() < 0.92 * stathmin[0]


def test_microglia_clear_condensate_when_its_cause_is_gone():
    """Once cytoplasmic TDP-43 is off, microglia clear it, and without them recovery is not full: spiller2018."""
    units, condensate = "lumbar.pool.motor_units", "lumbar.axon.condensate_terminal"
    gone = {"tdp43.transgene": 0.0}
    blocked = {"microglia.proliferation_left": 0.0}
    none_left = {"microglia.protective": 0.0, "microglia.toxic": 0.0}
    mice = [
        model_system("tdp43-rnls8", units, condensate, set={"tdp43.transgene": 1.2}, changes=[{"day": 42} | change])
        for change in ({"set": gone}, {"set": gone | blocked, "scale": none_left})
    ]
    free, without = (mouse.at(condensate, 49) for mouse in mice)
    assert without > 1.2 * free, (free, without)
    free, without = (mouse.at(units, 126) for mouse in mice)
    assert mice[0].at(units, 42) < without < free - 0.01, (free, without)


# 5 SOD1, FUS and C9orf72


def test_sod1_variants_are_ordered_by_severity():
    """Median survival is 1.2 years in A4V and 6.8 years in other SOD1 variants (bali2017), 12 years in H46R
    (sod1_h46r)."""
    ages = {"SOD1-A4V": 50.0, "SOD1": 50.0, "SOD1-H46R": 42.0}
    a4v, middling, h46r = (person(age=age, genotype=name).survival / 12 for name, age in ages.items())
    assert 2 * a4v < middling < h46r, (a4v, middling, h46r)
    assert 0.7 < a4v < 2.0
    assert 3.0 < middling < 9.0
    assert 8.0 < h46r < 20.0


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="8.93 and 6.01 years, 1.49 times; wanted 1.5")
def test_carriers_of_h46r_live_half_as_long_again_as_others():
    middling, h46r = person(age=50.0, genotype="SOD1").survival, person(age=42.0, genotype="SOD1-H46R").survival
    assert h46r > 1.5 * middling


def test_tofersen_lowers_sod1_in_cerebrospinal_fluid():
    """CSF SOD1 falls by 35 % under 100 mg of tofersen: valor2022."""
    cohort = patients.typical_cohort(["lumbar"], 50.0, "SOD1")
    given, readouts = [[Regimen.parse(product="tofersen")]], ["biomarker.sod1_csf"]
    options = {"horizon_years": 2, "step_days": 7.0, "model": patients.laboratory(treated=True)}
    courses = patients.simulate(cohort, given, np.zeros(1), readouts, **options)
    steady = courses.at("biomarker.sod1_csf", np.arange(365.0, 700.0, 7.0)[None, :])
    fall = 1 - float(np.mean(steady))
    assert 0.25 < fall < 0.45, fall


TREATED_FROM, WEEK_28 = 300.0, 496.0  # days since onset
ENDING = ("lumbar.axon.atp_terminal", "lumbar.pool.motor_units", "lumbar.pool.neurons")
SEEN = ("biomarker.nfl_serum", "clinic.alsfrs_r.total", "biomarker.sod1_csf", *ENDING)


def tofersen_in(genotype: str, system: str = "patient-sod1", **arm) -> tuple[Trace, Trace, float]:
    """The typical course without and with tofersen from 300 days after onset on; and the day of onset."""
    carrier = {"genotype": genotype, **arm}
    reads = (*SEEN, *reads_of(patient_system(system).landmarks["onset"]))
    plain = trace(Arm.model_validate(carrier), system, reads, {})
    onset = plain.landmark("onset")
    given = Arm.model_validate({**carrier, "origin": "onset + 300", "given": [{"product": "tofersen"}]})
    return plain, trace(given, system, reads, {"onset + 300": onset + TREATED_FROM}), onset


@functools.cache
def seen_at_week_28(genotype: str) -> dict[str, float]:
    plain, treated, onset = tofersen_in(genotype)
    start, end = onset + TREATED_FROM, onset + WEEK_28
    neurofilament = treated.at("biomarker.nfl_serum", end)
    return {
        "neurofilament from its start": neurofilament / treated.at("biomarker.nfl_serum", start) - 1,
        "neurofilament over untreated": neurofilament / plain.at("biomarker.nfl_serum", end),
        "points gained": treated.at("clinic.alsfrs_r.total", end) - plain.at("clinic.alsfrs_r.total", end),
        "energy of the ending": treated.at("lumbar.axon.atp_terminal", end),
        "neurons gained": treated.at("lumbar.pool.neurons", end) - plain.at("lumbar.pool.neurons", end),
    }


AT_WEEK_28 = {
    "neurofilament from its start": (-0.75, -0.35),
    "neurofilament over untreated": (0.0, 0.65),
    "points gained": (0.0, 4.16),  # 1.16 read, three points either way, as on the board
    "energy of the ending": (0.0, 0.1),  # of health: the ending stays failed
    "neurons gained": (0.0, 1.0),
}
UNMET_AT_WEEK_28 = {
    ("SOD1", "neurofilament from its start"): "falls by 0.19 from its start, wanted 0.35 to 0.75",
    ("SOD1", "energy of the ending"): "energy of the ending is 0.230 of health, wanted below 0.1",
    ("SOD1", "neurofilament over untreated"): "0.697 of the untreated value, wanted below 0.65",
    ("SOD1-A4V", "neurofilament over untreated"): "0.779 of the untreated value, wanted below 0.65",
}


@pytest.mark.parametrize(
    ("genotype", "what"),
    [
        unmet(*case, reason=UNMET_AT_WEEK_28[case]) if case in UNMET_AT_WEEK_28 else case
        for case in ((genotype, what) for genotype in ("SOD1", "SOD1-A4V") for what in AT_WEEK_28)
    ],
)
def test_neurofilament_falls_under_tofersen_while_endings_stay_failed(genotype, what):
    """At week 28 neurofilament is 55 % lower and function hardly differs: valor2022. So what falls is the breakdown of
    endings that have failed, not their number; more neurons live."""
    low, high = AT_WEEK_28[what]
    assert low < seen_at_week_28(genotype)[what] < high


def test_without_that_breakdown_untreated_carriers_are_as_they_were():
    """Trimers of SOD1 are toxic, its large aggregates are not: proctor2016, zhu2018."""
    whole, plain = tofersen_in("SOD1")[0], tofersen_in("SOD1", off=["genetic.sod1_breakdown"])[0]
    for name in SEEN:
        np.testing.assert_allclose(plain.values[name], whole.values[name], rtol=1e-9)


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="moves by 0.113 of it; wanted less than 0.1")
def test_without_that_breakdown_neurofilament_stays_up():
    _, treated, onset = tofersen_in("SOD1", off=["genetic.sod1_breakdown"])
    before, after = (treated.at("biomarker.nfl_serum", onset + day) for day in (TREATED_FROM, WEEK_28))
    assert abs(after / before - 1) < 0.1


def test_tofersen_does_nothing_to_neurofilament_without_the_mutation():
    """Lowering SOD1 that is not mutant lowers it in cerebrospinal fluid and changes no disease."""
    plain, treated, onset = tofersen_in("sporadic", system="patient")
    assert treated.at("biomarker.sod1_csf", onset + WEEK_28) < 0.75
    for name in ("biomarker.nfl_serum", "clinic.alsfrs_r.total", *ENDING):
        # what is left of a dead pool, or of points at the floor, is below any reading and holds the solver's error
        np.testing.assert_allclose(treated.values[name], plain.values[name], rtol=1e-3, atol=1e-12)


def test_mutant_fus_lowers_axonal_translation_without_aggregates():
    """Mutant FUS inhibits synthesis in axons without aggregates and without nuclear loss: lopezerauskin2018."""
    carrier, normal = (person(age=START_AGE, genotype=g, seeded=False, horizon_years=20.0) for g in ("FUS", "sporadic"))
    day = 15 * YEAR
    ratio = carrier.at("lumbar.axon.translation_terminal", day) / normal.at("lumbar.axon.translation_terminal", day)
    assert ratio < 0.92, ratio
    assert carrier.at("lumbar.soma.aggregate", day) < 1e-3
    assert carrier.at("lumbar.soma.tdp43_nuclear", day) > 0.99 * normal.at("lumbar.soma.tdp43_nuclear", day)


def test_stress_stops_axonal_translation_where_fus_is_mutant():
    """Heat shock lowers new protein at axon terminals of FUS mutants and hardly that of wild type: murakami2015.
    Stress is made by a response to protein burden that is far too strong, in persons without disease."""
    readout = "lumbar.axon.translation_terminal"
    falls = {}
    for genotype in ("FUS", "sporadic"):
        calm, stressed = (
            person(age=START_AGE, genotype=genotype, seeded=False, horizon_years=5.0, overrides=options)
            for options in ((), (("er_stress.by_burden", 1e3 * value("er_stress.by_burden")),))
        )
        falls[genotype] = 1 - stressed.at(readout, 4 * YEAR) / calm.at(readout, 4 * YEAR)
    assert falls["FUS"] > 2 * falls["sporadic"] > 0, falls


@pytest.mark.parametrize(("genotype", "age"), [("SOD1", 50.0), ("FUS", 46.0)])
def test_sod1_and_fus_disease_has_no_tdp43_pathology(genotype, age, patient):
    """SOD1 and FUS carriers are the exceptions to TDP-43 pathology: suk2020, sod1_fus_share."""
    carrier = person(age=age, genotype=genotype)
    early = [carrier.at(f"{r}.soma.aggregate", carrier.onset + 6 * MONTH) for r in REGIONS]
    assert max(early) < 0.02, early
    assert patient.at("lumbar.soma.aggregate", patient.onset) > 0.2


# 6 Proteostasis and ageing


def test_a_seed_that_dies_out_in_youth_takes_hold_in_age():
    """The capacity to handle misfolded protein falls with age: ageing_proteome. A seed of one size vanishes at 30 and
    grows at 75, after years of silence."""
    young, old = (person(age=age, seed_amount=0.03, horizon_years=20.0) for age in (30.0, 75.0))
    assert not np.isfinite(young.onset)
    assert young.at("lumbar.soma.aggregate", 10 * YEAR) < 1e-3
    assert np.isfinite(old.onset)
    assert old.onset > 2 * YEAR


@pytest.mark.parametrize("genotype", ["sporadic", "SOD1", "FUS", "C9orf72", "TARDBP"])
def test_no_seed_no_disease(genotype):
    """Negative control: nothing misfolds and no weakness comes without a seed until 70, whatever is inherited; of
    carriers of C9orf72 many never fall ill: c9_penetrance2025."""
    life = person(age=START_AGE, genotype=genotype, seeded=False, horizon_years=50.0, step_days=91.0)
    for load in ("soma.aggregate", "soma.sod1_misfolded", "soma.fus_condensate"):
        assert life.course(f"lumbar.{load}")[1].max() < 5e-3
    assert not np.isfinite(life.onset), life.onset / YEAR + 20


def test_misfolded_protein_raises_stress_before_denervation(patient, healthy):
    """The unfolded protein response starts in vulnerable neurons 25 to 30 days before the first denervation of SOD1
    mice: saxena2009."""
    whole = patient.at("lumbar.soma.er_stress", patient.onset)
    rise = patient.first_above("lumbar.soma.er_stress", whole / 3)
    assert whole > 0.1
    assert rise < patient.onset - 2 * MONTH
    share = patient.at("lumbar.nmj.innervation", rise) / healthy.at("lumbar.nmj.innervation", rise)
    assert share > 0.99, share


# 7 Mitochondria, oxidative stress, excitotoxicity


def test_energy_falls_before_innervation(patient, healthy):
    """Respiration and ATP are low for life in SOD1 mice, before junctions are lost: irvin2015."""
    energy = patient.first_below("lumbar.axon.atp_terminal", 0.8 * patient.at("lumbar.axon.atp_terminal", 0.0))
    loss = patient.first_below("lumbar.nmj.innervation", 0.8 * patient.at("lumbar.nmj.innervation", 0.0))
    assert energy < loss - 2 * MONTH
    assert patient.at("lumbar.nmj.innervation", energy) > 0.99 * healthy.at("lumbar.nmj.innervation", energy)


def test_reactive_oxygen_about_doubles_by_onset(patient):
    """Oxidative markers are about twofold by onset: irvin2015."""
    assert 1.5 < patient.at("lumbar.soma.reactive_oxygen", patient.onset) < 2.6


def test_glutamate_uptake_falls(patient):
    """EAAT2 protein falls by 71 % on average, by 90 % in a quarter of patients, at autopsy: rothstein1995."""
    uptake = patient.at("lumbar.glutamate.uptake", patient.death - MONTH)
    assert 0.1 < uptake < 0.5, uptake


def test_without_oxidative_stress_the_loop_is_slower(patient):
    """Oxidative stress disables glutamate uptake, which feeds back: rao2003."""
    without = person(off=("oxidative.oxidative_stress",))
    assert without.onset > patient.onset + MONTH
    assert without.survival > patient.survival


def test_without_oxidative_stress_survival_is_longer_by_a_tenth(patient):
    """Oxidative stress disables glutamate uptake, which feeds back: rao2003."""
    assert person(off=("oxidative.oxidative_stress",)).survival > 1.1 * patient.survival


# 8 Junctions and motor units


def test_most_units_are_lost_at_diagnosis():
    """72 % of lower motor units are lost in clinical ALS (76 against 267): mune_trend."""
    lost = float(np.nanmedian(drawn_summaries().units_lost))
    assert 0.5 < lost < 0.8, lost


def test_fast_units_are_lost_before_slow_ones(patient):
    """Fast units fall weeks before slow ones in SOD1 mice: hegedus2007."""
    working = {kind: patient.at(f"lumbar.pool.{kind}_units", patient.onset + 6 * MONTH) for kind in ("fast", "slow")}
    assert working["fast"] < 0.8 * working["slow"], working


def test_sprouting_hides_the_loss(patient):
    """Units grow five- to eightfold in people: unit_ceiling. Without that, weakness shows with fewer units lost."""
    without = person(off=("junction.sprouting",))
    assert without.onset < patient.onset - MONTH, (patient.onset - without.onset) / MONTH
    units = "lumbar.pool.motor_units"
    lost = [1 - p.at(units, p.onset) / p.at(units, 0.0) for p in (patient, without)]
    assert lost[0] > lost[1] + 0.05, lost


def test_units_come_back_when_the_cause_is_removed(patient):
    """Muscle is reinnervated when TDP-43 is switched off: spiller2016b."""
    treated = blocked_people(0.8)["vector after the loss"]
    before, after = (treated.at("lumbar.pool.motor_units", m * MONTH) for m in (24, BLOCKED_MONTHS - 1))
    assert after > before + 0.1, (before, after)
    at_onset = treated_patients()["vector at onset"]
    day = patient.onset + 24 * MONTH
    assert at_onset.at("lumbar.nmj.innervation", day) > patient.at("lumbar.nmj.innervation", day) + 0.2


@pytest.mark.xfail(
    strict=True, reason="units of the first region go from 0.24 to 0.32 in a year under the vector, wanted below 0.29"
)
def test_the_first_region_is_not_regrown_after_a_year(patient):
    """Fibres and junctions come back in young animals, not in old ones: spiller2016b; rescue by miR-126 is transient:
    maimon2018."""
    late = treated_patients()["vector late"]
    at_start, later = (late.at("lumbar.pool.motor_units", patient.onset + m * MONTH) for m in (12, 24))
    assert later < at_start + 0.05, (at_start, later)


def test_axonal_calibre_collapses_over_months_without_stathmin2(patient):
    """Depleted in the adult, stathmin-2 costs calibre and endings over about eight months: lopezerauskin2024. Half
    a dose costs less, and neurons live: krus2022."""
    calibre, units, neurons = "lumbar.axon.calibre", "lumbar.pool.motor_units", "lumbar.pool.neurons"
    whole, half, tenth = (
        model_system("stmn2", calibre, units, neurons, changes=[{"day": 60, "set": {"stathmin2.gene_dose": dose}}])
        for dose in (1.0, 0.5, 0.1)
    )
    month, eight = (whole.at(units, day) - tenth.at(units, day) for day in (90, 304))
    assert 0 < month < 0.5 * eight, (month, eight)
    assert eight > 0.05, eight
    assert tenth.at(calibre, 304) < half.at(calibre, 304) < 0.9 * whole.at(calibre, 304)
    assert tenth.at(units, 304) < half.at(units, 304) < whole.at(units, 304)
    assert tenth.at(neurons, 304) > 0.98 * whole.at(neurons, 304)
    assert patient.at(calibre, patient.onset + 12 * MONTH) < 0.97 * patient.at(calibre, 0.0)


def test_muscle_of_old_mice_does_not_grow_back_whole():
    """Reinnervated fibres are still small 12 weeks after the transgene is off in mice older than a year, and whole
    again in young ones: spiller2016b."""
    mass, innervation = "lumbar.muscle.mass", "lumbar.nmj.innervation"
    off = [{"day": 42, "set": {"tdp43.transgene": 0.0}}]
    young, old = (
        model_system(
            "tdp43-rnls8", mass, innervation, set={"tdp43.transgene": 1.2}, changes=off, add={"person.age": years}
        )
        for years in (0.0, 1.0)
    )
    assert young.at(mass, 126) > 0.95 * young.at(innervation, 126)
    assert old.at(mass, 126) < 0.95 * old.at(innervation, 126)
    healthy = model_system("tdp43-rnls8", mass, add={"person.age": 1.0})
    assert healthy.at(mass, 126) > 0.95


def test_transmission_is_whole_in_health(healthy):
    """Quantal content is one at every ending, long or short and at any age, though long axons have less energy: only
    endings of SOD1 mice lose it, not those of their litter mates (mcintosh2023)."""
    readouts = [f"nmj.{name}" for name in ("quantal_content", "vesicle_pool", "train_held")]
    for region in REGIONS:
        for year in (1, 19):
            content, pool, train = (healthy.at(f"{region}.{readout}", year * YEAR) for readout in readouts)
            assert content == pytest.approx(1.0, abs=1e-4), (region, year)
            assert min(pool, train) > 0.95, (region, year)


@functools.cache
def diaphragm(which: str, **numbers: float) -> Trace:
    """A mouse with what its diaphragm does, some of its numbers set."""
    reads = ("train_held", "quantal_content", "endplate_potential", "innervation", "vesicle_pool")
    changed = {name.replace("__", "."): number for name, number in numbers.items()}
    return model_system(which, "lumbar.nmj.innervation", *(f"thoracic.nmj.{name}" for name in reads), set=changed)


TRAIN, CONTENT, POTENTIAL, INNERVATION, POOL = (
    f"thoracic.nmj.{name}"
    for name in ("train_held", "quantal_content", "endplate_potential", "innervation", "vesicle_pool")
)


def lowest_content(mouse: Trace, until: float) -> float:
    """The day on which quantal content of the grown mouse is lowest."""
    grown = (mouse.days > 20) & (mouse.days < until)
    return float(mouse.days[grown][np.argmin(mouse.values[CONTENT][grown])])


def test_run_down_and_quantal_content_come_first_and_the_potential_last():
    """In the diaphragm of SOD1 mice a train at 20 Hz runs down weeks before tremor, quantal content is low and comes
    back, and the amplitude falls only when signs are there: mcintosh2023. Fibres are innervated meanwhile."""
    mouse, well = diaphragm("sod1-g93a-c57"), diaphragm("mouse")
    signs = mouse.landmark("signs")
    run_down = mouse.crossing(mouse.values[TRAIN], 0.9, falling=True)
    small = mouse.crossing(mouse.values[POTENTIAL], 0.9, falling=True)
    lowest = lowest_content(mouse, until=signs)
    assert run_down < lowest < small < signs + 14, (run_down, lowest, small, signs)
    assert signs - run_down > 21
    assert mouse.at(CONTENT, lowest) < 0.98
    assert mouse.at(CONTENT, signs + 14) > 0.98
    assert mouse.at(CONTENT, signs + 14) > mouse.at(CONTENT, lowest) + 0.01
    assert mouse.at(INNERVATION, lowest) > 0.9 * well.at(INNERVATION, lowest)
    assert np.ptp(well.values[CONTENT][well.days > 20]) < 2e-3


def test_quantal_content_is_low_before_signs():
    """Quantal content is low before tremor and comes back: mcintosh2023."""
    mouse = diaphragm("sod1-g93a-c57")
    assert mouse.at(CONTENT, lowest_content(mouse, until=mouse.landmark("signs"))) < 0.95


@pytest.mark.xfail(strict=True, reason="quantal content is lowest near the end, on day 201, wanted before day 105")
def test_quantal_content_is_never_as_low_again():
    """Quantal content that was low comes back and stays until the potential falls and after: mcintosh2023."""
    mouse = diaphragm("sod1-g93a-c57")
    lowest = lowest_content(mouse, until=np.inf)
    assert lowest < mouse.crossing(mouse.values[POTENTIAL], 0.9, falling=True)


def test_plasticity_has_a_price_and_a_ceiling():
    """Quantal content that was low comes back: mcintosh2023. That trains run down the faster for it is the model's own
    consequence; without plasticity content stays low, and beyond its ceiling too. The ceiling is shown with a reserve
    of a tenth, since pools stay within the reserve that the model has."""
    plastic, rigid = diaphragm("sod1-g93a-c57"), diaphragm("sod1-g93a-c57", nmj__plasticity_time=1e6)
    assert plastic.at(CONTENT, 150) > 0.98
    assert rigid.at(CONTENT, 150) == pytest.approx(rigid.at(POOL, 150), rel=1e-3)
    assert rigid.at(CONTENT, 150) < plastic.at(CONTENT, 150) - 0.05
    assert plastic.at(TRAIN, 150) < rigid.at(TRAIN, 150) - 0.02
    unspared = diaphragm("sod1-g93a-c57", nmj__spared_endings=0.0, nmj__plasticity_reserve=0.1)
    assert unspared.at(POOL, 150) < 1 / 1.1
    assert unspared.at(CONTENT, 150) == pytest.approx(1.1 * unspared.at(POOL, 150), rel=0.02)


def test_without_plasticity_quantal_content_stays_low():
    """Without plasticity content stays as low as the pool of vesicles makes it: mcintosh2023."""
    assert diaphragm("sod1-g93a-c57", nmj__plasticity_time=1e6).at(CONTENT, 150) < 0.9


@pytest.mark.xfail(
    strict=True, reason="the pool of vesicles without spared endings is 0.710 on day 150, wanted below 0.5, the ceiling"
)
def test_pools_without_spared_endings_fall_beyond_the_ceiling():
    """The reserve of release does not make up for what endings lack where none is spared."""
    most = 1 + value("nmj.plasticity_reserve")
    unspared = diaphragm("sod1-g93a-c57", nmj__spared_endings=0.0)
    assert unspared.at(POOL, 150) < 1 / most
    assert unspared.at(CONTENT, 150) == pytest.approx(most * unspared.at(POOL, 150), rel=0.02)


def test_transmission_and_cranial_nuclei_are_read_by_no_course(patient):
    """Both are read-outs: switched off alone, neither moves a patient's course (negative control)."""
    without = person(off=("release.release", "cranial.resistant_nuclei"))
    assert without.survival == pytest.approx(patient.survival, rel=1e-5)
    assert without.at("lumbar.pool.neurons", patient.onset) == pytest.approx(
        patient.at("lumbar.pool.neurons", patient.onset), rel=1e-5
    )


def test_cranial_nuclei_outlive_the_hypoglossal_one():
    """Of the cranial motor neurons only hypoglossal ones are lost by eight weeks in rNLS8 mice: spiller2016. In health
    both age alike, and with a vulnerability of one the difference is gone."""
    cranial, bulbar = "cranial.neurons", "bulbar.pool.neurons"
    on = {"tdp43.transgene": 1.2}
    mouse = model_system("tdp43-rnls8", cranial, bulbar, set=on)
    alike = model_system("tdp43-rnls8", cranial, bulbar, set={**on, "cranial.vulnerability": 1.0})
    assert mouse.at(cranial, 56) > 0.95 > 0.9 > mouse.at(bulbar, 56)
    assert alike.at(cranial, 56) < 0.9
    healthy = model_system("tdp43-rnls8", cranial, bulbar)
    assert healthy.at(cranial, 400) == pytest.approx(healthy.at(bulbar, 400), abs=2e-3)
    patient = person("bulbar")
    left = {read: patient.at(read, patient.death - MONTH) / patient.at(read, 0.0) for read in (cranial, bulbar)}
    assert left[cranial] > 0.8 > 0.6 > left[bulbar], left


@pytest.mark.xfail(strict=True, reason="0.46 of bulbar neurons are left a month before death, wanted below 0.3")
def test_few_bulbar_neurons_are_left_at_the_end_of_bulbar_disease():
    """Hypoglossal neurons are lost where the other cranial ones are spared: spiller2016, in a patient."""
    patient = person("bulbar")
    read = "bulbar.pool.neurons"
    assert patient.at(read, patient.death - MONTH) < 0.3 * patient.at(read, 0.0)


# 9 Neuroinflammation


MACROPHAGES = ("macrophage.presence", "lumbar.nmj.innervation", "lumbar.pool.neurons")


def sod1_mouse(day: float | None = None, **arm) -> Trace:
    """The SOD1-G93A mouse, with what ``arm`` says done from a day on."""
    return model_system("sod1-g93a", *MACROPHAGES, **({"changes": [{"day": day, **arm}]} if day is not None else arm))


def test_macrophages_of_nerve_and_muscle_move_no_untreated_course():
    """Their number is counted against that of an untreated mouse, so that there is nothing to see without a drug."""
    whole, without = sod1_mouse(), sod1_mouse(off=["macrophages.peripheral_macrophages"])
    np.testing.assert_allclose(whole.values["macrophage.presence"], 1, rtol=1e-12)
    for name in MACROPHAGES[1:]:
        np.testing.assert_allclose(whole.values[name], without.values[name], rtol=1e-6, atol=1e-12)


def test_a_csf1r_block_empties_nerve_and_muscle_in_days_and_an_antibody_to_monocytes_in_weeks():
    """Macrophages renew with a half-life of 16 days, and die without CSF1R: parwaresch1984, martinezmuriana2016."""
    starved, unsupplied = sod1_mouse(60, set={"macrophage.loss": 5}), sod1_mouse(60, set={"macrophage.supply": 0.2})
    left = {name: run.at("macrophage.presence", 67) for name, run in (("a", starved), ("b", unsupplied))}
    assert left["a"] < 0.5 < 0.7 < left["b"], left
    for run in (starved, unsupplied):
        assert run.at("macrophage.presence", 160) == pytest.approx(0.2, abs=0.02)


def test_macrophages_protect_muscle_where_half_the_microglia_do_nothing():
    """A CSF1R inhibitor protects muscle before microglia of the cord change, while halving proliferating microglia of
    the cord does nothing: martinezmuriana2016, gowing2008."""
    plain = sod1_mouse()
    starved = sod1_mouse(60, set={"macrophage.loss": 3.33})
    halved = sod1_mouse(60, set={"microglia.proliferation_left": 0.5})
    held = {name: run.at("lumbar.nmj.innervation", 75) for name, run in (("m", starved), ("g", halved), ("", plain))}
    assert held["m"] > 1.02 * held[""], held
    assert abs(held["g"] / held[""] - 1) < 0.01, held
    assert starved.landmark("end") > 1.02 * plain.landmark("end")


def test_what_macrophages_do_still_matters_after_paralysis():
    """Masitinib begun a week after paralysis lengthens what is left by 40 %: trias2016.
    Microglia alone do not carry that in the model."""
    plain = sod1_mouse()
    signs = plain.landmark("signs")
    left = plain.landmark("end") - signs
    late = sod1_mouse(signs + 7, set={"macrophage.loss": 5}).landmark("end") - signs
    microglia = sod1_mouse(signs + 7, set={"microglia.proliferation_left": 0.2}).landmark("end") - signs
    assert late > 1.2 * left
    assert microglia < 1.1 * left


def test_protective_microglia_come_before_toxic_ones(patient):
    """Microglia first protect; mutant SOD1 in them drives the late phase only: boillee2006."""
    quarter = {}
    for kind in ("protective", "toxic"):
        readout = f"lumbar.microglia.{kind}"
        quarter[kind] = patient.first_above(readout, 0.25 * patient.course(readout)[1].max())
    assert quarter["protective"] < quarter["toxic"] - 3 * MONTH
    assert patient.at("lumbar.microglia.protective", patient.onset - 6 * MONTH) > 2 * patient.at(
        "lumbar.microglia.toxic", patient.onset - 6 * MONTH
    )


CYTOKINES = ("cytokine.tnf_strength", "cytokine.interleukin1_strength", "cytokine.complement_strength")


def test_one_cytokine_arm_does_nothing_and_three_do_much(patient):
    """TNF knock-out: no effect on life span (gowing2006); single knock-outs little, the triple one extends survival
    markedly (guttenplan2020). Read from the seed, since a harm that is missing for life moves the onset as well."""
    gains = [person(overrides=((arm, 0.0),)).death / patient.death - 1 for arm in CYTOKINES]
    three = person(overrides=tuple((arm, 0.0) for arm in CYTOKINES)).death / patient.death - 1
    assert max(np.abs(gains)) < 0.01, gains
    assert three > 0.03, three
    assert three > 10 * max(gains)


# 10 Adaptive immunity


def test_regulatory_t_cells_fall_in_disease(patient):
    """Treg are 0.692 % of leukocytes in ALS against 0.845 % in controls, a ratio of 0.82: henkel2013."""
    ratio = patient.at("immune.treg", patient.diagnosis)
    assert 0.6 < ratio < 0.95, ratio


def test_regulatory_t_cells_fall_more_in_fast_disease(patient):
    """Treg are 0.573 % in rapid against 0.825 % in slow patients: henkel2013. Read a year after onset."""
    tempo = value("person.base_tempo")
    slow, fast = (person(overrides=(("person.base_tempo", factor * tempo),)) for factor in (0.5, 2.0))
    ratio = [p.at("immune.treg", p.onset + 12 * MONTH) for p in (slow, fast)]
    assert fast.survival < 0.7 * slow.survival
    assert ratio[1] < 0.9 * ratio[0], ratio


def test_more_regulatory_t_cells_slow_disease(patient):
    """T cells that restrain microglia lengthen life of SOD1 mice: beers2008. Read from the seed."""
    doubled = person(overrides=(("immune.treg_supply", 2.0),))
    assert doubled.death > 1.05 * patient.death, doubled.death / patient.death


def test_natural_killer_cells_protect_people(patient):
    """Hazard ratio of death 0.61 (0.42 to 0.88) per SD of NK cells: cui2022. One SD is 0.3 of the mean here; only the
    sign is asked for, read from the seed."""
    few, many = (person(overrides=(("immune.natural_killer_base", base),)) for base in (0.7, 1.3))
    assert few.death < 0.99 * patient.death < 0.98 * many.death, (few.death, patient.death, many.death)


def test_natural_killer_cells_change_nothing_at_their_mean(patient):
    """Their effect is relative to the mean of people: with all at the mean its size is of no account."""
    without = person(overrides=(("pool.vulnerability_by_natural_killer", 0.0),))
    assert without.survival == pytest.approx(patient.survival, rel=1e-6)


def test_depleting_natural_killer_cells_helps_where_they_harm():
    """In the mouse depletion slows the loss of neurons and lengthens life: garofalo2020. The sign is a number of the
    mouse; with it a depleted person lives longer too."""
    harm = ("pool.vulnerability_by_natural_killer", 0.3)
    whole, depleted = (person(overrides=(harm, ("immune.natural_killer_supply", left))) for left in (1.0, 0.05))
    assert depleted.death > 1.02 * whole.death, depleted.death / whole.death


def test_t_cells_of_carriers_react_to_the_c9orf72_protein(patient):
    """T cells that react to the C9orf72 protein are more frequent in ALS: michaelis2025. The model counts effector
    cells without what they recognise: more in patients than in health, and more still in carriers."""
    carrier = person(genotype="C9orf72")
    assert patient.at("immune.th1", patient.onset) > 1.05
    assert carrier.at("immune.th1", carrier.onset) > 1.05 * patient.at("immune.th1", patient.onset)


def test_autoreactive_t_cells_speed_disease(patient):
    """The autoimmune reading as a switchable hypothesis: CD8 cells kill motor neurons (coque2019) and T cells react to
    the patient's own protein (michaelis2025). Switched on, it shortens the time from seed to death by 2 % or more."""
    autoreactive = person(overrides=(("immune.autoreactivity", 1.0),))
    assert autoreactive.death < 0.98 * patient.death, autoreactive.death / patient.death


# 11 Spread


def _units_left(patient, region):
    port = f"{region}.pool.motor_units"
    return patient.at(port, patient.onset) / patient.at(port, 0.0)


def test_disease_begins_in_one_place(patient):
    """Onset is focal and spreads to the neighbours: gromicho_spread."""
    for region in ("bulbar", "thoracic"):
        assert _units_left(patient, region) > 0.93, region


@pytest.mark.xfail(strict=True, raises=AssertionError, reason="0.880 of the arms' units are left; wanted above 0.93")
def test_arms_are_whole_when_disease_begins_in_a_leg(patient):
    assert _units_left(patient, "cervical") > 0.93


def test_without_spread_other_regions_stay_well():
    """Seeds pass from neuron to neuron along the motor system: porta2018. Without that, one region is ill."""
    contained = person(off=("spread.spread",))
    day = contained.onset + 4 * YEAR
    assert contained.at("lumbar.nmj.innervation", day) < 0.4
    for region in ("bulbar", "cervical", "thoracic"):
        assert contained.at(f"{region}.nmj.innervation", day) > 0.93 * contained.at(f"{region}.nmj.innervation", 0.0)


CLINICAL = ("bulbar", "cervical", "lumbar")  # where disease begins in nearly all


@pytest.mark.parametrize(
    "regions",
    [
        unmet(
            REGIONS,
            reason="the second of four regions is a neighbour in 0.31, wanted above 0.55: chance (0.45) and a tenth; "
            "the thoracic one is passed over",
        ),
        CLINICAL,
    ],
    ids=["all regions", "regions of onset"],
)
def test_the_second_region_is_a_neighbour(regions):
    """Contiguous spread is favoured: gromicho_spread. Among four regions, and among the three in which disease is seen
    to begin."""
    courses = diagnosed()
    first = np.stack([_first_below(courses, f"{region}.nmj.innervation", 0.8) for region in regions], axis=1)
    order = np.argsort(first, axis=1)
    two = np.isfinite(np.sort(first, axis=1)[:, 1])
    neighbours = np.abs(order[two, 0] - order[two, 1]) == 1
    last = len(regions) - 1
    beside = {place: (1 if place in (0, last) else 2) / last for place in range(len(regions))}
    expected_by_chance = np.mean([beside[int(place)] for place in order[two, 0]])
    assert neighbours.mean() > expected_by_chance + 0.1, (neighbours.mean(), expected_by_chance)


def _first_below(courses: Courses, readout: str, share: float) -> np.ndarray:
    values = courses.result[readout]
    below = values <= share * values[:, :1]
    return np.where(below.any(axis=1), below.argmax(axis=1), np.inf)


# 12 Onset: tests/science/test_onset.py

# 13 Biomarkers


def test_neurofilament_is_raised_at_onset_and_before():
    """Serum NfL rises before onset: 6 to 12 months in SOD1-A4V (benatar2019), about 12 months (nfl_lead2024)."""
    courses = diagnosed()
    serum = courses.result["biomarker.nfl_serum"]
    at_onset = courses.at("biomarker.nfl_serum", courses.onset) / serum[:, 0]
    raised = serum > 1.5 * serum[:, :1]
    rise = courses.result.times[np.arange(len(serum)), raised.argmax(axis=1)]
    lead = np.median((courses.onset - rise) / MONTH)
    assert np.median(at_onset) > 1.5
    assert np.mean(at_onset > 1.5) > 0.8
    assert lead > 1, lead


def test_neurofilament_in_csf_at_diagnosis():
    """CSF NfL is 6,510 pg/mL in sporadic ALS against 756 in controls, a ratio of 8.6: csf_nfl_2020."""
    courses = diagnosed()
    ratio = np.median(courses.at("biomarker.nfl_csf", courses.diagnosis) / courses.result["biomarker.nfl_csf"][:, 0])
    assert 4 < ratio < 15, ratio


def test_mir126_in_vesicles_of_muscle_falls_before_onset_and_serum_hardly_shows_it():
    """miR-126 is lower before symptoms in SOD1 mice (maimon2018); in serum most is of endothelium and platelets."""
    courses = diagnosed()
    day = np.maximum(courses.onset - 3 * MONTH, 0.0)
    vesicles, serum = (f"biomarker.mir126_{name}" for name in ("muscle_vesicles", "serum"))
    fall = {name: np.median(courses.at(name, day) / courses.result[name][:, 0]) for name in (vesicles, serum)}
    assert fall[vesicles] < 0.9
    assert 0.9 < fall[serum] < 1


# Trials in people: the same persons, with the same draws, in both arms


def _hazard_ratio(treated: Courses, months: float = 18.0) -> float:
    """Cox hazard ratio of death or permanent ventilation in the months after diagnosis."""
    untreated = diagnosed()
    rows = []
    for arm, courses in enumerate((untreated, treated)):
        time = (courses.death - untreated.diagnosis) / MONTH
        rows.append(pd.DataFrame({"time": np.clip(time, 1e-3, months), "event": time <= months, "treated": arm}))
    fitted = CoxPHFitter().fit(pd.concat(rows, ignore_index=True), "time", "event")
    return float(np.exp(fitted.params_["treated"]))


def _decline(treated: Courses, months: float = 9.0) -> tuple[float, float]:
    """Mean decline in points a month after diagnosis, untreated and treated, over a span in which both are alive."""
    untreated = diagnosed()
    end = np.minimum.reduce([untreated.diagnosis + months * MONTH, untreated.result.end_time, treated.result.end_time])
    span = (end - untreated.diagnosis) / MONTH
    out = []
    for courses in (untreated, treated):
        fall = courses.at("clinic.alsfrs_r.total", untreated.diagnosis) - courses.at("clinic.alsfrs_r.total", end)
        out.append(float(np.nanmean((fall / span)[span > 2])))
    return out[0], out[1]


def test_riluzole_lowers_the_hazard_of_death():
    """Hazard ratio 0.84 (0.698 to 0.997) in three trials: cochrane2012_riluzole. The model was calibrated to it."""
    ratio = _hazard_ratio(treated_from_diagnosis()["riluzole"])
    assert 0.70 < ratio < 0.97, ratio


def test_minocycline_speeds_decline():
    """ALSFRS-R falls by 1.30 against 1.04 points a month, 25 % faster: gordon2007_minocycline."""
    untreated, treated = _decline(treated_from_diagnosis()["minocycline"])
    assert treated > 1.02 * untreated, (untreated, treated)


def test_a_blocker_of_one_cytokine_does_nothing_in_patients():
    """Anakinra did not slow disease: anakinra_pilot."""
    untreated, single = _decline(treated_from_diagnosis()["anti_interleukin1"])
    assert abs(single / untreated - 1) < 0.01


def test_a_blocker_of_three_cytokines_slows_people_somewhat():
    """Three arms at once slow disease in mice (guttenplan2020), of which people keep a share: less than a twentieth."""
    untreated, triple = _decline(treated_from_diagnosis()["triple_cytokine_blockade"])
    assert 0.95 * untreated < triple < 0.999 * untreated
