"""The board must be able to tell a model from none, and from one that lacks a part.

What each cut must lose was written down from what the mechanisms say, and committed, before it was run. An experiment
is named only if the whole model hits it, so that a cut is what loses it. Two of these predictions failed: without the
harm of toxic microglia NF-kB deleted in microglia, and SOD1 excised from them, still lengthen life (1.10 and 1.18
fold), since toxic microglia act by oxygen, astrocytes and T cells too, and a slower switch leaves more protective
ones; so that cut names one experiment. And a constant hits 4 of 43 experiments of validation where at most one in
twenty was foretold: they are named below, with why.
"""

from __future__ import annotations

import numpy as np
import pytest

from charcot.disease.systems import system
from charcot.experiments import board
from charcot.experiments.arms import Trace
from charcot.experiments.board import Scored, group_of, score
from charcot.experiments.cohorts import MOST
from charcot.experiments.definition import Claim
from charcot.experiments.reading import entries
from charcot.patients import Assumed
from charcot.studies.ablation import mechanism_names

DAY = 100.0  # on which everything happens in the constant model

CUTS = {
    "transport is never slowed": (
        {"delivery.transport"},
        ("sod1_transport_before_symptoms", "c9orf72_transport", "hdac6_inhibition_in_fus_neurons"),
    ),
    "TDP-43 does not condense": (
        {"tdp43.condensate"},
        ("condensate_cleared_or_dissolved", "rnls8_transgene_on", "mir126_block_in_healthy_axon"),
    ),
    "miR-126 does not reach TDP-43": (
        {"mir126.mir126_arm_a"},
        ("mir126_block_in_healthy_axon", "mir126_added_back_in_culture"),
    ),
    "there are no microglia": (
        {"microglia.microglia"},
        ("microglia_protect_then_harm", "rnls8_microglia_needed_for_recovery", "microglial_nfkb_deletion"),
    ),
    "toxic microglia do no harm": (
        {"microglia.microglial_toxicity"},
        ("claim_p4",),
    ),
    "nothing spreads": (
        {"spread.spread"},
        ("human_onset_to_second_region", "human_median_survival"),
    ),
    "mutant SOD1 does not misfold": (
        {"genetic.sod1_misfolding"},
        ("sod1_four_copies", "sod1_background", "sod1_eight_copies"),
    ),
}

# Experiments that a constant hits though they are no negative controls, and why. The list may get shorter.
CANNOT_TELL = {
    "low_dose_il2_overall": "published as 19 % lower and not significant, so that no effect is within the range",
    "rag2_bone_marrow": "the published answer is that both lived alike",
    "tofersen_20_mg": "the published interval holds zero",
    "tofersen_60_mg": "the published interval holds zero",
    "tofersen_function_at_week_28": "the published answer is that both arms fell alike",
    "multistep_incidence_sod1": "the constant is one, which is the published slope",
    "human_decline_of_score": "the constant is one, which is the size in points a month",
}


class Still(Trace):
    """Every read-out is one at all times, and every event comes on the same day, whatever is done."""

    def at(self, read: str, day: float) -> float:
        return 1.0

    def window(self, read: str, since: float, until: float) -> np.ndarray:
        return np.ones(1)

    def crossing(self, series: np.ndarray, level: float, falling: bool) -> float:
        return DAY

    def landmark(self, name: str) -> float:
        return DAY


@pytest.fixture(scope="module")
def constant() -> dict[str, Scored]:
    """The whole board under a model in which nothing that is done changes anything."""

    def still(arm, default_system, reads, starts, under=None):
        return Still(np.zeros(1), {read: np.ones(1) for read in reads}, system(arm.system or default_system))

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(board, "trace", still)
        patch.setattr(board, "statistic_of", lambda *_: 1.0)
        patch.setattr(board, "failures_of", lambda *_: {})
        return {name: score(entry) for name, entry in entries().items()}


@pytest.fixture
def few():
    """Cohorts of 60: a cut that matters shows in them."""
    token = MOST.set(60)
    yield
    MOST.reset(token)


def test_a_constant_reproduces_no_claim(constant):
    assert [s.name for s in constant.values() if isinstance(s.content, Claim) and s.passed] == []


def test_a_constant_fails_the_board_but_where_nothing_is_the_answer(constant):
    assert not [s.name for s in constant.values() if s.failure]
    hits = {s.name for s in constant.values() if s.passed and group_of(s.content) != "negative_controls"}
    assert hits <= set(CANNOT_TELL), "give each of these an outcome that a model in which nothing acts would miss"
    controls = [s for s in constant.values() if group_of(s.content) == "negative_controls"]
    assert all(s.passed for s in controls), "that a constant hits them is what makes them controls"


@pytest.mark.parametrize("cut", CUTS)
def test_a_model_that_lacks_a_part_loses_the_experiments_on_it(cut, few):
    off, names = CUTS[cut]
    assert off <= set(mechanism_names())
    assert [name for name in names if not board.baseline()[name]] == [], "named experiments are hit by the whole model"
    scored = [score(entries()[name], Assumed(off=frozenset(off))) for name in names]
    assert [s.failure for s in scored if s.failure] == []
    assert [s.name for s in scored if s.passed] == []


CLAIMS = [e for e in entries().values() if isinstance(e.content, Claim) and e.content.cohort is None]


@pytest.mark.parametrize("claim", [e for e in CLAIMS if e.content.mechanism in mechanism_names()], ids=lambda e: e.name)
def test_a_claim_falls_with_the_mechanism_that_it_is_about(claim):
    assert not score(claim, Assumed(off=frozenset({claim.content.mechanism}))).passed
