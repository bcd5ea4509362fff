"""A repository that is written to: objects, references, the merge of two commits.

What is written has no working tree and no index, so it works in a bare repository, and within
``pre-receive``, where git keeps new objects apart (git-receive-pack(1), "QUARANTINE ENVIRONMENT")
and refuses to move references.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from types import MappingProxyType

from guard.errors import GitError, UsageError
from guard.git import Git, _answers, find_top, git_dir, is_oid

_REMOTE = (
    "protocol.allow=never",
    "protocol.file.allow=always",
    "protocol.git.allow=always",
    "protocol.http.allow=always",
    "protocol.https.allow=always",
    "protocol.ssh.allow=always",
    "core.hooksPath=" + os.devnull,
    "core.fsmonitor=false",
    "core.pager=cat",
    "gc.auto=0",
    "maintenance.auto=false",
)
_FROM_DISK = "core.fsync=committed"
"""A loss of power must not leave a reference to an object that was not written (git 2.36)."""
_PATIENT = "core.filesRefLockTimeout=2000"
_MERGE = (
    "merge.default=text",
    "merge.renames=true",
    "merge.directoryRenames=conflict",
    "merge.renameLimit=7000",
    "merge.renormalize=false",
)
"""git's own defaults, so that a merge gives the same tree wherever it is made."""
_TO_SIGN_IN = ("GIT_SSH", "GIT_SSH_COMMAND", "GIT_SSH_VARIANT", "GIT_ASKPASS")
_LOST = (
    "but expected",
    "reference already exists",
    "unable to resolve reference",
    "cannot lock ref",
    "stale info",
    "fetch first",
    "non-fast-forward",
    "failed to update ref",
    "incorrect old value provided",
)
"""What git says when someone else was first (refs/files-backend.c, receive-pack.c)."""
_STUCK = ("Unable to create", "reference broken")
"""What it says with some of the same words where waiting does not help."""


@dataclass(frozen=True, slots=True)
class Merged:
    """The merge of two commits: its tree, or the paths that conflict."""

    tree: str | None
    conflicts: tuple[str, ...] = ()


