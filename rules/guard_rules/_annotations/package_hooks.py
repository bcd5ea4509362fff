"""Import hooks that check all functions of a package."""

from __future__ import annotations

from collections.abc import Iterator

from guard.model import Place, Step
from guard_rules._annotations.files import Files
from guard_rules._annotations.frameworks import Reads, Table
from guard_rules._annotations.shapes import Tree
from guard_rules._annotations.symbols import Symbols


def hooked(symbols: Symbols, table: Table, files: Files) -> Iterator[tuple[str, Reads, Step]]:
    """The files with guards that an import hook covers, and what it resolves there."""
    for path in files.hooking():
        shape = symbols.load(path)
        for call in shape["calls"] if shape else ():
            callee = symbols.resolve(path, call["scope"], call["tree"][3][0])
            name = symbols.canonical(callee)
            reads = table.packages.get(name)
            if reads is None:
                continue
            line, column, _ = call["tree"][2]
            step = Step(Place(path, line, column), f"{name} installs an import hook")
            packages = _packages(call["tree"]) or {symbols.modules.module_of(path)[0]}
            if not path.endswith("__init__.py") and not _packages(call["tree"]):
                packages = {symbols.modules.module_of(path)[0].rpartition(".")[0]}
            for other in files.guarded:
                module = symbols.modules.module_of(other)[0]
                if other != path and any(f"{module}.".startswith(f"{p}.") for p in packages if p):
                    yield other, reads, step


def _packages(tree: Tree) -> set[str]:
    """The packages that ``beartype_packages(("a", "b"))`` names."""
    found: set[str] = set()
    todo = [part for part in tree[3][1:] if part[0] == "arg"]
    while todo:
        part = todo.pop()
        if part[0] == "text":
            found.add(part[1])
        todo += part[3]
    return found
