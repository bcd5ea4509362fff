"""Change one thing at a time in a module, and see whether its tests notice.

    python scripts/mutate.py guard/lane.py tests/lane/test_lane.py [--last tests/lane/test_model.py]

Each mutant is tried in a process of its own that loads the changed source in place of the file;
nothing on disk changes. Prints the mutants that no test noticed, and exits 1 if there are any that
``ACCEPTED`` does not explain.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib.util
import io
import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import libcst as cst
import pytest
from libcst import metadata

SECONDS = 120
"""A mutant that makes the tests run longer than this was noticed."""

COMPARED: dict[type[cst.BaseCompOp], type[cst.BaseCompOp]] = {
    cst.Equal: cst.NotEqual,
    cst.NotEqual: cst.Equal,
    cst.LessThan: cst.LessThanEqual,
    cst.LessThanEqual: cst.LessThan,
    cst.GreaterThan: cst.GreaterThanEqual,
    cst.GreaterThanEqual: cst.GreaterThan,
    cst.In: cst.NotIn,
    cst.NotIn: cst.In,
    cst.Is: cst.IsNot,
    cst.IsNot: cst.Is,
}
CALLED = {"max": "min", "min": "max", "any": "all", "all": "any"}

ACCEPTED: dict[str, str] = {
    "lane.py: 1 -> 2": "below every place is below every place",
    "lane.py: return False -> return None": "both are no; the type checker tells them apart",
    "lane.py: for unit in judged if isinstance(unit.lanes, tuple) -> for unit in judged": (
        "for the type checker: what is not known was answered before"
    ),
    "lane.py: for unit in judged if isinstance(unit.lanes, tuple) for lane in unit.l -> "
    "for unit in judged for lane in unit.lanes": "the same",
    "lane.py: for each in untils if each is not None -> for each in untils": (
        "for the type checker: it is asked for where none is missing"
    ),
    'release.py: (since if since is not None else "not healthy") -> since': (
        "for the type checker: without a reason there is a time"
    ),
    "release.py: 200 -> 201": "the bound is a matter of taste, and the tests read it",
    "release.py: > _newness(known) -> >= _newness(known)": "of two equal words either will do",
}
"""Mutants that do not change what the module does, each ``file: old -> new`` with the reason."""


@dataclass(frozen=True)
class Mutant:
    """One change: what stands there, what shall, and where."""

    line: int
    old: str
    new: str
    text: str

    def key(self, path: str) -> str:
        """How ``ACCEPTED`` names it."""
        return f"{Path(path).name}: {self.old} -> {self.new}"


class Collector(cst.CSTTransformer):
    """Finds what can be changed; applies change number ``wanted``."""

    METADATA_DEPENDENCIES = (metadata.PositionProvider,)

    def __init__(self, wanted: int = -1) -> None:
        super().__init__()
        self.wanted = wanted
        self.count = 0
        self.found: tuple[int, cst.CSTNode, cst.CSTNode] | None = None

    def offer(self, original: cst.CSTNode, node: cst.CSTNode, other: cst.CSTNode) -> cst.CSTNode:
        """``other`` if this is the wanted change, else ``node``."""
        self.count += 1
        if self.count - 1 != self.wanted:
            return node
        line = self.get_metadata(metadata.PositionProvider, original).start.line
        self.found = (line, node, other)
        return other

    def on_leave(self, original: cst.CSTNode, updated: cst.CSTNode) -> cst.CSTNode:  # type: ignore[override]
        """Offer each change that fits the node."""
        updated = super().on_leave(original, updated)  # type: ignore[assignment]
        for other in changes(updated):
            chosen = self.offer(original, updated, other)
            if chosen is not updated:
                return chosen
        return updated

    def visit_Annotation(self, node: cst.Annotation) -> bool:
        return False

    def visit_ImportFrom(self, node: cst.ImportFrom) -> bool:
        return False

    def visit_Decorator(self, node: cst.Decorator) -> bool:
        return False


def changes(node: cst.CSTNode) -> Iterator[cst.CSTNode]:
    """What else could stand there."""
    if isinstance(node, cst.ComparisonTarget) and type(node.operator) in COMPARED:
        yield node.with_changes(operator=COMPARED[type(node.operator)]())
    elif isinstance(node, cst.BooleanOperation):
        yield node.left
        yield node.right
    elif isinstance(node, cst.UnaryOperation) and isinstance(node.operator, cst.Not):
        yield node.expression
    elif isinstance(node, cst.BinaryOperation):
        yield node.left
        if isinstance(node.operator, cst.Add | cst.Subtract):
            other = cst.Subtract if isinstance(node.operator, cst.Add) else cst.Add
            yield node.with_changes(operator=other())
    elif isinstance(node, cst.Integer):
        yield node.with_changes(value=str(int(node.value) + 1))
    elif isinstance(node, cst.Name) and node.value in ("True", "False"):
        yield node.with_changes(value=str(node.value == "False"))
    elif isinstance(node, cst.Call) and isinstance(node.func, cst.Name):
        if node.func.value in CALLED:
            yield node.with_changes(func=cst.Name(CALLED[node.func.value]))
        if node.func.value == "sorted" and node.args:
            yield node.args[0].value
    elif isinstance(node, cst.CompFor) and node.ifs:
        yield node.with_changes(ifs=())
    elif isinstance(node, cst.IfExp):
        yield node.body
        yield node.orelse
    elif isinstance(node, cst.If):
        yield node.with_changes(test=cst.Name("True"))
        yield node.with_changes(test=cst.Name("False"))
    elif isinstance(node, cst.Return) and node.value is not None:
        if not (isinstance(node.value, cst.Name) and node.value.value == "None"):
            yield node.with_changes(value=cst.Name("None"))
    elif isinstance(node, cst.Break | cst.Continue | cst.AugAssign):
        yield cst.Pass()
    elif isinstance(node, cst.Subscript) and len(node.slice) == 1:
        index = node.slice[0].slice
        if isinstance(index, cst.Slice):
            yield node.value


def mutants(source: str) -> Iterator[Mutant]:
    """Every change of ``source``, one at a time."""
    module = metadata.MetadataWrapper(cst.parse_module(source))
    number = 0
    while True:
        collector = Collector(number)
        changed = module.visit(collector)
        if collector.found is None:
            return
        line, old, new = collector.found
        code = cst.Module(body=[]).code_for_node
        was, now = (" ".join(code(each).split())[:70] for each in (old, new))
        yield Mutant(line, was, now, changed.code)
        number += 1


def is_noticed(path: str, text: str, tests: list[str]) -> bool:
    """Run ``tests`` with the module at ``path`` replaced, in a process of its own."""
    child = os.fork()
    if child == 0:
        signal.alarm(SECONDS)
        os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # they take longer than the tests
        code = 3
        try:
            with (
                contextlib.redirect_stdout(io.StringIO()),
                contextlib.redirect_stderr(io.StringIO()),
            ):
                _load(path, text)
                code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests])
        finally:
            os._exit(int(code))
    _, status = os.waitpid(child, 0)
    return status != 0


def _load(path: str, text: str) -> None:
    name = ".".join(Path(path).with_suffix("").parts)
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    exec(compile(text, path, "exec"), module.__dict__)
    parent, _, child = name.rpartition(".")
    setattr(importlib.import_module(parent), child, module)


def main() -> int:
    """The command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("module")
    parser.add_argument("tests", nargs="+")
    parser.add_argument("--last", nargs="*", default=[], help="tests for what the others missed")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first line")
    asked = parser.parse_args()
    if not is_noticed(asked.module, "raise ImportError", asked.tests):
        print("the tests pass without the module: nothing would be noticed")
        return 2
    start, total, unexplained = time.monotonic(), 0, 0
    for mutant in mutants(Path(asked.module).read_text("utf-8")):
        if mutant.line < asked.first:
            continue
        total += 1
        if is_noticed(asked.module, mutant.text, asked.tests):
            continue
        if asked.last and is_noticed(asked.module, mutant.text, asked.last):
            continue
        why = ACCEPTED.get(mutant.key(asked.module))
        unexplained += why is None
        print(f"{asked.module}:{mutant.line}: {mutant.old} -> {mutant.new}: {why or 'NOT NOTICED'}")
        sys.stdout.flush()
    print(f"{total} mutants, {unexplained} not noticed ({time.monotonic() - start:.0f} s)")
    return 1 if unexplained else 0


if __name__ == "__main__":
    sys.exit(main())
