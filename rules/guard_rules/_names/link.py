"""From facts to what Python will raise: the uses of one file, and the names between modules.

The rules turn these into findings; nothing here is about wording beyond the exception's own text.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from guard.model import Place, Step, Unjudged, Use, When
from guard.rule import Project
from guard_rules._names import standard
from guard_rules._names.compiled import builtin_names
from guard_rules._names.modules import PRESENT, UNKNOWN, Missing, Namespaces, place
from guard_rules._names.screen import Suspicion, cross_candidates, own_candidates, scans
from guard_rules._names.summary import AttributeFact, Span, Summary, UseFact


@dataclass(frozen=True, slots=True)
class Defect:
    """One cause in one file: a name, why it is missing, and every place that evaluates it."""

    path: str
    name: str
    raises: str
    uses: tuple[Use, ...]
    guard: Place | None
    chain: tuple[Step, ...] = ()
    kind: str = "use"
    """``use``, ``annotation`` (all uses are annotations), ``attribute``, ``import``, ``star``,
    ``listed``, ``submodule``."""


def namespaces(project: Project) -> Namespaces:
    """The project's modules, shared by the rules."""
    return project.shared("names.namespaces", lambda: Namespaces(project))


def unjudged(project: Project) -> Iterator[Unjudged]:
    """Files that hold a guard, or may, and could not be judged."""
    for path, facts in scans(project).items():
        if facts[5]:
            yield Unjudged(path, facts[5])
    spaces = namespaces(project)
    for path, summary in spaces.load(_suspected(project)).items():
        if summary is not None and summary["problem"] and not scans(project)[path][5]:
            yield Unjudged(path, summary["problem"], summary["problem_line"])


def guarded_name(project: Project, path: str, scope: str, name: str) -> Place | None:
    """Where ``name`` is guarded, if nothing provides it once ``path`` has been imported.

    ``scope`` is the qualified name of the class around an annotation, or empty: the names of a
    class body come before the module's.
    """
    spaces = namespaces(project)
    summary = spaces.summary(path)
    if summary is None or name in builtin_names(project.target):
        return None
    answer = spaces.attribute(path, name)
    if isinstance(answer, Missing):
        return answer.guard
    span = summary["class_guarded"].get(scope, {}).get(name)
    return place(path, span) if answer == "absent" and span is not None else None


def own_defects(project: Project) -> Iterator[Defect]:
    """Names that a file guards and evaluates itself."""
    spaces = namespaces(project)
    candidates = _suspected(project)
    spaces.load(candidates)
    for path in candidates:
        summary = spaces.summary(path)
        if summary is None or summary["problem"]:
            continue
        yield from _evaluated(spaces, path, summary)
        yield from _submodules(spaces, path, summary)


def _suspected(project: Project) -> list[str]:
    """The own candidates that the other cheap facts do not clear."""

    def find() -> list[str]:
        spaces = namespaces(project)
        return [
            path
            for path, suspicions in own_candidates(project).items()
            if any(_is_suspect(spaces, path, suspicion) for suspicion in suspicions)
        ]

    return project.shared("names.suspected", find)


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


def cross_defects(project: Project) -> Iterator[Defect]:
    """Names that a file fetches, lists or reads although their module only guards them."""
    spaces = namespaces(project)
    suspects = cross_candidates(project)
    confirmed = {path for path, found in suspects.items() if _is_confirmed(spaces, path, found)}
    for path, summary in spaces.load(_suspected(project)).items():
        if summary is not None:
            yield from _listed(spaces, path, summary)
    for path, summary in spaces.load(sorted(confirmed), whole=True).items():
        if summary is None or summary["problem"]:
            continue
        yield from _fetched(spaces, path, summary)
        yield from _starred(spaces, path, summary)
        yield from _attributes(spaces, path, summary)


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


