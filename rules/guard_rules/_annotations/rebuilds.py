"""Models that are given the missing names later: ``model_rebuild`` and its like.

https://docs.pydantic.dev/latest/concepts/models/#rebuilding-model-schema: names are looked for in
``_types_namespace``, else in the frame of the caller.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from guard.rule import Extractor
from guard_rules._annotations.evaluated import Evaluated
from guard_rules._annotations.files import Files
from guard_rules._annotations.frames import Frames, frames
from guard_rules._annotations.frameworks import Table
from guard_rules._annotations.shapes import UNKNOWN_KEY, Call, Shape
from guard_rules._annotations.symbol import Symbol
from guard_rules._annotations.symbols import Symbols

_ENTRIES = ("__init__", "__new__", "model_validate", "model_validate_json")


@dataclass(frozen=True, slots=True)
class Rebuild:
    """One call. ``model`` is ``None`` for any model; ``names`` is ``None`` for any name."""

    model: Symbol | None
    names: frozenset[str] | None


class Rebuilds:
    """All such calls of a project; found when first asked."""

    def __init__(
        self, symbols: Symbols, table: Table, files: Files, load: Callable[[str], Shape | None]
    ) -> None:
        self.symbols = symbols
        self.table = table
        self.files = files
        self.load = load
        self._all: list[Rebuild] | None = None
        self._frames: dict[Symbol, tuple[frozenset[str], ...]] = {}

    def supplies(self, item: Evaluated, name: str) -> bool:
        """Whether some call can supply ``name`` to the model that ``item`` belongs to."""
        for rebuild in self._calls():
            if rebuild.names is not None and name not in rebuild.names:
                continue
            if rebuild.model is None:
                return True
            if rebuild.model == item.reach.model:
                return True  # also what it holds
            for base in self.symbols.mro(rebuild.model):
                if base.kind == "cls" and base.path == item.path:
                    if self.symbols.klass(base)["qualname"] == item.owner:
                        return True
        return item.reach.reads.retries and self._is_local(item, name)

    def _is_local(self, item: Evaluated, name: str) -> bool:
        """Whether the name is a local of each function that uses the model, before it does."""
        model = item.reach.model
        if model is None or self.symbols.klass(model)["scope"]:
            return False
        if any(self.symbols.method(model, own) is not None for own in _ENTRIES):
            return False  # then its frame is asked, which is not the one of the user
        if model not in self._frames:
            self._frames[model] = self._frames_of(model)
        found = self._frames[model]
        return bool(found) and all(name in frame for frame in found)

    def _frames_of(self, model: Symbol) -> tuple[frozenset[str], ...]:
        word = self.symbols.klass(model)["name"]
        paths = sorted(self.files.naming({word}, {model.path}))
        extractor: Extractor[Frames] = Extractor("annotation-frames", "1", frames, (word.encode(),))
        facts = self.files.project.facts(extractor, paths)
        found: list[frozenset[str]] = []
        for path in paths:
            used = facts.get(path)
            if used is None:
                return ()
            found += used
        return tuple(found)

    def _calls(self) -> list[Rebuild]:
        if self._all is None:
            self._all = []
            for path in self.files.rebuilding():
                shape = self.load(path)
                for call in shape["calls"] if shape else ():
                    self._note(path, call)
        return self._all

    def _note(self, path: str, call: Call) -> None:
        tree = call["tree"]
        callee = tree[3][0]
        name = callee[1].rpartition(".")[2]
        if name not in self.table.rebuilds:
            return
        assert self._all is not None
        model: Symbol | None = None
        if name == "rebuild_dataclass":
            args = [part for part in tree[3][1:] if part[0] == "arg"]
            model = self.symbols.resolve(path, call["scope"], args[0][3][0]) if args else None
        elif callee[0] == "name":
            dotted = callee[1].rpartition(".")[0]
            meant = list(self.symbols.lookup(path, call["scope"], dotted.partition(".")[0]))
            if len(meant) == 1:  # otherwise a variable, which can be any model
                model = self.symbols.dotted(path, call["scope"], dotted)
        if model is not None and model.kind != "cls":
            model = None
        self._all.append(Rebuild(model, self._names(path, call)))

    def _names(self, path: str, call: Call) -> frozenset[str] | None:
        names: set[str] = set()
        for part in call["tree"][3][1:]:
            if part[0] != "kw":
                continue
            if not part[1]:
                return None
            value = part[3][0]
            if part[1] in ("_types_namespace", "localns"):
                if value[0] != "dict":
                    return None if value[1] != "None" else self._frame(path, call)
                keys = value[1].split("\0")
                return None if UNKNOWN_KEY in keys else frozenset(keys)
            names.add(part[1])  # update_forward_refs(Name=Name)
        return frozenset(names) | self._frame(path, call)

    def _frame(self, path: str, call: Call) -> frozenset[str]:
        """The names that the caller's own frame and module bind."""
        shape = self.load(path)
        if shape is None:
            return frozenset()
        return frozenset(shape["binds"].get(call["scope"], ())) | frozenset(
            shape["binds"].get("", ())
        )
