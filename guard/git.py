"""The only caller of git. ``guard._gitenv`` says how it is called safely.

Paths are relative to ``top``, bytes that are not UTF-8 as surrogate escapes (PEP 383).
"""

from __future__ import annotations

import os

from guard._gitenv import (
    CONFIG,
    OPTIONS,
    environment,
    find_program,
    find_top,
    git_dir,
    mentions_object_format,
    safe_directories,
)
from guard._listing import IndexListing, TreeListing
from guard._spawn import Running, start
from guard._tell import answer
from guard.errors import GitError, UsageError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    Record = tuple[tuple[str, str], tuple[str, str], str, str]

__all__ = ["FILES", "SUBMODULE", "SYMLINK", "Git", "find_top", "git_dir"]

SYMLINK = "120000"
SUBMODULE = "160000"
FILES = ("100644", "100755")

_EMPTY_TREE = {
    "sha1": "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    "sha256": "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}
EMPTY_TREES = frozenset(_EMPTY_TREE.values())
"""The names of the tree without any file."""


class Git:
    """One repository, seen from ``top``: a work tree, a folder in it, or a bare repository.

    ``environ`` is the environment to start from, the process's own by default. Raises ``GitError``
    where git fails or is missing, ``UsageError`` for a revision that does not exist.
    """

    def __init__(self, top: str, environ: Mapping[str, str] | None = None) -> None:
        self.top = os.path.abspath(top)
        ambient = os.environ if environ is None else environ
        self._env = environment(self.top, ambient)
        self._program = find_program(ambient)
        self._config = [part for line in CONFIG for part in ("-c", line)]
        for folder in safe_directories(ambient):
            self._config += ["-c", "safe.directory=" + folder]
        self._format = ""

    def start(self, *args: str, stdin: bytes | None = None) -> Running:
        """Start ``git ARGS`` in ``top`` and return at once."""
        argv = [self._program, *OPTIONS, "-C", self.top, *self._config, *args]
        try:
            running = start(argv, stdin, self._env)
            running.asked = args
            return running
        except OSError as error:
            raise GitError(f"cannot start {self._program}: {error.strerror}") from error

    def run(self, *args: str, stdin: bytes | None = None) -> bytes:
        """The output of ``git ARGS``."""
        return self.collect(self.start(*args, stdin=stdin), args)

    def collect(self, running: Running, args: Iterable[str]) -> bytes:
        """Wait for what ``start`` began. ``args`` are for the message."""
        code, out, err = self._finish(running)
        if code:
            raise self._failed(code, err, args)
        return out

    def _finish(self, running: Running) -> tuple[int, bytes, bytes]:
        said = running.finish()
        answer(self.top, running.asked, said)
        return said

    def _failed(self, code: int, err: bytes, args: Iterable[str]) -> GitError:
        said = err.decode("utf-8", "backslashreplace").strip() or f"exit code {code}"
        return GitError(f"git {' '.join(args)} failed in {self.top}: {said}")

    def resolve(self, rev: str) -> str:
        """The id of the commit that ``rev`` names. ``UsageError`` when there is none."""
        if not rev or rev.startswith("-") or any(c in rev for c in "\0\n"):
            raise UsageError(f"not a revision: {rev!r}")
        asked = ("rev-parse", "--verify", "--quiet", "--end-of-options", rev + "^{commit}")
        code, out, err = self._finish(self.start(*asked))
        oid = out.decode("ascii", "replace").strip()
        if code == 0 and is_oid(oid):
            return oid
        if code in (0, 1) and not err.strip():
            raise UsageError(f"no commit {rev!r} in {self.top}")
        raise self._failed(code, err, asked)

    def head(self) -> str | None:
        """The checked-out commit; ``None`` when the branch has none yet."""
        asked = ("rev-parse", "--verify", "--quiet", "HEAD^{commit}")
        code, out, err = self._finish(self.start(*asked))
        if code == 0:
            return out.decode("ascii").strip()
        if err.strip():
            raise self._failed(code, err, asked)
        return None

    def merge_base(self, one: str, other: str) -> str | None:
        """The best common ancestor; ``None`` without one, as between unrelated histories."""
        asked = ("merge-base", self.resolve(one), self.resolve(other))
        code, out, err = self._finish(self.start(*asked))
        if code == 0:
            return out.decode("ascii").split("\n")[0]
        if code == 1:
            return None
        raise self._failed(code, err, asked)

    def is_shallow(self) -> bool:
        """Whether old history is cut off, so that an ancestor may be missing."""
        return self.run("rev-parse", "--is-shallow-repository").strip() == b"true"

    def object_format(self) -> str:
        """``sha1`` or ``sha256``. Asks git only where the configuration mentions it."""
        if not self._format:
            self._format = "sha1"
            if mentions_object_format(self.top):
                said = self.run("rev-parse", "--show-object-format").decode("ascii").strip()
                if said not in _EMPTY_TREE:
                    raise GitError(f"unknown object format {said!r} in {self.top}")
                self._format = said
        return self._format

    def empty_tree(self) -> str:
        """The id of the tree without any file, which git knows without having it."""
        return _EMPTY_TREE[self.object_format()]

    def start_ls_index(self) -> Running:
        """Begin ``ls_index``; hand the result to ``index_listing`` to read it."""
        return self.start(*diff_index(self.empty_tree()))

    def index_listing(self, running: Running | None = None) -> IndexListing:
        """What a commit of the index would hold. Raises ``GitError`` when paths are unmerged.

        A file that ``git add -N`` announced is not part of it: `ls-files -s` cannot tell that from
        an empty file; the difference from the empty tree can, and it is the index all the same.
        """
        listing = IndexListing(self.collect(running or self.start_ls_index(), _LS_INDEX))
        unmerged = listing.unmerged()
        if unmerged:
            shown = ", ".join(map(repr, unmerged[:5]))
            more = f" and {len(unmerged) - 5} more" if len(unmerged) > 5 else ""
            raise GitError(f"the index has unmerged paths, resolve them first: {shown}{more}")
        return listing

    def ls_index(self) -> list[tuple[str, str, int, str]]:
        """``index_listing`` as ``(mode, oid, stage, path)``; the stage is always 0."""
        return [(mode, oid, 0, path) for mode, oid, path in self.index_listing().entries()]

    def tree_listing(self, commit: str) -> TreeListing:
        """All files of a commit below ``top``, submodules and links too."""
        return TreeListing(self.run("ls-tree", "-r", "-z", self._oid(commit)))

    def ls_tree(self, commit: str) -> list[tuple[str, str, str]]:
        """``tree_listing`` as ``(mode, oid, path)``."""
        return list(self.tree_listing(commit).entries())

    def changed(self, old: str, new: str | None = None) -> list[tuple[str, str | None, str | None]]:
        """The files that differ: ``(path, old id, new id)``; ``None`` where there is no file.

        ``new=None`` compares with the index. Links and submodules count as no file.
        """
        found = []
        for record in self._raw(self._oid(old), None if new is None else self._oid(new)):
            modes, oids, status, path = record
            if status == "U":
                raise GitError(f"the index has unmerged paths, resolve them first: {path!r}")
            sides = [oid if mode in FILES else None for mode, oid in zip(modes, oids, strict=True)]
            if sides[0] != sides[1]:
                found.append((path, sides[0], sides[1]))
        return found

    def changed_paths(self, old: str, new: str | None = None) -> list[str]:
        """All that differs. ``new=None`` compares with the index.

        Links and submodules, which may lead to any number of files, end with a slash.
        """
        found = self._raw(self._oid(old), None if new is None else self._oid(new))
        return sorted(_marked(found))

    def changed_on_disk(self, commit: str) -> list[str]:
        """The files that the work tree has other than a commit, and those that git does not know.

        A file that was touched and not changed may be among them; what git ignores is not. Links,
        submodules and other repositories end with a slash.
        """
        asked = ("diff-index", "--relative", *_RAW, self._oid(commit))
        paths = _marked(records(self.run(*self.without_filters(), *asked)))
        paths.update(path for tag, path in self.ls_files()[0] if tag == "?")
        return sorted(paths)

    def differs_from_index(self) -> list[str]:
        """The files that the work tree has other than the index, and those that git does not know.

        A file that was touched and not changed may be among them; what git ignores is not.
        """
        paths = {
            path
            for _, _, _, path in records(
                self.run(*self.without_filters(), "diff-files", "--relative", *_RAW)
            )
        }
        paths.update(path for tag, path in self.ls_files()[0] if tag == "?")
        return sorted(paths)

    def ignored(self) -> list[str]:
        """What git ignores below ``top``; a folder that is ignored whole ends with a slash."""
        out = self.run("ls-files", "-z", "--others", "--ignored", "--exclude-standard", _FOLDERS)
        return [path for path in out.decode("utf-8", "surrogateescape").split("\0") if path]

    def export_index(self, folder: str) -> None:
        """Write all files of the index below ``folder``. ``top`` must be that of the work tree."""
        prefix = os.path.join(os.path.abspath(folder), "")
        asked = ("checkout-index", "--all", "--force", f"--prefix={prefix}")
        self.run(*self.without_filters(), *asked, "--ignore-skip-worktree-bits")

    def add_worktree(self, folder: str, commit: str) -> None:
        """Check out ``commit``, on no branch, in the new ``folder``: whole, and nothing is run."""
        asked = ("worktree", "add", "--detach", "--quiet", folder, self._oid(commit))
        self.run(*self.without_filters(), "-c", "core.sparseCheckout=false", *asked)

    def remove_worktree(self, folder: str) -> None:
        """Forget the work tree at ``folder`` and all that is in it; it may be gone already."""
        self.run("worktree", "remove", "--force", "--force", folder)

    def worktrees(self) -> list[str]:
        """The folders of all work trees that this repository knows of, there or gone."""
        out = self.run("worktree", "list", "--porcelain").decode("utf-8", "surrogateescape")
        return [line[9:] for line in out.split("\n") if line.startswith("worktree ")]

    def filters(self) -> tuple[str, ...]:
        """The names of the programs that the configuration has git send contents through."""
        asked = ("config", "--name-only", "-z", "--get-regexp", r"^filter\.")
        code, out, err = self._finish(self.start(*asked))
        if code > 1 or err.strip():
            raise self._failed(code, err, asked)
        keys = out.decode("utf-8", "surrogateescape").split("\0")
        return tuple(dict.fromkeys(key[7:].rpartition(".")[0] for key in keys if "." in key[7:]))

    def without_filters(self) -> tuple[str, ...]:
        """Options with which git takes and gives every content as it is."""
        settings = ("clean=", "smudge=", "process=", "required=false")
        return tuple(
            part
            for name in self.filters()
            for setting in settings
            for part in ("-c", f"filter.{name}.{setting}")
        )

    def start_ls_files(self) -> Running:
        """Begin ``ls_files``; hand the result to ``ls_files`` to read it."""
        return self.start(*_LS_FILES)

    def ls_files(
        self, running: Running | None = None, suffixes: tuple[str, ...] = ("",)
    ) -> tuple[list[tuple[str, str]], str]:
        """The work tree's files ``(tag, path)`` by suffix, and what git had to say about it.

        The tag is ``?`` for a file that git neither tracks nor ignores, else ``H``, ``S``, ``M``
        as in git-ls-files(1). Tracked files are listed even where the work tree lacks them.
        """
        running = running or self.start_ls_files()
        out = self.collect(running, _LS_FILES)
        text = out.decode("utf-8", "surrogateescape")
        said = running.stderr.decode("utf-8", "backslashreplace").strip()
        return [
            (line[0], line[2:]) for line in text.split("\0") if line and line.endswith(suffixes)
        ], said

    def read_blobs(
        self, oids: Iterable[str], limit: int | None = None
    ) -> Iterator[tuple[str, bytes | int | None]]:
        """The contents, in order, from one process, each handed on as soon as it is there.

        A number instead of the content is the size of one larger than ``limit`` bytes; ``None``
        is an object that the repository lacks (a shallow or broken one) or that is no blob.
        """
        wanted = list(oids)
        if not wanted:
            return
        for oid in wanted:
            if not is_oid(oid):
                raise UsageError(f"not an object id: {oid!r}")
        asked = ("cat-file", "--batch", "--buffer")
        running = self.start(*asked, stdin=("\n".join(wanted) + "\n").encode("ascii"))
        answers = _answers(running.chunks(), limit)
        for oid in wanted:
            try:
                yield oid, next(answers)
            except StopIteration:
                raise self._failed(running.code, running.stderr, asked) from None

    def read_blob(self, oid: str) -> bytes:
        """The content of one object. Raises ``GitError`` when it is missing."""
        for _, data in self.read_blobs([oid]):
            if isinstance(data, bytes):
                return data
        raise GitError(f"object {oid} is missing in {self.top}")

    def _oid(self, rev: str) -> str:
        return rev if is_oid(rev) else self.resolve(rev)

    def _raw(self, old: str, new: str | None) -> Iterator[Record]:
        if new is None:
            return records(self.run(*diff_index(old)))
        relative = () if git_dir(self.top) == self.top else ("--relative",)
        return records(self.run("diff-tree", "-r", *relative, *_RAW, old, new))


