"""Tell that no rule can notice a staged change, without asking the rules.

Rules know a file by its facts, by what they read of it, and by its being there. A record of
``guard check --staged`` keeps which extractors were asked about which files, and which files were
read. If the files of a new change have the same facts as before, by each extractor that was asked
about them, then every rule would say of the index what it said in the recorded run, and of HEAD
too: the change causes nothing. Most commits change what functions do, and are of this kind.
"""

from __future__ import annotations

import marshal
import sys

from guard._paths import SUFFIXES
from guard._store import canonical
from guard.facts import BlobReader, Facts
from guard.git import FILES, Git, diff_index, records

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
    from typing import Any

    from guard._record import Answer, Basis, Record, Said, Trace
    from guard._workers import Content, Item

    Sides = tuple[str | None, str | None]
    """The blobs of a file before and after; ``None`` where it is not there."""

_ABSENT = "000000"


def basis_of(heard: Iterable[tuple[str, Any]], answers: Sequence[Answer]) -> Basis | None:
    """What a later change can be held against, from the events of a run that found nothing.

    ``None`` unless git was asked what is staged and nothing else, and none of that was read: then
    what is staged is of no consequence but for the facts.
    """
    if [asked[0] for _, asked, *_ in answers] != ["rev-parse", "diff-index"]:
        return None
    _, asked, _, out, _ = answers[1]
    head = answers[0][3].decode("ascii", "replace").strip()
    staged = _sides(out)
    read = frozenset(args[0] for event, args in heard if event == "guard.read")
    if asked != diff_index(head) or not staged or not read.isdisjoint(staged):
        return None
    traces: dict[str, Trace] = {}
    folders = set()
    for event, args in heard:
        if event != "guard.facts":
            continue
        folder, extractor, paths = args
        folders.add(folder)
        function = extractor.extract
        trace = traces.setdefault(
            canonical((extractor.name, extractor.version, extractor.params)),
            {
                "name": extractor.name,
                "version": extractor.version,
                "params": extractor.params,
                "module": function.__module__,
                "function": function.__qualname__,
                "paths": frozenset(),
            },
        )
        known = trace["paths"]
        trace["paths"] = None if paths is None or known is None else known.union(paths)
    found = list(traces.values())
    try:
        marshal.dumps(found)
    except ValueError:  # a plugin's parameters that cannot be kept
        return None
    if len(folders) != 1 or None in folders:
        return None
    return {"folder": folders.pop(), "traces": found, "read": read}


def renewed(record: Record, said: Sequence[Said]) -> Record | None:
    """The record for the index and HEAD of today; ``None`` if a rule might notice a difference.

    ``said`` is what git answers today to the two questions of the record: which commit HEAD is, and
    how the index differs from the commit that HEAD was then.
    """
    basis = record["basis"]
    (top, asked, *_), (_, _, _, before, _) = record["answers"]
    (code, head, _), (other_code, now, _) = said
    if basis is None or code or other_code:
        return None
    git = Git(top)
    question = diff_index(head.decode("ascii").strip())
    staged = now if question == record["answers"][1][1] else git.run(*question)
    sides = _sides(before), _sides(now), _sides(staged)
    if sides[0] is None or sides[1] is None or sides[2] is None:
        return None
    if all(old == new for old, new in sides[2].values()):
        return None  # with nothing staged, the whole index is reported
    versions = _versions(sides[0], sides[1], sides[2])
    python = {path: blobs for path, blobs in versions.items() if path.endswith(SUFFIXES)}
    added_or_deleted = any(None in blobs for blobs in python.values())
    if added_or_deleted or not basis["read"].isdisjoint(versions):
        return None
    if not _have_equal_facts(python, basis, git):
        return None
    return {**record, "answers": [(top, asked, *said[0]), (top, question, 0, staged, b"")]}


def _sides(out: bytes) -> dict[str, Sides] | None:
    """What differs; ``None`` if there is anything but plain files among it."""
    found = {}
    for modes, oids, _, path in records(out):
        if any(mode not in FILES and mode != _ABSENT for mode in modes):
            return None
        found[path] = (
            None if modes[0] == _ABSENT else oids[0],
            None if modes[1] == _ABSENT else oids[1],
        )
    return found


def _versions(
    then: Mapping[str, Sides], now: Mapping[str, Sides], staged: Mapping[str, Sides]
) -> dict[str, set[str | None]]:
    """The contents of each file that differs between the recorded index, the index and HEAD.

    ``then`` and ``now`` lead from one commit to the two indexes, ``staged`` from HEAD to the last.
    """
    found = {}
    for path in {*then, *now, *staged}:
        common = next((side[path][0] for side in (then, now) if path in side), None)
        if path not in then and path not in now:
            common = staged[path][1]
        in_index = now[path][1] if path in now else common
        recorded = then[path][1] if path in then else common
        in_head = staged[path][0] if path in staged else in_index
        blobs = {recorded, in_index, in_head}
        if len(blobs) > 1:
            found[path] = blobs
    return found


def _have_equal_facts(versions: Mapping[str, set[str | None]], basis: Basis, git: Git) -> bool:
    store = Facts(_ReadOnce(git), basis["folder"], jobs=1)
    for trace in basis["traces"]:
        asked = {
            path: blobs
            for path, blobs in versions.items()
            if trace["paths"] is None or path in trace["paths"]
        }
        keys = {oid: bytes.fromhex(oid) for blobs in asked.values() for oid in blobs if oid}
        extractor: Any = _Extractor(trace)
        facts, *_ = store.of(extractor, keys, {}, sys.maxsize, lambda *_: None)
        for blobs in asked.values():
            first, *others = (facts.get(oid or "", _Differs) for oid in blobs)
            if first is _Differs or any(first != other for other in others):
                return False
    return True


class _Differs:
    """In place of a fact that could not be had."""


class _Extractor:
    """A ``guard.rule.Extractor`` from its record. The original is slow to import."""

    def __init__(self, trace: Trace) -> None:
        from importlib import import_module

        self.name = trace["name"]
        self.version = trace["version"]
        self.params = trace["params"]
        self.extract: Callable[..., Any] = getattr(
            import_module(trace["module"]), trace["function"]
        )


class _ReadOnce(BlobReader):
    """Asks git once for what several extractors want."""

    def __init__(self, git: Git) -> None:
        super().__init__(git)
        self._contents: dict[str, Content] = {}

    def read(self, items: Sequence[Item]) -> Iterator[Content]:
        missing = [item for item in items if item[0] not in self._contents]
        for content in super().read(missing):
            self._contents[content[0]] = content
        for path, _ in items:
            yield self._contents[path]
