"""Groups of verbs of which one is meant where none is named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from typer.core import TyperGroup

if TYPE_CHECKING:
    from typer._click import Context


class Short(TyperGroup):
    """``charcot GROUP WORDS`` is short for ``charcot GROUP USUAL WORDS``; with ``BARE`` also without any words."""

    USUAL = ""
    BARE = False

    def parse_args(self, ctx: Context, args: list[str]) -> list[str]:
        named = args[0] in self.commands or args[0] in ("-h", "--help") if args else not self.BARE
        return super().parse_args(ctx, args if named else [self.USUAL, *args])


class PopulationGroup(Short):
    USUAL, BARE = "simulate", True


class PredictGroup(Short):
    USUAL = "trial"
