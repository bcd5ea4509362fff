"""Examples around the limits."""

from __future__ import annotations

from guard.change import FileChange, Unknown
from guard.rule import ChangeCase
from guard.samples import ai_unit, change, oid, unit
from guard_rules.oversized_ai_change import Options

_SMALL = Options(lines=100, files=3)


def _text(path: str, added: int, deleted: int = 0) -> FileChange:
    return FileChange(path, oid("old"), oid("new"), added, deleted)


def _binary(path: str) -> FileChange:
    return FileChange(path, "", oid("picture"))


CASES = (
    ChangeCase(
        "at-the-limit",
        "exactly as many lines and files as are allowed",
        change(ai_unit(files=(_text("a.py", 60, 39), _text("b.py", 1), _text("c.py", 0)))),
        near_miss=True,
        options=_SMALL,
    ),
    ChangeCase(
        "by-a-human",
        "a human's change may be of any size",
        change(unit(files=(_text("a.py", 9999),))),
        options=_SMALL,
    ),
    ChangeCase(
        "lock-file",
        "a lock file is not read line by line",
        change(ai_unit(files=(_text("web/package-lock.json", 9999), _text("uv.lock", 9999)))),
        options=_SMALL,
    ),
    ChangeCase(
        "excluded",
        "the policy leaves generated files out",
        change(ai_unit(files=(_text("api/generated/client.py", 9999), _text("a.py", 9)))),
        options=Options(lines=100, files=3, exclude=("generated/",)),
    ),
    ChangeCase(
        "revert",
        "to take a large landing back is never too large",
        change(ai_unit(files=(_text("a.py", 0, 9999),), reverts=oid("landed"))),
        options=_SMALL,
    ),
    ChangeCase(
        "default-limits",
        "500 lines in one file, as the defaults allow",
        change(ai_unit(files=(_text("a.py", 400, 100),))),
    ),
    ChangeCase(
        "beyond-the-default",
        "one line more than the defaults allow",
        change(ai_unit(files=(_text("a.py", 400, 101),))),
        ("#23",),
    ),
    ChangeCase(
        "too-many-lines",
        "added and deleted lines together are beyond the limit",
        change(ai_unit(files=(_text("a.py", 60, 41),))),
        ("#23",),
        options=_SMALL,
    ),
    ChangeCase(
        "too-many-files",
        "few lines, in more files than are allowed",
        change(ai_unit(files=tuple(_text(f"{name}.py", 1) for name in "abcd"))),
        ("#23",),
        options=_SMALL,
    ),
    ChangeCase(
        "binaries",
        "files without lines are files all the same",
        change(ai_unit(files=tuple(_binary(f"{name}.png") for name in "abcd"))),
        ("#23",),
        options=_SMALL,
    ),
    ChangeCase(
        "second-of-two",
        "each AI change of a push is measured alone",
        change(
            ai_unit("one", id="#1", files=(_text("a.py", 60),)),
            ai_unit("two", id="#2", files=(_text("a.py", 101),)),
        ),
        ("#2",),
        options=_SMALL,
    ),
    ChangeCase(
        "default-excludes-replaced",
        "a policy that names patterns names all of them",
        change(ai_unit(files=(_text("uv.lock", 101),))),
        ("#23",),
        options=Options(lines=100, files=3, exclude=("*.svg",)),
    ),
    ChangeCase(
        "files-unknown",
        "nobody can say what it touches",
        change(ai_unit(files=Unknown("a shallow clone"))),
        missing=("units.files",),
    ),
)