_LS_INDEX = ("diff-index", "--cached", "--ita-invisible-in-index", "--relative")
_RAW = ("--raw", "-z", "--no-renames", "--no-ext-diff", "--no-textconv", "--no-abbrev")
_FOLDERS = "--directory"
_LS_FILES = ("ls-files", "-z", "-t", "--cached", "--others", "--exclude-standard")


def diff_index(oid: str) -> tuple[str, ...]:
    """The question how the index differs from a commit or a tree. ``records`` reads the answer."""
    return (*_LS_INDEX, *_RAW, oid)


def is_fixed(asked: tuple[str, ...]) -> bool:
    """Whether git always gives the same answer, as it is about an object with this very name."""
    if asked[0] == "cat-file":  # the names are on its input, and nothing else can be
        return True
    named = asked[-1].removesuffix("^{commit}")
    return asked[0] in ("ls-tree", "rev-parse") and is_oid(named)


def records(out: bytes) -> Iterator[Record]:
    """The lines of ``git diff --raw -z`` (git docs, diff-format): modes, ids, status, path."""
    fields = out.decode("utf-8", "surrogateescape").split("\0")
    for head, path in zip(fields[0::2], fields[1::2], strict=False):
        old_mode, new_mode, old_oid, new_oid, status = head[1:].split(" ")
        yield (old_mode, new_mode), (old_oid, new_oid), status[0], path


