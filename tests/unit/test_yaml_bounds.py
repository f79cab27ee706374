"""YAML that would keep a program busy, fill its memory or break its parser is refused where it stands."""

from __future__ import annotations

import os

import pytest

from charcot.core.errors import Problem, Problems, Where, readable
from charcot.core.yaml_bounds import DEEPEST, LONGEST_NUMBER, MOST_VALUES, parse
from charcot.core.yaml_file import read_document, with_overrides
from charcot.interfaces.cli.options import read_settings

BOMB = "a0: &a0 [x, x]\n" + "".join(f"a{i}: &a{i} [{', '.join([f'*a{i - 1}'] * 9)}]\n" for i in range(1, 12))
CHAIN = "a0: &a0 [x]\n" + "".join(f"a{i}: &a{i} [*a{i - 1}]\n" for i in range(1, 2000))
BAD = {
    "aliases of aliases": (BOMB, 5, "more than 5,000 values"),
    "aliases in a long chain": (CHAIN, DEEPEST, "more than 40 deep"),
    "an alias of itself": ("a: 1\nb: &b [1, *b]\n", 2, "*b stands inside what it repeats"),
    "5,000 digits": (f"a: 1\nseed: {'9' * 5000}\n", 2, "this number has 5,000 characters"),
    "4,000 digits": (f"a: 1\nseed: {'9' * 4000}\n", 2, "this number has 4,000 characters"),
    "long hexadecimal": (f"a: 0x{'f' * 9000}\n", 1, "this number has 9,002 characters"),
    "many decimals": (f"a: 1.{'1' * 5000}\n", 1, "this number has 5,002 characters"),
    "lists 200 deep": (f"a: 1\nb: {'[' * 200}{']' * 200}\n", 2, "more than 40 deep"),
    "lists without an end": (f"a: 1\nb: {'[' * 90_000}\n", 2, "more than 40 deep"),
    "keys 200 deep": ("".join(" " * i + "a:\n" for i in range(200)), DEEPEST, "more than 40 deep"),
    "a bell": ("a: 1\nb: x\x07y\n", 2, "control character (code 7)"),
    "a zero byte": ("a: 1\n\0b: 2\n", 2, "control character (code 0)"),
    "an escape sequence": ('a: 1\nb: "\\x1b[2J"\n', 2, "control character (code 27)"),
    "half a character": ('a: 1\nb: "\\ud800"\n', 2, "control character (code 55296)"),
    "an object": ("a: 1\nb: !!python/object/apply:os.system ['id']\n", 2, "types by name (tag:yaml.org,2002:python/"),
    "an impossible date": ("a: 1\nb: 2026-13-45\n", 2, "'2026-13-45' is no value (month must be in 1..12)"),
    "a number as a key": ("a: 1\n5: 2\n", 2, "'5' names a value, but is no text"),
    "a list as a key": ("a: 1\n? [1, 2]\n: 3\n", 2, "this names a value, but is no text"),
    "a long text": (f"a: {'x' * 30_000}\n", 1, "more than 10,000 characters"),
    "very many keys": ("".join(f"k{i}: 1\n" for i in range(MOST_VALUES // 2 + 1)), MOST_VALUES // 2, "5,000 values"),
    "a large file": ("a: 1\n" * 50_000, 0, "more than 200,000 bytes"),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD)
def test_what_is_out_of_bounds_is_refused_with_its_line(tmp_path, what):
    text, line, told = BAD[what]
    path = tmp_path / "study.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(Problems) as caught:
        read_document(path)
    (problem,) = caught.value.problems
    assert told in problem.message
    assert problem.where == Where(str(path), line)
    assert caught.value.exit_code == 2


@pytest.mark.parametrize(
    ("content", "code", "line"),
    [(b"a: 1\nb: caf\xe9\n", "not-text", 2), (b"a: &a {x: 1}\nb:\n  <<: 5\n", "not-yaml", 3)],
)
def test_bytes_that_are_no_text_or_no_merge_are_named_with_their_line(tmp_path, content, code, line):
    (tmp_path / "study.yaml").write_bytes(content)
    with pytest.raises(Problems) as caught:
        read_document(tmp_path / "study.yaml")
    assert [(p.code, p.where.line) for p in caught.value.problems] == [(code, line)]


@pytest.mark.parametrize("place", ["/dev/zero", "a\0b", "x" * 5000])
def test_what_is_no_file_is_refused_without_reading_on(place):
    with pytest.raises(Problems) as caught:
        read_document(place)
    assert caught.value.problems[0].code in ("too-large", "unreadable")


def test_what_honest_files_use_is_read(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_bytes(
        b"\xef\xbb\xbfdose: &dose 60 mg\r\narms:\r\n  - {id: one, <<: {n: 5}, dose: *dose}\r\n"
        b"note: >\r\n  folded\r\n  text\r\n"
    )
    assert read_document(path).data == {
        "dose": "60 mg", "arms": [{"id": "one", "n": 5, "dose": "60 mg"}], "note": "folded text\n",
    }  # fmt: skip
    assert parse(f"a: {'1' * LONGEST_NUMBER}", "x") == {"a": int("1" * LONGEST_NUMBER)}


def test_setting_one_place_of_an_alias_leaves_the_other(tmp_path):
    path = tmp_path / "study.yaml"
    path.write_text("arms:\n  - &first {id: one, n: 5}\n  - *first\n", encoding="utf-8")
    changed = with_overrides(read_document(path), {"arms.1.n": 9}).data
    assert [arm["n"] for arm in changed["arms"]] == [5, 9]


@pytest.mark.parametrize(
    ("setting", "told"),
    [
        ("n=" + "9" * 5000, "this number has 5,000 characters"),
        ("n=" + "[" * 300, "more than 40 deep"),
        ("n=!!python/none x", "types by name"),
        ("n=\x1b[2J", r"'\x1b[2J' is not a YAML value"),
        ("n=2026-13-45", "month must be in 1..12"),
    ],
)
def test_values_on_the_command_line_have_the_same_bounds(setting, told):
    with pytest.raises(Problems) as caught:
        read_settings([setting])
    assert told in str(caught.value)
    assert "\x1b" not in str(caught.value)
    assert len(str(caught.value)) < 3_000


@pytest.mark.parametrize("path", ["arms.².n", f"arms.{'9' * 5000}.n", "arms..n", "arms. .n"])
def test_a_path_that_leads_nowhere_is_a_problem(tmp_path, path):
    file = tmp_path / "study.yaml"
    file.write_text("arms:\n  - {id: one, n: 5}\n", encoding="utf-8")
    with pytest.raises(Problems) as caught:
        with_overrides(read_document(file), {path: 1})
    assert [problem.code for problem in caught.value.problems] == ["bad-override"]


def test_messages_do_not_command_the_terminal_nor_fill_it():
    shown = str(Problem("unknown", "\x1b[2Jno \u202egnihton\r is called " + "x" * 9_000, Where("a\x07.yaml", 3)))
    assert shown.startswith(r"a\x07.yaml:3: \x1b[2Jno \x202egnihton\x0d is called xxx")
    assert len(shown) < 1_300
    many = str(Problems([Problem("unknown", str(number)) for number in range(5_000)]))
    assert many.startswith("5000 problems\n")
    assert many.endswith("  and 4,900 more")
    assert readable("short") == "short"


def test_a_pipe_is_read(tmp_path):
    """``charcot check <(sed ... study.yaml)``: a shell hands over a pipe."""
    reading, writing = os.pipe()
    os.write(writing, b"a: 1\n")
    os.close(writing)
    assert read_document(f"/dev/fd/{reading}").data == {"a": 1}
    os.close(reading)
