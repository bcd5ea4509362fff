"""Which of the files that may hold a finding are worth an abstract run: the cheap facts decide."""

from __future__ import annotations

from guard.rule import Project
from guard_rules._names.answers import PRESENT, UNKNOWN
from guard_rules._names.modules import Namespaces, namespaces
from guard_rules._names.screen import Suspicion, cross_candidates, own_candidates


def suspected(project: Project) -> list[str]:
    """The own candidates that the other cheap facts do not clear."""

    def find() -> list[str]:
        spaces = namespaces(project)
        return [
            path
            for path, suspicions in own_candidates(project).items()
            if any(_is_suspect(spaces, path, suspicion) for suspicion in suspicions)
        ]

    return project.shared("names.suspected", find)


def confirmed(project: Project) -> list[str]:
    """The cross candidates that miss a name by what is known of its module."""
    spaces = namespaces(project)
    suspects = cross_candidates(project)
    return sorted(path for path, found in suspects.items() if _is_confirmed(spaces, path, found))


def _is_suspect(spaces: Namespaces, path: str, suspicion: str) -> bool:
    kind, _, name = suspicion.partition(" ")
    if kind == "use":
        found = spaces.through_stars(path, name)
        return found not in (PRESENT, UNKNOWN) and not spaces.is_filled(path, name, path)
    if kind == "listed":
        return spaces.submodule(path, name) is None
    if kind == "star":
        return spaces.may_be_guarded_elsewhere(path, name)
    return True


def _is_confirmed(spaces: Namespaces, path: str, found: set[Suspicion]) -> bool:
    """Whether any of the names really is missing in its module: then ``path`` must be judged."""
    read = spaces.reads(path, sorted({name for _, name, is_read in found if is_read}))
    for file, name, is_read in sorted(found):
        if name == "*":
            if spaces.may_fail_on_star(path, file):
                return True
            continue
        if is_read and read is not None and name not in read:
            continue
        inner = spaces.submodule(file, name)
        if inner is not None and (not is_read or spaces.loads(path, inner)):
            continue
        if not spaces.is_judged(file) and spaces.is_filled(file, name, path):
            continue  # else the answer costs nothing any more
        if spaces.missing(file, name) is not None:
            return True
    return False