def _evaluated(spaces: Namespaces, path: str, summary: Summary) -> Iterator[Defect]:
    causes: dict[tuple[str, str, Span], list[UseFact]] = {}
    for use in summary["uses"]:
        guard = use["guard"] or _guarding_star(spaces, path, summary, use)
        if guard is None or _is_idle(spaces, path, use):
            continue
        if use["kind"] == "global" and (
            _from_star(spaces, path, summary, use) != "absent"
            or spaces.is_filled(path, use["name"], path)
        ):
            continue
        causes.setdefault((use["name"], use["kind"], guard), []).append(use)
    for (name, kind, guard), found in causes.items():
        yield Defect(
            path,
            name,
            _name_error(name, kind),
            _uses(path, found),
            place(path, guard),
            kind="annotation" if all(use["annotation"] for use in found) else "use",
        )


def _guarding_star(spaces: Namespaces, path: str, summary: Summary, use: UseFact) -> Span | None:
    """``from m import *`` under a guard: the only statement that can have meant the name."""
    if use["kind"] != "global":
        return None
    for level, module, span in summary["guarded_stars"]:
        target = spaces.source(path, level, module)
        if target is None or spaces.attribute(target, use["name"]) != "absent":
            return span
    return None


def _is_idle(spaces: Namespaces, path: str, use: UseFact) -> bool:
    """The use stands in a function that guarded code alone calls, here and elsewhere."""
    name = use["only_guarded"]
    if not name:
        return False
    return not spaces.is_fetched(path, name)


def _from_star(spaces: Namespaces, path: str, summary: Summary, use: UseFact) -> object:
    """What the star imports that ran before a use bind its name to."""
    answer: object = "absent"
    stars = [item for item in summary["imports"] if item["name"] == "*"]
    for item in stars[: use["stars"]]:
        found = spaces.through_star(path, item["level"], item["module"], use["name"])
        if found in (PRESENT, UNKNOWN):
            return found
        if isinstance(found, Missing):
            here = place(path, item["span"])
            answer = "absent" if use["guard"] else found.through(here, "star import")
    return answer


def _starred(spaces: Namespaces, path: str, summary: Summary) -> Iterator[Defect]:
    """Names that a star import was to bring, from a module that guards them."""
    failing = {
        name
        for item in summary["imports"]
        if item["name"] == "*"
        for name, _ in _missing_listed(spaces, path, item["level"], item["module"])
    }
    causes: dict[str, tuple[Missing, list[UseFact]]] = {}
    for use in summary["uses"]:
        if use["name"] in failing:
            continue  # the star import itself raises for it
        if use["guard"] is None and use["kind"] == "global" and use["stars"]:
            answer = _from_star(spaces, path, summary, use)
            if (
                isinstance(answer, Missing)
                and not _is_idle(spaces, path, use)
                and not spaces.is_filled(answer.module, use["name"], path)
            ):
                causes.setdefault(use["name"], (answer, []))[1].append(use)
    for name, (missing, found) in causes.items():
        raises = _name_error(name, "global")
        yield Defect(path, name, raises, _uses(path, found), missing.guard, missing.chain, "star")


def _fetched(spaces: Namespaces, path: str, summary: Summary) -> Iterator[Defect]:
    causes: dict[tuple[str, str], tuple[Missing, list[Use]]] = {}
    for item in summary["imports"]:
        name = item["name"]
        if not name or item["handled"]:
            continue
        when = When.IMPORT if item["at_import"] else When.CALL
        use = Use(place(path, item["span"]), when, item["scope"])
        module = "." * item["level"] + item["module"]
        if name == "*":
            for listed, missing in _missing_listed(spaces, path, item["level"], item["module"]):
                yield Defect(
                    path,
                    listed,
                    _attribute_error(
                        spaces, spaces.source(path, item["level"], item["module"]), listed, module
                    ),
                    (use,),
                    missing.guard,
                    missing.chain,
                    "listed",
                )
            continue
        answer = spaces.fetched(path, item["level"], item["module"], name)
        if answer is not None and not spaces.is_filled(answer.module, name, path):
            target = spaces.source(path, item["level"], item["module"])
            raised = _import_error(spaces, target, name, module)
            causes.setdefault((name, raised), (answer, []))[1].append(use)
    for (name, raised), (missing, uses) in causes.items():
        yield Defect(
            path,
            name,
            raised,
            _in_order(uses),
            missing.guard,
            missing.chain,
            "import",
        )


