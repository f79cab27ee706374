"""Groups of verbs: all of them, and those of which one is meant where none is named."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from typer.core import TyperGroup

from charcot.core.errors import EXIT_BAD_INPUT, Problem
from charcot.interfaces.cli.guard import write_failure

if TYPE_CHECKING:
    from typer._click import Context

_WORDS = "charcot.words"


class Verbs(TyperGroup):
    """All verbs. Words that no verb understands are told as JSON too where ``--json`` is among them: such an error is
    found before any verb, and its guard, is called."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: Context | None = None, **extra: object
    ) -> Context:
        words = tuple(args)  # what is parsed is taken from the list
        with _as_json(words):
            made = super().make_context(info_name, args, parent, **extra)
        made.meta[_WORDS] = words
        return made

    def invoke(self, ctx: Context) -> object:
        with _as_json(ctx.meta[_WORDS]):
            return super().invoke(ctx)


@contextmanager
def _as_json(words: tuple[str, ...]) -> Iterator[None]:
    try:
        yield
    except Exception as error:
        told = getattr(error, "format_message", None)  # what an error of usage has; typer prints it on stderr
        if told is not None and "--json" in words:
            code = int(getattr(error, "exit_code", EXIT_BAD_INPUT))
            place = getattr(getattr(error, "ctx", None), "command_path", "charcot")
            write_failure(code, told(), (Problem("usage", told(), None, f"'{place} -h' has all options."),))
        raise


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