class Repository(Git):
    """``Git`` that also writes. Everything raises ``GitError`` where git fails."""

    signs_in: Mapping[str, str] = MappingProxyType({})
    """More of the environment for git where it speaks to a remote: how to sign in."""
    hidden: tuple[str, ...] = ()
    """What of it no message may show, for a server can say back what it was told."""

    def write_blob(self, data: bytes) -> str:
        """Store ``data``; its id."""
        asked = ("hash-object", "-w", "--stdin", "--no-filters")
        return self._id("-c", _FROM_DISK, *asked, stdin=data)

    def blob_id(self, data: bytes) -> str:
        """The id that ``write_blob`` would give; nothing is stored."""
        return self._id("hash-object", "--stdin", "--no-filters", stdin=data)

    def write_trees(self, trees: Sequence[Iterable[tuple[str, str, str]]]) -> tuple[str, ...]:
        """Store trees of ``(mode, oid, name)``, in any order; the id of each."""
        if not trees:
            return ()
        parts = []
        for entries in trees:
            for mode, oid, name in entries:
                kind = "tree" if mode == TREE else "commit" if mode == "160000" else "blob"
                parts.append(f"{mode} {kind} {oid}\t{name}\0")
            parts.append("\0")  # the end of one tree (git-mktree(1), --batch)
        text = "".join(parts).encode("utf-8", "surrogateescape")
        asked = ("-c", _FROM_DISK, "mktree", "-z", "--batch")
        out = self.run(*asked, stdin=text).decode("ascii").split()
        if len(out) != len(trees):
            raise GitError(f"git mktree made {len(out)} of {len(trees)} trees in {self.top}")
        return tuple(out)

    def write_commit(
        self, tree: str, parents: Sequence[str], message: str, *, at: int, by: str = ""
    ) -> str:
        """Store a commit, the same for the same arguments: no configuration takes part.

        ``at`` are seconds since 1970 UTC. ``by`` is the author's name; its bytes are made harmless.
        """
        who = "".join(c for c in by if c not in "<>\n\0").strip(" .,:;\"'\\") or "premerge-guard"
        person = f"{who} <premerge-guard> {max(at, 0)} +0000"
        lines = [f"tree {tree}", *(f"parent {oid}" for oid in parents)]
        lines += [f"author {person}", f"committer {person}", "", message.replace("\0", "")]
        text = "\n".join(lines).encode("utf-8", "surrogateescape")
        asked = ("hash-object", "-w", "-t", "commit", "--stdin")
        return self._id("-c", _FROM_DISK, *asked, stdin=text)

    def write_index(self) -> str:
        """Store the index as a tree; its id. Raises ``GitError`` where paths are unmerged."""
        return self._id("write-tree")

    def merge_tree(self, ours: str, theirs: str) -> Merged:
        """What merging ``theirs`` into ``ours`` gives, by git's own strategy, without a checkout.

        The same in every clone: neither attributes of a working tree nor the configuration choose
        how, and no program of theirs runs (gitattributes(5), "Defining a custom merge driver"; a
        file that one is meant for conflicts). git-merge-tree(1), since git 2.38.
        """
        inside = git_dir(find_top(self.top) or self.top) or self.top
        config = [part for line in (*_MERGE, *self._no_drivers()) for part in ("-c", line)]
        asked = ("merge-tree", "--write-tree", "-z", "--name-only", "--no-messages", ours, theirs)
        # From within the repository: git would read `.gitattributes` of a working tree around it.
        code, out, err = self.start(*config, "-C", inside, *asked).finish()
        if code not in (0, 1):
            raise self._failed(code, err or out, asked)
        fields = out.decode("utf-8", "surrogateescape").split("\0")
        if not is_oid(fields[0]):
            raise self._failed(code, err or out, asked)
        if code == 0:
            return Merged(fields[0])
        return Merged(None, tuple(sorted({path for path in fields[1:] if path})))

    def _no_drivers(self) -> list[str]:
        asked = ("config", "--name-only", "-z", "--get-regexp", r"^merge\..*\.driver$")
        code, out, err = self.start(*asked).finish()
        if code > 1 or err.strip():
            raise self._failed(code, err, asked)
        names = [name for name in out.decode("utf-8", "surrogateescape").split("\0") if name]
        if any("=" in name for name in names):
            raise GitError(f"a merge driver with '=' in its name is configured in {self.top}")
        return [f"{name}=false" for name in dict.fromkeys(names)]

    def is_ancestor(self, old: str, new: str) -> bool:
        """Whether ``old`` is ``new`` or lies in its history."""
        asked = ("merge-base", "--is-ancestor", old, new)
        code, _, err = self.start(*asked).finish()
        if code not in (0, 1):
            raise self._failed(code, err, asked)
        return code == 0

    def tree_of(self, commit: str) -> str:
        """The tree of a commit."""
        return self._id("rev-parse", "--verify", "--end-of-options", f"{commit}^{{tree}}")

    def read_names(self, names: Sequence[str]) -> Iterator[bytes | None]:
        """The content of each ``oid`` or ``oid:path``; ``None`` where there is no such file."""
        for name in names:
            if not is_oid(name.partition(":")[0]) or "\n" in name:
                raise UsageError(f"not an object: {name!r}")
        if not names:
            return
        asked = ("cat-file", "--batch", "--buffer")
        text = ("\n".join(names) + "\n").encode("utf-8", "surrogateescape")
        running = self.start(*asked, stdin=text)
        number = 0
        for found in _answers(running.chunks(), None):
            number += 1
            yield found if isinstance(found, bytes) else None
        if number != len(names):
            raise self._failed(running.code, running.stderr, asked)

    def kinds(self, oids: Sequence[str]) -> dict[str, str]:
        """What kind of object each is (``tree``, ``commit`` ...); without those that are not there.

        One git process.
        """
        if not all(map(is_oid, oids)):
            raise UsageError(f"not all are object ids: {list(oids)[:5]!r}")
        if not oids:
            return {}
        text = ("\n".join(oids) + "\n").encode("ascii")
        asked = ("cat-file", "--batch-check=%(objectname) %(objecttype)", "--buffer")
        lines = self.run(*asked, stdin=text).decode("ascii").splitlines()
        found = (line.split(" ") for line in lines)
        return {oid: kind for oid, kind in found if kind not in ("missing", "ambiguous")}

    def ref(self, name: str) -> str | None:
        """What a reference points to; ``None`` where there is none."""
        return self.refs(name).get(name)

    def refs(self, *patterns: str) -> dict[str, str]:
        """The references that are, or lie below, one of ``patterns``."""
        asked = ("for-each-ref", "--format=%(objectname) %(refname)", *patterns)
        code, out, err = self.start(*asked).finish()
        # "ignoring broken ref" with exit code 0: what cannot be read is not what is not there.
        if code or b"broken ref" in err:
            raise self._failed(code, err, asked)
        # Not splitlines(): the name of a branch may hold U+2028.
        lines = out.decode("utf-8", "surrogateescape").split("\n")
        return {name: oid for oid, _, name in (line.partition(" ") for line in lines if line)}

    def swap(self, changes: Sequence[tuple[str, str | None, str | None]]) -> bool:
        """Move references ``(name, old, new)``, all or none, if each still is at ``old``.

        ``None`` is no reference. False where one is elsewhere by now (git-update-ref(1)).
        """
        none = "0" * len(self.empty_tree())
        lines = [f"update {name} {new or none} {old or none}\n" for name, old, new in changes]
        asked = ("-c", _PATIENT, "update-ref", "--stdin")
        code, _, err = self.start(*asked, stdin="".join(lines).encode()).finish()
        if code and (not _is_lost(err) or _is_stuck(err)):
            raise self._failed(code, err, asked)
        return code == 0

    def fetch(self, remote: str, refs: Sequence[str]) -> dict[str, str]:
        """What those references are at ``remote``; their objects are here afterwards.

        What is seen of the guard's own is kept below ``refs/guard-seen/``, so that the next time
        only what is new is sent: git says what it has by references alone. No other one moves.
        """
        _check_remote(remote)
        asked = ("ls-remote", "--quiet", remote, *refs)
        lines = self._abroad(*asked).decode("utf-8", "surrogateescape").split("\n")
        found = {name: oid for oid, _, name in (line.partition("\t") for line in lines if line)}
        seen = self.refs(_seen(remote, "")) if found else {}
        new = {name: oid for name, oid in found.items() if seen.get(_seen(remote, name)) != oid}
        if new:
            quiet = ("--quiet", "--no-tags", "--no-write-fetch-head", "--no-recurse-submodules")
            self._abroad("fetch", *quiet, "--refmap=", remote, *new)
            self._remember(remote, new)
        return found

    def default_branch(self, remote: str) -> str:
        """The branch that HEAD of ``remote`` points to (git-ls-remote(1), --symref)."""
        _check_remote(remote)
        out = self._abroad("ls-remote", "--symref", remote, "HEAD").decode("utf-8", "replace")
        for line in out.split("\n"):
            name, tab, _ = line.removeprefix("ref: refs/heads/").partition("\t")
            if tab and line.startswith("ref: refs/heads/"):
                return name
        raise GitError(f"{remote}: HEAD is at no branch; name the target with --target")

    def _remember(self, remote: str, found: dict[str, str]) -> None:
        """Keep what was seen. Where that cannot be, no more is lost than time."""
        own = (name for name in found if name.startswith("refs/guard/"))
        lines = [f"update {_seen(remote, name)} {found[name]}\n" for name in own]
        if lines:
            text = "".join(lines).encode("utf-8", "surrogateescape")
            self.start("update-ref", "--stdin", stdin=text).finish()

    def push(self, remote: str, ref: str, old: str | None, new: str | None) -> bool:
        """Move one reference at ``remote`` if it still is at ``old``; False where it is not."""
        _check_remote(remote)
        lease = f"--force-with-lease={ref}:{old or ''}"
        what = f"{new or ''}:{ref}"
        asked = ("push", "--porcelain", "--no-verify", lease, remote, what)
        code, out, err = self._start_abroad(*asked)
        if code and not _is_lost(out + err):
            raise self._failed(code, err or out, asked)
        # "=" is "up to date": it was moved there by someone else, and no lease was looked at.
        moved = code == 0 and not any(line.startswith(b"=") for line in out.splitlines())
        if moved and new is not None:
            self._remember(remote, {ref: new})
        return moved

    def _abroad(self, *args: str) -> bytes:
        code, out, err = self._start_abroad(*args)
        if code:
            raise self._failed(code, err, args)
        return out

    def _start_abroad(self, *args: str) -> tuple[int, bytes, bytes]:
        """Run git with what it needs to sign in: the user asked for a connection by name."""
        from guard._spawn import run

        config = [part for line in _REMOTE for part in ("-c", line)]
        env = dict(self._env)
        env |= {name: os.environ[name] for name in _TO_SIGN_IN if name in os.environ}
        env |= self.signs_in
        argv = [self._program, "--no-pager", "-C", self.top, *config, *args]
        code, out, err = run(argv, None, env)
        for each in self.hidden:
            err = err.replace(each.encode(), b"***")
        return code, out, err

    def _id(self, *args: str, stdin: bytes | None = None) -> str:
        oid = self.run(*args, stdin=stdin).decode("ascii", "replace").strip()
        if not is_oid(oid):
            raise GitError(f"git {' '.join(args)} answered {oid!r} in {self.top}")
        return oid


TREE, FILE = "040000", "100644"


def _seen(remote: str, ref: str) -> str:
    """Where ``ref`` of ``remote``, a name or an address, is kept; without ``ref`` all of them."""
    which = blake2b(remote.encode("utf-8", "surrogateescape"), digest_size=8).hexdigest()
    return f"refs/guard-seen/{which}/{ref.removeprefix('refs/')}"


def _is_lost(said: bytes) -> bool:
    text = said.decode("utf-8", "replace")
    return any(words in text for words in _LOST)


def _is_stuck(said: bytes) -> bool:
    """A lock that a killed git left, a disk that is full: git's own text says what to do."""
    text = said.decode("utf-8", "replace")
    return any(words in text for words in _STUCK)


def _check_remote(remote: str) -> None:
    if not remote or remote.startswith("-") or "::" in remote:
        raise UsageError(f"not a remote: {remote!r}")


__all__ = ["FILE", "TREE", "Merged", "Repository"]
