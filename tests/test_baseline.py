from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from guard.baseline import Entry, make_baseline, parse_baseline, read_baseline, render_baseline
from guard.errors import PolicyError
from guard.model import Finding, Place, When

ONE = Finding("a-rule", Place("b.py", 9, 1), "x.Y", "m", "NameError: no", When.IMPORT, "f")
TWO = replace(ONE, place=Place("a.py", 1, 1), name="Z")
ODD = replace(ONE, place=Place("caf\udce9\n'\".py", 1, 1), name="é")


def test_what_is_written_is_read_again() -> None:
    text = render_baseline([ONE, TWO, replace(ONE, place=Place("b.py", 20, 1)), ODD])
    baseline = parse_baseline(text.encode(), "base.json")
    assert [(entry.path, entry.name, entry.count, entry.line) for entry in baseline.entries] == [
        ("a.py", "Z", 1, 2),
        ("b.py", "x.Y", 2, 3),
        ("caf\udce9\n'\".py", "é", 1, 4),
    ]
    assert baseline.split([ONE, ONE, TWO, ODD])[0] == ()
    assert baseline.split([ONE, ONE, ONE])[0] == (ONE,)
    assert text.isascii()


def test_the_text_is_sorted_and_has_one_line_an_entry() -> None:
    text = render_baseline([ONE, TWO])
    assert text == render_baseline([TWO, ONE])
    assert len(text.splitlines()) == 4
    assert json.loads(text)["findings"][0]["path"] == "a.py"
    assert parse_baseline(render_baseline([]).encode(), "b").entries == ()


def test_a_stale_entry_is_never_accepted() -> None:
    assert make_baseline([replace(ONE, rule="stale-baseline-entry")]) == ()


def test_another_layout_of_the_file_keeps_the_lines() -> None:
    text = json.dumps(json.loads(render_baseline([ONE, TWO])), indent=2)
    lines = text.splitlines()
    for entry in parse_baseline(text.encode(), "b").entries:
        assert entry.id in lines[entry.line - 1]


def test_every_problem_at_once() -> None:
    good = '{"id": "1", "rule": "r", "path": "p", "name": "n", "count": 1}'
    text = (
        '{"version": 1, "findings": [\n' + good + ",\n" + good + ",\n"
        '{"id": "2", "rule": "r", "path": "p", "name": "n", "count": 0},\n'
        '{"id": "3", "rule": 4, "path": "p", "name": "n"},\n'
        '{"id": "4", "rule": "r", "path": "p", "name": "n", "count": true},\n'
        '{"id": "5", "rule": "r", "path": "p"},\n'
        '{"id": "6", "rule": "r", "path": "p", "name": "n", "line": 3}\n'
        "]}"
    )
    with pytest.raises(PolicyError) as caught:
        parse_baseline(text.encode(), "base.json")
    assert caught.value.problems == (
        "base.json:3:1: id '1' is there twice",
        "base.json:4:1: 'count' must be at least 1",
        "base.json:5:1: 'rule' must be text",
        "base.json:6:1: 'count' must be a whole number",
        "base.json:7:1: missing key 'name'",
        "base.json:8:1: unknown key 'line'; allowed: id, rule, path, name, count",
    )


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "base.json:1:1: not JSON"),
        (b'{"version": 1,\n oops}', "base.json:2:2: not JSON"),
        (b"[]", "base.json:1:1: not a baseline"),
        (b"{}", "base.json:1:1: not a baseline"),
        (b'{"version": 2, "findings": []}', "base.json:1:1: not a baseline"),
        (b'{"version": true, "findings": []}', "base.json:1:1: not a baseline"),
        (b'{"version": 1, "findings": {}}', "base.json:1:1: 'findings' must be a list"),
        (b'{"version": 1, "findings": [], "x": 1}', "base.json:1:1: not a baseline"),
        (b'{"version": 1, "version": 1, "findings": []}', "base.json:1:1: not a baseline: a key"),
        (b'{"version": 1, "findings": [3]}', "base.json:1:1: an entry must be an object"),
        (b"\xff", "base.json:1:1: not a baseline"),
        (b"[" * 100_000, "base.json:1:1: not a baseline"),
    ],
)
def test_a_broken_file_blocks(data: bytes, said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        parse_baseline(data, "base.json")
    assert caught.value.problems[0].startswith(said)


def test_a_missing_file_blocks(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"base\.json:1:1: the baseline cannot be read: No such"):
        read_baseline(str(tmp_path), "base.json")
    (tmp_path / "base.json").write_text(render_baseline([ONE]))
    (entry,) = read_baseline(str(tmp_path), "base.json").entries
    assert entry == Entry(ONE.id, "a-rule", "b.py", "x.Y", 1, 2)
