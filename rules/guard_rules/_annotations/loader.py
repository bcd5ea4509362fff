"""The shapes of a project's files."""

from __future__ import annotations

from guard.rule import Project
from guard_rules._annotations.shapes import SHAPES, Shape


class Loader:
    """Shapes, each asked for once; many at a time where that is known beforehand."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.known: dict[str, Shape | None] = {}
        self.broken: list[str] = []

    def ahead(self, paths: list[str]) -> None:
        """Ask for many files at once, so that they are parsed in parallel."""
        missing = [path for path in paths if path not in self.known]
        if not missing:
            return
        facts = self.project.facts(SHAPES, missing)
        for path in missing:
            self.known[path] = facts.get(path)
            if path in facts and facts[path] is None:
                self.broken.append(path)

    def __call__(self, path: str) -> Shape | None:
        """The shape of one file; ``None`` when it has none."""
        if path not in self.known:
            self.ahead([path])
        return self.known[path]