def _missing_listed(
    spaces: Namespaces, path: str, level: int, module: str
) -> Iterator[tuple[str, Missing]]:
    """What a star import of a module fails on: names of its ``__all__`` that it guards."""
    target = spaces.source(path, level, module)
    if target is None or not spaces.may_fail_on_star(path, target):
        return
    summary = spaces.summary(target)
    if summary is None or not summary["has_all"]:
        return
    for name, span in dict(reversed(summary["listed"])).items():
        answer = spaces.listed(target, name)
        if answer is not None and not spaces.is_filled(target, name, path):
            yield name, answer.through(place(target, span), f"__all__ lists {name}")


def _listed(spaces: Namespaces, path: str, summary: Summary) -> Iterator[Defect]:
    if not summary["has_all"]:
        return
    module = spaces.modules.module_of(path)[0]
    places: dict[str, list[Span]] = {}
    for name, span in summary["listed"]:
        places.setdefault(name, []).append(span)
    for name, spans in places.items():
        answer = spaces.listed(path, name)
        if answer is not None and not spaces.is_filled(path, name, path):
            yield Defect(
                path,
                name,
                _attribute_error(spaces, path, name, module),
                tuple(Use(place(path, span), When.IMPORT) for span in spans),
                answer.guard,
                answer.chain,
                "listed",
            )


def _attributes(spaces: Namespaces, path: str, summary: Summary) -> Iterator[Defect]:
    causes: dict[str, tuple[Missing, str, list[Use]]] = {}
    for item in summary["attributes"]:
        found = _missing_attribute(spaces, path, item)
        if found is None:
            continue
        count, raised, missing = found
        name = ".".join((item["root"], *item["attributes"][:count]))
        span = item["spans"][min(count, len(item["spans"])) - 1]
        use = Use(place(path, span), _when(item["at_import"]), item["scope"])
        causes.setdefault(name, (missing, raised, []))[2].append(use)
    for name, (missing, raised, uses) in causes.items():
        yield Defect(
            path,
            name,
            raised,
            _in_order(uses),
            missing.guard,
            missing.chain,
            "attribute",
        )


def _missing_attribute(
    spaces: Namespaces, path: str, item: AttributeFact
) -> tuple[int, str, Missing] | None:
    """Walk ``a.b.c`` from the module that ``a`` stands for to the first name that is missing.

    How many attributes that is, what Python raises, and why.
    """
    module = _module_of_ref(spaces, path, item["ref"])
    dotted = str(item["ref"][2]) if item["ref"][0] == "module" else ""
    for count, attribute in enumerate(item["attributes"], start=1):
        dotted = f"{dotted}.{attribute}"
        if module is None:
            if not dotted.startswith(".") and item["ref"][0] == "module":
                module = spaces.modules.find(dotted, path)  # below a namespace package
            if module is None and not spaces.modules.is_namespace(dotted, path):
                return None
            continue
        if count > item["present"]:
            missing = spaces.missing(module, attribute)
            inner = spaces.submodule(module, attribute)
            if (
                missing is not None
                and (inner is None or not spaces.loads(path, inner))
                and not spaces.is_filled(module, attribute, path)
            ):
                owner = spaces.modules.module_of(module)[0]
                return count, _attribute_error(spaces, module, attribute, owner), missing
        module = spaces.submodule(module, attribute)
    return None


def _module_of_ref(spaces: Namespaces, path: str, ref: tuple[object, ...]) -> str | None:
    """The file of the module that an import bound."""
    if ref[0] == "module":
        return spaces.modules.find(str(ref[2]), path)
    level, module, name = int(str(ref[1])), str(ref[2]), str(ref[3])
    package = spaces.source(path, level, module)
    if package is not None:
        inner = spaces.submodule(package, name)
        if inner is None or not spaces.may_miss(inner):
            return inner
        names = spaces.bound(package)[0]
        if names is None or name in names:
            if not spaces.imports_submodule(package, name):
                return None  # the package binds something else to that name
        return inner
    if level:
        return spaces.modules.relative(path, level, f"{module}.{name}" if module else name)
    return spaces.modules.find(f"{module}.{name}", path)


