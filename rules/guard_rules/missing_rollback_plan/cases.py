"""Examples: plans that say something or nothing, and dry runs."""

from __future__ import annotations

from typing import Any

from guard.change import Change, FileChange, Rollback, Unit, Unknown
from guard.rule import ChangeCase
from guard.samples import ai_unit, change, commit, oid, unit
from guard_rules._changes import Who
from guard_rules.missing_rollback_plan import Options

_PATHS = Options(paths=("migrations/",))
_FILE = (FileChange("app/migrations/0002.py", "", oid("new"), 20, 0),)


def _migration(message: str = "Add a column\n", **more: Any) -> Unit:
    return unit(files=_FILE, commits=(commit(message=message),), **more)


def _with(body: str, message: str = "Add a column\n") -> Change:
    return change(_migration(message), body=body)


def _valid(id: str, what: str, of: Change, *, near: bool = False) -> ChangeCase:  # noqa: A002
    return ChangeCase(id, what, of, near_miss=near, options=_PATHS)


def _invalid(id: str, what: str, of: Change) -> ChangeCase:  # noqa: A002
    return ChangeCase(id, what, of, ("#23",), options=_PATHS)


_WORSE = Rollback(applies=True, worse=("app/api.py:3: `Column` is bound nowhere",))

CASES = (
    _valid("other-files", "no file that needs a plan", change()),
    _valid(
        "heading",
        "the description has a section with a heading",
        _with("## What\n\nA column.\n\n## Rollback plan\n\n1. `migrate app 0001`\n"),
        near=True,
    ),
    _valid(
        "underlined", "the heading is underlined", _with("Rollback\n========\n\nDrop the column.\n")
    ),
    _valid(
        "in-the-message",
        "the commit message says it",
        _with("", "Add a column\n\nRollback: migrate app 0001\n"),
    ),
    _valid(
        "label", "the steps stand below the label", _with("**Rollback:**\n\n- migrate to 0001\n")
    ),
    _valid(
        "revert", "an exact revert of a landing", change(_migration(reverts=oid("landed")), body="")
    ),
    ChangeCase("by-default", "no file needs a plan unless the policy says so", _with("")),
    ChangeCase(
        "comes-out-again", "an AI change that can be taken back", change(ai_unit()), near_miss=True
    ),
    ChangeCase(
        "human-and-worse",
        "a human's change is not tried by default",
        change(rollback=_WORSE),
    ),
    _invalid("no-plan", "a migration, and nothing about a rollback", _with("A column.")),
    _invalid("word-alone", "the word in a sentence is no plan", _with("We discussed a rollback.")),
    _invalid("todo", "the section of a template, not filled in", _with("## Rollback\n\nTODO\n")),
    _invalid(
        "comment",
        "the section has only the comment of the template",
        _with("## Rollback\n\n<!-- Say how\nto take it back -->\n\n## Tests\n\nMany.\n"),
    ),
    _invalid(
        "none", "there is a section, and it says that there is none", _with("Rollback: none.")
    ),
    _invalid("fenced", "an example in a code block", _with("```\n## Rollback\n\nDrop it.\n```\n")),
    _invalid(
        "next-label",
        "the label is empty, and another one follows",
        _with("Rollback:\nTests: many\n"),
    ),
    ChangeCase(
        "conflict",
        "what would land has the AI change so mixed up that it does not come out again",
        change(ai_unit(), rollback=Rollback(applies=False, conflicts=("app/api.py",))),
        ("conflict",),
    ),
    ChangeCase(
        "worse",
        "the AI change comes out, and what is left is broken",
        change(ai_unit(), rollback=_WORSE),
        ("worse",),
    ),
    ChangeCase(
        "of-all",
        "the policy wants everyone's changes tried",
        change(rollback=_WORSE),
        ("worse",),
        options=Options(dry_run=Who.ALL),
    ),
    ChangeCase(
        "not-tried",
        "nobody tried to take it back",
        change(ai_unit(), rollback=Unknown("the target is new")),
        missing=("rollback",),
    ),
    ChangeCase(
        "body-unknown",
        "no plan in the commits, and nobody knows the description",
        change(_migration(), body=Unknown("git has no descriptions")),
        missing=("body",),
        options=_PATHS,
    ),
)
