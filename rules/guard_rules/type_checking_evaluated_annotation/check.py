"""From the project to the findings."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from guard.model import Finding, Place, Unjudged, Use, When
from guard.rule import Project
from guard_rules._annotations.abstract import Abstract
from guard_rules._annotations.calls import last_name
from guard_rules._annotations.evaluated import Evaluated
from guard_rules._annotations.evaluation import Evaluation
from guard_rules._annotations.expressions import place
from guard_rules._annotations.files import Files
from guard_rules._annotations.guard_only import (
    GuardOnly,
    guard_only_by_shape,
    unquoted,
    words,
)
from guard_rules._annotations.package_hooks import hooked
from guard_rules._annotations.rebuilds import Rebuilds
from guard_rules._annotations.shapes import SHAPES, Shape
from guard_rules._annotations.symbols import Symbols
from guard_rules.type_checking_evaluated_annotation.frameworks import TABLE

if TYPE_CHECKING:
    from guard_rules.type_checking_evaluated_annotation import Options

_LAZY = (3, 14)


Found = dict[tuple[str, str, str], tuple[Evaluated, list[Use], Place]]
"""By path, owner and name: the first annotation, all uses, and the place of the guard."""


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


def check(
    rule: str, project: Project, options: Options, guard_only: GuardOnly | None = None
) -> Iterator[Finding | Unjudged]:
    """The findings of the rule. ``guard_only`` answers which names only type checkers see."""
    table = TABLE.extended(options.base_classes, options.decorators, options.functions)
    modules = project.modules
    extra = [*options.base_classes, *options.decorators, *options.functions]
    files = Files(project, table, tuple(last_name(name).encode() for name in extra))
    if files.is_hopeless():
        return
    load = Loader(project)
    symbols = Symbols(load, modules)
    evaluation = Evaluation(symbols, table, project.target, files.may_matter, files.may_resolve)
    wanted = files.wanted(*_learn(files, load, evaluation))
    if not wanted and not files.hooking():
        return
    load.ahead(wanted)
    judge = Judge(
        load,
        project,
        guard_only or _guard_only(project, files, load),
        Rebuilds(symbols, table, files, load),
        Abstract(evaluation, files, load),
    )
    exempt = set(options.exempt)
    found: Found = {}
    for path in wanted:
        for item in evaluation.in_file(path):
            if f"{modules.module_of(item.path)[0]}.{item.owner}" in exempt:
                continue
            judge.judge(item, found)
    for path, reads, step in hooked(symbols, table, files):
        for item in evaluation.package_wide(path, reads, step):
            judge.judge(item, found)
    findings = [_finding(rule, name, *cause) for (_, _, name), cause in found.items()]
    yield from sorted(findings, key=lambda f: (f.place.path, f.place.line, f.place.column))
    for path in sorted(set(load.broken)):
        if path in wanted:
            yield Unjudged(path, "not valid Python of any version known here")


def _learn(
    files: Files, load: Loader, evaluation: Evaluation
) -> tuple[set[str], set[str], set[str]]:
    """The files that call what resolves annotations, level by level; the names of the functions of

    the project that do so for others; those of the classes that do so for their subclasses.
    """
    callers = set(files.callers(files.table.general))
    paths = files.handing_on(callers, frozenset())
    names: frozenset[str] = frozenset()
    while True:
        load.ahead(sorted(paths))
        found, hooks = evaluation.calls.learn(sorted(paths))
        new = found - names
        if not new:
            return callers, set(names), hooks
        names |= new
        more = files.naming(new, paths)
        paths |= files.handing_on(more | callers, names) if more else set()
        callers |= more


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


class Judge:
    """Decides which names of a resolved annotation are missing."""

    def __init__(
        self,
        load: Loader,
        project: Project,
        guard_only: GuardOnly,
        rebuilds: Rebuilds,
        abstract: Abstract,
    ) -> None:
        self.load = load
        self.target = project.target
        self.guard_only = guard_only
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


def _finding(rule: str, name: str, item: Evaluated, uses: list[Use], guard: Place) -> Finding:
    uses = sorted(uses, key=lambda use: (use.place.line, use.place.column))
    reads = item.reach.reads
    raises = (
        item.raises.replace("{name}", name)
        .replace("{owner}", item.within)
        .replace("{class}", item.within)
        .replace("{field}", item.label.partition(" ")[2])
    )
    return Finding(
        rule=rule,
        place=uses[0].place,
        name=name,
        message=f"{reads.by} resolves the annotation of {item.label} of {item.owner} "
        f"{reads.moment}, and {name} exists only for type checkers",
        raises=raises,
        when=When.RESOLUTION,
        fix=f"Move the import of {name} out of the guard.",
        guard=guard,
        uses=tuple(uses),
        chain=item.reach.steps,
    )
