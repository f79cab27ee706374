"""Kernels on disk: used when whole, made again when not, never an error."""

import numpy as np
import pytest
from engine_cases import decay

from charcot.engine import compiled, simulate


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv("CHARCOT_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(compiled, "_kernels", {})
    return tmp_path / "cache"


@pytest.fixture
def compilations(monkeypatch):
    count = []
    original = compiled.compile_program
    monkeypatch.setattr(compiled, "compile_program", lambda program: count.append(1) or original(program))
    return count


def run():
    compiled._kernels.clear()
    return simulate(decay(), np.array([[2.0, 0.3, 5.0]]), np.array([0.0, 1.0, 9.0])).values


def test_the_second_start_compiles_nothing(folder, compilations):
    first, second = run(), run()
    assert len(compilations) == 1
    assert len(list(folder.glob("*.kernel"))) == 1
    np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: b"",
        lambda content: b"not a kernel",
        lambda content: content[:-100],
        lambda content: content[:400] + b"\0\0\0\0" + content[404:],
        lambda content: content[:20] + content[21:],
    ],
)
def test_a_damaged_file_is_made_again(folder, compilations, damage):
    first = run()
    (path,) = folder.glob("*.kernel")
    whole = path.read_bytes()
    path.write_bytes(damage(whole))
    np.testing.assert_array_equal(run(), first)
    assert len(compilations) == 2
    assert path.read_bytes() == whole
    assert [file.name for file in folder.iterdir()] == [path.name]


def test_a_folder_that_cannot_be_written_is_done_without(folder, compilations):
    folder.write_text("a file where the folder should be")
    assert np.isfinite(run()).all()
    assert len(compilations) == 1


def test_where_the_cache_lies(monkeypatch, tmp_path):
    monkeypatch.setenv("CHARCOT_CACHE", str(tmp_path / "own"))
    assert compiled.cache_folder() == tmp_path / "own"
    monkeypatch.delenv("CHARCOT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert compiled.cache_folder() == tmp_path / "charcot"


def test_another_program_is_another_key():
    from engine_cases import disease

    assert compiled.cache_key(decay()) == compiled.cache_key(decay())
    assert compiled.cache_key(decay()) != compiled.cache_key(disease())


def test_a_program_without_states_is_refused():
    from charcot.core.program import Program

    with pytest.raises(ValueError, match="no states"):
        simulate(Program((), ()), np.zeros((1, 0)), np.array([0.0]))
