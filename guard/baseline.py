"""The baseline: findings that are known and accepted, so that only new ones block.

A JSON file, one entry a line, sorted, so that a change of it reads well in a review:

    {"version": 1, "findings": [
    {"id": "...", "rule": "...", "path": "...", "name": "...", "count": 1}
    ]}

An entry stands for ``count`` findings with that id (``Finding.id`` survives a move to another
line). More findings than that are new; fewer make the entry stale.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from guard.errors import PolicyError
from guard.model import Finding, Level, Place, When
from guard.rule import SourceRule

MAX_BYTES = 64 * 1024 * 1024


class StaleBaselineEntry(SourceRule):
    """An entry of the baseline that matches no finding any more.

    The baseline file lists the findings of an old code base that are accepted for now. When one of
    them is mended its entry must go: left in place, it would let the same fault in again. An entry
    is only called stale when its rule really judged its file, or the file is gone.

    Mend: run `guard check --write-baseline`, or delete the entry's line.
    """

    id = "stale-baseline-entry"
    summary = "An entry of the baseline matches no finding any more."
    default_level = Level.ERROR


STALE_ENTRY = StaleBaselineEntry()


@dataclass(frozen=True, slots=True)
class Entry:
    """``count`` accepted findings with one id. ``line`` is where the file holds it."""

    id: str
    rule: str
    path: str
    name: str
    count: int = 1
    line: int = 1


@dataclass(frozen=True, slots=True)
class Baseline:
    """The accepted findings and the path of their file."""

    path: str
    entries: tuple[Entry, ...] = ()

    def split(self, findings: Iterable[Finding]) -> tuple[tuple[Finding, ...], Counter[str]]:
        """The findings that are new, and how many of each entry (by id) were matched."""
        room = {entry.id: entry.count for entry in self.entries}
        new: list[Finding] = []
        matched: Counter[str] = Counter()
        for finding in findings:
            if matched[finding.id] < room.get(finding.id, 0):
                matched[finding.id] += 1
            else:
                new.append(finding)
        return tuple(new), matched

    def stale(self, matched: Counter[str], judged: Callable[[str, str], bool]) -> Iterable[Finding]:
        """The entries that match too little, where ``judged(rule, path)`` says that it counts."""
        for entry in self.entries:
            seen = matched[entry.id]
            if seen < entry.count and judged(entry.rule, entry.path):
                yield self._finding(entry, seen)

    def _finding(self, entry: Entry, seen: int) -> Finding:
        of = "no finding" if not seen else f"{seen} of its {entry.count} findings"
        return Finding(
            rule=STALE_ENTRY.id,
            place=Place(self.path, entry.line, 1),
            name=entry.name,
            message=f"entry {entry.id} ({entry.rule}, {entry.path}, {entry.name}) matches {of}",
            raises="",
            when=When.IMPORT,
            fix="Write the baseline anew, or take the entry out.",
        )


def make_baseline(findings: Iterable[Finding]) -> tuple[Entry, ...]:
    """One entry for each id, sorted by path, rule and name. Stale entries are never accepted."""
    kept = [finding for finding in findings if finding.rule != STALE_ENTRY.id]
    counts = Counter(finding.id for finding in kept)
    by_id = {finding.id: finding for finding in kept}
    entries = [
        Entry(key, by_id[key].rule, by_id[key].place.path, by_id[key].name, count)
        for key, count in counts.items()
    ]
    return tuple(sorted(entries, key=lambda entry: (entry.path, entry.rule, entry.name, entry.id)))


def render_baseline(findings: Iterable[Finding]) -> str:
    """The text of a baseline file that accepts ``findings``; pure ASCII, ends in a newline."""
    import json

    lines = [
        json.dumps(
            {
                "id": entry.id,
                "rule": entry.rule,
                "path": entry.path,
                "name": entry.name,
                "count": entry.count,
            }
        )
        for entry in make_baseline(findings)
    ]
    return '{"version": 1, "findings": [\n' + ",\n".join(lines) + ("\n" if lines else "") + "]}\n"


def read_baseline(top: str, path: str) -> Baseline:
    """The baseline file ``path`` below ``top``. Raises ``PolicyError``: a missing file blocks."""
    try:
        with open(os.path.join(top, path), "rb") as file:
            return parse_baseline(file.read(MAX_BYTES + 1), path)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        mend = "write it with `guard check --write-baseline`, or take 'baseline' out of the policy"
        raise PolicyError([f"{path}:1:1: the baseline cannot be read: {reason}; {mend}"]) from error


def parse_baseline(data: bytes, path: str) -> Baseline:
    """The baseline in ``data``; raises ``PolicyError`` with every problem, by line."""
    import json

    if len(data) > MAX_BYTES:
        raise PolicyError([f"{path}:1:1: the baseline has more than {MAX_BYTES} bytes"])
    try:
        text = data.decode("utf-8-sig")
        root = json.loads(text, object_pairs_hook=_pairs)
    except json.JSONDecodeError as error:
        raise PolicyError(
            [f"{path}:{error.lineno}:{error.colno}: not JSON: {error.msg}"]
        ) from error
    except (ValueError, RecursionError) as error:
        raise PolicyError([f"{path}:1:1: not a baseline: {error}"]) from error
    if not isinstance(root, dict) or set(root) != {"version", "findings"} or not _is_one(root):
        raise PolicyError(
            [f"{path}:1:1: not a baseline: wanted the keys 'version' (1), 'findings'"]
        )
    if not isinstance(root["findings"], list):
        raise PolicyError([f"{path}:1:1: 'findings' must be a list"])
    lines = _Lines(text)
    entries: list[Entry] = []
    problems: list[str] = []
    seen: set[str] = set()
    for value in root["findings"]:
        line = lines.next(value)
        fault = _fault(value)
        if not fault and value["id"] in seen:
            fault = f"id {value['id']!r} is there twice"
        if fault:
            problems.append(f"{path}:{line}:1: {fault}")
        else:
            seen.add(value["id"])
            entries.append(Entry(**value, line=line))
    if problems:
        raise PolicyError(problems)
    return Baseline(path, tuple(entries))


def _is_one(root: dict[str, Any]) -> bool:
    return type(root["version"]) is int and root["version"] == 1


_TYPES: dict[str, type] = {"id": str, "rule": str, "path": str, "name": str, "count": int}


def _fault(value: Any) -> str:
    if not isinstance(value, dict):
        return "an entry must be an object"
    for key in value:
        if key not in _TYPES:
            return f"unknown key {key!r}; allowed: {', '.join(_TYPES)}"
    for key, kind in _TYPES.items():
        if key == "count" and key not in value:
            continue
        if key not in value:
            return f"missing key {key!r}"
        if type(value[key]) is not kind:
            return f"{key!r} must be {'a whole number' if kind is int else 'text'}"
    return "" if value.get("count", 1) >= 1 else "'count' must be at least 1"


def _pairs(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    value = dict(pairs)
    if len(value) < len(pairs):
        raise ValueError(f"a key is there twice among {', '.join(key for key, _ in pairs)}")
    return value


class _Lines:
    """Where each entry stands: ``json`` keeps no positions, but ids are in order and in quotes."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line = 1

    def next(self, value: Any) -> int:
        import json

        key = value.get("id") if isinstance(value, dict) else None
        at = self._text.find(json.dumps(key), self._at) if isinstance(key, str) else -1
        if at >= 0:
            self._line += self._text.count("\n", self._at, at)
            self._at = at + 1
        return self._line
