"""Which names of a resolved annotation are missing when it is resolved."""

from __future__ import annotations

from guard.model import Place, Use, When
from guard.rule import Project
from guard_rules._annotations.abstract import Abstract
from guard_rules._annotations.evaluated import Evaluated
from guard_rules._annotations.expressions import place
from guard_rules._annotations.files import Files
from guard_rules._annotations.guard_only import (
    GuardOnly,
    guard_only_by_shape,
    unquoted,
    words,
)
from guard_rules._annotations.loader import Loader
from guard_rules._annotations.rebuilds import Rebuilds
from guard_rules._annotations.shapes import Shape

_LAZY = (3, 14)

Found = dict[tuple[str, str, str], tuple[Evaluated, list[Use], Place]]
"""By path, owner and name: the first annotation, all uses, and the place of the guard."""


class Judge:
    """Decides which names of a resolved annotation are missing."""

    def __init__(
        self,
        load: Loader,
        project: Project,
        files: Files,
        rebuilds: Rebuilds,
        abstract: Abstract,
    ) -> None:
        self.load = load
        self.target = project.target
        self.guard_only = _guard_only(project, files, load)
        self.rebuilds = rebuilds
        self.abstract = abstract

    def judge(
        self,
        item: Evaluated,
        found: Found,
    ) -> None:
        """Add what is missing in one annotation to ``found``."""
        shape = self.load(item.path)
        if shape is None:
            return
        reads = item.reach.reads
        deferred = shape["future"] or self.target >= _LAZY
        if reads.lazy_only:
            names = [] if shape["future"] else list(unquoted(item.tree))
        else:
            whole = deferred or item.wholly
            names = list(words(item.tree, whole=whole, inside=reads.quoted_inside))
        for name, _, spot in names:
            if name in item.body or name in item.reach.supplied:
                continue
            guard = self._guard(item, name, shape)
            if guard is None or self._supplied(item, name):
                continue
            use = Use(place(item.path, spot), When.RESOLUTION, item.owner)
            key = (item.path, item.owner, name)
            if key not in found:
                found[key] = (item, [use], guard)
            elif use not in found[key][1]:
                found[key][1].append(use)

    def _guard(self, item: Evaluated, name: str, shape: Shape) -> Place | None:
        """The place of the guard, if the resolver finds the name nowhere."""
        functions = {func["qualname"] for func in shape["functions"]}
        scope = item.scope
        while True:
            if scope == "" or scope in functions:
                if scope and name in shape["binds"].get(scope, ()):
                    if item.reach.reads.sees_locals:
                        return None
                elif scope or name not in shape["firm"]:
                    guard = self.guard_only(item.path, scope, name)
                    if guard is not None:
                        return None if self._known_to_typeguard(item, name, scope) else guard
            if not scope:
                return None
            scope = scope.rpartition(".")[0]

    def _known_to_typeguard(self, item: Evaluated, name: str, scope: str) -> bool:
        shape = self.load(item.path)
        return item.reach.reads.knows_plain_guards and any(
            entry["name"] == name and entry["scope"] == scope and entry["plain"]
            for entry in (shape["guarded"] if shape else ())
        )

    def _supplied(self, item: Evaluated, name: str) -> bool:
        shape = self.load(item.path)
        if shape is None:
            return False
        reads = item.reach.reads
        if reads.skip_types:
            for entry in shape["imports"]:
                origin = f"{entry['module']}.{entry['attr']}"
                if entry["bound"] == name and origin in reads.skip_types:
                    return True
        return reads.rebuilt and (self.rebuilds.supplies(item, name) or self.abstract.spares(item))


def _guard_only(project: Project, files: Files, load: Loader) -> GuardOnly:
    """Ask the abstract run about the names of a module; inside functions the shapes must do."""
    by_shape = guard_only_by_shape(load)

    def guard_only(path: str, scope: str, name: str) -> Place | None:
        if scope:
            return by_shape(path, scope, name)
        names = files.guarded.get(path, frozenset())
        if name not in names and "*" not in names:
            return None
        from guard_rules._names.link import guarded_name  # brings in libcst

        return guarded_name(project, path, "", name)

    return guard_only
