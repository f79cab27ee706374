# ruff: noqa: PT012
"""Run folders: whole or not at all, never written over."""

from __future__ import annotations

import errno
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from charcot.core.errors import CharcotError
from charcot.core.pieces import keeping, piece
from charcot.core.processes import WorkerDied
from charcot.interfaces import runs


def everything_in(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*"))


def test_the_name_is_a_slug_and_twelve_hex_digits_of_the_content() -> None:
    name = runs.run_name("MCI186-19 (edaravone)", {"seed": 1})
    assert name.startswith("mci186-19-edaravone-")
    assert len(name.rsplit("-", 1)[1]) == 12
    assert name == runs.run_name("MCI186-19 (edaravone)", {"seed": 1})
    assert name != runs.run_name("MCI186-19 (edaravone)", {"seed": 2})


@pytest.mark.parametrize("text", ["", "  ", "///", "ü"])
def test_a_slug_is_never_empty(text: str) -> None:
    assert runs.slug(text) == "run"


def test_a_finished_folder_appears_under_its_name(tmp_path: Path) -> None:
    target = tmp_path / "runs" / "a-1"
    with runs.writing(target) as folder:
        (folder / "x.txt").write_text("x")
        assert not target.exists()
    assert everything_in(tmp_path) == ["runs", "runs/a-1", "runs/a-1/x.txt"]


@pytest.mark.parametrize(
    "accident", [KeyboardInterrupt(), OSError(errno.ENOSPC, "No space left on device"), ValueError("x"), SystemExit(1)]
)
def test_an_accident_leaves_nothing(tmp_path: Path, accident: BaseException) -> None:
    target = tmp_path / "deep" / "runs" / "a-1"
    with pytest.raises(type(accident)), runs.writing(target) as folder:
        (folder / "half.txt").write_text("half")
        raise accident
    assert everything_in(tmp_path) == []


def test_an_accident_keeps_what_was_there_before(tmp_path: Path) -> None:
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "other.txt").write_text("mine")
    with pytest.raises(KeyboardInterrupt), runs.writing(tmp_path / "runs" / "a-1"):
        raise KeyboardInterrupt
    assert everything_in(tmp_path) == ["runs", "runs/other.txt"]


def test_a_folder_that_appears_meanwhile_is_left_as_it_is(tmp_path: Path) -> None:
    target = tmp_path / "a-1"
    with pytest.raises(runs.CannotWrite, match="appeared meanwhile"), runs.writing(target) as folder:
        (folder / "x.txt").write_text("new")
        target.mkdir()
        (target / "x.txt").write_text("old")
    assert (target / "x.txt").read_text() == "old"
    assert everything_in(tmp_path) == ["a-1", "a-1/x.txt"]


