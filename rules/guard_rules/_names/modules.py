"""Names across modules: what an attribute of a module is at run time, and why it is not there."""

from __future__ import annotations

from guard.rule import Extractor, Project
from guard_rules._names import standard
from guard_rules._names.answers import ABSENT, PRESENT, UNKNOWN, Answer, Missing, place
from guard_rules._names.compiled import MODULE_NAMES
from guard_rules._names.fillers import Fillers
from guard_rules._names.loading import Loading, imports_of, is_package
from guard_rules._names.scan import VERSION, Bound, bound, reads
from guard_rules._names.screen import exported, scans
from guard_rules._names.summary import Summary, own_summary_of, summary_of

_BOUND: Extractor[Bound] = Extractor("names.bound", VERSION, bound)


class Namespaces:
    """The modules of a project as the import system would fill them. Asked lazily."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.modules = project.modules
        self.loading = Loading(project)
        fillers = Fillers(project, self.loading)
        self.source, self.loads = self.loading.source, self.loading.loads
        self.is_fetched, self.is_filled = self.loading.is_fetched, fillers.is_filled
        self._extractors = (own_summary_of(project.target), summary_of(project.target))
        self._exported = exported(project)
        self._summaries: tuple[dict[str, Summary | None], dict[str, Summary | None]] = ({}, {})
        self._bound: dict[str, Bound] = {}
        self._answers: dict[tuple[str, str], Answer] = {}

    def summary(self, path: str) -> Summary | None:
        """What a file does with its own guarded names; None where it cannot be read."""
        return self.load([path])[path]

    def is_judged(self, path: str) -> bool:
        """Whether the file has been judged already."""
        return path in self._summaries[0]

    def load(self, paths: list[str], *, whole: bool = False) -> dict[str, Summary | None]:
        """Judge several files in one go; ``whole``: with all that they take from other modules."""
        known = self._summaries[whole]
        wanted = [path for path in paths if path not in known]
        if wanted:
            facts = self.project.facts(self._extractors[whole], wanted)
            known.update({path: facts.get(path) for path in wanted})
        return {path: known[path] for path in paths}

    def attribute(self, path: str, name: str) -> Answer:
        """What ``name`` is in the module ``path`` once it has been imported."""
        key = (path, name)
        if key not in self._answers:
            self._answers[key] = ABSENT  # a cycle of star imports adds nothing
            self._answers[key] = self._attribute(path, name)
        return self._answers[key]

    def _through_getattr(self, target: str, name: str) -> Answer:
        """A star import asks ``__getattr__`` for ``__all__`` alone, never for the names."""
        summary = self.summary(target)
        if summary is None or "__all__" not in summary["rejected"]:
            return UNKNOWN
        if name in summary["guarded"]:
            return Missing(target, place(target, summary["guarded"][name]))
        return self.attribute(target, name)

    def bound(self, path: str) -> Bound:
        """The cheap facts of a module's namespace."""
        if path not in self._bound:
            facts = self.project.facts(_BOUND, [path])
            self._bound[path] = facts.get(path, (None, True, None, frozenset()))
        return self._bound[path]

    def _attribute(self, path: str, name: str) -> Answer:
        names = self.bound(path)[0]
        if names is not None:
            if name in names:
                return PRESENT
            found = self.through_stars(path, name)
            if found in (PRESENT, UNKNOWN):
                return found
        summary = self.summary(path)
        if summary is None or summary["problem"] or summary["dynamic"]:
            return UNKNOWN
        if name in summary["bound"] or name in MODULE_NAMES:
            return PRESENT
        through_star = self._through_stars(path, summary, name)
        if through_star in (PRESENT, UNKNOWN):
            return through_star
        if summary["has_getattr"] and name not in summary["rejected"]:
            return UNKNOWN
        if name in summary["guarded"]:
            return Missing(path, place(path, summary["guarded"][name]))
        for level, module, span in summary["guarded_stars"]:
            target = self.source(path, level, module)
            if target is not None and self.attribute(target, name) != ABSENT:
                return Missing(path, place(path, span))
        return through_star

    def stars(self, path: str) -> list[tuple[int, str]]:
        """The star imports of a file that run: dots and module."""
        facts = scans(self.project).get(path)
        imports = imports_of(facts) if facts is not None else ()
        return [(level, module) for level, module, fetched in imports if fetched == "*"]

    def through_stars(self, path: str, name: str) -> Answer:
        """What the star imports of a file bind ``name`` to, all of them taken together."""
        answer: Answer = ABSENT
        for level, module in self.stars(path):
            found = self.through_star(path, level, module, name)
            if found in (PRESENT, UNKNOWN):
                return found
            if found != ABSENT:
                answer = found
        return answer

    def may_be_guarded_elsewhere(self, path: str, name: str) -> bool:
        """Whether a star import of ``path`` may have meant a name that its module guards."""
        facts = scans(self.project).get(path)
        if facts is None or "*" in facts[4]:
            return True
        for level, module in self.stars(path):
            target = self.source(path, level, module)
            possible = self._exported.get(target, set()) if target is not None else set()
            if name in possible or "*" in possible:
                return True
        return False

    def _through_stars(self, path: str, summary: Summary, name: str) -> Answer:
        answer: Answer = ABSENT
        for item in summary["imports"]:
            if item["name"] != "*":
                continue
            found = self.through_star(path, item["level"], item["module"], name)
            if found in (PRESENT, UNKNOWN):
                return found
            if isinstance(found, Missing):
                here = place(path, item["span"])
                answer = found.through(here, f"star import of {item['module'] or '.'}")
        return answer

    def through_star(self, importer: str, level: int, module: str, name: str) -> Answer:
        """What a star import binds ``name`` to."""
        target = self.source(importer, level, module)
        if target is None:
            return ABSENT if not level and standard.lacks(module, name) else UNKNOWN
        if self.submodule(target, name) is not None and self.bound(target)[1]:
            return PRESENT  # a name of ``__all__`` is fetched as ``from package import name``
        names, has_all, listed, _ = self.bound(target)
        if names is not None and "__getattr__" in names and not has_all:
            return self._through_getattr(target, name)
        if not has_all or listed is not None:
            hidden = name.startswith("_") if listed is None else name not in listed
            return ABSENT if hidden else self.attribute(target, name)
        summary = self.summary(target)
        if summary is None or summary["problem"]:
            return UNKNOWN
        if summary["has_all"]:
            if not summary["all_is_known"]:
                known = any(name == listed for listed, _ in summary["listed"])
                answer = self.attribute(target, name)
                return answer if known or isinstance(answer, Missing) else UNKNOWN
            if all(name != listed for listed, _ in summary["listed"]):
                return ABSENT
        elif name.startswith("_"):
            return ABSENT
        return self.attribute(target, name)

    def may_miss(self, path: str) -> bool:
        """Whether the module may hold any name for the type checker alone."""
        return path in self._exported

    def may_fail_on_star(self, importer: str, path: str) -> bool:
        """Whether a star import of ``path`` may leave ``importer`` without a name."""
        possible = self._exported.get(path, set())
        _, has_all, listed, _ = self.bound(path)
        names, _, _, unknown = self.bound(importer)
        if "*" in possible or names is None:
            return True
        fails = has_all and (listed is None or not possible.isdisjoint(listed))
        return fails or not possible.isdisjoint(unknown)

    def missing(self, path: str, name: str) -> Missing | None:
        """Whether the module ``path`` holds ``name`` for the type checker alone.

        Asks the cheap facts first: most names cannot be guarded at all.
        """
        possible = self._exported.get(path, ())
        if name not in possible and "*" not in possible:
            return None
        answer = self.attribute(path, name)
        return answer if isinstance(answer, Missing) else None

    def fetched(self, importer: str, level: int, module: str, name: str) -> Missing | None:
        """Why ``from module import name`` fails: neither an attribute nor a submodule is there."""
        target = self.source(importer, level, module)
        if target is None or self.submodule(target, name) is not None:
            return None
        return self.missing(target, name)

    def listed(self, path: str, name: str) -> Missing | None:
        """Why a star import fails on a name that ``__all__`` of ``path`` lists."""
        if self.submodule(path, name) is not None:
            return None
        return self.missing(path, name)

    def submodule(self, path: str, name: str) -> str | None:
        """The file of a package's submodule; None where ``path`` is no package."""
        return self.modules.submodule(path, name) if is_package(path) else None

    def imports_submodule(self, package: str, name: str) -> bool:
        """Whether what the package binds to ``name`` is its submodule of that name."""
        dotted = self.modules.module_of(package)[0]
        facts = scans(self.project).get(package)
        return facts is None or any(
            fetched == name and ((level, module) == (1, "") or (level, module) == (0, dotted))
            for level, module, fetched in imports_of(facts)
        )

    def reads(self, path: str, names: list[str]) -> frozenset[str] | None:
        """Those of the ``names`` that running code of a file reads as attributes; None: any."""
        if not names:
            return frozenset()
        lazy = self.project.target >= (3, 14)
        extractor: Extractor[frozenset[str] | None] = Extractor(
            "names.reads", VERSION, reads, (lazy, tuple(names))
        )
        found = self.project.facts(extractor, [path]).get(path)
        return None if found is None else frozenset(pair.rpartition(".")[2] for pair in found)


def namespaces(project: Project) -> Namespaces:
    """The project's modules, shared by the rules."""
    return project.shared("names.namespaces", lambda: Namespaces(project))
