"""The commands that are tried, and what must hold for each. Simulations are left out: input is refused before them."""

from __future__ import annotations

import random
import re
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest import mock

from typer.testing import CliRunner

from charcot.core.errors import Problems
from charcot.interfaces.cli import population
from charcot.interfaces.cli.main import app
from charcot.treatments.library import read_products

from .mutations import TEXTS, changed, value

SOURCE = Path(population.__file__).parents[2]
PROTOCOLS = sorted((SOURCE / "trials").glob("*/*.yaml"))
EXPERIMENTS = sorted((SOURCE / "experiments").glob("*/*.yaml"))
PRODUCTS = sorted((SOURCE / "treatments" / "products").glob("*.yaml"))
CODES = {0, 1, 2, 130, 141}
OF_THE_WHOLE_FILE = ("[empty-file]", "[too-large]", "[not-text]", "[unreadable]")


class Found(AssertionError):
    """What should not have happened, and how to see it again."""


def command(*words: str) -> tuple[int, str]:
    """Run a command within this process; its exit code and what it said."""
    words = tuple(word.replace("\0", "") for word in words)  # no system hands a zero byte to a program
    kept: list[BaseException] = []
    with mock.patch("charcot.interfaces.cli.guard.write_log", lambda error: kept.append(error)):
        result = CliRunner().invoke(app, list(words))
    if kept:
        raise Found(f"unexpected: charcot {words!r}") from kept[0]
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise Found(f"traceback: charcot {words!r}") from result.exception
    if result.exit_code not in CODES:
        raise Found(f"exit code {result.exit_code}: charcot {words!r}")
    return result.exit_code, result.output


def _file(draw: random.Random, shipped: list[Path], folder: Path) -> Path:
    path = folder / "study.yaml"
    text = changed(draw.choice(shipped).read_text(encoding="utf-8"), draw)
    path.write_bytes(text.encode("utf-8", "surrogatepass"))
    return path


def _check_file(path: Path) -> None:
    code, said = command("check", str(path))
    name = re.escape(path.name)
    if code and not re.search(rf"{name}:\d+", said) and not any(words in said for words in OF_THE_WHOLE_FILE):
        raise Found(f"no line: charcot check said {said!r} of\n{path.read_bytes()!r}")
    if code not in (0, 2):
        raise Found(f"exit code {code} for a file:\n{path.read_bytes()!r}")


def protocol(draw: random.Random, folder: Path) -> None:
    _check_file(_file(draw, PROTOCOLS, folder))


def experiment(draw: random.Random, folder: Path) -> None:
    _check_file(_file(draw, EXPERIMENTS, folder))


def product(draw: random.Random, folder: Path) -> None:
    path = _file(draw, PRODUCTS, folder)
    try:
        found, problems = read_products(folder)
    except Problems:
        raise
    except Exception as error:
        raise Found(f"traceback for a product:\n{path.read_bytes()!r}") from error
    if not found and not problems:
        raise Found(f"a product was lost without a word:\n{path.read_bytes()!r}")
    for problem in problems:
        if problem.where is None or (problem.where.line == 0 and f"[{problem.code}]" not in OF_THE_WHOLE_FILE):
            raise Found(f"no line: {problem} of\n{path.read_bytes()!r}")


def setting(draw: random.Random, folder: Path) -> None:
    names = [
        "arms",
        "0",
        "1",
        "n",
        "dose",
        "simulate",
        "seed",
        "replicates",
        "visits",
        "eligibility",
        "age",
        "min",
        "population",
        "cohort",
        "overrides",
        "background",
        "product",
        "estimands",
        "²",
        "",
        "-1",
        "99999999999",
    ]
    words = []
    for _ in range(draw.choice([1, 1, 2])):
        path = ".".join(draw.choice(names) for _ in range(draw.choice([1, 2, 2, 3, 4])))
        words += ["--set", f"{path}{draw.choice(['=', '=', '=', '', '=='])}{value(draw)}"]
    command("check", str(draw.choice(PROTOCOLS)), *words)


def explain(draw: random.Random, folder: Path) -> None:
    parts = [
        "lumbar",
        "nmj",
        "innervation",
        "soma",
        "aggregate",
        "clinic",
        "alsfrs_r",
        "total",
        "",
        "*",
        "x" * 500,
        "²",
    ]
    word = draw.choice([draw.choice(TEXTS), ".".join(draw.choice(parts) for _ in range(draw.choice([1, 2, 3, 9])))])
    command("explain", *([] if word.startswith("-") and draw.random() < 0.5 else ["--"]), word)


def population_words(draw: random.Random, folder: Path) -> None:
    what = draw.choice(
        ["sporadic", "sporadic", "no-such", str(draw.choice(PROTOCOLS)), str(folder), draw.choice(TEXTS)]
    )
    words = ["population", what]
    options = [
        "-n",
        "--patients",
        "--at",
        "--readout",
        "--horizon",
        "--trajectories",
        "--chunk",
        "--scheduler",
        "--seed",
        "--set",
        "--workers",
        "--resume",
    ]
    if draw.random() < 0.8:
        words += ["-n", str(draw.choice([1, 5, 100]))]
    for _ in range(draw.choice([1, 1, 2, 3])):
        sound = ["6 months", "2 years", "7", "biomarker.nfl_serum", "simulate.seed=3", "local"]
        words += [draw.choice(options), draw.choice([str(value(draw)), draw.choice(sound)])]
    with mock.patch.object(population._Run, "go"):
        command(*words, "--out", str(folder / "runs"))


def others(draw: random.Random, folder: Path) -> None:
    """Plans that are checked and not carried out."""
    plans = {
        "sweep": [
            "--product",
            "--dose",
            "--start",
            "--combination",
            "--population",
            "--patient",
            "--size",
            "--endpoint",
            "--at",
            "--follow-up",
            "--seed",
        ],
        "fit": ["--number", "--experiment", "--rounds"],
        "compare": ["--hypothesis", "--rounds", "--draws", "--seed"],
        "evidence gaps": ["--endpoint", "--population", "--size", "--step", "--seed"],
        "init": ["--template"],
    }
    verb = draw.choice(list(plans))
    words = verb.split() + (["--dry-run"] if verb != "init" else ["/proc/none"])
    for _ in range(draw.choice([1, 1, 2])):
        sound = ["riluzole", "aav_mir126=1e13 vg/kg", "0", "-2,0,2", "lumbar", "survival", "3"]
        words.append(f"{draw.choice(plans[verb])}={draw.choice([str(value(draw)), draw.choice(sound)])}")
    command(*words)


TARGETS: dict[str, Callable[[random.Random, Path], None]] = {
    "protocol": protocol,
    "experiment": experiment,
    "product": product,
    "setting": setting,
    "explain": explain,
    "population": population_words,
    "others": others,
}


@contextmanager
def _room() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def attempt(target: str, seed: int) -> None:
    """One try; the same target and seed are the same try. Raises :class:`Found`."""
    with _room() as folder:
        TARGETS[target](random.Random(f"{target} {seed}"), folder)
