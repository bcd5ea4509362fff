"""The three rules find what CPython does in every case, and nothing else."""

from __future__ import annotations

import pytest

from .checker import check, places
from .corpus import Case, Version, load_cases

TARGETS: tuple[Version, ...] = ((3, 9), (3, 11), (3, 13), (3, 14))
CASES = load_cases()
TOPICS = sorted({case.topic for case in CASES})


def verdict(case: Case, target: Version) -> list[str]:
    """Where the rules differ from the truth, in words."""
    failure = case.failure(target)
    wanted = [failure, *case.active("also", target)] if failure else []
    said, hit = [], False
    for finding in check(dict(case.files), target):
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
    return said


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: f"{target[0]}.{target[1]}")
@pytest.mark.parametrize("topic", TOPICS)
def test_the_rules_agree_with_cpython(topic: str, target: Version) -> None:
    cases = [case for case in CASES if case.topic == topic and case.runs_on(target)]
    wrong = {case.id: verdict(case, target) for case in cases}
    assert not {ident: said for ident, said in wrong.items() if said}
