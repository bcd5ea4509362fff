"""Which commands of the guard a step of a workflow starts, itself or through a script."""

from __future__ import annotations

import re
from collections.abc import Callable

COMMANDS = ("check", "gate", "reconcile", "smoke")
CALL = re.compile(
    r"(?:(?<![\w.-])guard|-m[ \t]+guard)(?:[ \t]+-[\w-]+)*[ \t]+"
    r"(check|smoke|gate|lane[ \t]+reconcile)\b"
)
IGNORED = re.compile(
    r"\|\|[ \t]*(?:true\b|:(?=\s|$)|exit[ \t]+0\b|echo\b)|;[ \t]*(?:true|exit[ \t]+0)\b"
)
_PRE_COMMIT = re.compile(r"(?<![\w.-])(?:pre-commit|prek)[ \t]+run\b")
_BUILDERS = {"make": "Makefile", "tox": "tox.ini", "nox": "noxfile.py", "just": "justfile"}
_WORD = re.compile(r"[\w./-]+")
_COMMENT = re.compile(r"^[ \t]*@?#.*$", re.MULTILINE)
_DEPTH = 3
ACTION = "premerge-guard"


def of_action(uses: str, command: str, is_local: bool) -> tuple[str, ...]:
    """What a step with ``uses`` starts. ``is_local``: the repository is the guard's own."""
    repository = uses.partition("@")[0].split("/")
    ours = (len(repository) >= 2 and repository[1] == ACTION) or (uses == "./" and is_local)
    return (command,) if ours and command in COMMANDS else ()


def of_script(
    script: str, read: Callable[[str], str | None], hooks: tuple[str, ...]
) -> tuple[str, ...]:
    """What a script starts, also through the files that it names and the usual builders.

    ``read`` gives the text of a file of the repository, ``None`` where there is none; ``hooks`` are
    the commands that its pre-commit hooks start.
    """
    found: set[str] = set()
    seen: set[str] = set()
    layer = [script]
    for _ in range(_DEPTH):
        below = []
        for text in layer:
            plain = _COMMENT.sub("", text)
            found.update(call[1].split()[-1] for call in CALL.finditer(plain))
            if _PRE_COMMIT.search(plain):
                found.update(hooks)
            for word in dict.fromkeys(_WORD.findall(plain)):
                name = _BUILDERS.get(word, word).removeprefix("./")
                if name not in seen:
                    seen.add(name)
                    inner = read(name)
                    below += [inner] if inner is not None else []
        layer = below
    return tuple(sorted(found))
