"""Runs one file in the abstract and writes down what the run says."""

from __future__ import annotations

import re

import libcst as cst

from guard_rules._names.bindings import dotted
from guard_rules._names.flow import Flow
from guard_rules._names.frames import Function
from guard_rules._names.positions import Positions
from guard_rules._names.summary import AttributeFact, ImportFact, Summary, UseFact
from guard_rules._names.uses import Use, guard_of

_PARENTHESISED = re.compile(rb"(?m)^([ \t]*)\((\w+)\)([ \t]*:(?!=))")


def judge(data: bytes, target: tuple[int, int]) -> Summary:
    """The facts of one file for one target version."""
    # libcst refuses a parenthesised name as the target of an annotation; CPython takes it.
    data = _PARENTHESISED.sub(rb"\1\2  \3", data)
    try:
        module = cst.parse_module(data)
    except cst.ParserSyntaxError as error:
        return _unjudged(f"syntax error: {error.message}", error.raw_line)
    except (UnicodeDecodeError, LookupError) as error:
        return _unjudged(f"not text in its declared encoding: {error}", 1)
    except RecursionError:
        return _unjudged("nested too deeply to be parsed", 1)
    try:
        flow = Flow(module, data, target).run()
        return _Writer(module).write(flow)
    except RecursionError:
        return _unjudged("nested too deeply to be judged", 1)


def _unjudged(reason: str, line: int) -> Summary:
    return Summary(
        problem=reason,
        problem_line=line,
        uses=(),
        guarded={},
        class_guarded={},
        bound=frozenset(),
        dynamic=True,
        has_getattr=False,
        rejected={},
        listed=(),
        all_is_known=False,
        has_all=False,
        imports=(),
        guarded_stars=(),
        guarded_submodules={},
        attributes=(),
        flag_sources=(),
    )


class _Writer:
    """Turns nodes into positions."""

    def __init__(self, module: cst.Module) -> None:
        self.span = Positions(module).span

    def write(self, flow: Flow) -> Summary:
        silent = _only_guarded(flow)
        # A name that a function binds through ``global`` may be there after the import.
        bound = frozenset(flow.end) | flow.global_assigned
        guarded = {
            name: self.span(node) for name, node in flow.module.guards.items() if name not in bound
        }
        listed = tuple((item.name, self.span(item.node)) for item in flow.listed)
        return Summary(
            problem="",
            problem_line=0,
            uses=tuple(
                self.use(use, silent) for use in flow.uses.values() if not flow.may_be_kept(use)
            ),
            guarded={} if flow.dynamic else guarded,
            class_guarded={
                name: {key: self.span(node) for key, node in guards.items()}
                for name, guards in flow.class_guards.items()
            },
            bound=bound,
            dynamic=flow.dynamic,
            has_getattr="__getattr__" in flow.end,
            rejected={
                name: refusal
                for name in sorted({"__all__", *guarded, *(name for name, _ in listed)})
                if (refusal := flow.refusal(name)) is not None
            },
            listed=listed,
            all_is_known=flow.all_is_known,
            has_all="__all__" in flow.end,
            imports=tuple(
                ImportFact(
                    span=self.span(item.node),
                    level=item.level,
                    module=item.module,
                    name=item.name,
                    at_import=item.at_import,
                    scope=item.scope,
                    handled=item.handled,
                )
                for item in flow.imports
            ),
            guarded_stars=tuple(
                (len(node.relative), _module(node), self.span(node)) for node in flow.guarded_stars
            ),
            guarded_submodules={
                name: self.span(node) for name, node in flow.guarded_submodules.items()
            },
            attributes=tuple(
                AttributeFact(
                    ref=item.ref,
                    root=item.root,
                    attributes=item.attributes,
                    spans=tuple(self.span(node) for node in item.nodes),
                    present=item.present,
                    at_import=item.at_import,
                    scope=item.scope,
                )
                for item in flow.attributes.values()
            ),
            flag_sources=tuple(sorted(flow.flag_sources)),
        )

    def use(self, use: Use, silent: set[Function]) -> UseFact:
        guard = guard_of(use)
        function = use.function
        hidden = function is not None and function in silent and not use.at_import
        return UseFact(
            name=use.name,
            kind=use.kind,
            span=self.span(use.node),
            guard=None if guard is None else self.span(guard),
            at_import=use.at_import,
            scope=use.scope,
            stars=use.stars,
            annotation=use.annotation,
            only_guarded=function.qualname if function is not None and hidden else "",
        )


def _module(node: cst.ImportFrom) -> str:
    return dotted(node.module) or ""


def _only_guarded(flow: Flow) -> set[Function]:
    """Functions that nothing but guarded code, handlers or other such functions refer to."""
    functions = {
        ref[1]
        for ref in flow.module.state.values()
        if ref is not None and ref[0] == "function" and ref[1].references
    }
    listed = {item.name for item in flow.listed}
    silent = {function for function in functions if function.qualname not in listed}
    changed = True
    while changed:
        live = {
            function
            for function in silent
            if any(
                reference == "live" or (isinstance(reference, Function) and reference not in silent)
                for reference in function.references
            )
        }
        silent -= live
        changed = bool(live)
    return silent