def _marked(found: Iterable[Record]) -> set[str]:
    special = {SYMLINK, SUBMODULE}
    return {path if special.isdisjoint(modes) else path + "/" for modes, _, _, path in found}


def _answers(chunks: Iterator[bytes], limit: int | None) -> Iterator[bytes | int | None]:
    """Cut the stream of ``git cat-file --batch`` into contents, none of them over the limit."""
    buffer = bytearray()
    for chunk in chunks:
        buffer += chunk
        while (end := buffer.find(b"\n")) >= 0:
            fields = bytes(buffer[:end]).split(b" ")
            if len(fields) != 3:  # "<oid> missing"
                del buffer[: end + 1]
                yield None
                continue
            size = int(fields[2])
            del buffer[: end + 1]
            keep = limit is None or size <= limit
            left = size + 1  # a line feed ends the content
            parts: list[bytes] = []
            while left > len(buffer):
                left -= len(buffer)
                if keep:
                    parts.append(bytes(buffer))
                buffer = bytearray(next(chunks, b""))
                if not buffer:
                    return
            if not keep:
                yield size
            elif fields[1] != b"blob":
                yield None
            else:
                parts.append(bytes(buffer[:left]))
                yield b"".join(parts)[:-1]
            del buffer[:left]


def is_oid(text: str) -> bool:
    """Whether this is the full name of an object."""
    return len(text) in (40, 64) and not text.strip("0123456789abcdef")
