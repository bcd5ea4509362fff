"""The three rules find what CPython does in every case, and nothing else."""

from __future__ import annotations

import pytest

from .checker import NotJudgedError, check, places
from .corpus import Case, Version, load_cases

TARGETS: tuple[Version, ...] = ((3, 9), (3, 11), (3, 13), (3, 14))
CASES = {case.id: case for case in load_cases()}
TOPICS = sorted({case.topic for case in CASES.values()})

# What no static reading is expected to see; each is fringe, and named in docs/accuracy.md.
KNOWN_GAPS: frozenset[str] = frozenset()


def verdict(case: Case, target: Version) -> tuple[str, ...]:
    """Where the rules differ from the truth, in words."""
    failure = case.failure(target)
    wanted = [failure, *case.active("also", target)] if failure else []
    said, hit = [], False
    try:
        findings = check(dict(case.files), target)
    except NotJudgedError as error:
        return (f"not judged: {error}",)
    for finding in findings:
        match = [m for m in wanted if m.path == finding.place.path and m.names_match(finding.name)]
        if not match:
            said.append(f"false alarm: {finding.name} at {sorted(places(finding))}")
        elif failure in match:
            hit = True
            if not {(m.path, m.line) for m in match} & places(finding):
                said.append(f"wrong line: {sorted(places(finding))}, not {failure.line}")
            if not finding.raises.startswith(failure.error):
                said.append(f"wrong exception: {finding.raises}, not {failure.error}")
    if failure and not hit:
        said.append(f"missed: {failure.names[0]} at {failure.path}:{failure.line}")
    return tuple(said)


def differences(topic: str, target: Version) -> dict[str, tuple[str, ...]]:
    """The cases of a topic that the rules get wrong."""
    cases = [c for c in CASES.values() if c.topic == topic and c.runs_on(target)]
    return {case.id: said for case in cases if (said := verdict(case, target))}


@pytest.mark.parametrize("topic", TOPICS)
def test_the_rules_agree_with_cpython(topic: str) -> None:
    found = {target: differences(topic, target) for target in TARGETS}
    wrong = {
        f"{ident} {target[0]}.{target[1]}": said
        for target, cases in found.items()
        for ident, said in cases.items()
        if ident not in KNOWN_GAPS
    }
    assert not wrong
    closed = {
        ident
        for ident in KNOWN_GAPS
        if CASES[ident].topic == topic and not any(ident in cases for cases in found.values())
    }
    assert not closed, "take these out of KNOWN_GAPS"


def test_known_gaps_are_fringe() -> None:
    assert {ident for ident in KNOWN_GAPS if not CASES[ident].fringe} == set()
