"""Which experiments bear on which mechanism: pairs that are known, and pairs that are none."""

from __future__ import annotations

import pytest

from charcot import patients
from charcot.experiments.bearing import ACTS, LINE, READS, SHARES, WAYS, Bearing, bearings, local_name
from charcot.experiments.board import baseline
from charcot.experiments.reading import entries
from charcot.model.definition import trace


@pytest.fixture(scope="module")
def found() -> dict[str, tuple[Bearing, ...]]:
    whole = patients.definition()
    return bearings(whole, trace(whole, []))


def _tie(found, experiment: str, mechanism: str) -> tuple[str, tuple[str, ...]] | None:
    return next(((b.how, b.through) for b in found[mechanism] if b.name == experiment), None)


@pytest.mark.parametrize(
    ("experiment", "mechanism", "how", "through"),
    [
        ("mir126_block_in_healthy_axon", "mir126.mir126_loop", ACTS, "mir126.secretion_block"),  # set in an arm
        ("tofersen_100_mg", "genetic.sod1_turnover", ACTS, "sod1.synthesis"),  # a product aims at a number
        ("anakinra_in_people", "microglia.cytokines", ACTS, "cytokine.interleukin1"),  # and at a variable
        ("sod1_seeds_in_cord", "genetic.sod1_misfolding", ACTS, "soma.sod1_misfolded"),  # a state that it writes
        ("rnls8_transgene_on", "tdp43.shuttling", ACTS, "tdp43.transgene"),
        ("claim_m3", "mir126.mir126_arm_a", ACTS, "named by the claim"),
        ("microglia_protect_then_harm", "microglia.microglia", SHARES, "boillee2006"),
        ("fus_mutant_translation", "genetic.fus_condensation", SHARES, "genotype.fus_mutant"),  # and its line
        ("sod1_g93a_natural_history", "genetic.sod1_misfolding", LINE, "soma.sod1_misfolded"),  # its seed
        ("sod1_g93a_natural_history", "genetic.sod1_turnover", LINE, "genotype.sod1_mutant"),  # and its dose
        ("human_decline_of_score", "function.alsfrs_r", READS, "clinic.alsfrs_r.total"),
        ("human_median_survival", "function.survival", READS, "clinic.survival.cumulative_hazard"),
    ],
)
def test_known_pairs(found, experiment, mechanism, how, through):
    tie = _tie(found, experiment, mechanism)
    assert tie is not None
    assert tie[0] == how
    assert through in tie[1]


@pytest.mark.parametrize(
    ("experiment", "mechanism"),
    [
        ("tofersen_100_mg", "mir126.mir126_loop"),
        ("mir126_block_in_healthy_axon", "genetic.sod1_turnover"),
        ("tnf_knockout", "genetic.sod1_misfolding"),  # both arms carry mutant SOD1: it is the setting
        ("sod1_g93a_force_parallel_to_units", "mir126.mir126_loop"),  # mouse beside man: not what differs
        ("presymptomatic_motor_units", "tdp43.aggregation"),  # the seed of the patient's disease
    ],
)
def test_pairs_that_are_none(found, experiment, mechanism):
    assert _tie(found, experiment, mechanism) is None


def test_every_verdict_is_the_stored_one_and_every_use_the_files(found):
    for bearing in (b for own in found.values() for b in own):
        assert bearing.passed == baseline()[bearing.name]
        assert bearing.content is entries()[bearing.name].content
        assert bearing.use in ("calibration", "validation", "negative control", "claim")


def test_an_experiment_stands_once_on_a_page_and_the_strongest_come_first(found):
    for own in found.values():
        assert len({b.name for b in own}) == len(own)
        ranks = [WAYS.index(b.how) for b in own]
        assert ranks == sorted(ranks)


def test_names_lose_region_class_and_donor():
    whole = patients.definition()
    for full, name in (
        ("lumbar.axon.length", "axon.length"),
        ("lumbar.pool.alive.2", "pool.alive"),
        ("lumbar.spread.weight.cervical", "spread.weight"),
        ("lumbar.soma.sod1_misfolded", "soma.sod1_misfolded"),
        ("clinic.alsfrs_r.total", "clinic.alsfrs_r.total"),
        ("immune.treg", "immune.treg"),
        ("no.such.name", "no.such.name"),
    ):
        assert local_name(whole, full) == name
