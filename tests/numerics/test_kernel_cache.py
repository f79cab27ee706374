"""Kernels on disk: used when whole, made again when not, never an error."""

import os

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
    monkeypatch.setattr(compiled, "compile_program", lambda *what: count.append(1) or original(*what))
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
        lambda content: content[:2000] + bytes(255 - byte for byte in content[2000:2004]) + content[2004:],
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


# What others may have written is not run ------------------------------------------------------------------------------

STRANGER = 4321  # the number of another user
as_root = pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root may give files away")


def link(path, target):
    """Put a link, made by another user, in the place of ``path``; what stood there moves to ``target``."""
    path.rename(target)
    path.symlink_to(target)
    os.chown(path, STRANGER, STRANGER, follow_symlinks=False)


UNTRUSTED = {
    "file of another user": lambda folder, file: os.chown(file, STRANGER, STRANGER),
    "file that all may write": lambda folder, file: file.chmod(0o666),
    "file that a foreign group may write": lambda folder, file: (os.chown(file, -1, STRANGER), file.chmod(0o660)),
    "link to a file": lambda folder, file: link(file, folder / "elsewhere"),
    "folder of another user": lambda folder, file: os.chown(folder, STRANGER, STRANGER),
    "folder that all may write": lambda folder, file: folder.chmod(0o777),
    "folder that all may add to": lambda folder, file: folder.chmod(0o1777),
    "link to the folder by another user": lambda folder, file: link(folder, folder.with_name("moved")),
    "parent of another user": lambda folder, file: os.chown(folder.parent, STRANGER, STRANGER),
    "parent that all may write": lambda folder, file: folder.parent.chmod(0o777),
}


@as_root
@pytest.mark.parametrize("way", UNTRUSTED)
def test_what_others_may_have_written_is_not_loaded(tmp_path, monkeypatch, compilations, way):
    folder = tmp_path / "between" / "cache"
    monkeypatch.setenv("CHARCOT_CACHE", str(folder))
    first = run()
    (path,) = folder.glob("*.kernel")
    UNTRUSTED[way](folder, path)
    with pytest.warns(compiled.UntrustedCache, match=r"compiled anew\. .*: (delete it|chmod|choose) ?.*CHARCOT_CACHE="):
        np.testing.assert_array_equal(run(), first)
    assert len(compilations) == 2


@as_root
def test_a_foreign_file_in_a_folder_of_ours_is_replaced(folder, compilations):
    run()
    (path,) = folder.glob("*.kernel")
    os.chown(path, STRANGER, STRANGER)
    with pytest.warns(compiled.UntrustedCache):
        run()
    assert path.stat().st_uid == os.geteuid()
    run()
    assert len(compilations) == 2


def test_nothing_is_written_where_others_may_write(folder):
    folder.mkdir()
    folder.chmod(0o777)
    with pytest.warns(compiled.UntrustedCache, match=rf"chmod 700 {folder}"):
        run()
    assert list(folder.iterdir()) == []


def test_the_cache_is_made_for_this_user_alone(tmp_path, monkeypatch, compilations):
    before = os.umask(0)
    monkeypatch.setenv("CHARCOT_CACHE", str(tmp_path / "new" / "cache"))
    try:
        run()
    finally:
        os.umask(before)
    (path,) = (tmp_path / "new" / "cache").glob("*.kernel")
    assert [oct(place.stat().st_mode & 0o777) for place in (path.parent.parent, path.parent, path)] == [
        "0o700", "0o700", "0o600",
    ]  # fmt: skip


def test_a_pipe_in_the_place_of_a_file_is_not_waited_for(folder, compilations):
    run()
    (path,) = folder.glob("*.kernel")
    path.unlink()
    os.mkfifo(path)
    with pytest.warns(compiled.UntrustedCache, match="is not a file"):
        run()
    assert len(compilations) == 2


def test_a_link_of_ours_to_a_private_folder_is_followed(tmp_path, monkeypatch, compilations):
    (tmp_path / "real").mkdir(mode=0o700)
    (tmp_path / "link").symlink_to("../" + tmp_path.name + "/real")
    monkeypatch.setenv("CHARCOT_CACHE", str(tmp_path / "link"))
    run()
    run()
    assert len(compilations) == 1
    (tmp_path / "round").symlink_to("round")
    monkeypatch.setenv("CHARCOT_CACHE", str(tmp_path / "round"))
    run()
    assert len(compilations) == 2
