"""Write docs/accuracy.md: the guard and its peers on the executed cases of tests/truth.

    python scripts/compare_peers.py [--python PYTHON] [--output FILE]

``PYTHON`` makes the peers' private environment (.venv-peers); its version is the one whose truth
counts, because most peers parse with the Python that runs them. Needs the package index, and for
pyright the registry that its wrapper asks.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import astuple, dataclass
from hashlib import sha256
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(TOP), str(TOP / "rules")]

from scripts.peer_tools import Found, Layout, Peers  # noqa: E402 - the path is set above
from tests.truth.checker import NotJudgedError, check  # noqa: E402
from tests.truth.corpus import CATEGORIES, Case, Version, load_cases  # noqa: E402

PAGE = """# Accuracy

Made by `python scripts/compare_peers.py`; do not edit.

{cases} small projects under [tests/truth](../tests/truth/README.md), each executed under CPython
{version}: {broken} fail with a name that exists only under a guard, {clean} run to the end. A
report on the file and the name of the failure is a hit, whatever its line; every other
(file, name) is a false alarm. `single`: one file. `cross`: several modules. `runtime`: annotations
that the standard library or the project's own code resolves.

{table}

Without the {fringe} cases that are marked as fringe, because few programs do such things:

{core}

Releases: {versions}. ruff: TC004 with preview. flake8: TC004 and TC009 with all framework options.
pylint: the name checks, no-name-in-module and no-member. pyright and mypy: the rules on missing
names. Type checkers take the guard as true by design: this is not their work.

## Where the guard is wrong

{known}
"""


def guard(cases: Iterable[Case], target: Version) -> Iterator[Found]:
    """The three source rules."""
    for case in cases:
        try:
            findings = check(dict(case.files), target)
        except NotJudgedError:
            continue  # it blocks, but it names nothing
        for finding in findings:
            yield Found(case.id, finding.place.path, finding.name)


@dataclass
class Score:
    """Counts over cases."""

    hits: int = 0
    missed: int = 0
    wrong: int = 0

    def row(self) -> str:
        """Precision and recall, as two cells."""
        reported, broken = self.hits + self.wrong, self.hits + self.missed
        precision = f"{self.hits / reported:.2f}" if reported else "–"
        return f"{precision} | {self.hits / broken:.2f}" if broken else f"{precision} | –"


def judge(case: Case, target: Version, found: Iterable[Found]) -> Score:
    """One case: a report on (file, name) of the failure is the hit, every other one is wrong."""
    failure = case.failure(target)
    wanted = [failure, *case.active("also", target)] if failure else []
    score = Score()
    for path, name in {(item.path, item.name) for item in found}:
        if any(mark.path == path and _same(mark.names, name) for mark in wanted):
            score.hits = 1
        else:
            score.wrong += 1
    score.missed = int(bool(failure) and not score.hits)
    return score


def _same(names: Iterable[str], reported: str) -> bool:
    # Tools name a part of a dotted name: the first or the last.
    spellings = {reported, reported.partition(".")[0], reported.rpartition(".")[2]}
    return any(name in spellings or name.rpartition(".")[2] in spellings for name in names)


def table(cases: list[Case], target: Version, reports: dict[str, list[Found]]) -> list[str]:
    """A row for each tool, a pair of columns for each category."""
    head = [name for group in ("all", *CATEGORIES) for name in (f"{group}: precision", "recall")]
    lines = ["| tool | " + " | ".join(head) + " |", "|---|" + "---:|" * len(head)]
    for tool, found in reports.items():
        by_case: dict[str, list[Found]] = {}
        for item in found:
            by_case.setdefault(item.case, []).append(item)
        scores = {group: Score() for group in ("all", *CATEGORIES)}
        for case in cases:
            one = judge(case, target, by_case.get(case.id, []))
            for group in ("all", case.category):
                scores[group].hits += one.hits
                scores[group].missed += one.missed
                scores[group].wrong += one.wrong
        lines.append(f"| {tool} | " + " | ".join(score.row() for score in scores.values()) + " |")
    return lines


def page(cases: list[Case], peers: Peers, reports: dict[str, list[Found]]) -> str:
    """The whole of docs/accuracy.md."""
    broken = sum(case.failure(peers.target) is not None for case in cases)
    known = []
    for case in cases:
        own = [item for item in reports["guard"] if item.case == case.id]
        score = judge(case, peers.target, own)
        said = ["missed"] * score.missed + ["false alarm"] * bool(score.wrong)
        if said:
            kind = "fringe, " * case.fringe
            known.append(f"- `{case.id}`: {case.what} ({kind}{', '.join(said)})")
    core = [case for case in cases if not case.fringe]
    return PAGE.format(
        cases=len(cases),
        version=".".join(map(str, peers.target)),
        broken=broken,
        clean=len(cases) - broken,
        table="\n".join(table(cases, peers.target, reports)),
        fringe=len(cases) - len(core),
        core="\n".join(table(core, peers.target, reports)),
        versions=peers.versions(),
        known="\n".join(known) or "Nowhere in these cases.",
    )


def ask_peers(cases: list[Case], peers: Peers) -> dict[str, list[Found]]:
    """What each peer reports; kept, because only new cases and releases change it."""
    key = f"{peers.versions()} {peers.target} {[(case.id, case.files) for case in cases]}"
    kept = peers.folder / f"reports-{sha256(key.encode()).hexdigest()[:16]}.json"
    if kept.exists():
        stored = json.loads(kept.read_text(encoding="utf-8"))
        return {name: [Found(*item) for item in items] for name, items in stored.items()}
    tools: dict[str, Callable[[Layout], Iterator[Found]]] = {
        "ruff": peers.ruff,
        "flake8-type-checking": peers.flake8,
        "pylint": peers.pylint,
        "pyright": peers.pyright,
        "mypy": peers.mypy,
    }
    reports = {}
    with tempfile.TemporaryDirectory() as folder:
        layout = Layout(Path(folder), cases)
        for name, tool in tools.items():
            print(name, "...", file=sys.stderr)
            reports[name] = list(tool(layout))
    items = {name: [astuple(item) for item in found] for name, found in reports.items()}
    kept.write_text(json.dumps(items), encoding="utf-8")
    return reports


def main() -> None:
    """Parse the command line, run all tools, write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--python", default=sys.executable, help="makes the peers' environment")
    parser.add_argument("--output", type=Path, default=TOP / "docs/accuracy.md")
    args = parser.parse_args()
    peers = Peers(args.python)
    cases = [case for case in load_cases() if case.runs_on(peers.target)]
    reports = {"guard": list(guard(cases, peers.target)), **ask_peers(cases, peers)}
    args.output.write_text(page(cases, peers, reports), encoding="utf-8")


if __name__ == "__main__":
    main()
