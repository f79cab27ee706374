"""What a campaign needs to know of the job that it runs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

if TYPE_CHECKING:
    import pyarrow


@dataclass(frozen=True)
class ArraySpec:
    """A labelled array over all patients, stored in chunks along them.

    Attributes:
        shape: lengths of the axes after the patients' own, which comes first.
        dimensions: their names.
        attributes: JSON-able words that are stored beside the array, such as its unit.
    """

    name: str
    shape: tuple[int, ...]
    dimensions: tuple[str, ...]
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Block:
    """What was computed for patients ``first`` to ``last - 1``: rows and (patients, ...) arrays by name."""

    table: pyarrow.Table
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


class Job(Protocol):
    """Very many patients, each of which can be computed alone. A job is pickled to the workers of a cluster."""

    @property
    def size(self) -> int:
        """How many patients there are."""
        ...

    def description(self) -> Mapping[str, Any]:
        """What is asked for, JSON-able: the same description means the same results."""
        ...

    def fingerprint(self) -> Mapping[str, str]:
        """On what else the last bit of a result depends, here and now: the code, its libraries, the processor."""
        ...

    def arrays(self) -> Sequence[ArraySpec]:
        """The arrays of every block; none for tables alone."""
        ...

    def block(self, first: int, last: int) -> Block:
        """Compute patients ``first`` to ``last - 1``; no number may depend on which others are in the block."""
        ...
