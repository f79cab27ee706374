"""Pages of the site that are made from the program: every command, and every key of a protocol."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from charcot.trials import protocol_schema

Schema = Mapping[str, Any]
NOTE = "% Made from the program when the site is built.\n\n"


def write(folder: Path) -> None:
    """Write the pages into ``folder``; one that has not changed is left, so that it is not built again."""
    for name, text in {"commands.md": commands(), "protocol-keys.md": protocol_keys()}.items():
        path = folder / name
        if not path.is_file() or path.read_text(encoding="utf-8") != NOTE + text:
            path.write_text(NOTE + text, encoding="utf-8")


def commands() -> str:
    """Every verb with its options, as Typer writes them."""
    command = [sys.executable, "-m", "typer", "charcot.interfaces.cli.main", "utils", "docs", "--name", "charcot"]
    made = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return re.sub(r"(?m)^# `charcot`$", "# The command line", made)


def protocol_keys(schema: Schema | None = None) -> str:
    """Every key of a protocol, from its JSON Schema: what it may be, its default, and an example."""
    schema = protocol_schema() if schema is None else schema
    parts = [
        "# The keys of a protocol",
        "A protocol is a YAML file ([a commented one](#a-whole-protocol) stands below). Every quantity has its unit. "
        "An unknown key is an error with file and line (`charcot check FILE`).",
        "## The file",
        _table(schema),
    ]
    for name, section in schema["$defs"].items():
        parts += [f"## {name}", *([_one_line(section["description"])] if "description" in section else [])]
        parts.append(_table(section))
    parts += [
        "## A whole protocol",
        "```{literalinclude} ../../src/charcot/trials/published/mci186_19.yaml\n:language: yaml\n```",
    ]
    return "\n\n".join(parts) + "\n"


def _table(section: Schema) -> str:
    rows = ["| key | what it may be | default | example |", "|---|---|---|---|"]
    for key, value in section["properties"].items():
        default = "needed" if key in section.get("required", ()) else _default(value)
        cells = (f"`{key}`", _kind(value), default, ", ".join(f"`{one}`" for one in dict.fromkeys(_examples(value))))
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(rows)


def _default(value: Schema) -> str:
    found = value.get("default")
    return "" if found is None or found == "" or found == [] else f"`{found}`"


def _kind(value: Schema) -> str:
    """A schema in words; another section as a link to its own table."""
    for several in ("anyOf", "oneOf"):
        if several in value:
            return " or ".join(dict.fromkeys(_kind(one) for one in value[several] if one.get("type") != "null"))
    if "$ref" in value:
        name = value["$ref"].rsplit("/", 1)[1]
        return f"[{name}](#{name.lower()})"
    if "const" in value:
        return f"`{value['const']}`"
    if "enum" in value:
        return ", ".join(f"`{one}`" for one in value["enum"])
    if value.get("type") == "array":
        return f"a list of: {_kind(value['items'])}" if "items" in value else "a list"
    if isinstance(value.get("additionalProperties"), Mapping):
        return f"names, each with: {_kind(value['additionalProperties'])}"
    limits = [f"{word} {value[key]:,}" for key, word in LIMITS.items() if key in value]
    return ", ".join([KINDS.get(str(value.get("type")), "anything"), *limits])


KINDS = {"string": "text", "integer": "a whole number", "number": "a number", "boolean": "true or false"}
LIMITS = {"minimum": "from", "exclusiveMinimum": "above", "maximum": "to", "exclusiveMaximum": "below"}


def _examples(value: Schema) -> Iterator[str]:
    yield from map(str, value.get("examples", ()))
    for several in ("anyOf", "oneOf"):
        for one in value.get(several, ()):
            yield from _examples(one)
    if isinstance(value.get("items"), Mapping):
        yield from _examples(value["items"])


def _one_line(text: str) -> str:
    """A docstring as one paragraph of Markdown."""
    return " ".join(text.split()).replace("``", "`")
