from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.config import configure, default_policy, parse_policy, read_policy
from guard.errors import PolicyError
from guard.model import Level

from .rules import RULES, Everything, Framework, Mode


def problems(text: str | bytes) -> tuple[str, ...]:
    data = text.encode() if isinstance(text, str) else text
    with pytest.raises(PolicyError) as caught:
        parse_policy(data, "guard.yaml", RULES)
    return caught.value.problems


def options(text: str) -> Everything:
    policy = parse_policy(f"version: 1\nrules:\n  many-options: {text}\n".encode(), "p", RULES)
    value = policy.rules["many-options"].options
    assert isinstance(value, Everything)
    return value


FULL = """\
# The policy of an example.
version: 1
target-version: "3.11"
roots: [src, ., ./libs/]
exclude: ["migrations/**", build/]
baseline: guard-baseline.json
rules:
  plain-rule: warning
  many-options:
    level: error
    max-size: 7
per-path:
  - paths: ["tests/**"]
    rules: {plain-rule: off}
  - paths: [tests/slow/**]
    rules:
      plain-rule: "error"
"""


def test_a_whole_policy() -> None:
    policy = parse_policy(FULL.encode(), "guard.yaml", RULES)
    assert policy.version == 1
    assert policy.target_version == (3, 11)
    assert policy.roots == ("src", "", "libs")
    assert policy.exclude == ("migrations/**", "build/")
    assert policy.baseline == "guard-baseline.json"
    assert policy.rules["plain-rule"].level is Level.WARNING
    assert policy.rules["many-options"].level is Level.ERROR
    assert policy.rules["many-options"].options == Everything(max_size=7)
    assert policy.rules["inline-ignore"].level is Level.ERROR
    assert [entry.paths for entry in policy.per_path] == [("tests/**",), ("tests/slow/**",)]
    assert policy.path == "guard.yaml"
    assert len(policy.digest) == 32


def test_without_a_file_each_rule_has_its_own_level(tmp_path: Path) -> None:
    policy = read_policy(str(tmp_path), RULES)
    assert policy == default_policy(RULES)
    assert policy.path == ""
    assert policy.rules["many-options"].level is Level.WARNING
    assert policy.rules["plain-rule"].level is Level.ERROR
    assert policy.rules["many-options"].options == Everything()


def test_the_last_path_that_matches_wins() -> None:
    policy = parse_policy(FULL.encode(), "guard.yaml", RULES)
    (rule,) = (item for item in configure(policy, RULES) if item.rule.id == "plain-rule")
    assert rule.level_at("src/a.py") is Level.WARNING
    assert rule.level_at("tests/a.py") is Level.OFF
    assert rule.level_at("tests/slow/a.py") is Level.ERROR


def test_every_kind_of_option() -> None:
    value = options(
        """{max-size: 4, ratio: 2, strict: true, from: no, mode: loose, kind: b, names: [off, a],
            limits: {a: 1, "3": 2}, frameworks: [{module: m, bases: [B], depth: null}],
            main: {module: n, depth: 2}, label: on, weight: off}"""
    )
    assert value == Everything(
        max_size=4,
        ratio=2.0,
        strict=True,
        from_="no",
        mode=Mode.LOOSE,
        kind="b",
        names=("off", "a"),
        limits={"a": 1, "3": 2},
        frameworks=(Framework("m", ("B",), None),),
        main=Framework("n", (), 2),
        label="on",
        weight=Level.OFF,
    )
    assert options("{level: error}") == Everything()


@pytest.mark.parametrize("text", ["off", "'off'", "false", "False", "FALSE", "{level: off}"])
def test_off_is_a_level_however_yaml_reads_it(text: str) -> None:
    data = f"version: 1\nrules: {{plain-rule: {text}}}".encode()
    assert parse_policy(data, "p", RULES).rules["plain-rule"].level is Level.OFF


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("3.10", (3, 10)),
        ('"3.10"', (3, 10)),
        ("3.9", (3, 9)),
        ("'3.14'", (3, 14)),
        ("3.20", (3, 20)),
    ],
)
def test_a_version_is_read_as_written(text: str, version: tuple[int, int]) -> None:
    data = f"version: 1\ntarget-version: {text}".encode()
    assert parse_policy(data, "p", RULES).target_version == version


