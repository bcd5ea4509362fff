"""Names across modules: what an attribute of a module is at run time, and why it is not there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

from guard.model import Place, Step
from guard.rule import Extractor, Project
from guard_rules._names import standard
from guard_rules._names.compiled import MODULE_NAMES
from guard_rules._names.scan import VERSION, Bound, Scan, assigned, bound, reads
from guard_rules._names.screen import dotted_names, exported, renamed, scans
from guard_rules._names.summary import Span, Summary, own_summary_of, summary_of

Edge = tuple[int, str, str]
"""One fetched name: dots, module, name (``*`` for all, empty for the module itself)."""


@dataclass(frozen=True, slots=True)
class Missing:
    """A name that its module holds for the type checker alone."""

    module: str
    """The file that guards it."""
    guard: Place
    chain: tuple[Step, ...] = ()
    """The re-exports between the asker and the guard."""

    def through(self, place: Place, text: str) -> Missing:
        """The same, reached by one more step."""
        return Missing(self.module, self.guard, (Step(place, text), *self.chain))


PRESENT = "present"
UNKNOWN = "unknown"
ABSENT = "absent"
Answer = Missing | str
"""``Missing``, or ``PRESENT``, ``UNKNOWN`` (nobody can tell) or ``ABSENT`` (some other defect)."""


_BOUND: Extractor[Bound] = Extractor("names.bound", VERSION, bound)


def place(path: str, span: Span) -> Place:
    """A position of the facts as a place of the model."""
    return Place(path, *span)


class Namespaces:
    """The modules of a project as the import system would fill them. Asked lazily."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.modules = project.modules
        self._extractors = (own_summary_of(project.target), summary_of(project.target))
        self._exported = exported(project)
        self._summaries: tuple[dict[str, Summary | None], dict[str, Summary | None]] = ({}, {})
        self._bound: dict[str, Bound] = {}
        self._set: dict[str, dict[str, list[tuple[str, set[str]]]]] = {}
        self._edges: dict[str, frozenset[str]] = {}
        self._loaded: dict[str, frozenset[str]] = {}
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

    def source(self, importer: str, level: int, module: str) -> str | None:
        """The file that ``from (level dots)module import`` fetches from; None if not ours."""
        if level:
            return self.modules.relative(importer, level, module)
        return self.modules.find(module, importer)

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
        return self.modules.submodule(path, name) if self._is_package(path) else None

    def imports_submodule(self, package: str, name: str) -> bool:
        """Whether what the package binds to ``name`` is its submodule of that name."""
        dotted = self.modules.module_of(package)[0]
        facts = scans(self.project).get(package)
        return facts is None or any(
            fetched == name and ((level, module) == (1, "") or (level, module) == (0, dotted))
            for level, module, fetched in imports_of(facts)
        )

    def is_filled(self, path: str, name: str, importer: str) -> bool:
        """Whether another module that is loaded as well sets ``name`` in the module ``path``."""
        module = self.modules.module_of(path)[0].rpartition(".")[2]
        for other, owners in self._setters(path, module).get(name, ()):
            if owners.isdisjoint({module, *self._aliases(other, module)}):
                continue
            if other == importer or self.loads(path, other) or self.loads(importer, other):
                return True
        return False

    def _setters(self, path: str, module: str) -> dict[str, list[tuple[str, set[str]]]]:
        """For each attribute name that ``path`` may lack, the files that import it and set that

        name, and on what.
        """
        if path not in self._set:
            found = self._set[path] = {}
            word = re.compile(rb"\b%b\b" % re.escape(module.encode()))
            users = [
                other
                for other, text in self._imports.items()
                if other != path and word.search(text) and path in self.edges(other)
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

    def is_fetched(self, path: str, name: str) -> bool:
        """Whether any other file imports ``name`` from the module ``path``."""
        for other, facts in scans(self.project).items():
            if other != path and any(
                fetched == name and self.source(other, level, module) == path
                for level, module, fetched in imports_of(facts)
            ):
                return True
        return False

    @staticmethod
    def _is_package(path: str) -> bool:
        return path.rpartition("/")[2] == "__init__.py"

    # -- which modules are loaded ------------------------------------------------

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
            if target is not None and name and name != "*" and self._is_package(target):
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
