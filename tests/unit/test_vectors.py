"""Gene therapies as data: where a vector arrives, who cannot be given it, what harm it does, and no second dose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from charcot import disease, patients
from charcot.core.errors import Problems
from charcot.evidence import prior
from charcot.model.compose import check
from charcot.patients import Arm, PopulationJob, draw_cohort, load_population, not_eligible, simulate
from charcot.patients.population_summary import Tally
from charcot.studies.window import Plan, check_plan
from charcot.treatments import Regimen, products, standing
from charcot.treatments.library import HERE, read_products
from charcot.treatments.vector import share_with_antibodies
from charcot.treatments.vector_reading import REGIONS
from charcot.trials import load_protocol, run_trial

IV, IT = "aav_mir126", "aav_mir126_intrathecal"
SOUND = (HERE / f"{IV}.yaml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("old", "new", "code"),
    [
        ("serotype: AAV9", "serotype: AAV99", "unknown-choice"),
        ("route: intravenous", "route: by mouth", "unknown-choice"),
        ("route: intravenous", "route: intrathecal", "wrong-unit"),
        ("tissue: muscle\n", "tissue: bone\n", "unknown-choice"),
        ("      value: 0.6\n", "      value: 2.6\n", "bad-distribution"),
        ("    bulbar:\n", "    brain:\n", "unknown-key"),
        ("      value: 0.17\n", "      value: 1\n", "out-of-range"),
        ("  antibodies:\n", "  antibody:\n", "unknown-key"),
        ("chance_of_none: 0.5", "chance_of_none: 1.5", "bad-chance"),
        (
            "    rise_time:\n      value: 20\n",
            "    rise_time:\n      chance_of_none: 0.5\n      value: 20\n",
            "bad-chance",
        ),
        ("    reads: capsid\n", "    reads: capside\n", "unknown-choice"),
        ("vector:\n", "virus:\n", "no-vector"),
    ],
)
def test_a_mistake_in_what_is_said_of_a_vector_is_found_with_its_line(
    tmp_path: Path, old: str, new: str, code: str
) -> None:
    assert old in SOUND
    (tmp_path / f"{IV}.yaml").write_text(SOUND.replace(old, new, 1), encoding="utf-8")
    found, problems = read_products(tmp_path)
    assert found == {}
    match = next((p for p in problems if p.code == code), None)
    assert match is not None, problems
    assert match.where is not None
    assert match.where.line > 0


def test_a_vector_into_a_muscle_is_counted_per_kilogram(tmp_path: Path) -> None:
    (tmp_path / f"{IV}.yaml").write_text(SOUND.replace("route: intravenous", "route: intramuscular"), encoding="utf-8")
    assert read_products(tmp_path)[1] == []


def test_only_a_vector_has_a_biodistribution(tmp_path: Path) -> None:
    text = (HERE / "riluzole.yaml").read_text(encoding="utf-8")
    wrong = text.replace("    direction: decrease\n", "    direction: decrease\n    scaled_by: biodistribution\n", 1)
    (tmp_path / "riluzole.yaml").write_text(wrong, encoding="utf-8")
    assert [p.code for p in read_products(tmp_path)[1]] == ["no-vector"]


def test_the_regions_of_a_vector_are_those_of_the_disease() -> None:
    assert REGIONS == disease.REGIONS


def test_what_acts_region_by_region_needs_a_target_in_each_region() -> None:
    content = products()[IV].content()
    wrong = tuple(replace(m, target="survival.toxicity_hazard") for m in content.modifiers[:1])
    whole = patients.definition().extended(content.ports, content.numbers, content.mechanisms, wrong)
    assert "wrong-scope" in {problem.code for problem in check(whole)}


def test_supply_follows_the_biodistribution_and_saturates_with_the_dose() -> None:
    cohort = patients.typical_cohort(["lumbar"], 58.0, copies=4)
    doses = (None, "2.75e13 vg/kg", "1.1e14 vg/kg", "3e14 vg/kg")
    regimens = [[] if dose is None else [Regimen.parse(product=IV, dose=dose)] for dose in doses]
    wanted = [f"{region}.terminal.mir126" for region in disease.REGIONS]
    days = np.full(4, 200.0)
    options = {"horizon_years": 1.0, "seeded": False, "model": patients.laboratory(treated=True)}
    courses = simulate(cohort, regimens, np.zeros(4), wanted, days=days, **options)
    gain = {r: courses.at(f"{r}.terminal.mir126", days) for r in disease.REGIONS}
    gain = {r: values[1:] - values[0] for r, values in gain.items()}
    mean = np.mean([*gain.values()], axis=0)
    assert mean[1] == pytest.approx(0.97, abs=0.06)  # as much as healthy muscle, at the default dose
    assert 0.3 < mean[0] < 0.5 < 1.2 < mean[2] < 1.6  # graded
    for region, values in gain.items():
        share = products()[IV].vector.biodistribution[region].value
        assert values / mean == pytest.approx(share, rel=1e-3)


def test_the_effect_may_be_nothing() -> None:
    slope = products()[IV].effects[0].numbers["slope"]
    belief = prior(slope)
    draws = belief.quantile((np.arange(1000) + 0.5) / 1000)
    assert np.mean(draws == 0) == pytest.approx(slope.chance_of_none, abs=0.002)
    assert np.median(draws[draws > 0]) == pytest.approx(slope.value, rel=0.01)
    assert belief.interval()[0] == 0
    assert "no effect at all" in belief.reason


def test_antibodies_are_drawn_once_for_a_person_and_serotype_and_come_with_age() -> None:
    cohort = draw_cohort(load_population("sporadic"), 3000, seed=5)
    day = np.full(3000, 1000.0)
    barred = not_eligible(cohort, [IV], day)
    age = cohort.columns["seed_age_years"] + 1000 / 365.25
    expected = products()[IV].vector.share_not_eligible(age).mean()
    assert barred.mean() == pytest.approx(expected, abs=0.025)
    assert np.array_equal(barred, not_eligible(cohort, [IT], day))
    assert np.array_equal(barred[100:200], not_eligible(cohort.take(np.arange(100, 200)), [IV], day[100:200]))
    later = not_eligible(cohort, [IV], day + 30 * 365.25)
    assert np.all(later[barred])  # who has them keeps them
    assert later.mean() > barred.mean()
    assert not not_eligible(cohort, ["riluzole"], day).any()
    assert not not_eligible(patients.typical_cohort(["bulbar"], 90.0), [IV], np.zeros(1)).any()
    assert share_with_antibodies(45.0, 0.17, 45.0, 1.15) == pytest.approx(0.17)


def test_who_is_not_eligible_is_named_and_goes_on_without_the_vector() -> None:
    cohort = draw_cohort(load_population("sporadic"), 24, seed=5)
    origin = np.full(24, 2000.0)
    barred = not_eligible(cohort, [IV], origin)
    assert 0 < barred.sum() < 24
    wanted = ["lumbar.terminal.mir126"]
    options = {"horizon_years": 7.0, "model": patients.laboratory(treated=True)}
    treated = simulate(cohort, [[Regimen.parse(product=IV)]] * 24, origin, wanted, **options)
    plain = simulate(cohort, [[]] * 24, origin, wanted, products=[IV], **options)
    assert np.array_equal(treated.not_eligible, barred)
    same = np.all(np.isclose(treated.on_grid(wanted[0]), plain.on_grid(wanted[0]), rtol=1e-9, equal_nan=True), axis=1)
    alive = plain.death > 2200
    assert alive.sum() > 5
    assert np.array_equal(same[alive], barred[alive])
    assert np.array_equal(treated.take(np.arange(3, 9)).not_eligible, barred[3:9])


def test_no_person_is_given_two_vectors_of_one_serotype() -> None:
    cohort = patients.typical_cohort(["bulbar"], 58.0)
    both = [Regimen.parse(product=IV), Regimen.parse(product=IT, start="1 year")]
    with pytest.raises(ValueError, match=f"{IV} makes antibodies against AAV9, which neutralise {IT}"):
        simulate(cohort, [both], np.zeros(1))
    with pytest.raises(Problems, match="makes antibodies against AAV9"):
        PopulationJob(load_population("sporadic"), 10, 1, (Arm("both", tuple(both)),))
    assert "redosing" in {p.code for p in check_plan(Plan(products=(IV, IT)))}
    assert "redosing" not in {p.code for p in check_plan(Plan(products=(IV, IT), pairs=False))}


def test_a_protocol_with_two_vectors_of_one_serotype_is_refused_with_its_line(tmp_path: Path) -> None:
    template = (Path(patients.__file__).parent.parent / "trials" / "templates" / "aav-mir126.yaml").read_text("utf-8")
    line = "      - {product: aav_mir126, dose: 1.1e14 vg/kg, start: 0 weeks} # one dose on the day of randomisation\n"
    assert line in template
    second = "      - {product: aav_mir126_intrathecal, dose: 1.2e14 vg, start: 12 weeks}\n"
    path = tmp_path / "two.yaml"
    path.write_text(template.replace(line, line + second), encoding="utf-8")
    with pytest.raises(Problems) as error:
        load_protocol(path)
    (problem,) = error.value.problems
    assert problem.code == "redosing"
    assert problem.where.line == template[: template.index(line)].count("\n") + 2


def test_a_trial_of_a_vector_excludes_who_has_antibodies_and_says_so(tmp_path: Path) -> None:
    template = (Path(patients.__file__).parent.parent / "trials" / "templates" / "aav-mir126.yaml").read_text("utf-8")
    path = tmp_path / "small.yaml"
    path.write_text(template.replace("n: 60", "n: 8"), encoding="utf-8")
    outcome = run_trial(load_protocol(path), workers=1)
    found = outcome.flow["first"]["excluded"]["antibodies.below"]
    assert found["sentence"] == "not eligible: antibodies against the vector"
    assert 0 < found["any"] < 0.6 * found["judged"]


def test_harm_comes_with_the_dose_and_is_reported() -> None:
    for name in (IV, IT):
        product = products()[name]
        for harm in product.vector.harms.values():
            shares = [harm.share(multiple * harm.numbers["half_dose"].value) for multiple in (0.1, 1, 10)]
            assert shares == sorted(shares)
            assert shares[1] == pytest.approx(harm.numbers["most"].value / 2)
        (sentence,) = standing([name])
        assert "Not eligible for antibodies against AAV9" in sentence
        assert "dorsal root ganglia are harmed" in sentence
        assert "liver enzymes rise" in sentence
    assert products()[IV].vector.harms["dorsal_root_ganglia"].share(1.1e14) == pytest.approx(0.32, abs=0.01)
    assert products()[IT].vector.harms["dorsal_root_ganglia"].share(1.2e14) == pytest.approx(0.83, abs=0.01)


def test_a_large_dose_kills_some_while_its_capsids_are_there() -> None:
    cohort = patients.typical_cohort(["lumbar"], 40.0, copies=3)
    doses = (None, "1.1e14 vg/kg", "3e14 vg/kg")
    regimens = [[] if dose is None else [Regimen.parse(product=IV, dose=dose)] for dose in doses]
    days = np.tile([0.0, 100.0, 300.0], (3, 1))
    read = "clinic.survival.cumulative_hazard"
    options = {"horizon_years": 1.0, "seeded": False, "model": patients.laboratory(treated=True)}
    courses = simulate(cohort, regimens, np.zeros(3), [read], days=days, **options)
    hazard = courses.at("clinic.survival.cumulative_hazard", days)
    # nobody is at risk of ALS before it, but the vector's harm counts from its day on: read as a difference of hazards
    assert hazard.shape == (3, 3)
    early = hazard[:, 1] - hazard[:, 0]
    late = hazard[:, 2] - hazard[:, 1]
    assert early[1] - early[0] == pytest.approx(0.005, abs=0.001)
    assert early[2] - early[0] == pytest.approx(0.011, abs=0.002)
    assert np.allclose(late - late[0], 0, atol=1e-5)


def test_a_population_counts_who_is_not_eligible() -> None:
    arms = (Arm("untreated"), Arm("vector", (Regimen.parse(product=IV),)))
    job = PopulationJob(load_population("sporadic"), 16, 5, arms, horizon_years=12)
    rows = job.block(0, 16).table
    tally = Tally(job)
    tally.add(rows)
    table = tally.tables()["outcomes"].to_pylist()
    counted = {row["arm"]: row["not_eligible"] for row in table if row["patients"] == 16}
    assert counted["untreated"] == 0
    assert 0 < counted["vector"] == sum(rows.column("not_eligible").to_pylist()) < 16
