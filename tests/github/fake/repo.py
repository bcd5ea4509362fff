"""A bare repository as GitHub keeps it, and the commits that GitHub itself makes in it."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.github.fake.state import CommitFacts, Refused, Stamp

CONFIG = """
[core]
	repositoryformatversion = 0
	bare = true
[gc]
	auto = 0
[http]
	receivepack = true
[uploadpack]
	allowAnySHA1InWant = true
	allowFilter = true
[transfer]
	hideRefs = refs/fake
[receive]
	hideRefs = refs/pull
"""
# GitHub's words for a push to a protected branch.
UPDATE_HOOK = """#!/bin/sh
if grep -qxF "$1" "$GIT_DIR/protected" 2>/dev/null; then
    echo "error: GH006: Protected branch update failed for $1." >&2
    exit 1
fi
"""
MADE = "refs/fake/made"


def environment(home: Path) -> dict[str, str]:
    """Nothing of the machine's own git configuration."""
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(home),
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "LC_ALL": "C",
    }


class Repo:
    """``folder/<owner>/<name>.git``."""

    def __init__(self, folder: Path, name: str, like: Repo | None = None) -> None:
        self.name = name
        self.path = folder / f"{name}.git"
        self.env = environment(folder)
        self.known: dict[str, CommitFacts] = {}
        self._between: dict[tuple[str, ...], tuple[str, ...]] = {}
        made = ["git", "init", "-q", "--bare", "-b", "main", str(self.path)]
        subprocess.run(made, check=True, env=self.env)
        (self.path / "config").write_text(CONFIG)
        (self.path / "hooks").mkdir(exist_ok=True)
        hook = self.path / "hooks" / "update"
        hook.write_text(UPDATE_HOOK)
        hook.chmod(0o755)
        if like is not None:
            objects = self.path / "objects" / "info" / "alternates"
            objects.parent.mkdir(exist_ok=True)
            objects.write_text(f"{like.path / 'objects'}\n")

    def run(self, *args: str, stdin: bytes = b"", **env: str) -> str:
        """The output of git; ``Refused`` with git's words if it fails."""
        done = self.ask(*args, stdin=stdin, **env)
        if done.returncode:
            raise Refused(f"git {' '.join(args)}: {done.stderr.decode('utf-8', 'replace')}")
        return done.stdout.decode("utf-8", "surrogateescape").strip()

    def ask(self, *args: str, stdin: bytes = b"", **env: str) -> subprocess.CompletedProcess[bytes]:
        command = ["git", "-C", str(self.path), *args]
        return subprocess.run(
            command, input=stdin, env={**self.env, **env}, capture_output=True, check=False
        )

    def refs(self) -> dict[str, str]:
        lines = self.run("for-each-ref", "--format=%(refname) %(objectname)").splitlines()
        return {name: oid for name, _, oid in (line.partition(" ") for line in lines)}

    def tip(self, branch: str) -> str:
        return self.run("rev-parse", "--verify", f"refs/heads/{branch}^{{commit}}")

    def move(self, ref: str, oid: str | None, before: str | None = None) -> None:
        """Set or delete a reference, if it is ``before``."""
        if oid is None:
            self.run("update-ref", "-d", ref)
        else:
            self.run("update-ref", ref, oid, *((before,) if before else ()))

    def is_ancestor(self, older: str, newer: str) -> bool:
        return self.ask("merge-base", "--is-ancestor", older, newer).returncode == 0

    def between(self, base: str, head: str, *more: str) -> tuple[str, ...]:
        """What ``head`` has and ``base`` has not, oldest first."""
        asked = (*more, head, f"^{base}")
        if asked not in self._between:
            said = self.run("rev-list", "--topo-order", "--reverse", *asked)
            self._between[asked] = tuple(said.split())
            self._load(self._between[asked])
        return self._between[asked]

    def facts(self, oid: str) -> CommitFacts:
        self._load((oid,))
        return self.known[oid]

    def has(self, oid: str) -> str | None:
        """The kind of an object, or None."""
        if oid in self.known:
            return "commit"
        done = self.ask("cat-file", "-t", oid)
        return done.stdout.decode().strip() if done.returncode == 0 else None

    def _load(self, oids: Sequence[str]) -> None:
        new = [oid for oid in oids if oid not in self.known]
        if not new:
            return
        out = self.ask("cat-file", "--batch", stdin="\n".join([*new, ""]).encode()).stdout
        for oid in new:
            head, _, out = out.partition(b"\n")
            _, kind, size = head.decode().split()
            if kind != "commit":
                raise Refused(f"{oid} is no commit")
            self.known[oid] = _parsed(oid, out[: int(size)].decode("utf-8", "replace"))
            out = out[int(size) + 1 :]

    def commit(
        self,
        parents: Sequence[str],
        files: Mapping[str, str | None],
        message: str,
        author: Stamp,
        committer: Stamp | None = None,
    ) -> str:
        """A commit with the first parent's files and ``files`` (None deletes)."""
        parts = [f"reset {MADE}\ncommit {MADE}\nmark :1\n", _who("author", author)]
        parts += [_who("committer", committer or author), _data(message)]
        parts += [f"{'merge' if n else 'from'} {oid}\n" for n, oid in enumerate(parents)]
        for path, text in files.items():
            parts.append(
                f"D {path}\n" if text is None else f"M 100644 inline {path}\n{_data(text)}"
            )
        parts.append("\nget-mark :1\ndone\n")
        text = "".join(parts).encode()
        return self.run("fast-import", "--quiet", "--force", "--done", stdin=text)

    def commit_tree(
        self, tree: str, parents: Sequence[str], message: str, author: Stamp, committer: Stamp
    ) -> str:
        flags = [part for parent in parents for part in ("-p", parent)]
        who = {}
        for role, each in (("AUTHOR", author), ("COMMITTER", committer)):
            who[f"GIT_{role}_NAME"], who[f"GIT_{role}_EMAIL"] = each.name, each.email
            who[f"GIT_{role}_DATE"] = f"@{each.at} +0000"
        return self.run("commit-tree", tree, *flags, stdin=message.encode(), **who)

    def merged_tree(self, ours: str, theirs: str) -> str | None:
        """The tree of a merge without conflict. git-merge-tree(1), since git 2.38."""
        done = self.ask("merge-tree", "--write-tree", "--no-messages", ours, theirs)
        return done.stdout.decode().split()[0] if done.returncode == 0 else None

    def picked_tree(self, onto: str, oid: str) -> str | None:
        """The tree of ``oid``'s change upon ``onto``: a merge of two children of its parent."""
        nobody = Stamp("x", "x", 0)
        facts = self.facts(oid)
        (parent,) = facts.parents
        ours = self.commit_tree(self.facts(onto).tree, [parent], "", nobody, nobody)
        theirs = self.commit_tree(facts.tree, [parent], "", nobody, nobody)
        return self.merged_tree(ours, theirs)


def _who(role: str, who: Stamp) -> str:
    return f"{role} {who.name} <{who.email}> {who.at} +0000\n"


def _data(text: str) -> str:
    return f"data {len(text.encode())}\n{text}\n"


def _parsed(oid: str, text: str) -> CommitFacts:
    head, _, message = text.partition("\n\n")
    fields: dict[str, list[str]] = {}
    for line in head.splitlines():
        key, _, value = line.partition(" ")
        fields.setdefault(key, []).append(value)
    return CommitFacts(
        oid,
        fields["tree"][0],
        tuple(fields.get("parent", ())),
        _stamp(fields["author"][0]),
        _stamp(fields["committer"][0]),
        message,
    )


def _stamp(text: str) -> Stamp:
    name, _, rest = text.rpartition(" <")
    email, _, when = rest.partition("> ")
    return Stamp(name, email, int(when.split()[0]))
