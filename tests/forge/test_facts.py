"""The file of facts: what is written is read, and nothing else is."""

from __future__ import annotations

import json
from dataclasses import fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_args, get_type_hints

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard._wire import WireError
from guard.change import Change, Commit, FileChange, Landing, LaneFacts, Unknown, Waiting
from guard.forge.facts import MAX_BYTES, OPTIONAL, may_lack, read_facts, write_facts
from guard.forge.schema import render_facts_schema
from guard.samples import HUMAN, NOW, ai_unit, change, oid, review, unit

TOP = Path(__file__).parents[2]
MINIMUM = {"version": 1, "id": "#1", "target": "main", "base": oid("base"), "rev": oid("head")}


def encoded(value: Any) -> bytes:
    return json.dumps(value).encode()


def read(value: Any) -> Change:
    return read_facts(encoded(value), "facts.json", NOW)


def refused(value: Any) -> str:
    with pytest.raises(WireError) as error:
        read(value)
    return str(error.value)


def test_what_is_left_out_is_unknown() -> None:
    found = read(MINIMUM)
    hints = get_type_hints(Change)
    for each in fields(Change):
        if Unknown in get_args(hints[each.name]):
            assert isinstance(getattr(found, each.name), Unknown), each.name
    assert found.now == NOW
    assert read({**MINIMUM, "now": 5}).now == 5


def test_what_is_written_is_read() -> None:
    landing = Landing(oid("a"), oid("b"), oid("c"), ("other",), HUMAN, Unknown("nobody saw it"))
    waiting = (Waiting("#2", oid("x"), ("other",), None, "an approval"),)
    lane = LaneFacts("main", oid("base"), (landing,), (), ("broken",), waiting, 1, 2, 3)
    facts = change(ai_unit(), lane=lane, reviews=(review(),), title=Unknown("no title"))
    assert read_facts(write_facts(facts), "f", 0) == facts


def test_names_that_are_no_text_survive() -> None:
    odd = FileChange("caf\udce9/\u202egpj.exe\n\x1b[31m", oid("1"), oid("2"), 1, 1)
    facts = change(unit(files=(odd,)), title="\x00\ud800")
    data = write_facts(facts)
    assert data.isascii()
    assert read_facts(data, "f", 0) == facts


@pytest.mark.parametrize("name", [each.name for each in fields(Change)])
def test_a_key_of_another_name_is_refused(name: str) -> None:
    assert "unknown key" in refused({**MINIMUM, name.title() + "s": None})


@pytest.mark.parametrize("version", [None, 0, 2, "1", 1.0, True])
def test_another_version_is_refused(version: object) -> None:
    assert "version: must be 1" in refused({**MINIMUM, "version": version})
    without = {key: value for key, value in MINIMUM.items() if key != "version"}
    assert "version: must be 1, not None" in refused(without)


@pytest.mark.parametrize("name", ["id", "target", "base", "rev"])
def test_a_change_without_a_name_is_refused(name: str) -> None:
    rest = {key: value for key, value in MINIMUM.items() if key != name}
    assert f"'{name}' is missing" in refused(rest)


