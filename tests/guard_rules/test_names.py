"""The cheap facts never hide what the abstract run finds, and never take long."""

from __future__ import annotations

import ast
import signal
import sys
from collections.abc import Iterator
from keyword import kwlist

import libcst as cst
import pytest
from libcst.metadata import CodeRange, MetadataWrapper, PositionProvider

from guard_rules._names import scan as scanning
from guard_rules._names import trees
from guard_rules._names.compiled import Compiled
from guard_rules._names.guards import flag_names, has_never, read_guards
from guard_rules._names.members import assigned, attributes
from guard_rules._names.positions import Positions
from guard_rules._names.scan import bound, compiled_program, scan
from guard_rules._names.slices import without_idle_bodies
from guard_rules._names.summary import summarize, summarize_own
from tests.truth.checker import check
from tests.truth.corpus import load_cases

TARGET = sys.version_info[:2]


def sources() -> Iterator[tuple[str, bytes]]:
    """Every file of the executed cases that the running interpreter can read."""
    for case in load_cases():
        if case.runs_on(TARGET):
            for path, text in case.files:
                if path.endswith(".py"):
                    yield f"{case.id}:{path}", text.encode()


SOURCES = dict(sources())


@pytest.mark.parametrize("name", SOURCES)
def test_a_file_that_is_no_candidate_has_no_finding(name: str) -> None:
    data = SOURCES[name]
    facts = scan(data, TARGET >= (3, 14))
    summary = summarize(data, *TARGET)
    uses = {use["name"] for use in summary["uses"] if use["guard"] is not None}
    suspicions = facts[3]
    unclear = not {"unclear", "version", "local", "submodule"}.isdisjoint(suspicions)
    suspected = {item.partition(" ")[2] for item in suspicions}
    assert unclear or uses <= suspected, (uses, suspicions)


@pytest.mark.parametrize("name", SOURCES)
def test_a_guarded_name_is_among_the_exports(name: str) -> None:
    data = SOURCES[name]
    exports = set(scan(data, TARGET >= (3, 14))[4])
    guarded = set(summarize(data, *TARGET)["guarded"])
    assert "*" in exports or guarded <= exports


def test_positions_are_those_of_libcst() -> None:
    for name, data in SOURCES.items():
        if "parenthesised_target" in name:
            continue  # libcst refuses ``(x): int``
        module = cst.parse_module(data)
        positions = Positions(module)
        ranges = MetadataWrapper(module, unsafe_skip_copy=True).resolve(PositionProvider)
        for node, found in ranges.items():
            assert isinstance(found, CodeRange)
            start, end = found.start, found.end
            expected = (start.line, start.column + 1, end.line, end.column + 1)
            assert positions.span(node) == expected, (name, type(node).__name__)


def test_the_tree_shows_what_the_bytes_show() -> None:
    compared = 0
    for name, data in SOURCES.items():
        flags = flag_names(data)
        plain = read_guards(data, flags) if flags or has_never(data) else None
        guards = trees.read_guards(data, flags) if plain is not None else None
        if plain is None or guards is None or not isinstance(plain.reduced, bytes):
            continue
        compared += 1
        assert plain.names - set(kwlist) <= guards.names, name  # ``try:`` looks like ``x: int``
        assert plain.submodules <= guards.submodules, name
        left, right = _program(plain.reduced), _program(guards.reduced)
        assert left.missed(plain.names) <= right.missed(plain.names), name
    assert compared > len(SOURCES) // 3


def _program(source: bytes | ast.Module) -> Compiled:
    compiled = compiled_program(source)
    assert compiled is not None
    return compiled


@pytest.mark.parametrize("name", SOURCES)
def test_leaving_out_idle_bodies_changes_nothing_of_its_own(name: str) -> None:
    data = SOURCES[name]
    whole, own = summarize(data, *TARGET), summarize_own(data, *TARGET)
    for key in ("guarded", "bound", "listed", "rejected", "has_getattr", "dynamic"):
        assert whole[key] == own[key], key  # type: ignore[literal-required]
    assert [use for use in whole["uses"] if use["guard"]] == [
        use for use in own["uses"] if use["guard"]
    ]