def test_every_error_at_once_with_its_place() -> None:
    found = problems(
        "version: 2\n"
        "target-version: 3.1\n"
        "rule: 3\n"
        "roots: [/abs, ../up, src]\n"
        "rules:\n"
        "  plain-rul: off\n"
        "  many-options: {max-size: '3', names: [1, off], level: errr, mod: x}\n"
        "per-path:\n"
        "  - paths: []\n"
        "    rules: {plain-rule: on}\n"
        "  - {}\n"
    )
    assert found == (
        "guard.yaml:1:10: version: expected 1, got number '2'",
        "guard.yaml:2:17: target-version: unknown version '3.1'; allowed: 3.6 to 3.30; "
        "did you mean '3.10'?",
        "guard.yaml:3:1: unknown key 'rule'; allowed: version, target-version, roots, exclude, "
        "baseline, rules, per-path, smoke, people, provenance, lane, server, github; "
        "did you mean 'rules'?",
        "guard.yaml:4:9: roots[0]: '/abs': a path is relative to the project's top, with '/' as "
        "separator",
        "guard.yaml:4:15: roots[1]: '../up': a path has no empty and no '..' part "
        "('.' alone is the top)",
        "guard.yaml:6:3: rules: unknown rule 'plain-rul'; allowed: many-options, plain-rule, "
        "inline-ignore, stale-baseline-entry; did you mean 'plain-rule'?",
        "guard.yaml:7:28: rules.many-options.max-size: expected a whole number, got text '3'",
        "guard.yaml:7:41: rules.many-options.names[0]: expected text (put it in quotes), "
        "got number '1'",
        "guard.yaml:7:57: rules.many-options.level: unknown value 'errr'; "
        "allowed: error, warning, off; did you mean 'error'?",
        "guard.yaml:7:63: rules.many-options: unknown key 'mod'; allowed: level, max-size, ratio, "
        "strict, from, mode, kind, names, limits, frameworks, main, label, weight; "
        "did you mean 'mode'?",
        "guard.yaml:9:12: per-path[0].paths: the list is empty",
        "guard.yaml:10:25: per-path[0].rules.plain-rule: unknown value 'on'; "
        "allowed: error, warning, off",
        "guard.yaml:11:5: per-path[1]: missing key 'paths'",
        "guard.yaml:11:5: per-path[1]: missing key 'rules'",
    )


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"", "1:1: the policy is empty; write at least 'version: 1', or remove the file"),
        (b"# only a comment\n", "1:1: the policy is empty"),
        (b"null\n", "1:1: the policy is empty"),
        (b"- version\n", "1:1: expected a mapping, got a list"),
        (b"rules: {}\n", "1:1: missing key 'version'"),
        (b"version: '1'\n", "1:10: version: expected 1, got text '1'"),
        (b"version: 1\nversion: 1\n", "2:1: duplicate key 'version', first on line 1"),
        (b"version: 1\n---\nversion: 1\n", "2:1: a second document ('---')"),
        (b"version: 1\nrules:\n", "2:7: rules: expected a mapping, got nothing"),
        (b"version: 1\nrules: [\n", "3:1: not valid YAML"),
        (b"version: 1\nroots: [caf\xe9]\n", "2:12: not UTF-8: byte 0xe9"),
        (b"version: 1\nroots: [a\x00b]\n", "2:10: character U+0000 is not allowed"),
        (b"version: 1\nroots: !!python/name:os.system [a]\n", "2:8: tag 'tag:yaml.org,2002:python"),
        (b"version: !!int 1\n", "1:10: tag 'tag:yaml.org,2002:int': tags are not allowed"),
        (
            b"version: 1\nroots: &a [src]\nexclude: *a\n",
            "3:10: alias '*a': aliases are not allowed",
        ),
        (b"version: 1\nrules: {<<: {a: b}}\n", "2:9: merge key '<<' is not allowed"),
        (b"version: 1\n? [a]\n: b\n", "2:3: a key must be text, not a collection"),
        (b"version: 1\nroots: []\n", "2:8: roots: the list is empty"),
        (b"version: 1\nroots: ['']\n", "2:9: roots[0]: '': a path has no empty"),
        (b"version: 1\nroots: [C:/x]\n", "2:9: roots[0]: 'C:/x': a path is relative"),
        (b"version: 1\nbaseline: .\n", "2:11: baseline: '.': not the path of a file"),
        (
            b"version: 1\nexclude: ['!a']\n",
            "2:11: exclude[0]: '!a': a pattern cannot begin with '!'",
        ),
        (b"version: 1\nexclude: a\n", "2:10: exclude: expected a list, got text 'a'"),
        (
            b"version: 1\nrules: {plain-rule: [off]}\n",
            "2:21: rules.plain-rule: expected a level, or",
        ),
        (
            b"version: 1\nrules: {plain-rule: true}\n",
            "2:21: rules.plain-rule: expected one of error",
        ),
        (b"version: 1\nrules: {plain-rule: {x: 1}}\n", "2:22: rules.plain-rule: unknown key 'x'"),
        (b"version: 1\nper-path: [{paths: [a], rules: {}}]\n", "2:32: per-path[0].rules: the map"),
    ],
)
def test_what_is_refused(text: bytes, said: str) -> None:
    (problem,) = problems(text)
    assert problem.startswith(f"guard.yaml:{said}")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{max-size: 1.5}", "expected a whole number, got number '1.5'"),
        ("{max-size: 0x10}", "expected a whole number, got number '0x10'"),
        (f"{{max-size: {'9' * 5000}}}", "expected a whole number of at most 18 digits"),
        ("{max-size: 101}", "max-size must be at most 100"),
        ("{ratio: .inf}", "expected a number, got number '.inf'"),
        ("{ratio: 1e999}", "expected a number, got number '1e999'"),
        ("{ratio: '1'}", "expected a number, got text '1'"),
        ("{strict: yes}", "expected true or false, got text 'yes'"),
        ("{strict: 'true'}", "expected true or false, got text 'true'"),
        ("{from: 3.10}", "expected text (put it in quotes), got number '3.10'"),
        ("{from: }", "expected text, got nothing"),
        ("{mode: lose}", "unknown value 'lose'; allowed: strict, loose; did you mean 'loose'?"),
        ("{kind: c}", "unknown value 'c'; allowed: a, b"),
        ("{names: x}", "expected a list, got text 'x'"),
        ("{limits: {a: b}}", "limits.a: expected a whole number, got text 'b'"),
        ("{limits: {1: 2}}", "expected text as a key (put it in quotes), got number '1'"),
        ("{frameworks: [{bases: [B]}]}", "frameworks[0]: missing key 'module'"),
        ("{main: {module: m, base: [B]}}", "unknown key 'base'; allowed: module, bases, depth"),
        ("{main: {module: m, depth: x}}", "main.depth: expected a whole number, got text 'x'"),
        ('{limits: {"a\\eb": x}}', "limits.'a\\x1bb': expected"),
    ],
)
def test_options_are_strict(text: str, said: str) -> None:
    (problem,) = problems(f"version: 1\nrules:\n  many-options: {text}\n")
    assert said in problem
    assert problem.startswith("guard.yaml:3:")
    assert "rules.many-options" in problem


