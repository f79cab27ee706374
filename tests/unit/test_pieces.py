"""Finished pieces of a long computation: the same to the last bit when read again, never trusted blindly."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from charcot.core.pieces import Pieces, find, keep, keeping, piece


@pytest.fixture
def pieces(tmp_path: Path) -> Pieces:
    return Pieces(tmp_path / "pieces")


def test_without_a_place_a_piece_is_computed_each_time() -> None:
    ran = []
    for _ in range(2):
        assert piece("cells", 1, lambda: ran.append(1) or len(ran)) == len(ran)
    assert len(ran) == 2
    keep("cells", 1, "nowhere")
    assert find("cells", 1) is None


def test_a_kept_piece_is_not_computed_again_and_is_the_same(pieces: Pieces) -> None:
    value = {"values": np.array([0.1, np.nan, -0.0]), "table": pd.DataFrame({"a": ["x"], "b": [1 / 3]}), "none": None}
    found = []
    with keeping(pieces):
        piece("cells", ["a", 1], lambda: value)
        again = piece("cells", ["a", 1], lambda: pytest.fail("computed again"), lambda: found.append(1))
        assert piece("cells", ["a", 2], lambda: "another") == "another"
        assert find("cells", ["a", 2]) == ("another",)
    assert found == [1]
    assert again["values"].tobytes() == value["values"].tobytes()
    pd.testing.assert_frame_equal(again["table"], value["table"], check_exact=True)
    assert pieces.counts() == {"cells": 2}


def test_a_piece_that_holds_none_is_found(pieces: Pieces) -> None:
    pieces.keep("cells", 1, None)
    assert pieces.find("cells", 1) == (None,)


@pytest.mark.parametrize("content", [b"", b"short", b"x" * 100])
def test_a_damaged_piece_is_computed_again(pieces: Pieces, content: bytes) -> None:
    with keeping(pieces):
        piece("cells", 1, lambda: "first")
        (path,) = pieces.path.glob("*.piece")
        path.write_bytes(content)
        assert piece("cells", 1, lambda: "again") == "again"
        assert piece("cells", 1, lambda: "a third time") == "again"


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")
def test_what_another_user_may_have_written_is_not_loaded(pieces: Pieces) -> None:
    pieces.keep("cells", 1, "ours")
    (path,) = pieces.path.glob("*.piece")
    assert path.stat().st_mode & 0o077 == 0
    assert pieces.path.stat().st_mode & 0o077 == 0
    os.chown(path, 4321, 4321)
    assert pieces.find("cells", 1) is None
    assert "belongs to another user" in pieces.trouble


def test_a_place_that_refuses_ends_the_keeping_not_the_computation(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    pieces = Pieces(tmp_path / "file" / "pieces")
    with keeping(pieces):
        assert piece("cells", 1, lambda: "computed") == "computed"
    assert pieces.trouble
