"""Which modules are imported, and for each file that is not, why.

By default all that an import statement can name, without tests, scripts and what other tools run.
The user narrows it by names, and by exclusions with a reason; nothing is left out in silence.
"""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from guard.errors import UsageError
from guard.globs import Globs
from guard.observed import Excluded
from guard.rule import Project


@dataclass(frozen=True, slots=True)
class OptionalRule:
    """Modules that may fail, and how: the policy's word."""

    modules: tuple[str, ...]
    """Dotted names; ``*`` stands for anything, dots too."""
    reason: str
    raises: str = ""
    missing: str = ""


@dataclass(frozen=True, slots=True)
class Chosen:
    """A module to import."""

    module: str
    path: str
    optional: str = ""
    """The declared reason for which it may fail."""


@dataclass(frozen=True, slots=True)
class Main:
    """A package that can be run with ``python -m``."""

    package: str
    path: str
    """Its ``__main__.py``."""


@dataclass(frozen=True, slots=True)
class Selection:
    """What to import, and what not. Without modules it is no pass: the caller must say so."""

    modules: tuple[Chosen, ...]
    excluded: tuple[Excluded, ...] = ()
    mains: tuple[Main, ...] = ()
    notes: tuple[str, ...] = ()
    """Declarations that match nothing."""


_WORDS = re.compile(r"\w+(?:\.\w+)*")
TOOLS = frozenset(("setup.py", "noxfile.py", "toxfile.py", "fabfile.py", "dodo.py"))
_FOLDERS = {
    "docs": "documentation",
    "doc": "documentation",
    "examples": "an example",
    "example": "an example",
    "samples": "an example",
    "demos": "an example",
    "benchmarks": "a benchmark",
    "benchmark": "a benchmark",
    "asv_bench": "a benchmark",
    "test": "a test",
}
"""What folders outside of any package hold, by custom."""


def choose(
    project: Project,
    named: Sequence[str] = (),
    exclude: Sequence[tuple[tuple[str, ...], str]] = (),
    optional: Sequence[OptionalRule] = (),
) -> Selection:
    """The modules to import.

    ``named`` are dotted modules, files and folders relative to the top; a package or a folder means
    all in it; none means the whole project. Who names a file wants it even where it is left out by
    default (a test), but not where ``exclude`` (patterns and a reason) covers it.
    Raises ``UsageError`` for a name that matches nothing, with the nearest that would.
    """
    files = _Files(project)
    wanted = files.wanted(named)
    covers = [(Globs(patterns), reason) for patterns, reason in exclude]
    modules: list[Chosen] = []
    excluded: list[Excluded] = []
    mains: list[Main] = []
    used: set[int] = set()
    for path, below in wanted.items():
        at = next((at for at, (globs, _) in enumerate(covers) if globs.matches(path)), None)
        if at is not None:
            used.add(at)
            excluded.append(Excluded(path, covers[at][1]))
            continue
        module, reason = files.judge(path, below)
        if reason:
            excluded.append(Excluded(path, reason))
            if module.endswith(".__main__"):
                mains.append(Main(module.removesuffix(".__main__"), path))
            continue
        modules.append(Chosen(module, path, _reason(module, optional)))
    if not named:
        excluded += files.unread(covers)
    notes = []
    if not named:
        for at, (globs, reason) in enumerate(covers):
            if at not in used:
                text = ", ".join(globs.patterns)
                notes.append(f"smoke.exclude: {text} ({reason}) matches no file")
        for rule in optional:
            if not any(_covers(rule, chosen.module) for chosen in modules):
                text = ", ".join(rule.modules)
                notes.append(f"smoke.optional: {text} ({rule.reason}) matches no module")
    modules.sort(key=lambda chosen: chosen.module)
    return Selection(tuple(modules), tuple(excluded), tuple(mains), tuple(notes))


def optional_rule(module: str, optional: Iterable[OptionalRule]) -> OptionalRule | None:
    """The first declaration that covers ``module``."""
    return next((rule for rule in optional if _covers(rule, module)), None)


def _covers(rule: OptionalRule, module: str) -> bool:
    return any(fnmatchcase(module, pattern) for pattern in rule.modules)


def _reason(module: str, optional: Iterable[OptionalRule]) -> str:
    rule = optional_rule(module, optional)
    return "" if rule is None else rule.reason


