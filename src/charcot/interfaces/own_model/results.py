"""What a run of one's own model wrote, opened again."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from charcot.core import parquet
from charcot.engine.campaign import Folder, FolderInTheWay

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow
    import xarray


@dataclass(frozen=True)
class ModelRun:
    """A finished run: ``patients/*.parquet`` of ``folder`` with a row for each set and time."""

    folder: Path
    size: int

    def to_arrow(self) -> pyarrow.Table:
        """All rows; each column's unit is in the metadata of its field."""
        import pyarrow

        return pyarrow.concat_tables([parquet.read(part) for part in Folder.open(self.folder).parts()])

    def to_pandas(self) -> pd.DataFrame:
        """Columns set, time, status, and one for each read-out."""
        frame: pd.DataFrame = self.to_arrow().to_pandas()
        return frame

    def to_xarray(self) -> xarray.Dataset:
        """Read-outs with dimensions (set, time), real time as coordinate, units as attributes; status by set."""
        import xarray

        table = self.to_arrow()
        times = table.num_rows // self.size
        units = {field.name: (field.metadata or {}).get(b"unit", b"").decode() for field in table.schema}
        data = {}
        for name in table.column_names[3:]:
            values = table[name].to_numpy().reshape(self.size, times)
            data[name] = (("set", "time"), values, {"units": units[name]})
        coordinates = {
            "set": table["set"].to_pandas().to_numpy()[::times],
            "time": ("time", table["time"].to_numpy()[:times], {"units": units["time"]}),
            "status": ("set", table["status"].to_pandas().to_numpy().astype(str)[::times]),
        }
        return xarray.Dataset(data, coords=coordinates)

    def status_counts(self) -> dict[str, int]:
        """How many sets ended in which way."""
        import pyarrow.compute as compute

        table = self.to_arrow().select(["status"])
        times = table.num_rows // self.size
        counts = compute.value_counts(table["status"].cast("string"))
        return {str(one["values"]): one["counts"] // times for one in counts.to_pylist()}


def open_model_run(folder: str | Path) -> ModelRun:
    """Open the finished run in ``folder``.

    Raises:
        FolderInTheWay: it holds no run, or one that is not finished.
    """
    return ModelRun(Path(folder), finished(folder).size)


def finished(folder: str | Path) -> Folder:
    """The campaign in ``folder``; raises :class:`FolderInTheWay` where there is none, or one that is not finished."""
    found = Folder.open(Path(folder))
    if not all(part.is_file() for part in found.parts()):
        raise FolderInTheWay(f"{folder} holds an unfinished run: call the same command again, and it goes on.")
    return found
