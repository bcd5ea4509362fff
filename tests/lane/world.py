"""A bare repository with a protected branch, and short ways to make history in it."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from guard.change import Commit, Evidence, LaneRecord, Origin, Provenance, RecordKind, Signal
from guard.keeper import Keeper
from guard.landings import Push, Reader
from guard.model import Verdict
from guard.options import Duration
from guard.records import Records
from guard.refs import LocalRefs
from guard.repository import FILE, TREE, Repository
from guard.settings import LanePath, LaneSettings

BOT = "robot@example.org"
ADA = "ada@example.org"
LANES = LaneSettings(
    lanes=(LanePath("api", ("api/",)), LanePath("web", ("web/",))),
    soak=Duration(100),
    deadline=Duration(1000),
    turn=Duration(50),
)


def judge(commits: tuple[Commit, ...]) -> Provenance:
    """An AI's if the robot wrote or committed any of it; who only merges is not asked."""
    for each in commits:
        if BOT in (each.author.email, each.committer.email) and len(each.parents) < 2:
            return Provenance(Origin.AI, (Signal("B", "robot", BOT, each.rev[:7]),))
    return Provenance(Origin.UNDECLARED)


@dataclass
class World:
    """Commits are made from whole trees, written as ``{"api/a.py": "text"}``."""

    top: Path
    git: Repository
    lane: LaneSettings = LANES
    pushes: tuple[Push, ...] = ()
    files: dict[str, dict[str, str]] = field(default_factory=dict)
    known: dict[object, str] = field(default_factory=dict)
    """The names of blobs and trees that were written."""

    def commit(
        self,
        change: dict[str, str | None],
        *parents: str,
        by: str = ADA,
        message: str = "x",
        merged: bool = False,
    ) -> str:
        """A commit upon its first parent with ``change``; of a merge, with the files of all."""
        files: dict[str, str] = {}
        for parent in parents if merged else parents[:1]:
            files |= self.files[parent]
        for path, text in change.items():
            files[path] = text or ""
            if text is None:
                del files[path]
        tree = self._tree(files)
        lines = [f"tree {tree}", *(f"parent {each}" for each in parents)]
        lines += [f"author A <{by}> 1 +0000", f"committer A <{by}> 1 +0000", "", message, ""]
        text = "\n".join(lines).encode()
        asked = ("hash-object", "-w", "-t", "commit", "--stdin")
        oid = self.git.run(*asked, stdin=text).decode().strip()
        self.files[oid] = files
        return oid

    def merge(self, ours: str, theirs: str, by: str = ADA, **change: str | None) -> str:
        """What git makes of the two, with ``change`` besides; ``a`` is the file ``a.py``."""
        edits = {f"{name.replace('__', '/')}.py": text for name, text in change.items()}
        return self.commit(edits, ours, theirs, by=by, merged=True, message="Merge branch 'x'")

    def _tree(self, files: dict[str, str]) -> str:
        folders: dict[str, list[tuple[str, str, str]]] = {"": []}
        for path, text in files.items():
            folder, _, name = path.rpartition("/")
            folders.setdefault(folder, []).append((FILE, self._blob(text), name))
        for folder in [each for each in folders if each]:
            folders[""].append((TREE, self._folder(tuple(folders[folder])), folder))
        return self._folder(tuple(folders[""]))

    def _blob(self, text: str) -> str:
        if text not in self.known:
            self.known[text] = self.git.write_blob(text.encode())
        return self.known[text]

    def _folder(self, entries: tuple[tuple[str, str, str], ...]) -> str:
        if entries not in self.known:
            (self.known[entries],) = self.git.write_trees([entries])
        return self.known[entries]

    def tree(self, rev: str) -> str:
        return self.git.tree_of(rev)

    def move(self, rev: str, branch: str = "main") -> str:
        """Set a branch, whatever it was."""
        self.git.run("update-ref", f"refs/heads/{branch}", rev)
        return rev

    @property
    def tip(self) -> str:
        found = self.git.ref("refs/heads/main")
        assert found
        return found

    @property
    def records(self) -> Records:
        """Fresh, as each run of the guard has them."""
        return Records(self.git, LocalRefs(self.git))

    @property
    def reader(self) -> Reader:
        return Reader(self.git, self.records, self.lane, judge, self.pushes)

    @property
    def keeper(self) -> Keeper:
        return Keeper(self.reader, LocalRefs(self.git), "main", "")

    def write(self, kind: str, rev: str, at: int = 0, **more: Any) -> None:
        record = LaneRecord(RecordKind(kind), rev, at, more.pop("by", "t"), **more)
        self.records.append_lane("main", lambda _: (record,))

    def prove(self, rev: str, verdict: str = "pass", at: int = 1) -> None:
        found = Evidence(self.tree(rev), "check", Verdict(verdict), "e1", (), "", "1", at)
        self.records.record_evidence([found])

    def landings(self) -> list[tuple[str, str]]:
        facts = self.keeper.history().facts
        assert facts.faults == ()
        return [(each.base, each.rev) for each in facts.landings]

    def units(self, base: str, rev: str) -> list[tuple[str, str]]:
        found = self.reader.units(self.keeper.history(), base, rev)
        return [(each.base, each.rev) for each in found]


def shell(folder: Path, *args: str) -> str:
    command = ["git", "-C", str(folder), *args]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
