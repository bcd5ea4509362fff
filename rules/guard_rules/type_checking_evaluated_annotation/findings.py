"""From the files that may matter to the findings."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from guard.model import Finding, Place, Unjudged, Use, When
from guard.rule import Project
from guard_rules._annotations.abstract import Abstract
from guard_rules._annotations.choice import Choice
from guard_rules._annotations.evaluated import Evaluated
from guard_rules._annotations.evaluation import Evaluation
from guard_rules._annotations.files import Files
from guard_rules._annotations.handing import Handing
from guard_rules._annotations.loader import Loader
from guard_rules._annotations.package_hooks import hooked
from guard_rules._annotations.rebuilds import Rebuilds
from guard_rules._annotations.symbols import Symbols
from guard_rules.type_checking_evaluated_annotation.judge import Found, Judge


def findings(
    rule: str, project: Project, files: Files, exempt: Collection[str]
) -> Iterator[Finding | Unjudged]:
    """The findings of the rule by place, then the files that could not be parsed.

    ``exempt`` are the dotted names of classes and functions to be left alone.
    """
    load = Loader(project)
    modules = project.modules
    symbols = Symbols(load, modules)
    handing = Handing(files)
    choice = Choice(files, handing)
    evaluation = Evaluation(
        symbols, files.table, project.target, choice.may_matter, choice.may_resolve
    )
    wanted = choice.wanted(*_learn(files, handing, load, evaluation))
    if not wanted and not files.hooking():
        return
    load.ahead(wanted)
    judge = Judge(
        load,
        project,
        files,
        Rebuilds(symbols, files.table, files, load),
        Abstract(evaluation, files, load),
    )
    found: Found = {}
    for path in wanted:
        for item in evaluation.in_file(path):
            if f"{modules.module_of(item.path)[0]}.{item.owner}" in exempt:
                continue
            judge.judge(item, found)
    for path, reads, step in hooked(symbols, files.table, files):
        for item in evaluation.package_wide(path, reads, step):
            judge.judge(item, found)
    findings = [_finding(rule, name, *cause) for (_, _, name), cause in found.items()]
    yield from sorted(findings, key=lambda f: (f.place.path, f.place.line, f.place.column))
    for path in sorted(set(load.broken)):
        if path in wanted:
            yield Unjudged(path, "not valid Python of any version known here")


def _learn(
    files: Files, handing: Handing, load: Loader, evaluation: Evaluation
) -> tuple[set[str], set[str], set[str]]:
    """The files that call what resolves annotations, level by level; the names of the functions of

    the project that do so for others; those of the classes that do so for their subclasses.
    """
    callers = set(files.callers(files.table.general))
    paths = handing.handing_on(callers, frozenset())
    names: frozenset[str] = frozenset()
    while True:
        load.ahead(sorted(paths))
        found, hooks = evaluation.calls.learn(sorted(paths))
        new = found - names
        if not new:
            return callers, set(names), hooks
        names |= new
        more = files.naming(new, paths)
        paths |= handing.handing_on(more | callers, names) if more else set()
        callers |= more


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
