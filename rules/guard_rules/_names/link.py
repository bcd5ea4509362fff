"""From facts to what Python will raise: the uses of one file, and the names between modules.

``suspects`` chooses the files; ``evaluated``, ``imported`` and ``attributes`` say what is missing
in them. The rules turn defects into findings; nothing here is about wording beyond the exception's
own text. A run without a candidate comes no further than this module.
"""

from __future__ import annotations

from guard_rules._names.screen import cross_candidates, own_candidates, scans

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from guard.model import Place, Unjudged
    from guard.rule import Project
    from guard_rules._names.defects import Defect


def unjudged(project: Project) -> Iterator[Unjudged]:
    """Files that hold a guard, or may, and could not be judged."""
    from guard.model import Unjudged

    for path, facts in scans(project).items():
        if facts[5]:
            yield Unjudged(path, facts[5])
    if not own_candidates(project):
        return
    from guard_rules._names.modules import namespaces
    from guard_rules._names.suspects import suspected

    for path, summary in namespaces(project).load(suspected(project)).items():
        if summary is not None and summary["problem"] and not scans(project)[path][5]:
            yield Unjudged(path, summary["problem"], summary["problem_line"])


def own_defects(project: Project) -> Iterator[Defect]:
    """Names that a file guards and evaluates itself."""
    if not own_candidates(project):
        return
    from guard_rules._names.attributes import unloaded_submodules
    from guard_rules._names.evaluated import guarded_names
    from guard_rules._names.modules import namespaces
    from guard_rules._names.suspects import suspected

    spaces = namespaces(project)
    for path, summary in spaces.load(suspected(project)).items():
        if summary is None or summary["problem"]:
            continue
        yield from guarded_names(spaces, path, summary)
        yield from unloaded_submodules(spaces, path, summary)


def cross_defects(project: Project) -> Iterator[Defect]:
    """Names that a file fetches, lists or reads although their module only guards them."""
    if not cross_candidates(project) and not own_candidates(project):
        return
    from guard_rules._names.attributes import missing_attributes
    from guard_rules._names.evaluated import starred_names
    from guard_rules._names.imported import fetched_names, listed_names
    from guard_rules._names.modules import namespaces
    from guard_rules._names.suspects import confirmed, suspected

    spaces = namespaces(project)
    worth = confirmed(project)
    for path, summary in spaces.load(suspected(project)).items():
        if summary is not None:
            yield from listed_names(spaces, path, summary)
    for path, summary in spaces.load(worth, whole=True).items():
        if summary is None or summary["problem"]:
            continue
        yield from fetched_names(spaces, path, summary)
        yield from starred_names(spaces, path, summary)
        yield from missing_attributes(spaces, path, summary)


def guarded_name(project: Project, path: str, scope: str, name: str) -> Place | None:
    """Where ``name`` is guarded, if nothing provides it once ``path`` has been imported.

    ``scope`` is the qualified name of the class around an annotation, or empty: the names of a
    class body come before the module's.
    """
    from guard_rules._names.answers import ABSENT, Missing, place
    from guard_rules._names.compiled import builtin_names
    from guard_rules._names.modules import namespaces

    spaces = namespaces(project)
    summary = spaces.summary(path)
    if summary is None or name in builtin_names(project.target):
        return None
    answer = spaces.attribute(path, name)
    if isinstance(answer, Missing):
        return answer.guard
    span = summary["class_guarded"].get(scope, {}).get(name)
    return place(path, span) if answer == ABSENT and span is not None else None
