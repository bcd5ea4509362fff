"""The lists of files that git prints, read without touching the records that nobody asks for.

A repository has far more files than Python files; taking a record apart costs more than git did.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Entry = tuple[str, str, str]
    """Mode, object id, path."""


class TreeListing:
    """The output of ``git ls-tree -r -z`` (git-ls-tree(1), "OUTPUT FORMAT")."""

    _before_path = "\t"

    def __init__(self, out: bytes) -> None:
        self._text = "\0" + out.decode("utf-8", "surrogateescape")

    def entries(self, suffixes: tuple[str, ...] = ("",)) -> Iterator[Entry]:
        """The files with one of these endings, in git's order."""
        for record in self._text.split("\0"):
            if record.endswith(suffixes) and record:
                head, _, path = record.partition("\t")
                yield (*_mode_and_oid(head), path)

    def get(self, path: str) -> tuple[str, str] | None:
        """Mode and id of one file."""
        for start, end in self._places(path):
            if self._text.find("\t", start) == end:  # else it is a tab within another name
                return _mode_and_oid(self._text[start:end])
        return None

    def _places(self, path: str) -> Iterator[tuple[int, int]]:
        """Start and end of what may be the head that belongs to ``path``."""
        text = self._text
        wanted = self._before_path + path  # no NUL at the end: rare last letters are found faster
        at = text.find(wanted, 1) if path else -1
        while at >= 0:
            if text.startswith("\0", at + len(wanted)):
                yield text.rfind("\0", 0, at) + 1, at
            at = text.find(wanted, at + 1)

    def has_folder(self, path: str) -> bool:
        """Whether there is a file below ``path``."""
        return f"{self._before_path}{path}/" in self._text

    def submodules(self) -> list[str]:
        """The paths at which another repository is recorded."""
        if "160000 " not in self._text:
            return []
        return [path for mode, _, path in self.entries() if mode == "160000"]


class IndexListing(TreeListing):
    """The output of ``git diff-index --cached --raw -z`` against the empty tree (git docs,

    diff-format): every file of the index is an added one, or an unmerged one.
    """

    _before_path = "\0"

    def entries(self, suffixes: tuple[str, ...] = ("",)) -> Iterator[Entry]:
        fields = self._text.split("\0")
        for head, path in zip(fields[1::2], fields[2::2], strict=False):
            if path.endswith(suffixes):
                yield (*_mode_and_oid(head), path)

    def get(self, path: str) -> tuple[str, str] | None:
        for start, end in self._places(path):
            return _mode_and_oid(self._text[start:end])
        return None

    def unmerged(self) -> list[str]:
        """The paths in conflict."""
        if " U\0" not in self._text:
            return []
        fields = self._text.split("\0")
        pairs = zip(fields[1::2], fields[2::2], strict=False)
        return sorted({path for head, path in pairs if head.endswith(" U")})


def _mode_and_oid(head: str) -> tuple[str, str]:
    if head.startswith(":"):
        _, mode, _, oid, _ = head.split(" ")
    else:
        mode, _, oid = head.split(" ")
    return mode, oid
