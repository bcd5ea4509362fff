"""A debugger is left in the code."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from guard.model import Finding, Place, Unjudged, Use, When
from guard.options import option
from guard.rule import Extractor, Project, SourceRule
from guard_debugger.leftover_breakpoint.cases import CASES
from guard_debugger.leftover_breakpoint.facts import Facts, debugger_uses


@dataclass(frozen=True, slots=True)
class Options:
    """Each field is a key in the policy, in kebab-case."""

    modules: tuple[str, ...] = option(
        ("pdb", "ipdb", "pudb"), "The debuggers that must not be imported."
    )
    allow_breakpoint: bool = option(False, "Whether a call of `breakpoint()` may stay.")


class LeftoverBreakpoint(SourceRule):
    """See the README beside this file."""

    id = "leftover-breakpoint"
    summary = "A debugger is left in the code."
    options = Options
    cases = CASES

    def check(self, project: Project, options: Options) -> Iterable[Finding | Unjudged]:
        extractor: Extractor[Facts] = Extractor(
            name="guard_debugger.leftover_breakpoint",
            version="1",
            extract=debugger_uses,
            params=(options.modules,),
        )
        for path, facts in project.facts(extractor).items():
            error, uses = facts
            if error:
                yield Unjudged(path, error)
            by_name: dict[str, list[Use]] = {}
            for name, line, column, end_column, scope in uses:
                if name != "breakpoint" or not options.allow_breakpoint:
                    place = Place(path, line, column, line, end_column)
                    when = When.CALL if scope else When.IMPORT
                    use = Use(place, when, scope or "module")
                    by_name.setdefault(name, []).append(use)
            for name, found in by_name.items():
                yield self._finding(name, tuple(found))

    def _finding(self, name: str, uses: tuple[Use, ...]) -> Finding:
        return Finding(
            rule=self.id,
            place=uses[0].place,
            name=name,
            message=f"the debugger `{name}` is left in the code",
            # What CPython raises where nobody sits at the terminal.
            raises="bdb.BdbQuit" if name == "breakpoint" else "",
            when=uses[0].when,
            fix="Remove it.",
            uses=uses,
        )


RULE = LeftoverBreakpoint()