def _submodules(spaces: Namespaces, path: str, summary: Summary) -> Iterator[Defect]:
    """``import a`` at run time, ``import a.b`` for the type checker: ``a.b`` may not be there."""
    guarded = summary["guarded_submodules"]
    causes: dict[str, list[Use]] = {}
    for item in summary["attributes"]:
        if item["ref"][0] != "module" or not guarded:
            continue
        dotted = str(item["ref"][2])
        for count, attribute in enumerate(item["attributes"], start=1):
            dotted = f"{dotted}.{attribute}"
            if not any(name == dotted or name.startswith(dotted + ".") for name in guarded):
                break
            if count > item["present"] and _is_unloaded(spaces, path, summary, dotted):
                span = item["spans"][count - 1]
                use = Use(place(path, span), _when(item["at_import"]), item["scope"])
                causes.setdefault(dotted, []).append(use)
                break
    for dotted, uses in causes.items():
        parent, _, name = dotted.rpartition(".")
        span = next(s for g, s in guarded.items() if g == dotted or g.startswith(dotted + "."))
        yield Defect(
            path,
            dotted,
            f"AttributeError: module '{parent}' has no attribute '{name}'",
            _in_order(uses),
            place(path, span),
            kind="submodule",
        )


def _is_unloaded(spaces: Namespaces, path: str, summary: Summary, dotted: str) -> bool:
    """Whether nothing that the file imports loads the submodule."""
    parent, _, name = dotted.rpartition(".")
    package, file = spaces.modules.find(parent, path), spaces.modules.find(dotted, path)
    if package is not None:
        if spaces.attribute(package, name) in (PRESENT, UNKNOWN):
            return False
        return file is not None and not spaces.loads(path, file)
    names = {item["module"] for item in summary["imports"] if not item["level"]}
    names |= {f"{item['module']}.{item['name']}" for item in summary["imports"] if item["name"]}
    return standard.is_unloaded(dotted, tuple(sorted(names - {""})))


def _attribute_error(spaces: Namespaces, file: str | None, name: str, module: str) -> str:
    """What reading ``module.name`` raises; ``file`` holds the module."""
    errors = _refusal(spaces, file, name)
    if all(error == ("AttributeError", True) for error in errors):
        return f"AttributeError: module '{module}' has no attribute '{name}'"
    return _raised_by_getattr([error for error, _ in errors], module)


def _import_error(spaces: Namespaces, file: str | None, name: str, module: str) -> str:
    """What ``from module import name`` raises: an ``AttributeError`` becomes an ``ImportError``."""
    errors = _refusal(spaces, file, name)
    if all(is_attribute_error for _, is_attribute_error in errors):
        return f"ImportError: cannot import name '{name}' from '{module}'"
    return _raised_by_getattr(
        ["ImportError" if caught else error for error, caught in errors], module
    )


def _raised_by_getattr(errors: list[str], module: str) -> str:
    if "" in errors:
        return f"what __getattr__ of module '{module}' raises"
    return f"{' or '.join(sorted(set(errors)))}: raised by __getattr__ of module '{module}'"


def _refusal(spaces: Namespaces, file: str | None, name: str) -> tuple[tuple[str, bool], ...]:
    summary = spaces.summary(file) if file is not None else None
    return summary["rejected"].get(name, ()) if summary is not None else ()


def _uses(path: str, facts: list[UseFact]) -> tuple[Use, ...]:
    return _in_order(
        [Use(place(path, fact["span"]), _when(fact["at_import"]), fact["scope"]) for fact in facts]
    )


def _in_order(uses: list[Use]) -> tuple[Use, ...]:
    """Those that break the import come first, then by place."""
    return tuple(
        sorted(uses, key=lambda use: (use.when != When.IMPORT, use.place.line, use.place.column))
    )


def _when(at_import: bool) -> When:
    return When.IMPORT if at_import else When.CALL


def _name_error(name: str, kind: str) -> str:
    """The exception as CPython 3.11 and later word it."""
    if kind == "local":
        return (
            f"UnboundLocalError: cannot access local variable '{name}' "
            "where it is not associated with a value"
        )
    if kind == "free":
        return (
            f"NameError: cannot access free variable '{name}' "
            "where it is not associated with a value in enclosing scope"
        )
    return f"NameError: name '{name}' is not defined"
