"""Read the cases under ``cases/``. The format is described in README.md."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

Version = tuple[int, int]

HERE = Path(__file__).resolve().parent
CATEGORIES = ("single", "cross", "runtime")
ENTRY = "main.py"
OLDEST: Version = (3, 9)

SNIPPETS = {
    "%guard": (
        "from typing import TYPE_CHECKING\n"
        "\n"
        "if TYPE_CHECKING:\n"
        "    from fractions import Fraction\n"
    ),
}
SNIPPETS["%future-guard"] = "from __future__ import annotations\n\n" + SNIPPETS["%guard"]

_HEADER = re.compile(r"=== ([bcv]_\w+) \| (.+)")
_OPTION = re.compile(r": (python|level)(?: (\S+))")
_FILE = re.compile(r"--- (\S+)( unloaded)?")
_MARK = re.compile(
    r"#(?:(!|also) ([^\s@]+)|(raised|dead))(?: ([A-Z]\w*Error))?(?: @(\S+))?\s*(?=$|#)"
)
_CONDITION = re.compile(r"(<=|>=|==|<|>)(\d+)\.(\d+)")


class CorpusError(Exception):
    """A case that does not follow the format."""


@dataclass(frozen=True)
class Mark:
    """A comment at the end of a line that says what happens there."""

    kind: str
    path: str
    line: int
    names: tuple[str, ...]
    error: str
    condition: str

    def names_match(self, name: str) -> bool:
        """Whether a reported name means this one: in full, or by its last part."""
        return any(name in (own, own.rpartition(".")[2]) for own in self.names)


@dataclass(frozen=True)
class Case:
    """One small project with its truth."""

    id: str
    category: str
    what: str
    files: tuple[tuple[str, str], ...]
    marks: tuple[Mark, ...]
    unloaded: frozenset[str]
    requires: str
    fringe: bool

    @property
    def topic(self) -> str:
        """The file that holds the case, without its ending."""
        return self.id.rpartition("/")[0]

    @property
    def name(self) -> str:
        """The last part of the id."""
        return self.id.rpartition("/")[2]

    def runs_on(self, version: Version) -> bool:
        """Whether the case's syntax and library exist in ``version``."""
        return version >= OLDEST and holds(self.requires, version)

    def active(self, kind: str, version: Version) -> tuple[Mark, ...]:
        """The marks of one kind that speak about ``version``."""
        return tuple(m for m in self.marks if m.kind == kind and holds(m.condition, version))

    def failure(self, version: Version) -> Mark | None:
        """Where and how ``version`` fails, or ``None`` where it runs to the end."""
        found = self.active("!", version)
        if len(found) > 1:
            raise CorpusError(f"{self.id}: more than one failure is marked for {version}")
        return found[0] if found else None

    def dead(self, version: Version) -> frozenset[tuple[str, int]]:
        """The lines that are not executed."""
        return frozenset((m.path, m.line) for m in self.active("dead", version))

    def write(self, folder: Path) -> Path:
        """Write the files below ``folder``; the path of the entry comes out."""
        for path, text in self.files:
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return folder / ENTRY


def holds(condition: str, version: Version) -> bool:
    """Whether ``version`` satisfies ``>=3.12,<3.14`` or the like; nothing always holds."""
    for part in filter(None, condition.split(",")):
        match = _CONDITION.fullmatch(part)
        if not match:
            raise CorpusError(f"unreadable version condition {condition!r}")
        wanted = (int(match[2]), int(match[3]))
        answers = {
            "<": version < wanted,
            "<=": version <= wanted,
            ">": version > wanted,
            ">=": version >= wanted,
            "==": version == wanted,
        }
        if not answers[match[1]]:
            return False
    return True


@lru_cache(maxsize=1)
def load_cases() -> tuple[Case, ...]:
    """Every case, in the order of the files. Raises ``CorpusError`` on a format error."""
    cases: list[Case] = []
    for category in CATEGORIES:
        for path in sorted((HERE / "cases" / category).glob("*.cases")):
            cases += _read(category, path)
    ids = [case.id for case in cases]
    double = {i for i in ids if ids.count(i) > 1}
    if double:
        raise CorpusError(f"used twice: {sorted(double)}")
    return tuple(cases)


def _read(category: str, path: Path) -> list[Case]:
    chunks: list[list[str]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        if line.startswith("==="):
            chunks.append([])
        if chunks:
            chunks[-1].append(line)
        elif line and not line.startswith("#"):
            raise CorpusError(f"{path}: text before the first case: {line!r}")
    return [_case(category, path, chunk) for chunk in chunks]


def _case(category: str, path: Path, lines: list[str]) -> Case:
    header = _HEADER.fullmatch(lines[0])
    if not header:
        raise CorpusError(f"{path}: unreadable header {lines[0]!r}")
    ident = f"{category}/{path.stem}/{header[1]}"
    options: dict[str, str] = {}
    body: list[str] = []
    for line in lines[1:]:
        option = _OPTION.fullmatch(line)
        if option and not body:
            options[option[1]] = option[2]
        else:
            body.append(line)
    files, unloaded = _split(ident, body)
    marks = tuple(mark for name, text in files for mark in _marks(ident, name, text))
    case = Case(
        id=ident,
        category=category,
        what=header[2],
        files=files,
        marks=marks,
        unloaded=unloaded,
        requires=options.get("python", ""),
        fringe=options.get("level") == "fringe",
    )
    _check(case)
    return case


def _split(ident: str, body: list[str]) -> tuple[tuple[tuple[str, str], ...], frozenset[str]]:
    files: dict[str, list[str]] = {}
    unloaded = set()
    name = ENTRY
    for line in body:
        start = _FILE.fullmatch(line)
        if start:
            name = start[1]
            files[name] = []
            if start[2]:
                unloaded.add(name)
        elif line.strip() or name in files:
            files.setdefault(name, []).append(SNIPPETS.get(line, line + "\n"))
    if ENTRY not in files:
        raise CorpusError(f"{ident}: no {ENTRY}")
    texts = tuple(
        (n, t if t.strip() else "") for n, t in ((n, "".join(p)) for n, p in files.items())
    )
    return tuple((n, t.rstrip("\n") + "\n" if t else "") for n, t in texts), frozenset(unloaded)


def _marks(ident: str, path: str, text: str) -> list[Mark]:
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        matches = list(_MARK.finditer(line))
        for match in matches:
            named, names, plain, error, condition = match.groups()
            found.append(
                Mark(
                    kind=named or plain,
                    path=path,
                    line=number,
                    names=tuple(names.split("|")) if names else (),
                    error=error or "NameError",
                    condition=condition or "",
                )
            )
        if len(matches) != len(re.findall(r"#(?:!|also\b|raised\b|dead\b)", line)):
            raise CorpusError(f"{ident}: {path}:{number}: unreadable mark {line!r}")
    return found


def _check(case: Case) -> None:
    failures = [m for m in case.marks if m.kind == "!"]
    kind = case.name[0]
    depends = any(m.condition for m in failures)
    wanted = {"b": bool(failures) and not depends, "c": not failures, "v": depends}
    if not wanted[kind]:
        raise CorpusError(f"{case.id}: the prefix does not agree with the marks")
