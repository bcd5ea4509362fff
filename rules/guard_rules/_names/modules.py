"""Names across modules: what an attribute of a module is at run time, and why it is not there."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from guard.model import Place, Step
from guard.rule import Project
from guard_rules._names.compiled import MODULE_NAMES
from guard_rules._names.scan import Scan
from guard_rules._names.screen import scans
from guard_rules._names.summary import Span, Summary, summary_of

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


def place(path: str, span: Span) -> Place:
    """A position of the facts as a place of the model."""
    return Place(path, *span)


class Namespaces:
    """The modules of a project as the import system would fill them. Asked lazily."""

    def __init__(self, project: Project) -> None:
        self.project = project
        self.modules = project.modules
        self.extractor = summary_of(project.target)
        self._summaries: dict[str, Summary | None] = {}
        self._answers: dict[tuple[str, str], Answer] = {}

    def summary(self, path: str) -> Summary | None:
        """The facts of one file; None where it cannot be read."""
        if path not in self._summaries:
            self._summaries.update(self.load([path]))
        return self._summaries[path]

    def load(self, paths: list[str]) -> dict[str, Summary | None]:
        """Judge several files in one go, which may use several processes."""
        wanted = [path for path in paths if path not in self._summaries]
        facts = self.project.facts(self.extractor, wanted)
        self._summaries.update({path: facts.get(path) for path in wanted})
        return {path: self._summaries[path] for path in paths}

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

    def _attribute(self, path: str, name: str) -> Answer:
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
            if target is not None and self.attribute(target, name) in (PRESENT, UNKNOWN):
                return Missing(path, place(path, span))
        return through_star

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
            return UNKNOWN
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

    def fetched(self, importer: str, level: int, module: str, name: str) -> Answer:
        """What ``from module import name`` fetches: an attribute, or else a submodule."""
        target = self.source(importer, level, module)
        if target is None:
            return UNKNOWN
        answer = self.attribute(target, name)
        if answer == PRESENT or not self._is_package(target):
            return answer
        if self.modules.submodule(target, name) is not None:
            return PRESENT
        return answer

    def listed(self, path: str, name: str) -> Answer:
        """What a star import fetches for a name that ``__all__`` of ``path`` lists."""
        if self._is_package(path) and self.modules.submodule(path, name) is not None:
            return PRESENT
        return self.attribute(path, name)

    def submodule(self, path: str, name: str) -> str | None:
        """The file of a package's submodule; None where ``path`` is no package."""
        return self.modules.submodule(path, name) if self._is_package(path) else None

    def imports_submodule(self, package: str, name: str) -> bool:
        """Whether what the package binds to ``name`` is its submodule of that name."""
        summary = self.summary(package)
        dotted = self.modules.module_of(package)[0]
        for item in summary["imports"] if summary is not None else ():
            if item["level"] == 1 and not item["module"] and item["name"] == name:
                return True
            if not item["level"] and item["module"] == dotted and item["name"] == name:
                return True
        return False

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
        seen = {importer}
        pending = [importer]
        while pending:
            path = pending.pop()
            for target in self._targets(path):
                if target == wanted:
                    return True
                if target not in seen:
                    seen.add(target)
                    pending.append(target)
        return False

    def _targets(self, path: str) -> Iterator[str]:
        """The project's files that importing ``path`` loads directly, packages around included."""
        for level, module, name in self._edges(path):
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

    def _edges(self, path: str) -> Iterator[Edge]:
        facts = scans(self.project).get(path)
        if facts is not None and not facts[0]:
            yield from imports_of(facts)
            return
        summary = self.summary(path)
        for item in summary["imports"] if summary is not None else ():
            yield item["level"], item["module"], item["name"]


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
