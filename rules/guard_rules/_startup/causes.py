"""From a cause to words: what kind it is, and what mends it."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

from guard.observed import Failure, causes
from guard_rules._startup import missing, versions
from guard_rules._startup.cycles import Edge, edge, import_of, imported
from guard_rules._startup.failures import own_frames
from guard_rules._startup.faults import Fault, is_syntax_error
from guard_rules._startup.stops import stopped
from guard_rules._startup.words import Setting, Words, nearest, shown_list

if TYPE_CHECKING:
    from guard.model import Place


def explain(fault: Fault, setting: Setting) -> Words:
    """What is wrong, and how to mend it, for the kind of cause that it is."""
    failure = fault.failure
    if failure is None:
        return stopped(fault)
    if is_syntax_error(failure.type):
        return _syntax(failure, fault, setting)
    if fault.cycle:
        return _circle(fault, setting)
    lack = fault.lack
    if lack.kind in ("name", "member"):
        guarded = _guarded(fault, setting)
        if guarded is not None:
            return guarded
    if lack.kind == "name":
        return _name(fault, setting)
    if lack.kind == "module":
        return missing.module(fault, setting)
    if lack.kind == "member":
        return missing.member(fault, setting)
    return _other(failure, fault)


def _guarded(fault: Fault, setting: Setting) -> Words | None:
    """A name that exists for the type checker alone, as the source rules find it too."""
    lack, sources = fault.lack, setting.sources
    if lack.kind == "member":
        path = setting.project.modules.find(lack.module)
        guard = path and sources.guard_of(path, lack.name)
        if not path or not guard:
            return None
        return Words(
            f"{lack.module}.{lack.name}",
            f"`{lack.name}` is taken from `{lack.module}`, but {guard.path} binds it only for the "
            "type checker (type-checking-cross-module)",
            f"Move what binds `{lack.name}` in {guard.path}:{guard.line} out of the guard, or "
            f"import it from where it is defined; `guard check` lists all such uses at once.",
            guard,
        )
    failure = fault.failure
    for frame in reversed(own_frames(failure) if failure is not None else ()):
        guard = sources.guard_of(frame.path, lack.name)
        if guard is not None:
            return _guarded_use(fault, setting, frame.path, frame.line, guard)
    return None


def _guarded_use(fault: Fault, setting: Setting, path: str, line: int, guard: Place) -> Words:
    name, sources = fault.lack.name, setting.sources
    move = f"move what binds `{name}` (line {guard.line}) out of the guard"
    all_ = "; `guard check` lists all such uses at once"
    lazy = sources.has_future_annotations(path) or setting.run.interpreter.version >= (3, 14)
    if sources.only_annotates(path, line, name) and not lazy:
        if len(fault.spots) > 1:
            return _without_future(fault, guard)
        return Words(
            name,
            f"the annotation evaluates `{name}`, which only the type checker binds "
            "(type-checking-runtime-use)",
            f"Restore `from __future__ import annotations` in {path} if nothing resolves its "
            f"annotations at run time, or {move}{all_}.",
            guard,
        )
    if name not in sources.line(path, line):
        return Words(
            name,
            f"an annotation is resolved at run time, and only the type checker binds `{name}` "
            "(type-checking-evaluated-annotation)",
            f"{move[0].upper()}{move[1:]}{all_}.",
            guard,
        )
    return Words(
        name,
        f"`{name}` is evaluated at run time, but only the type checker binds it "
        "(type-checking-runtime-use)",
        f"{move[0].upper()}{move[1:]}{all_}.",
        guard,
    )


def _without_future(fault: Fault, guard: Place) -> Words:
    """Many modules that have lost the future import: the cause is one, and so is the mend."""
    count = len({spot.path for spot in fault.spots})
    names = list(dict.fromkeys(f"`{spot.name}`" for spot in fault.spots))
    where = f"{count} modules lack" if count > 1 else f"{guard.path} lacks"
    return Words(
        fault.lack.name,
        f"{where} `from __future__ import annotations`: their annotations evaluate names that only "
        f"the type checker binds, {shown_list(names)} (type-checking-runtime-use)",
        "Restore `from __future__ import annotations` in each of them if nothing resolves its "
        "annotations at run time, or move the imports of these names out of the guard; "
        "`guard check` lists all such uses at once.",
        guard,
    )


def _name(fault: Fault, setting: Setting) -> Words:
    name, spot, sources = fault.lack.name, fault.spots[0], setting.sources
    bound = sources.bound(spot.path)
    line = bound.get(name)
    if fault.failure is not None and not fault.failure.message.startswith("name "):
        return Words(
            name,
            f"`{name}` is read in `{spot.scope}` before that binds it",
            f"Bind `{name}` on every way that leads to line {spot.line}.",
        )
    if sources.tree(spot.path) is None:
        return Words(name, f"`{name}` is not defined", f"Import or define `{name}`.")
    if line is not None and line > spot.line:
        return Words(
            name,
            f"`{name}` is read in line {spot.line}, and bound only in line {line}",
            f"Move what binds `{name}` before line {spot.line}.",
        )
    if line is not None:
        return Words(
            name,
            f"`{name}` is not bound on this way: line {line} binds it under a condition, or it "
            "was deleted",
            f"Bind `{name}` on every way that leads to line {spot.line}.",
        )
    return Words(
        name,
        f"`{name}` is bound nowhere in this module{nearest(name, bound)}",
        f"Import or define `{name}` before line {spot.line}, or correct the name.",
    )


def _circle(fault: Fault, setting: Setting) -> Words:
    lack, project = fault.lack, setting.project
    modules = [project.modules.module_of(frame.path)[0] for frame in fault.cycle]
    modules = [name for number, name in enumerate(modules) if name not in modules[:number]]
    full = f"{lack.module}.{lack.name}" if lack.name else lack.module
    if len(modules) == 1:
        path = fault.cycle[0].path
        return Words(
            full,
            f"`{lack.module}` imports itself: {path} hides the module that is meant",
            f"Rename {path}.",
        )
    way = " -> ".join((*modules, lack.module))
    message = f"a circle of imports: {way}; `{full}` does not exist yet when `{modules[-1]}` asks"
    edges = _edges(fault, setting)
    for needed in ("annotations", "functions", "both", "nothing"):
        for found in reversed(edges):
            if found.needed == needed:
                return Words(full, message, _cut(found, setting))
    return Words(
        full,
        message,
        f"Move what `{modules[-1]}` takes from `{lack.module}` into a module that neither of them "
        "imports, or import it in the function that needs it.",
    )


def _edges(fault: Fault, setting: Setting) -> list[Edge]:
    sources, project = setting.sources, setting.project
    found = []
    targets = [
        *(project.modules.module_of(frame.path)[0] for frame in fault.cycle[1:]),
        fault.lack.module,
    ]
    for frame, target in zip(fault.cycle, targets, strict=True):
        node = sources.import_at(frame.path, frame.line)
        if node is None or target not in imported(sources, frame.path, node):
            node = import_of(sources, frame.path, target) or node
        if node is not None:
            found.append(edge(sources, frame.path, node))
    return found


def _cut(found: Edge, setting: Setting) -> str:
    where = f"{found.path}:{found.node.lineno}"
    statement = ast.unparse(found.node)
    if found.needed == "functions":
        return (
            f"Move `{statement}` ({where}) into the functions that use it: nothing else there "
            "needs it while the module is imported."
        )
    if found.needed == "nothing":
        return (
            f"Take `{statement}` ({where}) out if nothing else needs it there: the module itself "
            "does not use it."
        )
    lazy = setting.sources.has_future_annotations(found.path)
    lazy = lazy or setting.run.interpreter.version >= (3, 14)
    more = "" if lazy else ", with `from __future__ import annotations` at the top"
    if found.needed == "both":
        return (
            f"Move `{statement}` ({where}) under `if TYPE_CHECKING:`{more}, and into the functions "
            "that use it, if nothing resolves annotations there at run time."
        )
    return (
        f"Move `{statement}` ({where}) under `if TYPE_CHECKING:`{more}, if nothing resolves "
        "annotations there at run time: no code needs it while the module is imported."
    )


def _syntax(failure: Failure, fault: Fault, setting: Setting) -> Words:
    run, path = setting.run, failure.file
    unsuited = versions.unsuited(run)
    if path.startswith("/"):
        _, mark, inside = path.rpartition("site-packages/")
        return Words(
            "SyntaxError",
            f"{inside if mark else path}:{failure.line} is no code for {versions.python(run)}",
            "Install a version of the package that is for this Python.",
        )
    tree = setting.sources.tree(path)
    if tree is not None:
        # The guard's own Python reads it: it is too new for the one that ran it.
        return Words(
            "SyntaxError",
            f"the syntax is newer than {versions.python(run)}"
            + (f"; {unsuited}" if unsuited else ""),
            "Run it on a Python that the project is for (`--python`)."
            if unsuited
            else f"Write it as {versions.python(run)} reads it, or raise `requires-python`.",
        )
    return Words(
        "SyntaxError",
        f"{path} is not valid {versions.python(run)}",
        f"Correct line {failure.line}.",
    )


_VARIABLE = re.compile(r"\b[A-Z][A-Z0-9]*_[A-Z0-9_]+\b")


def _other(failure: Failure, fault: Fault) -> Words:
    """An exception that speaks of nothing that is missing."""
    if failure.type == "SystemExit":
        return Words(
            "SystemExit",
            "the module ends the program while it is imported",
            'Put what runs the program behind `if __name__ == "__main__":`.',
        )
    refused = [effect for run in fault.runs for effect in run.effects if effect.refused]
    if refused and any(_is_os_error(item) for item in causes(failure)):
        what = shown_list(dict.fromkeys(effect.what for effect in refused), 1)
        return Words(
            failure.type,
            f"the import needs the network, which is refused while modules are imported ({what})",
            "Connect when it is needed instead of at import, or allow it with `network:` under "
            "`smoke:` in the policy.",
        )
    variable = _variable(failure)
    if variable:
        return Words(
            variable,
            f"the import needs the environment variable `{variable}`",
            f"Read `{variable}` when it is needed, or with a default; or set it under `env:` of "
            "`smoke:` in the policy.",
        )
    return Words(
        failure.type,
        f"the import raises {failure.type}",
        "Mend what raises it, or do this work in a function instead of at import.",
    )


def _is_os_error(failure: Failure) -> bool:
    import builtins

    kind = getattr(builtins, failure.type, None)
    known = isinstance(kind, type) and issubclass(kind, OSError)
    return known or failure.type.rpartition(".")[2] in ("gaierror", "URLError")


def _variable(failure: Failure) -> str:
    """The environment variable that is missing, where the exception names one."""
    if failure.type == "KeyError":
        last = failure.frames[-1] if failure.frames else None
        inside = last is not None and re.search(r"(^|[\\/])os\.py$|^<frozen os>$", last.path)
        if inside or (last is not None and "environ[" in last.text):
            return failure.message.strip("'\"")
    if "environment variable" in failure.message.lower():
        found = _VARIABLE.search(failure.message)
        return found[0] if found else ""
    return ""