class _Files:
    def __init__(self, project: Project) -> None:
        self._project = project
        self._modules = project.modules
        self._paths = project.paths()
        self._held = frozenset(self._paths)
        self._names: dict[str, tuple[str, str]] = {}
        self._used: frozenset[str] | None = None
        self._imported: frozenset[str] | None = None

    def wanted(self, named: Sequence[str]) -> dict[str, str | None]:
        """The files that the user means, in order. For each the folder that was named around it;

        ``None`` where the file itself was named.
        """
        if not named:
            return dict.fromkeys(self._paths, "")
        found: dict[str, str | None] = {}
        for text in named:
            for path, below in self._meant(text):
                if found.get(path, "") is not None:
                    found[path] = below
        return dict(sorted(found.items()))

    def _meant(self, text: str) -> Iterator[tuple[str, str | None]]:
        path = "/".join(part for part in text.split("/") if part not in ("", "."))
        if path in self._held:
            yield path, None
            return
        inside = [one for one in self._paths if not path or one.startswith(path + "/")]
        if inside:
            yield from ((one, path) for one in inside)
            return
        if "/" not in text:
            file = self._modules.find(text)
            if file is not None and not file.endswith("__init__.py"):
                yield file, None
                return
            if file is not None:
                yield file, None
            names = ((one, self.module(one)[0]) for one in self._paths)
            inside = [one for one, name in names if name.startswith(text + ".") and one != file]
            if inside or file is not None:
                folder = file.rpartition("/")[0] if file else ""
                yield from ((one, folder) for one in inside)
                return
        raise UsageError(self._no_match(text))

    def _no_match(self, text: str) -> str:
        from difflib import get_close_matches

        names = {self.module(path)[0] for path in self._paths if path.endswith(".py")}
        near = get_close_matches(text, [*sorted(names - {""}), *self._paths], 1)
        mend = f"; did you mean {near[0]}?" if near else ""
        return f"no module, file or folder of the project is named {text!r}{mend}"

    def judge(self, path: str, below: str | None) -> tuple[str, str]:
        """The module's name, and why it is not imported: empty where it is."""
        if path.endswith(".pyi"):
            return "", "a stub: it does not exist at run time"
        if below is not None:
            reason = self._custom(path, below)
            if reason:
                return "", reason
        module, problem = self.module(path)
        if problem:
            return "", problem
        if module == "__main__" or module.endswith(".__main__"):
            return module, "run with python -m, not imported: an entry point"
        return module, ""

    def _custom(self, path: str, below: str) -> str:
        """Why custom leaves the file out, seen from the folder that the user named."""
        folder, _, name = path.rpartition("/")
        if _is_test(name) and not (self._is_package(folder) and path in self._product()):
            return "a test"
        if name in TOOLS and not self._is_package(folder):
            return "run by another tool"
        inner = folder[len(below) :].strip("/")
        parent = below
        for part in inner.split("/") if inner else ():
            if part == "tests":
                return "a test"
            outside = not self._is_package(parent) and parent in ("", below)
            if outside and part in _FOLDERS and not self._declared(parent):
                return _FOLDERS[part]
            parent = f"{parent}/{part}" if parent else part
        return ""

    def _product(self) -> frozenset[str]:
        """What other files than tests import: it is no test, whatever its name."""
        if self._imported is None:
            from guard.smoke.graph import statements

            self._imported = frozenset(
                target
                for path, targets in statements(self._project).items()
                if not _is_test(path.rpartition("/")[2]) and "tests" not in path.split("/")
                for target in targets
            )
        return self._imported

    def _declared(self, folder: str) -> bool:
        """Whether the project says that what lies in ``folder`` is imported."""
        return folder != "" and folder in self._project.roots

    def _is_package(self, folder: str) -> bool:
        return bool(folder) and f"{folder}/__init__.py" in self._held

    def module(self, path: str) -> tuple[str, str]:
        """The dotted name by which the file can be imported, and why there is none."""
        known = self._names.get(path)
        if known is None:
            known = self._names[path] = self._module(path)
        return known

    def _module(self, path: str) -> tuple[str, str]:
        name, _ = self._modules.module_of(path)
        hidden = ""
        if _is_dotted(name):
            found = self._modules.find(name)
            if found == path:
                return name, ""
            hidden = found or ""
        for root in self._project.roots:
            if root and not path.startswith(root + "/"):
                continue
            inner = path[len(root) + 1 :] if root else path
            longer = inner.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
            if longer == name or not _is_dotted(longer):
                continue
            if self._modules.find(longer) == path and self._in_use(path, longer):
                return longer, ""
        if not _is_dotted(name):
            return self._numbered(path, name)
        if hidden:
            return "", f"hidden by {hidden}: an import of {name} finds that"
        return "", "a script: under no import root, in no package, and imported by no other file"

    def _numbered(self, path: str, name: str) -> tuple[str, str]:
        """``migrations/0001_initial.py``, ``pkg/lambda.py``: no statement can name such a module,

        but others can, and in a package that is what it is for.
        """
        packaged = self._is_package(path.rpartition("/")[0])
        if packaged and _WORDS.fullmatch(name) and self._modules.find(name) == path:
            return name, ""
        return "", "a script: no import can name it"

    def _in_use(self, path: str, dotted: str) -> bool:
        """Whether a folder without ``__init__.py`` is meant as a package: it lies in one that has,

        its modules import each other as one, or others do.
        """
        folder = path.rpartition("/")[0]
        while folder:
            if self._is_package(folder):
                return True
            folder = folder.rpartition("/")[0]
        if self._used is None:
            self._used = self._packages_in_use()
        return dotted.partition(".")[0] in self._used

    def _packages_in_use(self) -> frozenset[str]:
        from guard.smoke._imports import IMPORTS

        found: set[str] = set()
        find = self._modules.find
        for path, (imports, *_) in self._project.facts(IMPORTS).items():
            for dots, dotted, names in imports:
                first, *rest = dotted.split(".")
                if dots:
                    first, *rest = path.split("/")  # it would fail in a file that is in no package
                    if rest:
                        found.add(first)
                elif first not in found and (rest or names):
                    if (rest and find(dotted)) or any(find(f"{dotted}.{name}") for name in names):
                        found.add(first)
        return frozenset(found)

    def unread(self, covers: Sequence[tuple[Globs, str]]) -> list[Excluded]:
        """What could not even be listed as a file of the project."""
        return [
            Excluded(path, f"not read: {reason}")
            for path, reason in sorted(self._project.unreadable().items())
            if path not in self._held and not any(globs.matches(path) for globs, _ in covers)
        ]


def _is_test(name: str) -> bool:
    """As pytest sees it by default."""
    return name == "conftest.py" or name.startswith("test_") or name.endswith("_test.py")


def _is_dotted(name: str) -> bool:
    return all(part.isidentifier() and not keyword.iskeyword(part) for part in name.split("."))