def test_a_file_in_the_way_of_the_root_is_named(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file")
    with (
        pytest.raises(runs.CannotWrite, match="a file of that name is in the way"),
        runs.writing(tmp_path / "runs" / "a"),
    ):
        pass


def test_an_existing_run_is_found_and_a_new_one_gets_a_number(tmp_path: Path) -> None:
    assert runs.place_for(tmp_path, "a-1", force_new=False) == (tmp_path / "a-1", False)
    (tmp_path / "a-1").mkdir()
    with pytest.raises(runs.CannotWrite, match="is in the way and is no finished run"):
        runs.place_for(tmp_path, "a-1", force_new=False)
    (tmp_path / "a-1" / runs.MANIFEST).touch()
    assert runs.place_for(tmp_path, "a-1", force_new=False) == (tmp_path / "a-1", True)
    assert runs.place_for(tmp_path, "a-1", force_new=True) == (tmp_path / "a-1-2", False)
    (tmp_path / "a-1-2").mkdir()
    assert runs.place_for(tmp_path, "a-1", force_new=True) == (tmp_path / "a-1-3", False)


def killed_in(target: Path, *, pieces: int = 0, half_written: bool = True) -> Path:
    """What a process that was killed leaves while it makes ``target``."""
    one = runs.Making(target)
    one.place.mkdir(parents=True)
    (one.place / runs.LOCK).touch()
    for number in range(pieces):
        one.pieces.keep("replicates", number, number)
    if half_written:
        (one.place / runs.RUN).mkdir()
        (one.place / runs.RUN / "half.txt").write_text("half")
    return one.place


def test_what_a_killed_process_left_is_swept_and_its_pieces_stay(tmp_path: Path) -> None:
    killed_in(tmp_path / "a-1")
    kept = killed_in(tmp_path / "a-2", pieces=2)
    done = killed_in(tmp_path / "a-3", pieces=1)
    (tmp_path / "a-3").mkdir()
    (tmp_path / "a-3" / runs.MANIFEST).touch()
    old = killed_in(tmp_path / "a-4", pieces=1)
    os.utime(old / runs.PIECES, (0, 0))
    former = tmp_path / f".a-5{runs.FORMER}xyz"
    former.mkdir()
    assert [place.name for place in runs.leftovers(tmp_path)] == sorted(
        [".a-1.unfinished", kept.name, done.name, old.name, former.name]
    )
    os.utime(former, (0, 0))
    runs.sweep(tmp_path)
    assert runs.leftovers(tmp_path) == [kept]
    assert runs.Making(tmp_path / "a-2").kept() == "2 replicates"
    assert not (kept / runs.RUN).exists()
    assert runs.leftovers(tmp_path / "nowhere") == []


def test_what_a_living_process_makes_is_not_swept_and_not_made_twice(tmp_path: Path) -> None:
    with runs.making(tmp_path / "a-1") as making, making.writing() as folder:
        (folder / "half.txt").write_text("half")
        elsewhere = (
            "import sys, pathlib\nfrom charcot.interfaces import runs\n"
            "runs.sweep(pathlib.Path(sys.argv[1]))\n"
            "with runs.making(pathlib.Path(sys.argv[1]) / 'a-1'): print('made twice')"
        )
        told = subprocess.run(
            [sys.executable, "-c", elsewhere, str(tmp_path)], capture_output=True, text=True, check=False
        )
        assert "another process is making" in told.stderr
        assert told.stdout == ""
        assert (folder / "half.txt").exists()
        assert runs.place_for(tmp_path, "a-1", force_new=True) == (tmp_path / "a-1-2", False)
    assert everything_in(tmp_path) == ["a-1", "a-1/half.txt"]


@pytest.mark.parametrize(
    ("accident", "kept"),
    [
        (KeyboardInterrupt(), True),
        (OSError(errno.ENOSPC, "No space left on device"), True),
        (ValueError("a fault of ours"), True),
        (CharcotError("the input is wrong, and would be again"), False),
        (WorkerDied("may go well next time"), True),
    ],
)
def test_pieces_outlive_an_accident_that_may_not_happen_again(
    tmp_path: Path, accident: BaseException, kept: bool
) -> None:
    target = tmp_path / "runs" / "a-1"

    def go_wrong() -> None:
        with runs.making(target) as making, keeping(making.pieces):
            assert piece("replicates", 1, lambda: "one") == "one"
            with making.writing() as folder:
                (folder / "half.txt").write_text("half")
                raise accident

    with pytest.raises(type(accident)) as caught:
        go_wrong()
    if not kept:
        assert everything_in(tmp_path) == []
        return
    assert caught.value.__notes__ == ["Finished and kept: 1 replicate. The same command goes on from there."]
    names = everything_in(target.parent)
    assert ".a-1.unfinished/run" not in names
    with runs.making(target) as making, keeping(making.pieces):
        assert piece("replicates", 1, lambda: pytest.fail("was computed again")) == "one"
    assert everything_in(target.parent) == []


def test_a_file_appears_whole_and_what_a_killed_writer_left_is_removed(tmp_path: Path) -> None:
    left = tmp_path / ".x.html.partial-0123"
    left.write_text("half")
    other = tmp_path / ".y.html.partial-0123"
    other.write_text("of another file")
    runs.write_text(tmp_path / "x.html", "whole")
    assert everything_in(tmp_path) == [other.name, "x.html"]
    (tmp_path / "link").symlink_to(tmp_path / "x.html")
    runs.write_text(tmp_path / "link", "through the link")
    assert (tmp_path / "x.html").read_text() == "through the link"
    assert (tmp_path / "link").is_symlink()


def test_json_has_no_numbers_that_json_lacks(tmp_path: Path) -> None:
    content = {"a": math.nan, "b": math.inf, "c": np.float64(1.5), "d": np.arange(2), "e": (1, None), "f": Path("x")}
    runs.write_json(tmp_path / "x.json", content)
    found = json.loads((tmp_path / "x.json").read_text())
    assert found == {"a": None, "b": "inf", "c": 1.5, "d": [0, 1], "e": [1, None], "f": "x"}


def test_yaml_and_tables_read_back(tmp_path: Path) -> None:
    from ruamel.yaml import YAML

    runs.write_yaml(tmp_path / "p.yaml", {"z": 1, "a": {"dose": "60 mg", "visits": ["0 days", "28 days"]}})
    read = YAML(typ="safe").load((tmp_path / "p.yaml").read_text())
    assert read == {"z": 1, "a": {"dose": "60 mg", "visits": ["0 days", "28 days"]}}
    assert list(read) == ["z", "a"]
    table = pd.DataFrame({"USUBJID": ["a"], "AVAL": [1.5]})
    tables = {"ADQS": table, "flow": table}
    found = ["tables/ADQS.parquet", "tables/ADQS.csv", "tables/flow.parquet"]
    assert runs.write_tables(tmp_path / "tables", tables) == found
    pd.testing.assert_frame_equal(pd.read_csv(tmp_path / "tables" / "ADQS.csv"), table)
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "tables" / "ADQS.parquet"), table)