def test_an_alias_bomb_is_refused_without_being_expanded() -> None:
    lines = ["version: 1", "a0: &a0 [x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 40)]
    found = problems("\n".join(lines))
    assert "alias '*a0': aliases are not allowed" in "\n".join(found)
    assert len(found) == 201
    assert found[-1].endswith("more problems")


def test_depth_is_bounded() -> None:
    (problem,) = problems("version: 1\nroots: " + "[" * 50_000)
    assert problem == "guard.yaml:2:27: nested more than 20 levels deep"


def test_size_is_bounded(tmp_path: Path) -> None:
    (tmp_path / "guard.yaml").write_text("version: 1\n" + "#" * 300_000)
    with pytest.raises(PolicyError, match="at most 262144 are read"):
        read_policy(str(tmp_path), RULES)


def test_a_byte_order_mark_is_no_part_of_the_text() -> None:
    assert parse_policy(b"\xef\xbb\xbfversion: 1\r\nroots: [a]\r\n", "p", RULES).roots == ("a",)


@pytest.mark.parametrize("name", ["guard.yml", ".guard.yaml", ".guard.yml"])
def test_a_file_that_only_looks_like_the_policy_blocks(tmp_path: Path, name: str) -> None:
    (tmp_path / name).write_text("version: 1\n")
    with pytest.raises(PolicyError, match=f"{name}:1:1: not read; the policy is named guard.yaml"):
        read_policy(str(tmp_path), RULES)


def test_a_policy_that_cannot_be_read_blocks(tmp_path: Path) -> None:
    with pytest.raises(PolicyError, match=r"other\.yaml:1:1: cannot be read: No such file"):
        read_policy(str(tmp_path), RULES, "other.yaml")
    (tmp_path / "guard.yaml").symlink_to("nowhere")
    with pytest.raises(PolicyError, match=r"guard\.yaml:1:1: cannot be read: No such file"):
        read_policy(str(tmp_path), RULES)


def test_the_digest_is_of_the_bytes() -> None:
    one = parse_policy(b"version: 1\n", "p", RULES)
    two = parse_policy(b"version: 1 # same meaning\n", "p", RULES)
    assert one.digest != two.digest
    assert one.rules == two.rules


PIECES = [
    "version: 1\n",
    "rules:",
    "\n  ",
    "- ",
    "[",
    "]",
    "{",
    "}",
    "&a ",
    "*a",
    "!!x ",
    "|",
    ">",
    "'",
]
PIECES += [
    '"',
    "\\x1b",
    "? ",
    ": ",
    "<<",
    "\t",
    "#",
    "---\n",
    "...\n",
    "%TAG ! x\n",
    "\ufeff",
    "\x85",
    "é",
]


@settings(max_examples=400, deadline=None)
@given(st.one_of(st.binary(max_size=40), st.lists(st.sampled_from(PIECES)).map("".join)))
def test_whatever_is_in_the_file_there_is_a_policy_or_an_error_with_a_place(
    text: str | bytes,
) -> None:
    data = text.encode() if isinstance(text, str) else text
    try:
        policy = parse_policy(data, "guard.yaml", RULES)
    except PolicyError as error:
        for problem in error.problems:
            assert re.match(r"guard\.yaml:[1-9]\d*:[1-9]\d*: .", problem)
            assert problem.isprintable()
    else:
        assert policy.version == 1
