"""What a policy gives up that the one before had."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

import pytest

from guard.config import default_policy, parse_policy
from guard.config.compare import weaker
from guard.options import option
from guard.plugins import load_rules
from guard.rule import Rule, SourceRule


class Size(Enum):
    SMALL = "small"
    LARGE = "large"


@dataclass(frozen=True, slots=True)
class Options:
    count: int = option(2, "More is stricter.", looser="less")
    lines: int = option(400, "Fewer is stricter.", looser="more")
    free: tuple[str, ...] = option((), "What is let through.", looser="more")
    wanted: tuple[str, ...] = option(("check",), "What is asked for.", looser="less")
    strict: bool = option(True, "On is stricter.", looser="less")
    size: Size = option(Size.SMALL, "Small is stricter.", looser="more")
    word: str = option("a", "Nobody knows.")


class _One(SourceRule):
    id = "one"
    summary = "One."
    options = Options


class _Two(SourceRule):
    id = "two"
    summary = "Two."


RULES: tuple[Rule, ...] = (_One(), _Two())


def compared(before: str, after: str) -> tuple[str, ...]:
    sides = [
        parse_policy(f"version: 1\n{text}".encode(), "guard.yaml", RULES)
        for text in (before, after)
    ]
    return weaker(*sides)


SAME = [
    "",
    "rules: {one: {count: 3}}",
    "people: [{login: ada, roles: [owner]}]",
    "lane: {soak: 1h, lanes: [{name: api, paths: [api/]}]}",
    "per-path: [{paths: [a/], rules: {one: off}}]",
    "rules: {one: off}\nper-path: [{paths: [a/], rules: {one: error}}]",
    "baseline: b.json",
    "smoke: {timeout: 1}",
]


@pytest.mark.parametrize("text", SAME)
def test_the_same_gives_nothing_up(text: str) -> None:
    assert compared(text, text) == ()


STRICTER = [
    ("rules: {one: {free: [a, b]}}", "rules: {one: {free: [b, a]}}"),
    ("", "per-path: [{paths: [a/], rules: {one: error}}]"),
    ("per-path: [{paths: [a/], rules: {one: error}}]", ""),
    ("rules: {one: warning}", "rules: {one: error}"),
    ("rules: {one: off}", ""),
    ("", "rules: {one: {count: 3, lines: 100}}"),
    ("rules: {one: {free: [a, b]}}", "rules: {one: {free: [b]}}"),
    ("", "rules: {one: {wanted: [check, smoke]}}"),
    ("rules: {one: {strict: false}}", ""),
    ("rules: {one: {size: large}}", ""),
    ("rules: {one: {count: 2}}", "rules: {one: {count: 5}}"),
    ("exclude: [a/]", ""),
    ("baseline: b.json", ""),
    ("people: [{login: ada, roles: [owner]}]", ""),
    ("people: [{login: ada, roles: [owner, releaser]}]", "people: [{login: Ada, roles: [owner]}]"),
    ("people: [{login: ada}]", "people: [{login: ada, emails: [a@b.c]}]"),
    ("", "provenance: {undeclared: require}"),
    ("provenance: {undeclared: require}", "provenance: {undeclared: ai}"),
    ("", "provenance: {agents: [{name: x, logins: [x]}], drivers: [ada]}"),
    ("provenance: {bots: [{name: x, logins: [x]}]}", ""),
    ("", "lane: {soak: 1h}"),
    ("", "lane: {checks: [check, smoke], staging: s}"),
    ("lane: {lanes: [{name: api, paths: [api/]}]}", ""),
    ("lane: {targets: [main]}", "lane: {targets: [main, release]}"),
    ("server: {check: false, smoke: false}", "server: {smoke: true}"),
    ("server: {force_push: [ada]}", ""),
    ("per-path: [{paths: [a/], rules: {one: off}}]", ""),
    (
        "rules: {one: warning}",
        "rules: {one: warning}\nper-path: [{paths: [a/], rules: {one: error}}]",
    ),
]


@pytest.mark.parametrize(("before", "after"), STRICTER)
def test_what_is_stricter_gives_nothing_up(before: str, after: str) -> None:
    before, after = (text.replace("force_push", "force-push") for text in (before, after))
    assert compared(before, after) == ()


WEAKER = [
    ("", "rules: {one: warning}", "lowers one from error to warning"),
    ("", "rules: {one: off}", "switches one off"),
    ("rules: {one: warning}", "rules: {one: off}", "switches one off"),
    ("", "rules: {one: {count: 1}}", "one: count from 2 to 1"),
    ("", "rules: {one: {lines: 500}}", "one: lines from 400 to 500"),
    ("", "rules: {one: {free: [a]}}", "one: free from [] to ['a']"),
    ("", "rules: {one: {wanted: [smoke]}}", "one: wanted from ['check'] to ['smoke']"),
    ("", "rules: {one: {strict: false}}", "one: strict from on to off"),
    ("", "rules: {one: {size: large}}", "one: size from small to large"),
    ("", "rules: {one: {word: b}}", "one: word from 'a' to 'b'"),
    ("", "exclude: [tests/]", "excludes 'tests/'"),
    ("", "baseline: b.json", "accepts the findings in 'b.json'"),
    ("baseline: a.json", "baseline: b.json", "accepts the findings in 'b.json'"),
    ("", "target-version: 3.13", "moves target-version from what the package says to 3.13"),
    ("", "roots: [src]", "moves the import roots from nothing to ['src']"),
    ("", "smoke: {timeout: 1}", "changes smoke: timeout"),
    ("", "people: [{login: eve}]", "adds 'eve' to the people"),
    ("", "people: [{login: eve, roles: [owner]}]", "adds 'eve' to the people, as 'owner'"),
    (
        "people: [{login: ada}]",
        "people: [{login: ada, roles: [releaser]}]",
        "gives 'ada' the role 'releaser'",
    ),
    (
        "people: [{login: ada, emails: [a@b.c]}]",
        "people: [{login: ada, emails: [x@y.z]}]",
        "no longer knows 'a@b.c' as 'ada'",
    ),
    (
        "provenance: {undeclared: ai}",
        "provenance: {undeclared: require}",
        "lowers provenance: undeclared from ai to require",
    ),
    (
        "provenance: {agents: [{name: x, logins: [x]}]}",
        "",
        "no longer knows the agent 'x'",
    ),
    (
        "provenance: {agents: [{name: x, logins: [x, y]}]}",
        "provenance: {agents: [{name: x, logins: [x]}]}",
        "knows fewer logins of the agent 'x'",
    ),
    ("provenance: {drivers: [ada]}", "", "no longer counts 'ada' as drivers of an AI"),
    ("", "provenance: {bots: [{name: x, logins: [x]}]}", "counts the bot 'x' as no AI"),
    (
        "provenance: {bots: [{name: x, logins: [x], ai: true}]}",
        "provenance: {bots: [{name: x, logins: [x]}]}",
        "counts the bot 'x' as no AI",
    ),
    ("", "lane: {soak: 10m}", "shortens the soak from 30m to 10m"),
    ("", "lane: {deadline: 2d}", "moves the deadline of a soak from 1d to 2d"),
    ("", "lane: {checks: [smoke]}", "releases without the check 'check'"),
    ("lane: {staging: s}", "", "no longer wants a landing to be healthy in 's'"),
    ("", "lane: {targets: [next]}", "protects 'next' instead of the branch of HEAD"),
    ("lane: {targets: [a, b]}", "lane: {targets: [a]}", "protects 'a' instead of 'a', 'b'"),
    ("lane: {targets: [a]}", "", "protects the branch of HEAD instead of 'a'"),
    ("", "lane: {lanes: [{name: api, paths: [api/]}]}", "splits the lane into 'api'"),
    ("", "server: {check: false}", "switches server: check off"),
    ("server: {smoke: true}", "", "switches server: smoke off"),
    ("", "server: {force-push: [eve]}", "server: force-push lets 'eve' in"),
    ("", "server: {lane-writers: [eve]}", "server: lane-writers lets 'eve' in"),
    ("", "server: {most-commits: 5}", "server: most-commits from 10000 to 5"),
    ("", "per-path: [{paths: [a/], rules: {one: off}}]", "has one at off for 'a/'"),
    (
        "rules: {one: off}",
        "rules: {one: error}\nper-path: [{paths: [a/], rules: {one: warning}}]",
        "has one at warning for 'a/'",
    ),
    (
        "rules: {one: off}\nper-path: [{paths: [a/], rules: {one: error}}]",
        "rules: {one: off}",
        "no longer has one at error for 'a/'",
    ),
]


@pytest.mark.parametrize(("before", "after", "words"), WEAKER)
def test_what_is_weaker_is_said(before: str, after: str, words: str) -> None:
    assert words in compared(before, after)


def test_the_order_of_levels_by_path_counts() -> None:
    entries = "{paths: [a/], rules: {one: off}}", "{paths: [a/b/], rules: {one: error}}"
    one, other = (f"per-path: [{', '.join(each)}]" for each in (entries, entries[::-1]))
    assert "last that matches" in compared(one, other)[0]


def test_a_policy_that_is_gone_is_compared_with_the_defaults() -> None:
    before = parse_policy(b"version: 1\nlane: {soak: 2h}\nrules: {two: warning}\n", "p", RULES)
    assert weaker(before, default_policy(RULES)) == ("shortens the soak from 2h to 30m",)


BUILT_IN = [
    ("missing-human-approval", "count: 1", "count: 2"),
    ("missing-human-approval", "who: ai", "who: all"),
    ("missing-human-approval", "pusher: true", "pusher: false"),
    ("missing-human-approval", "objections: false", "objections: true"),
    ("too-many-open-ai-changes", "total: 10", "total: 5"),
    ("oversized-ai-change", "lines: 500", "lines: 100"),
    ("oversized-ai-change", "exclude: ['*.lock']", "exclude: []"),
    ("missing-rollback-plan", "paths: []", "paths: [migrations/]"),
    ("untested-merge-result", "checks: [check]", "checks: [check, smoke]"),
    ("policy-weakened", "touched: ai", "touched: all"),
    ("unsoaked-promotion", "soak: 1h", "soak: 2h"),
]


@pytest.mark.parametrize(("rule", "loose", "strict"), BUILT_IN)
def test_the_rules_over_changes_say_in_which_direction_they_allow_more(
    rule: str, loose: str, strict: str
) -> None:
    rules = load_rules()
    loose_policy, strict_policy = (
        parse_policy(f"version: 1\nrules: {{{rule}: {{{text}}}}}\n".encode(), "p", rules)
        for text in (loose, strict)
    )
    assert weaker(loose_policy, strict_policy) == ()
    (words,) = weaker(strict_policy, loose_policy)
    assert words.startswith(f"{rule}: {loose.partition(':')[0]} from ")


def test_only_what_is_new_is_said() -> None:
    assert compared("exclude: [a/]", "exclude: [a/, b/]") == ("excludes 'b/'",)
    off = compared("", "rules: {one: {level: off, count: 1}}")
    assert off == ("switches one off",)


@pytest.mark.parametrize(("before", "after"), [("5", "null"), ("null", "5")])
def test_a_number_that_there_was_not_has_no_direction(before: str, after: str) -> None:
    rules = load_rules()
    sides = [
        parse_policy(
            f"version: 1\nrules: {{too-many-open-ai-changes: {{total: {text}}}}}\n".encode(),
            "p",
            rules,
        )
        for text in (before, after)
    ]
    (words,) = weaker(*sides)
    assert words.startswith("too-many-open-ai-changes: total from ")
