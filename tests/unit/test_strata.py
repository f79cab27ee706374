"""Patients of rare genotypes: as many as asked for of each, the same bytes after a kill, and whole where stored."""

from __future__ import annotations

import json
from collections import Counter

import pytest
from typer.testing import CliRunner

from charcot.core.hashing import hash_text
from charcot.fitting import strata
from charcot.interfaces.cli.main import app


class Killed(Exception):
    pass


def test_each_stratum_has_its_patients_and_a_killed_build_gives_the_same_bytes(tmp_path):
    def kill(_: int) -> None:
        raise Killed

    with pytest.raises(Killed):
        strata.build(tmp_path / "pieces", 3, 1, models=2, progress=kill)
    seen: list[int] = []
    gone_on = strata.build(tmp_path / "pieces", 3, 1, models=2, progress=seen.append)
    again = strata.build(tmp_path / "pieces", 3, 1, models=2)
    undisturbed = strata.build(None, 3, 1, models=2)
    assert strata.as_text(gone_on) == strata.as_text(undisturbed) == strata.as_text(again)
    assert Counter(row["stratum"] for row in undisturbed) == dict.fromkeys(strata.declared(), 3)
    assert Counter(row["model"] for row in undisturbed) == {1: 2 * 8, 2: 8}
    made = strata.told(undisturbed, "charcot population strata --make", 3, 1)
    strata.store(undisturbed, made, tmp_path)
    rows, told = strata.stored(tmp_path)
    assert told == json.loads(json.dumps(made))
    assert strata.as_text(rows) == strata.as_text(undisturbed)


def test_classes_of_sod1_are_strata_of_their_own():
    genotypes = [row["genotype"] for row in strata.declared().values()]
    assert {"SOD1-A4V", "SOD1", "SOD1-D90A", "C9orf72", "FUS", "TARDBP"} <= set(genotypes)
    assert len(set(genotypes)) == len(genotypes)


def test_what_is_stored_is_what_its_hash_says_and_has_every_patient():
    rows, told = strata.stored()
    assert hash_text(strata.as_text(rows), 16) == told["rows"]
    assert [row["stratum"] for row in told["strata"]] == list(strata.declared())
    counted = Counter(row["stratum"] for row in rows)
    assert counted == {row["stratum"]: row["patients"] for row in told["strata"]}
    assert min(counted.values()) == told["patients"] == strata.PATIENTS
    shown = CliRunner().invoke(app, ["population", "strata", "--json"])
    assert shown.exit_code == 0
    assert json.loads(shown.stdout)["strata"] == told["strata"]
    refused = CliRunner().invoke(app, ["population", "strata", "--store"])
    assert refused.exit_code == 2
    assert "--store needs --make" in refused.stderr
