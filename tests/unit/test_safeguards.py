"""What a product owes to people: the share of a rodent's effect that they keep, and the infections that it costs."""

from __future__ import annotations

from pathlib import Path

import pytest

from charcot import evidence
from charcot.experiments.arms import trace
from charcot.experiments.definition import Arm, Given
from charcot.patients import Assumed
from charcot.treatments import products, standing
from charcot.treatments.library import HERE, read_products
from charcot.treatments.safeguards import INFECTION, RODENTS

ON_RODENTS = {"anti_cd40l", "anti_interleukin1", "microglia_reprogramming", "minocycline", "triple_cytokine_blockade"}


def changed(tmp_path: Path, name: str, old: str, new: str) -> tuple[dict, list[str]]:
    """A product's file with one change, read: what is sound, and the codes of what is wrong."""
    text = (HERE / f"{name}.yaml").read_text(encoding="utf-8")
    assert old in text
    (tmp_path / f"{name}.yaml").write_text(text.replace(old, new, 1), encoding="utf-8")
    found, problems = read_products(tmp_path)
    return found, [problem.code for problem in problems]


def test_what_only_rodents_have_shown_carries_a_share_that_is_wide_open() -> None:
    known = evidence.sources()
    for name, product in products().items():
        assert (product.human_share is not None) == (name in ON_RODENTS), name
        for effect in product.effects:
            assert effect.rests_on_rodents == (
                bool(effect.sources) and {known[key].system for key in effect.sources} <= set(RODENTS)
            )
        if product.human_share is not None:
            low, high = evidence.prior(product.human_share).interval(0.95)
            assert low < 0.1, name
            assert 0.85 < high <= 1, name
            assert "rats and mice" in standing([name])[0]


def test_the_share_multiplies_the_effect_on_the_disease_and_not_the_infections() -> None:
    product = products()["microglia_reprogramming"]
    for effect in product.effects:
        numbers = {local: number.value for local, number in effect.numbers.items()}
        none, part, whole = (effect.value(1.0, numbers, share).value for share in (0.0, 0.5, 1.0))
        if effect.target == INFECTION:
            assert none == part == whole > 0
        else:
            assert none == 1
            assert part - 1 == pytest.approx((whole - 1) / 2, rel=1e-12)
            assert abs(whole - 1) > 0.1


def test_a_share_that_is_missing_or_idle_is_named(tmp_path: Path) -> None:
    share = "human_share:"
    assert changed(tmp_path, "minocycline", share, "# human_share:\nignored:")[1] == ["unknown-key", "no-human-share"]
    idle = changed(tmp_path, "minocycline", "sources: [spiller2018]", "sources: [gordon2007_minocycline]")[1]
    assert idle == ["idle-human-share"]
    assert changed(tmp_path, "minocycline", "  value: 0.3\n", "  value: 1.3\n")[1] == ["out-of-range"]


def test_what_acts_on_immunity_pays_in_infections_or_says_why_not(tmp_path: Path) -> None:
    immune = ("immune", "cytokine", "microglia", "macrophage")
    for name, product in products().items():
        targets = {effect.target for effect in product.effects}
        if any(target.split(".")[0] in immune for target in targets):
            assert INFECTION in targets or name == "minocycline", name
    assert changed(tmp_path, "treg_infusion", INFECTION, "biomarker.nfl_per_loss")[1] == ["no-infection-risk"]
    excuse = changed(tmp_path, "treg_infusion", "people:", "no_infection_risk: none was seen\npeople:")[1]
    assert excuse == ["idle-excuse"]


def test_rodents_keep_all_of_an_effect_and_people_their_share() -> None:
    given = Arm(given=(Given(product="microglia_reprogramming", dose="150 mg", start=60),), end=90)
    halved = Assumed(overrides={"drug.microglia_reprogramming.human_share": 0.15})
    for system, same in (("sod1-g93a", True), ("human", False)):
        whole, half = (
            float(trace(given, system, ("macrophage.presence",), {}, under).values["macrophage.presence"][-1])
            for under in (Assumed(), halved)
        )
        assert whole < 0.97
        assert (whole == half) is same, system
