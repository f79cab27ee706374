"""A mechanism: one function whose arguments are what it reads and whose returned mapping is what it writes.

Arguments name ports and numbers with dots written as underscores (``nmj_innervation`` reads ``nmj.innervation``).
The returned mapping has a port name for a variable and ``d/dt <port>`` for the rate of a state. The docstring states
the claim in its first sentence and cites sources in lines that begin with ``Sources:`` and ``Against:``.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import ModuleType
from typing import Any

from charcot.core.errors import Where

RATE = "d/dt "


@dataclass(frozen=True)
class Mechanism:
    """A function with its scope: run once per ``region``, or once per ``person`` (who sees all regions at once)."""

    name: str
    scope: str
    function: Callable[..., Mapping[str, Any]]
    row: str
    where: Where

    @property
    def arguments(self) -> tuple[str, ...]:
        return tuple(inspect.signature(self.function).parameters)

    @property
    def claim(self) -> str:
        """The first sentence of the docstring."""
        text = inspect.getdoc(self.function) or ""
        return " ".join(text.split("\n\n")[0].split())

    @property
    def text(self) -> str:
        return inspect.getdoc(self.function) or ""

    @property
    def sources(self) -> tuple[str, ...]:
        return self._cited("Sources")

    @property
    def against(self) -> tuple[str, ...]:
        return self._cited("Against")

    def _cited(self, label: str) -> tuple[str, ...]:
        match = re.search(rf"^{label}:\s*(.+?)(?:\.\s*$|\Z|\n\n|\n(?=[A-Z][a-z]+:))", self.text, re.M | re.S)
        return tuple(key.strip() for key in re.split(r"[,;\s]+", match.group(1)) if key.strip(". ")) if match else ()


def mechanism(scope: str = "region", row: str = "") -> Callable[[Callable[..., Any]], Mechanism]:
    """Declare a function a mechanism; ``row`` is its row in the design's mechanism table."""

    def wrap(function: Callable[..., Any]) -> Mechanism:
        code = function.__code__
        file = code.co_filename.rsplit("/", 1)[-1]
        name = f"{function.__module__.rsplit('.', 1)[-1]}.{function.__name__}"
        return Mechanism(name, scope, function, row, Where.of(file, code.co_firstlineno))

    return wrap


def discover(package: ModuleType) -> list[Mechanism]:
    """Every mechanism in the modules of ``package``, in the order of their names: none is listed by hand.

    Two of one name (equal modules in two folders) are both there, so that composition can name them.
    """
    found: dict[Mechanism, None] = {}
    for info in sorted(pkgutil.walk_packages(package.__path__, package.__name__ + "."), key=lambda i: i.name):
        module = importlib.import_module(info.name)
        found |= dict.fromkeys(value for value in vars(module).values() if isinstance(value, Mechanism))
    return sorted(found, key=lambda m: (m.name, m.function.__module__))
