"""Which modules a run loads: the import statements of a project, followed from file to file."""

from __future__ import annotations

from collections.abc import Iterator

from guard.rule import Project
from guard_rules._names.scan import Scan
from guard_rules._names.screen import scans

Edge = tuple[int, str, str]
"""One fetched name: dots, module, name (``*`` for all, empty for the module itself)."""


class Loading:
    """The import graph of a project. Asked lazily."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.modules = project.modules
        self._edges: dict[str, frozenset[str]] = {}
        self._loaded: dict[str, frozenset[str]] = {}

    def loads(self, importer: str, wanted: str) -> bool:
        """Whether a run of ``importer``'s imports loads the file ``wanted``, in any order.

        An import in a function counts: it may have run. So an answer of no is certain for a cold
        start from ``importer``.
        """
        if importer not in self._loaded:
            seen = {importer}
            pending = [importer]
            while pending:
                path = pending.pop()
                fresh = self.edges(path) - seen
                seen |= fresh
                pending.extend(fresh)
            self._loaded[importer] = frozenset(seen - {importer})
        return wanted in self._loaded[importer]

    def edges(self, path: str) -> frozenset[str]:
        """The project's files that the imports of ``path`` name, packages around included."""
        if path not in self._edges:
            self._edges[path] = frozenset(self._targets(path))
        return self._edges[path]

    def _targets(self, path: str) -> Iterator[str]:
        facts = scans(self.project).get(path)
        for level, module, name in imports_of(facts) if facts is not None else ():
            if level:
                target = self.modules.relative(path, level, module)
                if target is not None:
                    yield target
            else:
                parts = module.split(".")
                for count in range(1, len(parts) + 1):
                    part = self.modules.find(".".join(parts[:count]), path)
                    if part is not None:
                        yield part
                target = self.modules.find(module, path)
            if target is not None and name and name != "*" and is_package(target):
                inner = self.modules.submodule(target, name)
                if inner is not None:
                    yield inner
        # The packages around a module are loaded before it.
        folder = path.rpartition("/")[0]
        init = f"{folder}/__init__.py" if folder else "__init__.py"
        if init != path and init in self._inits:
            yield init

    @property
    def _inits(self) -> frozenset[str]:
        return self.project.shared(
            "names.inits",
            lambda: frozenset(p for p in self.project.paths() if p.endswith("__init__.py")),
        )

    def is_fetched(self, path: str, name: str) -> bool:
        """Whether any other file imports ``name`` from the module ``path``."""
        for other, facts in scans(self.project).items():
            if other != path and any(
                fetched == name and self.source(other, level, module) == path
                for level, module, fetched in imports_of(facts)
            ):
                return True
        return False

    def source(self, importer: str, level: int, module: str) -> str | None:
        """The file that ``from (level dots)module import`` fetches from; None if not ours."""
        if level:
            return self.modules.relative(importer, level, module)
        return self.modules.find(module, importer)


def imports_of(facts: Scan) -> Iterator[Edge]:
    """The import statements of a file, as its bytes show them."""
    for module, names, more in facts[1]:
        text = b"".join(module.replace(b"\\", b" ").split()).decode("utf-8", "replace")
        dotted = text.lstrip(".")
        for line in (names or more).split(b"\n"):
            for part in line.split(b"#")[0].replace(b"\\", b" ").split(b","):
                words = part.split()
                if words:
                    yield len(text) - len(dotted), dotted, words[0].decode("utf-8", "replace")
    for text_of_plain in facts[2]:
        for part in text_of_plain.replace(b"\\", b" ").split(b","):
            words = part.split()
            if words:
                yield 0, words[0].decode("utf-8", "replace"), ""


def is_package(path: str) -> bool:
    """Whether a file is the module of a package."""
    return path.rpartition("/")[2] == "__init__.py"
