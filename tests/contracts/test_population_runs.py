"""A population's rows and final tables: the same for any workers, chunks and company, and what they should count."""

from __future__ import annotations

import itertools
import math
import pickle

import numpy as np
import pyarrow
import pyarrow.parquet as parquet
import pytest
import xarray
from campaign_jobs import contents
from lifelines import KaplanMeierFitter

from charcot.core.errors import Problems
from charcot.engine.campaign import Folder, run
from charcot.patients import Arm, PopulationJob, draw_cohort, load_population, simulate, summarise
from charcot.patients.population_summary import ExactSum, Scores, Tally, kaplan_meier
from charcot.treatments import Regimen

SPORADIC = load_population("sporadic")
NFL = "biomarker.nfl_serum"
TOTAL = "clinic.alsfrs_r.total"
# Half of the patients take a background treatment, so that every block holds patients of two programs.
JOB = PopulationJob(
    SPORADIC,
    size=40,
    seed=3,
    arms=(Arm("control"), Arm("treated", (Regimen.parse(product="edaravone_oral", start="30 days"),))),
    background={"riluzole": 0.5},
    score_days=(0.0, 90.0, 360.0),
    readouts=(NFL,),
    horizon_years=6.0,
    trajectory_months=3,
)


@pytest.fixture(scope="module")
def one(tmp_path_factory):
    """In one process, on one thread."""
    folder = Folder.begin(tmp_path_factory.mktemp("one") / "run", JOB, 10)
    run(JOB, folder)
    return folder


@pytest.fixture(scope="module")
def table(one) -> pyarrow.Table:
    return pyarrow.concat_tables([parquet.read_table(part) for part in one.parts()])


def same_tables(left, right) -> bool:
    return left.keys() == right.keys() and all(left[name].equals(right[name]) for name in left)


def test_two_threads_and_two_processes_write_the_same_bytes(tmp_path, one):
    for name, options in (("threads", {"workers": 2}), ("processes", {"workers": 2, "scheduler": "local"})):
        folder = Folder.begin(tmp_path / name, JOB, 10)
        run(JOB, folder, **options)
        assert contents(folder.path) == contents(one.path), name


def test_chunks_and_company_do_not_matter(tmp_path, one, table):
    large = Folder.begin(tmp_path / "large", JOB, 1000)
    run(JOB, large)
    assert parquet.read_table(large.part(large.spans()[0])).equals(table)
    alone = JOB.block(17, 18)
    assert alone.table.equals(table.slice(34, 2).combine_chunks())
    with xarray.open_zarr(one.path / "arrays.zarr", consolidated=False) as stored:
        np.testing.assert_array_equal(stored[NFL][17], alone.arrays[NFL][0])
        np.testing.assert_array_equal(stored[TOTAL][17], alone.arrays[TOTAL][0])
    assert same_tables(summarise(JOB, large.parts()), summarise(JOB, one.parts()))


def test_a_row_is_what_simulate_says(one, table):
    cohort = draw_cohort(SPORADIC, 40, 3)
    natural = simulate(cohort, readouts=[NFL], horizon_years=6)
    frame = table.to_pandas().set_index(["patient", "arm"])
    assert len(frame) == 80
    assert frame.index.is_unique
    control, treated = frame.xs("control", level="arm"), frame.xs("treated", level="arm")
    found = np.isfinite(natural.onset)
    np.testing.assert_array_equal(control["onset_day"].notna(), found)
    np.testing.assert_array_equal(control["onset_day"][found], natural.onset[found])
    assert control["diagnosis_day"].equals(treated["diagnosis_day"])
    never = control["diagnosis_day"].isna().to_numpy()
    assert 0 < never.sum() < 40
    died = np.where(np.isfinite(natural.death), natural.death, np.nan)
    np.testing.assert_array_equal(control["death_day"][never], died[never])
    # about half of the diagnosed take riluzole: only their course differs from the untreated one
    scores = natural.at(TOTAL, np.where(never, np.nan, natural.diagnosis) + 90)
    both = np.isfinite(scores) & control[f"{TOTAL}@90"].notna().to_numpy()
    differs = control[f"{TOTAL}@90"].to_numpy()[both] != scores[both]
    assert 0.2 < differs.mean() < 0.8
    assert (treated[f"{TOTAL}@360"] - control[f"{TOTAL}@360"]).mean() > 0  # of those alive in both arms
    with xarray.open_zarr(one.path / "arrays.zarr", consolidated=False) as stored:
        assert stored[NFL].dims == ("patient", "arm", "time")
        assert stored[NFL].attrs["arms"] == ["control", "treated"]
        assert stored[NFL].attrs["unit"] == "pg/mL"
        np.testing.assert_array_equal(stored[NFL].attrs["days_since_seed"], natural.result.times[0, ::3])
        row = int(np.flatnonzero(never)[0])
        np.testing.assert_array_equal(stored[NFL][row, 0], natural.result[NFL][row, ::3])


