"""Parquet is read in one way, which leaves nothing behind that could abort the process at its end."""

import re
from pathlib import Path

import pandas as pd
import pyarrow
import pytest

import charcot
from charcot.core import parquet

# what reads ahead on threads, or lets go of buffers on them
ELSEWHERE = re.compile(r"read_parquet\(|parquet\.read_table\(|pyarrow\.dataset|ParquetDataset")


def test_no_other_reader_is_used():
    source = Path(charcot.__file__).parent
    used = [
        f"{path.relative_to(source)}:{number}"
        for path in sorted(source.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1)
        if ELSEWHERE.search(line)
    ]
    assert used == []


def test_a_table_comes_back_as_pandas_reads_it(tmp_path):
    table = pd.DataFrame({"arm": pd.Categorical(["a", "b", "a"]), "AVAL": [1.5, None, -2.0], "n": [1, 2, 3]})
    table.to_parquet(tmp_path / "x.parquet", index=False)
    pd.testing.assert_frame_equal(
        parquet.read(tmp_path / "x.parquet").to_pandas(), pd.read_parquet(tmp_path / "x.parquet")
    )


@pytest.mark.parametrize("words", [b"", b"PAR1 and no more", b"x,y\n1,2\n"])
def test_what_is_no_parquet_is_an_error_that_can_be_named(tmp_path, words):
    (tmp_path / "x.parquet").write_bytes(words)
    with pytest.raises((OSError, ValueError)):
        parquet.read(tmp_path / "x.parquet")


def test_threads_of_the_reader_are_not_started(tmp_path, monkeypatch):
    """The rows are read on the calling thread: asking for others would show here."""
    asked = {}
    real = pyarrow.parquet.ParquetFile

    class Watched(real):
        def __init__(self, source, **options):
            asked.update(options, source=type(source))
            super().__init__(source, **options)

        def read(self, **options):
            asked.update(options)
            return super().read(**options)

    monkeypatch.setattr(pyarrow.parquet, "ParquetFile", Watched)
    pd.DataFrame({"x": [1]}).to_parquet(tmp_path / "x.parquet")
    assert parquet.read(tmp_path / "x.parquet").num_rows == 1
    assert asked == {"source": str, "pre_buffer": False, "use_threads": False}