def test_an_idle_body_becomes_pass_and_every_line_stays() -> None:
    data = (
        b"from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    import decimal\n\n\n"
        b"def idle(x):\n    @wraps(x)\n    def inner():\n        return 1\n\n    return inner\n\n\n"
        b"def busy():\n    return decimal.Decimal(0)\n\n\nclass A:\n"
        b"    def caller(self): return busy()\n"
    )
    short = without_idle_bodies(data)
    assert short.count(b"\n") == data.count(b"\n")
    assert b"wraps" not in short
    assert b"    pass\n" in short
    assert b"decimal.Decimal(0)" in short
    compile(short, "short", "exec")


HOSTILE = {
    "commented import": b"from a import (\n" + b"# x # y\n" * 5000,
    "many froms": b"from " * 40000,
    "continued froms": b"from a\\\n" * 10000,
    "continued imports": b"import \\\n" * 10000,
    "attribute chain": b"a." * 200000,
    "assignment chain": b"a.b = " * 40000,
    "one long word": b"x" * 500000,
    "blanks": b"\n" + b" " * 500000,
    "long import": b"from . import " + b"a, " * 80000,
    "quotes": b"TYPE_CHECKING\n" + b'"""' * 50001,
    "escaped quotes": b"TYPE_CHECKING\n'" + b"\\'" * 100000,
    "flags": b"TYPE_CHECKING " * 20000,
    "open brackets": b"if TYPE_CHECKING:\n" + b"    (\n" * 20000,
    "constants": b"X = False\n" * 5000 + b"if X:\n    pass\n",
    "backslashes": b"\\" * 200000,
}


@pytest.mark.skipif(not hasattr(signal, "alarm"), reason="needs a timer that interrupts a regex")
@pytest.mark.parametrize("name", HOSTILE)
def test_no_text_makes_a_pattern_run_away(name: str) -> None:
    def give_up(number: int, frame: object) -> None:
        raise TimeoutError(name)

    before = signal.signal(signal.SIGALRM, give_up)
    signal.alarm(60)  # a runaway pattern takes hours; this is no measure of speed
    try:
        data = HOSTILE[name]
        facts = scan(data, False)
        assert isinstance(facts[0], bool)
        assert isinstance(assigned(data, ("x",)), frozenset)
        assert isinstance(attributes(data, ("a", "x")), frozenset)
        assert isinstance(bound(data)[1], bool)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize(
    ("text", "module", "names"),
    [
        (b"from a import b\n", b"a", {b"b"}),
        (b"from a.b import (c,  # d)\n  e)\n", b"a.b", {b"c", b"e"}),
        (b"from .a import b as c; x = 1\n", b".a", {b"b", b"as", b"c"}),
        (b"from . import(b)\n", b".", {b"b"}),
        (b"from a \\\n    import b\n", b"a", {b"b"}),
        (b"if x: from a import b\n", b"a", {b"b"}),
    ],
)
def test_imports_are_read_from_the_text(text: bytes, module: bytes, names: set[bytes]) -> None:
    ((found, inside, behind),) = scan(text, False)[1]
    assert found.replace(b"\\\n", b"").strip() == module
    words = b"\n".join(line.split(b"#")[0] for line in (inside or behind).split(b"\n"))
    assert set(words.replace(b",", b" ").split()) == names


def test_an_encoding_that_hides_ascii_is_decoded_first() -> None:
    text = "# coding: utf-7\nfrom typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import a\na\n"
    hidden = text.replace("TYPE_CHECKING", "+AFQ-YPE_CHECKING")
    facts = scanning.scan(hidden.encode("ascii"), False)
    assert facts[0]
    assert facts[3]


def test_what_a_getattr_raises_is_left_open_where_nobody_can_tell() -> None:
    module = (
        "from typing import TYPE_CHECKING\n"
        "if TYPE_CHECKING:\n    from decimal import Decimal\n"
        "def __getattr__(name):\n    raise refusal(name)\n"
    )
    files = {"main.py": "import shapes\nprint(shapes.Decimal)\n", "shapes.py": module}
    assert [finding.raises for finding in check(files, TARGET)] == [
        "what __getattr__ of module 'shapes' raises"
    ]