@pytest.mark.parametrize(
    "text",
    [
        b"",
        b"[]",
        b"null",
        b"{",
        b"\xff\xfe{}",
        b"\xef\xbb\xbf{}",
        b'{"version": 1} {}',
        b'{"version": 1, "now": NaN}',
        b'{"version": 1, "now": Infinity}',
        b'{"version": 1, "version": 1}',
        b'{"now": ' + b"9" * 5000 + b"}",
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_what_is_no_json_is_refused_with_its_name(text: bytes) -> None:
    with pytest.raises(WireError) as error:
        read_facts(text, "facts.json", NOW)
    assert str(error.value).startswith("facts.json: ")


def test_two_keys_of_one_name_are_refused_at_any_depth() -> None:
    text = encoded({**MINIMUM, "opener": {}}).replace(b"{}", b'{"bot": true, "bot": false}')
    with pytest.raises(WireError, match="'bot' is there twice"):
        read_facts(text, "f", NOW)


def test_a_file_that_is_too_large_is_not_parsed() -> None:
    with pytest.raises(WireError, match="at most"):
        read_facts(b"[" * (MAX_BYTES + 1), "f", NOW)


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [
        ("base", "main", "base: 'main' is no full object name"),
        ("rev", "", "rev: '' is no full object name"),
        ("target", "refs/heads/main", "is no branch without refs/heads/"),
        ("target", "", "is no branch"),
        ("result_tree", "HEAD", "result_tree: 'HEAD' is no full object name"),
        ("now", 1_800_000_000_000, "now: 1800000000000 are no seconds"),
        ("now", -1, "now: -1 are no seconds"),
        ("units", {}, "units: must be a list"),
        ("opener", {"login": "ada"}, "opener: 'bot' is missing"),
        ("opener", {"login": 3, "bot": False}, "opener.login: must be of type str"),
        ("labels", ["a", 1], "labels[1]: must be of type str"),
        ("rollback", {"applies": True}, "rollback: 'conflicts' is missing"),
        ("target_health", {"tree": oid("t")}, "target_health: 'broken' is missing"),
        ("policy_edit", {"touched": []}, "policy_edit: 'weaker' is missing"),
        ("title", None, "title: must be of type str"),
        ("title", {"unknown": 3}, "title.unknown: must be of type str"),
        ("title", {"unknown": "x", "more": 1}, "title: must be of type str"),
    ],
)
def test_a_wrong_value_is_refused_with_its_place(key: str, value: object, words: str) -> None:
    assert words in refused({**MINIMUM, key: value})


def written(facts: Change) -> dict[str, Any]:
    found = json.loads(write_facts(facts))
    assert isinstance(found, dict)
    return found


def test_a_commit_says_all_of_itself() -> None:
    facts = written(change())
    del facts["units"][0]["commits"][0]["trailers"]
    assert "units[0].commits[0]: 'trailers' is missing" in refused(facts)


def test_units_follow_each_other_from_the_base_to_the_rev() -> None:
    first, second = unit("a"), unit("b", base=oid("a"))
    good = change(first, second, rev=oid("b"), result_tree=second.tree)
    assert read_facts(write_facts(good), "f", 0) == good
    for bad, words in (
        (replace(good, units=(first, replace(second, base=oid("c")))), "units[1].base"),
        (replace(good, base=oid("z")), "units[0].base"),
        (replace(good, rev=oid("z")), "rev: "),
        (replace(good, result_tree=oid("z")), "result_tree: "),
    ):
        with pytest.raises(WireError) as error:
            read_facts(write_facts(bad), "f", 0)
        assert words in str(error.value)


def kinds(kind: Any = Change) -> set[Any]:
    """All dataclasses that a change is made of."""
    found, waiting = set[Any](), [kind]
    while waiting:
        at = waiting.pop()
        waiting += get_args(at)
        if isinstance(at, type) and is_dataclass(at) and at is not Unknown and at not in found:
            found.add(at)
            waiting += get_type_hints(at).values()
    return found


def test_what_may_be_left_out_is_there_and_has_a_default() -> None:
    assert set(OPTIONAL) <= kinds()
    for kind, names in OPTIONAL.items():
        assert names <= {each.name for each in fields(kind)}
    assert not may_lack(Commit, "trailers")


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from([each.name for each in fields(Change)] + ["unknown", "version"]),
                inner,
                max_size=4,
            )
        ),
        max_leaves=10,
    )
)
def test_any_json_is_read_or_refused(value: object) -> None:
    try:
        text = json.dumps(value).encode()
        read_facts(text, "f", 0)
        read_facts(encoded({**MINIMUM, **(value if isinstance(value, dict) else {})}), "f", 0)
    except WireError as error:
        said = str(error)
    else:
        said = "f: read"
    assert said.startswith("f: ")


def test_the_schema_is_that_of_the_code() -> None:
    path = TOP / "docs" / "facts.schema.json"
    assert path.read_text(encoding="utf-8") == render_facts_schema()


def test_the_schema_says_what_the_reader_wants() -> None:
    schema = json.loads(render_facts_schema())
    assert set(schema["required"]) == {"version", "id", "target", "base", "rev"}
    assert schema["additionalProperties"] is False
    assert set(schema["$defs"]) == {each.__name__ for each in kinds()} - {"Change"} | {"Unknown"}
    commit = schema["$defs"]["Commit"]
    assert set(commit["required"]) == {each.name for each in fields(Commit)} - {"accounts"}
    assert schema["$defs"]["Person"]["required"] == ["bot"]
    assert "the merge result" in schema["properties"]["rev"]["description"]
