"""Every module in exactly one shard, and no report that hides one."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from guard.errors import UsageError
from guard.observed import EntryRun, Interpreter, ModuleRun, Outcome, SmokeRun
from guard.smoke.shards import Plan, Unmergeable, durations, merge, parse_shard, plan

PYTHON = Interpreter("/usr/bin/python3", (3, 12, 1), "--python")
NAMES = tuple(f"pkg{a}.sub{b}.m{c}" for a in range(3) for b in range(3) for c in range(4))


def runs(
    of: int, names: tuple[str, ...] = NAMES, entries: tuple[str, ...] = ("api", "job")
) -> list[tuple[str, SmokeRun]]:
    whole = plan(names, entries, of, {})
    return [(f"{shard}.json", run_of(whole, shard)) for shard in range(1, of + 1)]


def run_of(whole: Plan, shard: int) -> SmokeRun:
    mine = [name for name, at in whole.modules.items() if at == shard]
    started = [name for name, at in whole.entries.items() if at == shard]
    return SmokeRun(
        "commit 1a2b3c4",
        PYTHON,
        tuple(ModuleRun(name, name.replace(".", "/") + ".py", Outcome.OK, 0.5) for name in mine),
        tuple(EntryRun(name, (name,), "guard.yaml:3", "", 0, Outcome.OK) for name in started),
        notes=("network refused by a namespace",),
        shard=(shard, whole.of),
        tree="t",
        plan=whole.digest,
    )


NAME = st.lists(st.sampled_from("abcd"), min_size=1, max_size=4).map(".".join)


@given(
    st.lists(NAME),
    st.lists(NAME, max_size=4),
    st.integers(1, 9),
    st.dictionaries(NAME, st.floats(0, 1e4)),
)
def test_every_module_is_in_exactly_one_shard(names, entries, of, seconds) -> None:
    found = plan(names, entries, of, seconds)
    assert set(found.modules) == set(names)
    assert set(found.entries) == set(entries)
    assert {*found.modules.values(), *found.entries.values()} <= set(range(1, of + 1))
    again = plan(reversed(names), reversed(entries), of, dict(reversed(seconds.items())))
    assert again == found
    assert again.digest == found.digest


@given(st.dictionaries(NAME, st.floats(0.001, 100), min_size=1), st.integers(1, 9))
def test_no_shard_is_far_over_its_share(seconds, of) -> None:
    found = plan(seconds, (), of, seconds)
    loads: Counter[int] = Counter()
    for name, shard in found.modules.items():
        loads[shard] += seconds[name]
    share = sum(seconds.values()) / of
    assert max(loads.values()) <= share + max(share / 4, *seconds.values(), 0) + 1e-3


def test_the_modules_of_a_package_stay_together() -> None:
    found = plan([f"p{n}.m{m}" for n in range(40) for m in range(3)], (), 4, {})
    for number in range(40):
        assert len({found.modules[f"p{number}.m{m}"] for m in range(3)}) == 1


def test_a_slow_module_has_a_shard_of_its_own() -> None:
    found = plan(["a.x", "a.y", "a.z"], (), 2, {"a.x": 100, "a.y": 1, "a.z": 1})
    assert found.modules["a.x"] != found.modules["a.y"] == found.modules["a.z"]


@pytest.mark.parametrize("text", ["0/3", "4/3", "1", "1/", "/2", "a/b", "1/1001", " 1/2", "1/2/3"])
def test_what_is_no_shard_is_an_error(text: str) -> None:
    with pytest.raises(UsageError, match="not a shard"):
        parse_shard(text)
    assert parse_shard("2/3") == (2, 3)


@pytest.mark.parametrize("of", [1, 2, 5, 40])
def test_all_shards_make_the_whole_run(of: int) -> None:
    found = merge(runs(of)[::-1])
    assert [module.module for module in found.modules] == sorted(NAMES)
    assert [entry.name for entry in found.entries] == ["api", "job"]
    assert found.shard == (1, 1)
    assert found.notes == ("network refused by a namespace",)
    assert durations(found) == dict.fromkeys(NAMES, 0.5)


def test_a_missing_shard_is_named() -> None:
    with pytest.raises(Unmergeable, match="missing: shard 2, 4 of 4"):
        merge(runs(4)[0::2])
    with pytest.raises(Unmergeable, match="no report"):
        merge([])


def test_a_doubled_shard_is_named() -> None:
    one, two = runs(2)
    with pytest.raises(Unmergeable, match=r"1\.json and copy\.json are both shard 1 of 2"):
        merge([one, ("copy.json", one[1]), two])


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"subject": "working tree"}, "another subject than 1.json"),
        ({"interpreter": replace(PYTHON, version=(3, 13, 0))}, "Python 3.13.0 and Python 3.12.1"),
        ({"shard": (2, 3)}, "number of shards"),
        ({"tree": "other"}, "another tree"),
        ({"plan": "other"}, "another plan"),
    ],
    ids=["subject", "interpreter", "shards", "tree", "plan"],
)
def test_what_does_not_belong_together_is_told(change, said: str) -> None:
    one, (name, two) = runs(2)
    with pytest.raises(Unmergeable) as caught:
        merge([one, (name, replace(two, **change))])
    assert said in str(caught.value)


def test_a_report_that_lacks_a_module_is_refused() -> None:
    one, (name, two) = runs(2)
    for less in (
        replace(two, modules=two.modules[1:]),
        replace(two, entries=()),
        replace(two, modules=(*two.modules, one[1].modules[0])),
    ):
        with pytest.raises(Unmergeable, match="each module of their plan once"):
            merge([one, (name, less)])


def test_what_the_machines_have_not_in_common_is_told() -> None:
    one, (name, two) = runs(2)
    two = replace(two, notes=("no namespace here",), distributions=(("yaml", "pyyaml"),))
    found = merge([one, (name, two)])
    assert found.notes == (
        "shard 1: network refused by a namespace",
        "shard 2: no namespace here",
        "not installed in every shard's environment: pyyaml",
    )
