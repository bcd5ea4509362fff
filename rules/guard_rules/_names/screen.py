"""Which files are worth a syntax tree: those that may hold a finding, found without one.

Sound, not exact: a file that is not named here has no finding. Pure set work on the facts of
``scan``; no heavy import, because a run that finds nothing comes no further than this.
"""

from __future__ import annotations

from guard_rules._names import scan as scanning

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.rule import Extractor, Modules, Project
    from guard_rules._names.scan import Scan

_WORDS_VERSION = "1"


def scans(project: Project) -> dict[str, Scan]:
    """The facts of ``scan`` for every Python file."""
    return project.shared("names.scans", lambda: _scans(project))


def _scans(project: Project) -> dict[str, Scan]:
    from guard.rule import Extractor

    extractor: Extractor[Scan] = Extractor(
        "names.scan", scanning.VERSION, scanning.scan, (project.target >= (3, 14),)
    )
    return project.facts(extractor, [path for path in project.paths() if path.endswith(".py")])


def own_candidates(project: Project) -> list[str]:
    """Files in which a guarded name of their own may be evaluated."""
    return [path for path, facts in scans(project).items() if facts[3]]


def cross_candidates(project: Project) -> list[str]:
    """Files that may fetch or read a guarded name of another module."""
    return project.shared("names.cross", lambda: sorted(_cross(project)))


def _cross(project: Project) -> set[str]:
    facts = scans(project)
    modules = project.modules
    targets = _Targets(modules)
    exports = _exports(facts, targets)
    found = {path for path, fact in facts.items() if fact[3]}  # it may list them in __all__
    if not exports:
        return found
    basenames = {modules.module_of(path)[0].rpartition(".")[2] for path in exports}
    readers: dict[str, set[str]] = {}
    for path, fact in facts.items():
        for module, names, more in fact[1]:
            listed = names or more
            target = targets.of(path, module)
            fetched: set[str] | None = None
            if target in exports:
                wanted = exports[target]
                fetched = _names(listed)
                if "*" in fetched or "*" in wanted or not wanted.isdisjoint(fetched):
                    found.add(path)
            for name in basenames.intersection(_names(listed) if fetched is None else fetched):
                inner = targets.inner(path, module, target, name)
                if inner in exports:
                    readers.setdefault(path, set()).add(inner)
        for text in fact[2]:
            for dotted in _dotted_names(text):
                for target in targets.chain(path, dotted):
                    if target in exports:
                        readers.setdefault(path, set()).add(target)
    words = _attribute_words(project, [path for path in readers if path not in found])
    for path, read in readers.items():
        known = words.get(path)
        if known is None or any(
            "*" in exports[name] or not known.isdisjoint(exports[name]) for name in read
        ):
            found.add(path)
    return found


class _Targets:
    """Which file an import statement names, remembered by folder and text."""

    def __init__(self, modules: Modules) -> None:
        self.modules = modules
        self._known: dict[tuple[str, bytes], str | None] = {}
        self._chains: dict[tuple[str, str], tuple[str, ...]] = {}

    def of(self, path: str, text: bytes) -> str | None:
        key = (path.rpartition("/")[0], text)
        if key not in self._known:
            level, module = _module(text)
            self._known[key] = (
                self.modules.relative(path, level, module)
                if level
                else self.modules.find(module, path)
            )
        return self._known[key]

    def inner(self, path: str, text: bytes, package: str | None, name: str) -> str | None:
        """The submodule that ``from package import name`` may fetch."""
        if package is not None:
            return self.modules.submodule(package, name)
        level, module = _module(text)
        if level:  # a namespace package has no file of its own
            return self.modules.relative(path, level, f"{module}.{name}" if module else name)
        return self.modules.find(f"{module}.{name}", path)

    def chain(self, path: str, dotted: str) -> tuple[str, ...]:
        """The files behind ``a``, ``a.b`` and ``a.b.c`` of ``import a.b.c``."""
        key = (path.rpartition("/")[0], dotted)
        if key not in self._chains:
            parts = dotted.split(".")
            files = (self.modules.find(".".join(parts[:n]), path) for n in range(1, len(parts) + 1))
            self._chains[key] = tuple(file for file in files if file is not None)
        return self._chains[key]


def _exports(facts: dict[str, Scan], targets: _Targets) -> dict[str, set[str]]:
    """The names of each module that may be guarded, through star imports of any length too."""
    exports = {path: set(fact[4]) for path, fact in facts.items() if fact[4]}
    stars = [
        (path, targets.of(path, module))
        for path, fact in facts.items()
        for module, names, more in fact[1]
        if (names or more).strip().startswith(b"*")
    ]
    changed = bool(exports)
    while changed:
        changed = False
        for path, target in stars:
            more_names = exports.get(target, set()) if target is not None else set()
            if not more_names <= exports.get(path, set()):
                exports.setdefault(path, set()).update(more_names)
                changed = True
    return exports


def _module(text: bytes) -> tuple[int, str]:
    """``( level, module )`` of the text between ``from`` and ``import``."""
    name = b"".join(text.replace(b"\\", b" ").split()).decode("utf-8", "replace")
    module = name.lstrip(".")
    return len(name) - len(module), module


def _names(listed: bytes) -> set[str]:
    """The words behind ``import``: the names, and harmless others such as ``as``."""
    if b"#" in listed:
        listed = b"\n".join(line.split(b"#")[0] for line in listed.split(b"\n"))
    return set(listed.replace(b",", b" ").replace(b"\\", b" ").decode("utf-8", "replace").split())


def _dotted_names(text: bytes) -> list[str]:
    parts = text.replace(b"\\", b" ").decode("utf-8", "replace").split(",")
    return [words[0] for words in map(str.split, parts) if words]


def _attribute_words(project: Project, paths: list[str]) -> dict[str, frozenset[str]]:
    if not paths:
        return {}
    from guard.rule import Extractor

    extractor: Extractor[frozenset[str]] = Extractor(
        "names.attributes", _WORDS_VERSION, scanning.attribute_words
    )
    return project.facts(extractor, paths)
