"""Parquet is read in one way, which leaves nothing behind that could abort the process at its end."""

import re
import subprocess
import sys
from pathlib import Path

import pandas as pd
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


COUNTED = """
import os, sys
from pathlib import Path
import pyarrow.parquet, pandas
from charcot.core import parquet
def threads(): return len(os.listdir("/proc/self/task"))
before = threads()
rows = parquet.read(Path(sys.argv[1])).num_rows
ours = threads() - before
pandas.read_parquet(sys.argv[1])
print(rows, ours, threads() - before > 0)
"""


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="threads are counted in /proc")
def test_no_thread_is_left_that_could_hold_what_was_read(tmp_path):
    pd.DataFrame({"x": range(1000), "y": range(1000)}).to_parquet(tmp_path / "x.parquet")
    made = subprocess.run(
        [sys.executable, "-c", COUNTED, str(tmp_path / "x.parquet")], capture_output=True, text=True, check=True
    )
    assert made.stdout.split() == ["1000", "0", "True"]  # pandas starts some, so that they can be seen
