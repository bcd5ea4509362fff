"""Names that one module sets in another: ``module.name = value`` and ``setattr``."""

from __future__ import annotations

import re
from functools import cached_property

from guard.rule import Extractor, Project
from guard_rules._names.loading import Loading
from guard_rules._names.members import assigned
from guard_rules._names.scan import VERSION
from guard_rules._names.screen import dotted_names, exported, renamed, scans


class Fillers:
    """Finds the modules of a project that set names in others. Asked lazily."""

    def __init__(self, project: Project, loading: Loading) -> None:
        self.project = project
        self.modules = project.modules
        self.loading = loading
        self._exported = exported(project)
        self._set: dict[str, dict[str, list[tuple[str, set[str]]]]] = {}

    def is_filled(self, path: str, name: str, importer: str) -> bool:
        """Whether another module that is loaded as well sets ``name`` in the module ``path``."""
        module = self.modules.module_of(path)[0].rpartition(".")[2]
        for other, owners in self._setters(path, module).get(name, ()):
            if owners.isdisjoint({module, *self._aliases(other, module)}):
                continue
            if (
                other == importer
                or self.loading.loads(path, other)
                or self.loading.loads(importer, other)
            ):
                return True
        return False

    def _setters(self, path: str, module: str) -> dict[str, list[tuple[str, set[str]]]]:
        """For each attribute name that ``path`` may lack, the files that import it and set that

        name, and on what.
        """
        if path not in self._set:
            found = self._set[path] = {}
            word = re.compile(rb"\b%b\b" % re.escape(module.encode("utf-8", "replace")))
            users = [
                other
                for other, text in self._imports.items()
                if other != path and word.search(text) and path in self.loading.edges(other)
            ]
            for other, facts in self.project.facts(self._assigned(path), users).items():
                for owner, _, name in (text.rpartition(".") for text in facts):
                    setters = found.setdefault(name, [])
                    if not setters or setters[-1][0] != other:
                        setters.append((other, set()))
                    setters[-1][1].add(owner)
        return self._set[path]

    def _assigned(self, path: str) -> Extractor[frozenset[str]]:
        names = set(self._exported.get(path, ()))
        facts = scans(self.project).get(path)
        names.update(item.rpartition(" ")[2] for item in (facts[3] if facts is not None else ()))
        names -= {"*"}
        return Extractor("names.assigned", VERSION, assigned, (tuple(sorted(names)),))

    @cached_property
    def _imports(self) -> dict[str, bytes]:
        """The text of all imports of each file."""
        return {
            path: b"\n".join([*(part for names in facts[1] for part in names), *facts[2]])
            for path, facts in scans(self.project).items()
        }

    def _aliases(self, path: str, module: str) -> set[str]:
        """The names that ``path`` gives to something called ``module`` when it imports it."""
        facts = scans(self.project).get(path)
        found: set[str] = set()
        for _, names, more in facts[1] if facts is not None else ():
            found |= renamed(names or more, module)
        for text in facts[2] if facts is not None else ():
            for dotted, local in dotted_names(text):
                if local and dotted.rpartition(".")[2] == module:
                    found.add(local)
        return found
