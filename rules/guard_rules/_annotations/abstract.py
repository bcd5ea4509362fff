"""Models that are never used themselves: abstract ones whose subclasses give the fields anew.

https://docs.python.org/3/library/abc.html: a class with abstract methods left cannot be called, and
a model that cannot be called is only used through its subclasses, as a type, or when asked itself.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from guard_rules._annotations.definitions import is_abstract
from guard_rules._annotations.evaluated import Evaluated
from guard_rules._annotations.evaluation import Evaluation
from guard_rules._annotations.files import Files
from guard_rules._annotations.shapes import Shape, Tree
from guard_rules._annotations.symbol import Symbol


class Abstract:
    """Answers which annotations of abstract models matter only to subclasses."""

    def __init__(
        self, evaluation: Evaluation, files: Files, load: Callable[[str], Shape | None]
    ) -> None:
        self.evaluation = evaluation
        self.symbols = evaluation.symbols
        self.table = evaluation.calls.table
        self.files = files
        self.load = load
        self._subclasses: dict[Symbol, list[Symbol]] = {}
        self._asked: dict[Symbol, bool] = {}

    def spares(self, item: Evaluated) -> bool:
        """Whether nothing of the project resolves this annotation of an abstract model.

        A model without a subclass in the project is there for others, who inherit the field.
        """
        model, field = item.reach.model, item.label.partition(" ")[2]
        if model is None or not item.label.startswith("field "):
            return False
        if not is_abstract(self.symbols, model):
            return False
        concrete = [other for other in self._below(model) if not is_abstract(self.symbols, other)]
        return (
            bool(concrete)
            and all(self._gives(other, model, field) for other in concrete)
            and not self._is_asked(model)
        )

    def _gives(self, symbol: Symbol, model: Symbol, field: str) -> bool:
        """Whether a subclass of a model, or a class between them, annotates the field anew."""
        for base in self.symbols.mro(symbol):
            if base == model:
                return False
            if base.kind == "cls":
                if any(entry["name"] == field for entry in self.symbols.klass(base)["fields"]):
                    return True
        return False

    def _below(self, model: Symbol) -> list[Symbol]:
        """The classes of the project that derive from a model."""
        if model not in self._subclasses:
            found: list[Symbol] = []
            new = [model]
            while new:
                found += new
                names = {self.symbols.klass(symbol)["name"] for symbol in new}
                paths = self.files.naming(names, {symbol.path for symbol in new})
                new = [
                    symbol
                    for path in sorted(paths)
                    for symbol in self._classes(path)
                    if symbol not in found and model in self.symbols.mro(symbol)
                ]
            self._subclasses[model] = found[1:]
        return self._subclasses[model]

    def _classes(self, path: str) -> Iterator[Symbol]:
        shape = self.load(path)
        for index in range(len(shape["classes"]) if shape else 0):
            yield Symbol("cls", path, index)

    def _is_asked(self, model: Symbol) -> bool:
        """Whether the model itself is asked for its schema, or is a type in what is resolved."""
        if model not in self._asked:
            paths = self.files.naming({self.symbols.klass(model)["name"]}, {model.path})
            self._asked[model] = any(self._is_asked_in(path, model) for path in sorted(paths))
        return self._asked[model]

    def _is_asked_in(self, path: str, model: Symbol) -> bool:
        shape = self.load(path)
        if shape is None:
            return False
        for call in shape["calls"]:
            owner, _, name = call["tree"][3][0][1].rpartition(".")
            if owner and name in self.table.asks:
                if self.symbols.dotted(path, call["scope"], owner) == model:
                    return True
        for func in shape["functions"]:
            trees = [func["returns"], *(param["annotation"] for param in func["params"])]
            if func["decorators"] and any(
                self._names(path, func["scope"], t, model) for t in trees
            ):
                for decorator in func["decorators"]:
                    if any(self.evaluation.decorators.reaches(path, func["scope"], decorator)):
                        return True
        return False

    def _names(self, path: str, scope: str, tree: Tree | None, model: Symbol) -> bool:
        if tree is None:
            return False
        if tree[0] == "name" and self.symbols.resolve(path, scope, tree, types=True) == model:
            return True
        return any(self._names(path, scope, part, model) for part in tree[3])