def test_the_tables_count_the_rows(one, table):
    tables = {name: entries.to_pandas() for name, entries in summarise(JOB, one.parts()).items()}
    frame = table.to_pandas()
    for arm in ("control", "treated"):
        mine = frame[frame["arm"] == arm]
        outcome = tables["outcomes"].query(f"arm == '{arm}' and by == 'all'").iloc[0]
        assert outcome["patients"] == 40
        assert outcome["with_onset"] == mine["onset_day"].notna().sum()
        assert outcome["diagnosed"] == mine["diagnosis_day"].notna().sum()
        assert outcome["died"] == mine["death_day"].notna().sum()
        scores = tables["scores"].query(f"arm == '{arm}' and by == 'all' and readout == '{TOTAL}'")
        for _, row in scores.iterrows():
            column = mine[f"{TOTAL}@{row['days_since_diagnosis']:g}"]
            assert row["patients"] == column.notna().sum()
            assert row["mean"] == pytest.approx(column.mean(), rel=1e-14)
            assert row["sd"] == pytest.approx(column.std(), rel=1e-12)
    by_sex = tables["outcomes"].query("by == 'sex' and arm == 'control'")
    assert by_sex["patients"].sum() == 40
    assert tables["status"].groupby("arm")["patients"].sum().to_dict() == {"control": 40, "treated": 40}


def test_the_survival_curve_is_that_of_lifelines(one, table):
    mine = table.to_pandas().query("arm == 'control'")
    known = mine["diagnosis_day"].notna()
    end = mine["death_day"].fillna(6 * 365.25)
    days = np.floor(end - mine["diagnosis_day"])[known]
    fitted = KaplanMeierFitter().fit(days + 1, mine["death_day"].notna()[known])  # a death of day k is seen on k + 1
    curve = summarise(JOB, one.parts())["survival"].to_pandas()
    curve = curve.query("arm == 'control' and by == 'all' and since == 'diagnosis'")
    assert len(curve) > 12
    at = [math.ceil(month * 30.4375) for month in curve["month"]]
    np.testing.assert_allclose(curve["alive"], fitted.predict(at).to_numpy(), rtol=1e-12)


def test_sums_do_not_depend_on_order_or_grouping():
    draws = np.random.default_rng(1)
    values = draws.normal(size=5000) * 10.0 ** draws.integers(-12, 12, size=5000)
    found = set()
    for pieces in (1, 7, 500):
        total = ExactSum()
        for piece in np.array_split(draws.permutation(values), pieces):
            total.add(piece)
        found.add(float(total.total))
    assert found == {math.fsum(values)}
    scores = Scores()
    for value in (9e7 + 1, 9e7 + 2, 9e7 + 3):  # the difference of sums in floats would give a spread of 0
        scores.add(np.array([value]))
    assert (scores.mean, scores.sd) == (9e7 + 2, 1.0)
    assert sum(x * x for x in (9e7 + 1, 9e7 + 2, 9e7 + 3)) - (2.7e8 + 6) ** 2 / 3 != 2.0


def test_kaplan_meier_by_hand():
    ends = np.array([[0, 0, 1, 0], [1, 0, 1, 1]])  # censored: one on day 2; died: one on days 0, 2 and 3
    risk, alive = kaplan_meier(ends)
    assert risk.tolist() == [4, 3, 3, 1]
    np.testing.assert_allclose(alive, [3 / 4, 3 / 4, 1 / 2, 0])


def test_a_failed_patient_is_counted_by_name_and_nowhere_else(table):
    rows = table.slice(0, 20).to_pandas()
    sound, failing = Tally(JOB), Tally(JOB)
    sound.add(pyarrow.RecordBatch.from_pandas(rows.iloc[2:]))
    rows["status"] = rows["status"].cat.add_categories([] if "non_finite" in rows["status"].cat.categories else ["x"])
    rows.loc[0:1, "status"] = "non_finite"
    failing.add(pyarrow.RecordBatch.from_pandas(rows))
    left, right = sound.groups["control", "all", "all"], failing.groups["control", "all", "all"]
    assert (left.failed, right.failed, left.patients, right.patients) == (0, 1, 9, 10)
    assert (left.with_onset, left.died) == (right.with_onset, right.died)
    statuses = failing.tables()["status"].to_pylist()
    assert {"arm": "control", "status": "non_finite", "patients": 1} in statuses


def test_a_description_and_a_pickle_are_the_whole_job():
    assert PopulationJob.from_description(JOB.description()) == JOB
    assert pickle.loads(pickle.dumps(JOB)) == JOB
    assert set(JOB.fingerprint()) >= {"code", "numpy", "llvmlite", "arithmetic"}


def test_every_mistake_of_a_job_is_named_at_once():
    with pytest.raises(Problems) as caught:
        PopulationJob(
            SPORADIC,
            size=0,
            seed=1,
            arms=(Arm("a"), Arm("a", (Regimen.parse(product="riluzole"),))),
            background={"riluzole": 1.5},
            score_days=(10.0, 5.0),
            readouts=("biomarker.nfl",),
            horizon_years=0.0,
        )
    codes = [problem.code for problem in caught.value.problems]
    assert sorted(codes) == sorted(
        [
            "bad-days",
            "bad-horizon",
            "bad-share",
            "bad-size",
            "duplicate-arm",
            "product-twice",
            "unknown-readout",
        ]
    )
    assert "biomarker.nfl_serum" in str(caught.value)


def test_rows_go_by_patient_then_arm(table):
    pairs = list(zip(table["patient"].to_pylist(), table["arm"].to_pylist(), strict=True))
    assert pairs == list(itertools.product(range(40), ("control", "treated")))
