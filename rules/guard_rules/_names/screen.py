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

_PUNCTUATION = bytes.maketrans(b",\\#()", b"     ")


def scans(project: Project) -> dict[str, Scan]:
    """The facts of ``scan`` for every Python file."""
    return project.shared("names.scans", lambda: _scans(project))


def _scans(project: Project) -> dict[str, Scan]:
    from guard.rule import Extractor

    extractor: Extractor[Scan] = Extractor(
        "names.scan", scanning.VERSION, scanning.scan, (project.target >= (3, 14),)
    )
    return project.facts(extractor, [path for path in project.paths() if path.endswith(".py")])


def own_candidates(project: Project) -> dict[str, tuple[str, ...]]:
    """Files in which a guarded name of their own may be evaluated, and what is suspected."""
    return {path: facts[3] for path, facts in scans(project).items() if facts[3]}


Suspicion = tuple[str, str, bool]
"""``(module file, name or *, is read as an attribute)``: what a file may miss in another one."""


def cross_candidates(project: Project) -> dict[str, set[Suspicion]]:
    """Files that may take a guarded name from another module, and which names these are."""
    return project.shared("names.cross", lambda: _cross(project))


def _cross(project: Project) -> dict[str, set[Suspicion]]:
    facts = scans(project)
    modules = project.modules
    targets = _Targets(modules)
    exports = exported(project)
    found: dict[str, set[Suspicion]] = {}
    if not exports:
        return found
    basenames = {modules.module_of(path)[0].rpartition(".")[2] for path in exports}
    readers: dict[str, set[tuple[str, str]]] = {}  # module files, with the name they have here
    near = _Near(basenames)
    for path, fact in facts.items():
        for module, names, more in fact[1]:
            listed = names or more
            if not near.may_name(module, listed):
                continue
            target = targets.of(path, module)
            fetched: set[str] | None = None
            if target is not None and target in exports:
                wanted = exports[target]
                fetched = _names(listed)
                hits = fetched if "*" in wanted else wanted & fetched
                hits = {"*"} if "*" in fetched else hits
                if hits:
                    found.setdefault(path, set()).update((target, name, False) for name in hits)
            for name in basenames.intersection(_names(listed) if fetched is None else fetched):
                inner = targets.inner(path, module, target, name)
                if inner in exports:
                    here = renamed(listed, name)
                    readers.setdefault(path, set()).update((inner, local) for local in here)
        for text in fact[2]:
            for dotted, local in dotted_names(text):
                for target in targets.chain(path, dotted):
                    if target in exports:
                        last = modules.module_of(target)[0].rpartition(".")[2]
                        readers.setdefault(path, set()).add((target, local or last))
    owners = sorted({local for found_here in readers.values() for _, local in found_here})
    read = _attributes(project, list(readers), tuple(owners))
    for path, modules_read in readers.items():
        for file, local in modules_read:
            for name in _read_names(read.get(path), local, exports[file]):
                found.setdefault(path, set()).add((file, name, True))
    return found


def _read_names(known: frozenset[str] | None, local: str, names: set[str]) -> set[str]:
    """The guarded ``names`` for which ``local.name`` stands in the text."""
    if known is None or "*" in names:
        return names
    return {name for name in names if f"{local}.{name}" in known}


class _Near:
    """Tells the import statements that name no module with guarded names: most of them."""

    def __init__(self, basenames: set[str]) -> None:
        self._basenames = frozenset(name.encode("utf-8", "replace") for name in basenames)
        self._modules: dict[bytes, bool] = {}

    def may_name(self, module: bytes, listed: bytes) -> bool:
        """By the last part of the module, or by a name that is fetched from it."""
        known = self._modules.get(module)
        if known is None:
            last = module.replace(b"\\", b" ").strip().rpartition(b".")[2].strip()
            known = self._modules[module] = not last or last in self._basenames
        if known:
            return True
        words = listed.translate(_PUNCTUATION).split()
        return not self._basenames.isdisjoint(words)


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


def exported(project: Project) -> dict[str, set[str]]:
    """For each module, the names that it may hold for the type checker alone."""
    return project.shared(
        "names.exports", lambda: _exports(scans(project), _Targets(project.modules))
    )


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


def renamed(listed: bytes, name: str) -> set[str]:
    """The names that ``name`` or ``name as other`` has in the importing file."""
    words = listed.replace(b",", b" , ").replace(b"\\", b" ").decode("utf-8", "replace").split()
    found = set()
    for at, word in enumerate(words):
        if word == name:
            found.add(words[at + 2] if words[at + 1 : at + 2] == ["as"] else name)
    return found


def dotted_names(text: bytes) -> list[tuple[str, str]]:
    """``a.b`` and the name it is given, for each part of ``import a.b as c, d``."""
    parts = text.replace(b"\\", b" ").decode("utf-8", "replace").split(",")
    return [
        (words[0], words[2] if words[1:2] == ["as"] and len(words) > 2 else "")
        for words in map(str.split, parts)
        if words
    ]


def _attributes(
    project: Project, paths: list[str], owners: tuple[str, ...]
) -> dict[str, frozenset[str]]:
    if not paths:
        return {}
    from guard.rule import Extractor
    from guard_rules._names.members import attributes

    extractor: Extractor[frozenset[str]] = Extractor(
        "names.attributes", scanning.VERSION, attributes, (owners,)
    )
    return project.facts(extractor, paths)
