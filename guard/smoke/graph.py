"""Who imports whom at run time, among the project's own files.

An edge leads from a file to each file that running it may run: the module that an import names, all
packages around that, and the packages around the file itself. Edges err on the side of too many: a
module that is looked at in vain costs seconds, one that is passed over hides a failure.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from guard import rule
from guard.modules import Modules
from guard.rule import Project
from guard.smoke._imports import IMPORTS, LAZY, NEIGHBOURS, PATHS, TEXTS, Import, Imports


def imports(project: Project) -> Mapping[str, frozenset[str]]:
    """For each Python file of the project, the files that importing it may run, itself excluded.

    Files that cannot be read have no edges; ``project.unreadable()`` names them.
    """
    return project.shared(
        "smoke-graph", lambda: _Graph(project.facts(IMPORTS), project.modules).all()
    )


def statements(project: Project) -> Mapping[str, frozenset[str]]:
    """The same, but only what import statements and literal names say: no edge is a guess."""

    def make() -> Mapping[str, frozenset[str]]:
        return _Graph(project.facts(IMPORTS), project.modules, guess=False).all()

    return project.shared("smoke-statements", make)


def affected(project: Project, changed: Iterable[str]) -> frozenset[str]:
    """The files among the project's whose import may run something that changed.

    ``changed`` are paths relative to the top: new and changed files, and deleted ones, which affect
    those that still import them by name. A file that could not be read counts as affected. Only
    Python files count: who changes what a module reads while it is imported must name that module,
    or run all. A function that imports a module whose name is computed counts for the modules that
    strings in its file name.
    """
    there = frozenset(path for path in project.paths() if path.endswith(".py"))
    ours = {path for path in changed if path.endswith(".py")}
    gone = ours - there
    facts = project.facts(IMPORTS)
    if gone:
        # As if they were still there: whoever would find them depends on their absence.
        modules = Modules((*there, *gone), project.roots)
        edges: Mapping[str, frozenset[str]] = _Graph(facts, modules).all()
    else:
        edges = imports(project)
    importers: dict[str, list[str]] = {}
    for path, targets in edges.items():
        for target in targets:
            importers.setdefault(target, []).append(path)
    # What a file imports that could not be read is not known: it may be anything.
    seen = ours | (there - facts.keys() if ours else set())
    stack = list(seen)
    while stack:
        for path in importers.get(stack.pop(), ()):
            if path not in seen:
                seen.add(path)
                stack.append(path)
    return frozenset(seen & there)


class _Graph:
    def __init__(
        self, facts: Mapping[str, Imports], modules: rule.Modules, *, guess: bool = True
    ) -> None:
        self._facts = facts
        self._modules = modules
        self._guess = guess
        self._found: dict[tuple[str, str], tuple[str, ...]] = {}
        self._around: dict[str, tuple[str, ...]] = {}
        self._below: dict[str, list[str]] | None = None
        self._added: rule.Modules | None = self._added_roots() if guess else None

    def all(self) -> dict[str, frozenset[str]]:
        return {path: self._edges(path) for path in self._facts if path.endswith(".py")}

    def _edges(self, path: str) -> frozenset[str]:
        found, _, flags, texts, _ = self._facts[path]
        edges: set[str] = set(self._packages(path))
        for item in found:
            self._add(path, item, edges)
        if flags & (TEXTS | NEIGHBOURS) and self._guess:
            self._add_texts(path, texts, edges)
        for text in texts if self._guess else ():
            if "." in text and text[0] != "." and self._modules.find(text, path) is not None:
                edges.update(self._files(path, text))
        if flags & NEIGHBOURS and self._guess:
            edges.update(self._inside(path.rpartition("/")[0]))
        edges.discard(path)
        return frozenset(edges)

    def _add(self, path: str, item: Import, edges: set[str]) -> None:
        dots, dotted, names = item
        if dots:
            target = self._modules.relative(path, dots, dotted)
            if target is not None:
                edges.add(target)
                edges.update(self._packages(target))
        else:
            edges.update(self._files(path, dotted))
            target = self._modules.find(dotted, path)
            if target is None and self._added is not None:
                target = self._added.find(dotted)
        if target is not None and self._guess:
            self._add_lazy(target, names, edges)
        for name in self._star(target) if names == ("*",) else names:
            if target is not None:
                inner = None
                if target.endswith("__init__.py"):
                    inner = self._modules.submodule(target, name)
            elif dots:
                inner = self._modules.relative(path, dots, f"{dotted}.{name}" if dotted else name)
            else:
                inner = self._modules.find(f"{dotted}.{name}", path)
            if inner is not None:
                edges.add(inner)
                edges.update(self._packages(inner))

    def _add_lazy(self, target: str, names: tuple[str, ...], edges: set[str]) -> None:
        """What a module imports when someone asks for names that it does not bind."""
        facts = self._facts.get(target)
        if facts is None or not facts[2] & LAZY or (names and set(names) <= set(facts[4])):
            return
        if target.endswith("__init__.py"):
            submodule = self._modules.submodule
            if names and all(submodule(target, name) or name in facts[4] for name in names):
                return
            edges.update(self._inside(target.rpartition("/")[0]))
        self._add_texts(target, facts[3], edges)

    def _added_roots(self) -> rule.Modules | None:
        """The modules in the folders that files add to ``sys.path``: their own, those around them,

        and those that strings in them name. Asked for what is nowhere else.
        """
        folders = {""}
        for path in self._facts:
            while path:
                path = path.rpartition("/")[0]
                folders.add(path)
        roots: set[str] = set()
        for path, (_, _, flags, texts, _) in self._facts.items():
            if not flags & PATHS:
                continue
            folder = path
            while folder:
                folder = folder.rpartition("/")[0]
                names = (f"{folder}/{text.strip('./')}".strip("/") for text in texts)
                roots.update((folder, *(name for name in names if name in folders)))
        return Modules(self._facts, sorted(roots)) if roots else None

    def _star(self, target: str | None) -> tuple[str, ...]:
        """The submodules that ``from package import *`` may import, besides the package."""
        if target is None or target not in self._facts or not target.endswith("__init__.py"):
            return ()
        exported = self._facts[target][1]
        if exported is not None or not self._guess:
            return exported or ()
        prefix = target.removesuffix("__init__.py")
        inside = self._inside(prefix.rstrip("/"))
        return tuple({path[len(prefix) :].partition("/")[0].removesuffix(".py") for path in inside})

    def _add_texts(self, path: str, texts: tuple[str, ...], edges: set[str]) -> None:
        """The modules that the strings in a file name, in full or as neighbours of the file."""
        for text in texts:
            base = text.lstrip(".")
            dots = len(text) - len(base)
            target = self._modules.relative(path, dots or 1, base)
            if target is not None:
                edges.add(target)
                edges.update(self._packages(target))
            if not dots and "." in base:  # a module, or a name in one
                edges.update(self._files(path, base))

    def _files(self, path: str, dotted: str) -> tuple[str, ...]:
        """The files that importing ``dotted`` runs, in order, as far as they are the project's."""
        folder = path.rpartition("/")[0]
        known = self._found.get((folder, dotted))
        if known is None:
            parent = dotted.rpartition(".")[0]
            before = self._files(path, parent) if parent else ()
            # Where two roots hold it: the importer's own comes first, or the order of the roots.
            targets = [self._modules.find(dotted, path), self._modules.find(dotted)]
            if targets == [None, None] and self._added is not None:
                targets.append(self._added.find(dotted))
            known = (*before, *dict.fromkeys(target for target in targets if target is not None))
            self._found[folder, dotted] = known
        return known

    def _packages(self, path: str) -> tuple[str, ...]:
        """The ``__init__`` files of the packages around a file, which run before it."""
        folder = path.rpartition("/")[0]
        known = self._around.get(folder)
        if known is None:
            init = folder + "/__init__.py"
            outer = self._packages(folder) if folder else ()
            there = folder and self._modules.relative(init, 1) == init
            known = (*outer, init) if there else outer
            self._around[folder] = known
        return known

    def _inside(self, folder: str) -> list[str]:
        """All files below ``folder``."""
        if self._below is None:
            self._below = {}
            for path in self._facts:
                if path.endswith(".py"):
                    parent = path.rpartition("/")[0]
                    while parent:
                        self._below.setdefault(parent, []).append(path)
                        parent = parent.rpartition("/")[0]
        return self._below.get(folder, [])
