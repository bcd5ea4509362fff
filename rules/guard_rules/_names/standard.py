"""Which submodules of the standard library an import brings along.

``import xml`` does not load ``xml.dom``, ``import os`` does load ``os.path``. The answer is read
from the sources of the running interpreter's own library, which is a part of it as its built-in
names are. What is not in the standard library is unknown, and unknown is never a finding.
"""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from dis import get_instructions
from functools import cache
from inspect import CO_NEWLOCALS

from guard_rules._names.instructions import walk


def is_unloaded(dotted: str, imported: tuple[str, ...]) -> bool:
    """Whether ``dotted`` is a standard submodule that ``imported`` surely does not load."""
    parent, _, name = dotted.rpartition(".")
    if dotted.partition(".")[0] not in sys.stdlib_module_names:
        return False
    if _source(dotted) is None or _binds(parent, name):
        return False
    seen: set[str] = set()
    pending = list(imported)
    while pending:
        module = pending.pop()
        if module == dotted or module.startswith(dotted + "."):
            return False
        if module in seen:
            continue
        seen.add(module)
        parts = module.split(".")
        pending.extend(".".join(parts[:count]) for count in range(1, len(parts)))
        pending.extend(_imports(module))
    return True


@cache
def lacks(module: str, name: str) -> bool:
    """Whether a star import of a standard module surely does not bring ``name``."""
    source = _source(module) if module.partition(".")[0] in sys.stdlib_module_names else None
    if source is None or any(fetched == "*" for _, _, fetched in _statements(source)):
        return False
    return not _binds(module, name)


@cache
def _source(dotted: str) -> tuple[str, bytes] | None:
    """The file of a standard module and its content; None for one without a source."""
    base = os.path.join(sysconfig.get_path("stdlib"), *dotted.split("."))
    for path in (os.path.join(base, "__init__.py"), base + ".py"):
        try:
            with open(path, "rb") as file:
                return path, file.read()
        except OSError:
            continue
    return None


@cache
def _imports(dotted: str) -> frozenset[str]:
    """Every module that importing ``dotted`` imports: what its body says, functions left out."""
    source = _source(dotted)
    if source is None:
        return frozenset()
    package = dotted if source[0].endswith("__init__.py") else dotted.rpartition(".")[0]
    found = set()
    for level, module, name in _statements(source):
        base = module
        if level:
            parts = package.split(".")
            parts = parts[: len(parts) - level + 1]
            base = ".".join([*parts, module] if module else parts)
        if not base:
            continue
        found.add(base)
        if name and name != "*" and _source(f"{base}.{name}") is not None:
            found.add(f"{base}.{name}")
    return frozenset(found)


def _statements(source: tuple[str, bytes]) -> Iterator[tuple[int, str, str]]:
    """``(dots, module, name)`` of each import in the body of a module and of its classes."""
    try:
        code = compile(source[1], source[0], "exec", dont_inherit=True)
    except SyntaxError:  # a file of another version's syntax
        return
    bodies = [part for part in walk(code) if part is code or not part.co_flags & CO_NEWLOCALS]
    for body in bodies:
        before: list[object] = []
        for instruction in get_instructions(body):
            if instruction.opname == "IMPORT_NAME":
                level, names = before[-2:]
                module = str(instruction.argval)
                if isinstance(level, int):
                    yield level, module, ""
                    for name in names if isinstance(names, tuple) else ():
                        yield level, module, str(name)
            before.append(instruction.argval)


@cache
def _binds(parent: str, name: str) -> bool:
    """Whether a standard package binds ``name`` itself, as ``os`` binds ``path``."""
    source = _source(parent)
    if source is None:
        return True
    try:
        code = compile(source[1], source[0], "exec", dont_inherit=True)
    except SyntaxError:
        return True
    return name in code.co_names
