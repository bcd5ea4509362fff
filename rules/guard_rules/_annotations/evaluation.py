"""Which annotations of a project are resolved at run time, by what, and when.

Links the shapes of the files that matter: classes through their bases (across modules), what
decorators do, what calls do, metaclasses and ``__init_subclass__``. What cannot be resolved is
left alone: nothing is reported on a guess.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator
from dataclasses import dataclass, replace

from guard.model import Place, Step
from guard_rules._annotations.calls import Calls, Reach
from guard_rules._annotations.frameworks import Reads, Table
from guard_rules._annotations.mapped import parts
from guard_rules._annotations.shapes import (
    Call,
    Field,
    Func,
    Klass,
    Parameter,
    Shape,
    Spot,
    Tree,
)
from guard_rules._annotations.symbols import Symbol, Symbols

MayMatter = Callable[[str, Collection[str]], bool]
"""``(path, names)``: whether what these stand for may be annotated with guarded names."""
MayResolve = Callable[[str, Iterable[str]], bool]
"""``(path, names)``: whether what one of the dotted names stands for may resolve annotations."""

_OWN_HOOKS = ("__init__", "__new__", "__post_init__", "__attrs_post_init__")


@dataclass(frozen=True, slots=True)
class Evaluated:
    """One annotation that is resolved at run time."""

    path: str
    owner: str
    """The class or function that it belongs to."""
    spot: Spot
    """Where the name of the owner stands."""
    label: str
    """``field x``, ``parameter x`` or ``return``."""
    tree: Tree
    scope: str
    """The scope of the owner."""
    body: tuple[str, ...]
    """Names that the owner itself supplies: what a class body binds, type parameters."""
    within: str
    """The class around a method, else the class whose use makes the library look."""
    raises: str
    """The exception, in the words of ``Reads.raises``."""
    reach: Reach
    wholly: bool
    """The tree is resolved as it is, even where Python has evaluated parts of them."""


class Evaluation:
    """The annotations that are resolved, file by file."""

    def __init__(
        self,
        symbols: Symbols,
        table: Table,
        target: tuple[int, int],
        may_matter: MayMatter,
        may_resolve: MayResolve,
    ) -> None:
        self.symbols = symbols
        self.table = table
        self.may_matter = may_matter
        self.may_resolve = may_resolve
        self.calls = Calls(symbols, table, target)

    def in_file(self, path: str) -> Iterator[Evaluated]:
        """What is resolved because of the classes, decorators and calls in one file."""
        shape = self.symbols.load(path)
        if shape is None:
            return
        made = _made_in_scopes(shape)
        for index, klass in enumerate(shape["classes"]):
            lookers = (klass["name"], *_looking_at(klass), *made.get(klass["qualname"], ()))
            if self.may_resolve(path, lookers) and self.may_matter(path, _names_of_class(klass)):
                yield from self._class(Symbol("cls", path, index))
        for index, func in enumerate(shape["functions"]):
            lookers = tuple(_dotted_names(func["decorators"]))
            if (
                lookers
                and self.may_resolve(path, lookers)
                and self.may_matter(path, _names_of_function(func))
            ):
                symbol = Symbol("fun", path, index)
                yield from self._decorated(symbol, path, func["scope"], func["decorators"])
        for call in shape["calls"]:
            if self.calls.may_matter(path, call):
                yield from self._call(path, call)

    def package_wide(self, path: str, reads: Reads, step: Step) -> Iterator[Evaluated]:
        """What an import hook resolves in a module of its package: also annotated assignments."""
        shape = self.symbols.load(path)
        if shape is None:
            return
        reach = Reach(reads, (step,))
        for index in range(len(shape["functions"])):
            yield from self.apply(Symbol("fun", path, index), reach)
        for entry in shape["annotated"]:
            if entry["valued"]:
                yield Evaluated(
                    path=path,
                    owner=entry["scope"] or "module",
                    spot=entry["annotation"][2],
                    label=f"variable {entry['target']}",
                    tree=entry["annotation"],
                    scope=entry["scope"],
                    body=(),
                    within="",
                    raises="NameError: name '{name}' is not defined",
                    reach=reach,
                    wholly=False,
                )

    def _call(self, path: str, call: Call) -> Iterator[Evaluated]:
        for reach, target in self.calls.reached(path, call):
            if reach.unless:
                continue
            for subject in self.calls.reached_subjects(path, call, reach, target):
                if self.calls.may_get_there(reach, subject, target):
                    yield from self.apply(subject, reach, as_type=True)

    # classes

    def _class(self, symbol: Symbol) -> Iterator[Evaluated]:
        klass = self.symbols.klass(symbol)
        yield from self._derived(symbol, klass)
        yield from self._decorated(symbol, symbol.path, klass["scope"], klass["decorators"])
        for reach in self._hooks(symbol):
            yield from self.apply(symbol, reach)

    def _derived(self, symbol: Symbol, klass: Klass) -> Iterator[Evaluated]:
        direct = {self.symbols.canonical(base) for base in self.symbols.bases(symbol)}
        seen: set[Reads] = set()
        for base in self.symbols.mro(symbol)[1:]:
            name = self.symbols.canonical(base)
            reads = self.table.bases.get(name)
            if reads is None or reads in seen or not self.calls.applies(reads):
                continue
            seen.add(reads)
            if not reads.direct and name in direct:
                continue
            if reads.mapped and "__abstract__" in klass["binds"]:
                continue
            steps = self._way(symbol, base)
            yield from self.apply(symbol, Reach(reads, steps, model=symbol))

    def _way(self, symbol: Symbol, goal: Symbol) -> tuple[Step, ...]:
        """How a class comes to derive from ``goal``, one step a class statement."""
        for base in self.symbols.bases(symbol):
            klass = self.symbols.klass(symbol)
            name = self.symbols.canonical(base)
            shown = name if base.kind != "cls" else self.symbols.klass(base)["qualname"]
            step = Step(
                _place(symbol.path, klass["spot"]),
                f"class {klass['qualname']} derives from {shown.removesuffix('()')}",
            )
            if base == goal:
                return (step,)
            if base.kind == "cls" and base != symbol and goal in self.symbols.mro(base):
                return (step, *self._way(base, goal))
        return ()

    def _hooks(self, symbol: Symbol) -> Iterator[Reach]:
        """Code of the project that looks at the class: base hooks, metaclass, descriptors."""
        klass = self.symbols.klass(symbol)
        for base in self.symbols.mro(symbol)[1:]:
            if base.kind != "cls":
                continue
            if "__init_subclass__" in self.symbols.klass(base)["binds"]:
                steps = self._way(symbol, base)
                hook = self.symbols.method(base, "__init_subclass__")
                yield from self._own_parameter(hook, 0, steps)
                if hook is None or not self._calls_super(hook):
                    break
        for name in _OWN_HOOKS:
            method = self.symbols.method(symbol, name)
            yield from self._own_parameter(method, 0, ())
        meta = self.symbols.metaclass(symbol)
        if meta is not None and meta.kind == "cls":
            step = Step(
                _place(symbol.path, klass["spot"]),
                f"class {klass['qualname']} has the metaclass {self.symbols.klass(meta)['name']}",
            )
            for name in ("__new__", "__init__", "__call__"):
                yield from self._own_parameter(self.symbols.method(meta, name), 0, (step,))
        shape = self.symbols.load(symbol.path)
        for value in shape["values"] if shape else ():
            if value["scope"] == klass["qualname"] and value["value"][0] == "call":
                made = self.symbols.resolve(symbol.path, klass["qualname"], value["value"])
                if made is not None and made.kind == "made" and made.of and made.of.kind == "cls":
                    hook = self.symbols.method(made.of, "__set_name__")
                    yield from self._own_parameter(hook, 1, ())

    def _own_parameter(
        self,
        method: Symbol | None,
        position: int,
        steps: tuple[Step, ...],
        *,
        alone: bool = False,
    ) -> Iterator[Reach]:
        """What is done to one parameter; ``alone``: no other is given."""
        if method is None:
            return
        func = self.symbols.func(method)
        names = [param["name"] for param in func["params"]]
        if len(names) <= position:
            return
        given = frozenset(names[: position + 1] if alone else names)
        summary = self.calls.summary(method.path, method.index)
        for reach in summary.get(names[position], ()):
            when = tuple(condition.close(func, given) for condition in reach.when)
            steps_on = (*steps, *reach.steps)
            yield replace(reach, steps=steps_on, unless=frozenset(), when=when)

    def _calls_super(self, method: Symbol) -> bool:
        shape = self.symbols.load(method.path)
        name = self.symbols.func(method)["name"]
        return any(
            call["func"] == method.index
            and call["tree"][3][0][0] == "attr"
            and call["tree"][3][0][1] == name
            for call in (shape["calls"] if shape else ())
        )

    # decorators

    def _decorated(
        self, symbol: Symbol, path: str, scope: str, decorators: list[Tree]
    ) -> Iterator[Evaluated]:
        for tree in reversed(decorators):
            for reach in self.decorator(path, scope, tree):
                # what an inner decorator made of a function may be anything
                first = symbol.kind == "cls" or tree is decorators[-1]
                if not first or not self.calls.excluded(reach, symbol):
                    yield from self.apply(symbol, reach)
            callee = tree[3][0] if tree[0] == "call" else tree
            if not self.symbols.transparent(self.symbols.resolve(path, scope, callee)):
                return

    def decorator(self, path: str, scope: str, tree: Tree) -> Iterator[Reach]:
        """What a decorator does to the annotations of what it decorates."""
        called = tree[0] == "call"
        callee = self.symbols.resolve(path, scope, tree[3][0] if called else tree)
        if callee is None:
            return
        step = Step(_spot(path, tree), f"@{_dotted(tree)} resolves them")
        keywords = {part[1] for part in tree[3][1:] if part[0] == "kw"} if called else set()
        for name in set(self.symbols.canonical(callee).split("\0")) - {""}:
            reads = self.table.decorators.get(name)
            if reads is not None and self.calls.applies(reads) and not reads.off & keywords:
                if reads.returns_off & keywords:
                    reads = replace(reads, returns=False)
                yield Reach(reads, (step,))
            for argument in self.table.functions.get(name, ()) if not called else ():
                if argument.position == 0 and not argument.requires:
                    if self.calls.applies(argument.reads):
                        yield Reach(argument.reads, (step,))
        for reach in self._own_decorator(callee, called):
            if reach.to_type:
                continue  # nobody looks at a metaclass
            yield replace(reach, steps=(step, *reach.steps), unless=frozenset())

    def _own_decorator(self, callee: Symbol, called: bool) -> Iterator[Reach]:
        """A decorator that the project defines: a function, a class, a method."""
        if callee.kind == "made" and callee.of is not None and callee.of.kind == "cls":
            yield from self._own_parameter(self.symbols.method(callee.of, "__call__"), 1, ())
        elif callee.kind == "cls":
            name = "__call__" if called else "__init__"
            yield from self._own_parameter(self.symbols.method(callee, name), 1, ())
        elif callee.kind in ("fun", "method"):
            first = 1 if callee.kind == "method" else 0
            if not called:
                yield from self._own_parameter(callee, first, (), alone=True)
                return
            shape = self.symbols.load(callee.path)
            func = self.symbols.func(callee)
            names = {tree[1] for tree in func["returned"] if tree[0] == "name"}
            for index, inner in enumerate(shape["functions"] if shape else ()):
                if inner["outer"] == callee.index and inner["name"] in names:
                    nested = Symbol("fun", callee.path, index)
                    yield from self._own_parameter(nested, 0, ())
            again = [tree for tree in func["returned"] if tree[0] == "call"]
            if any(func["name"] in [p[3][0][1] for p in t[3][1:2]] for t in again):
                yield from self._own_parameter(callee, first, ())

    # application

    def apply(
        self,
        symbol: Symbol,
        reach: Reach,
        *,
        as_type: bool = False,
        seen: frozenset[Symbol] = frozenset(),
    ) -> Iterator[Evaluated]:
        """The annotations of a class or a function that ``reach`` resolves."""
        if symbol in seen:
            return
        if not seen and symbol.kind == "cls":
            reach = replace(reach, root=self.symbols.klass(symbol)["name"])
        seen = seen | {symbol}
        reads = reach.reads
        if symbol.kind == "made" and symbol.of is not None:
            if reads.init:
                made = symbol.of.kind == "cls"
                method = self.symbols.method(symbol.of, "__call__") if made else None
                if method is not None:
                    yield from self._function(method, reach, seen)
            elif symbol.of.kind == "cls":
                yield from self.apply(symbol.of, reach, as_type=as_type, seen=seen)
        elif symbol.kind in ("fun", "method") and (reads.params or reads.returns):
            yield from self._function(symbol, reach, seen)
        elif symbol.kind == "cls":
            yield from self._class_annotations(symbol, reach, as_type, seen)

    def _class_annotations(
        self, symbol: Symbol, reach: Reach, as_type: bool, seen: frozenset[Symbol]
    ) -> Iterator[Evaluated]:
        reads = reach.reads
        if symbol.name == "__init__":  # C.__init__ where a dataclass makes it
            symbol = replace(symbol, name="")
            as_type = False
        if reads.init:
            init = self.symbols.method(symbol, "__init__")
            if init is not None:
                yield from self._function(init, reach, seen)
        if reads.methods:
            shape = self.symbols.load(symbol.path)
            for index, func in enumerate(shape["functions"] if shape else ()):
                if func["owner"] == symbol.index:
                    yield from self._function(Symbol("fun", symbol.path, index), reach, seen)
            if self._is_record(symbol, frozenset({"dataclasses.dataclass"})):
                reads = replace(reads, fields=True, inherited=False)
        model = self._abstract_model(symbol) if as_type and reads.collects else None
        if not reads.fields:
            return
        if model is not None:
            reads = replace(reads, public_only=model.public_only, skip_fields=model.skip_fields)
        elif as_type:
            if not self._is_record(symbol, reads.records):
                return
            # what a library skips in its own classes counts in those of others
            reads = replace(reads, public_only=False, skip_fields=frozenset())
        reach = replace(reach, reads=reads)
        given: set[str] = set()
        for base in self._fielded(symbol, reads):
            klass = self.symbols.klass(base)
            for field in klass["fields"]:
                if reads.shadowed or field["name"] not in given:
                    yield from self._field(symbol, base, klass, field, reach, seen)
            given.update(field["name"] for field in klass["fields"])

    def _abstract_model(self, symbol: Symbol) -> Reads | None:
        """How an abstract model is read where it is a type; other models are read of themselves."""
        for base in self.symbols.mro(symbol):
            reads = self.table.bases.get(self.symbols.canonical(base))
            if reads is not None and reads.rebuilt and self.symbols.is_abstract(symbol):
                return reads
        return None

    def _fielded(self, symbol: Symbol, reads: Reads) -> list[Symbol]:
        """The class and those of its bases whose annotations are resolved with its own."""
        found = [
            base
            for base in self.symbols.mro(symbol)
            if base.kind == "cls" and (base == symbol or reads.inherited)
        ]
        collected = [base for base in found if self._collects(base, reads.collects)]
        return collected or found

    def _is_record(self, symbol: Symbol, records: frozenset[str]) -> bool:
        return not records or any(
            self._collects(base, records)
            if base.kind == "cls"
            else self.symbols.canonical(base) in records
            for base in self.symbols.mro(symbol)
        )

    def _collects(self, symbol: Symbol, decorators: frozenset[str]) -> bool:
        """Whether one of the decorators is on this very class."""
        klass = self.symbols.klass(symbol)
        for tree in klass["decorators"] if decorators else ():
            callee = tree[3][0] if tree[0] == "call" else tree
            given = self.symbols.resolve(symbol.path, klass["scope"], callee)
            if self.symbols.canonical(given) in decorators:
                return True
        return False

    def _field(
        self,
        owner: Symbol,
        base: Symbol,
        klass: Klass,
        field: Field,
        reach: Reach,
        seen: frozenset[Symbol],
    ) -> Iterator[Evaluated]:
        reads = reach.reads
        name = field["name"]
        if name in reads.skip_fields or (
            reads.public_only and name.startswith("_") and name not in reads.extra_fields
        ):
            return
        scope = klass["qualname"]
        value = field["value"]
        if value is not None and value[0] == "call" and (reads.skip_defaults or reads.collects):
            callee = self.symbols.canonical(self.symbols.resolve(base.path, scope, value[3][0]))
            if callee in reads.skip_defaults:
                return
            if reads.collects and callee == "dataclasses.field" and not _is_filled(value):
                return
        trees: list[tuple[Tree, str]] = [(field["annotation"], reads.raises)]
        if reads.mapped:
            unmapped = base != owner and not self._is_mapped(base)
            trees = list(parts(self.symbols, base, field, inherited=unmapped))
        elif self._kept(base.path, scope, field["annotation"], reads):
            return
        for tree, raises in trees:
            yield Evaluated(
                path=base.path,
                owner=klass["qualname"],
                spot=klass["spot"],
                label=f"field {name}",
                tree=tree,
                scope=klass["scope"],
                body=(*klass["binds"], *klass["type_params"]),
                within=reach.root or klass["name"],
                raises=raises,
                reach=reach,
                wholly=reads.mapped and field["annotation"][0] == "str",
            )
        for call in _metadata(field["annotation"]):
            made: Call = {"scope": scope, "func": -1, "tree": call, "caught": [], "when": []}
            yield from self._call(base.path, made)
        if reads.nested:
            yield from self._nested(base.path, scope, field["annotation"], reach, seen)

    def _is_mapped(self, symbol: Symbol) -> bool:
        direct = {self.symbols.canonical(base) for base in self.symbols.bases(symbol)}
        klass = self.symbols.klass(symbol)
        for base in self.symbols.mro(symbol)[1:]:
            name = self.symbols.canonical(base)
            reads = self.table.bases.get(name)
            if reads is not None and reads.mapped:
                return (reads.direct or name not in direct) and "__abstract__" not in klass["binds"]
        return False

    def _kept(self, path: str, scope: str, tree: Tree, reads: Reads) -> bool:
        """Whether wrappers or metadata keep an annotation from being resolved."""
        quoted = tree[0] == "str"
        while tree[0] == "str":
            tree = tree[3][0]
        head = tree[3][0] if tree[0] == "sub" else tree
        known = self.symbols.canonical(self.symbols.resolve(path, scope, head, types=True))
        if known in reads.skip_wrappers:
            return True
        shape = self.symbols.load(path)
        future = quoted or (shape is not None and shape["future"])
        skipped = reads.skip_metadata | (frozenset() if future else reads.skip_quoted_metadata)
        for call in _metadata(tree) if skipped else ():
            callee = self.symbols.resolve(path, scope, call[3][0])
            if self.symbols.canonical(callee) in skipped:
                return True
        return False

    def _has_decorator(self, symbol: Symbol, names: frozenset[str]) -> bool:
        func = self.symbols.func(symbol)
        return any(
            self.symbols.canonical(self.symbols.resolve(symbol.path, func["scope"], tree)) in names
            for tree in func["decorators"]
        )

    def _nested(
        self, path: str, scope: str, tree: Tree, reach: Reach, seen: frozenset[Symbol]
    ) -> Iterator[Evaluated]:
        for part in _walk(tree):
            if part[0] != "name" or not self.may_matter(path, {part[1].partition(".")[0]}):
                continue
            symbol = self.symbols.resolve(path, scope, part)
            if symbol is not None and symbol.kind == "cls":
                yield from self.apply(symbol, reach, as_type=True, seen=seen)

    def _function(
        self, symbol: Symbol, reach: Reach, seen: frozenset[Symbol]
    ) -> Iterator[Evaluated]:
        func = self.symbols.func(symbol)
        reads = reach.reads
        shape = self.symbols.load(symbol.path)
        if reads.within:
            owner = Symbol("cls", symbol.path, func["owner"])
            if func["owner"] < 0 or not self._is_record(owner, reads.within):
                return
        if reads.unchecked and self._has_decorator(symbol, reads.unchecked):
            return
        around = shape["classes"][func["owner"]]["name"] if shape and func["owner"] >= 0 else ""
        common = {"path": symbol.path, "owner": func["qualname"], "spot": func["spot"]}
        given: list[tuple[str, Tree]] = []
        for param in func["params"] if reads.params else ():
            annotation = param["annotation"]
            if annotation is None:
                continue
            yield from self._injected(symbol, func, param, reach, seen)
            if not self._skipped(symbol.path, func["scope"], param, reads):
                given.append((f"parameter {param['name']}", annotation))
        if reads.first_only:
            given = given[:1]
        if reads.returns and func["returns"] is not None:
            given.append(("return", func["returns"]))
        for label, tree in given:
            if self._kept(symbol.path, func["scope"], tree, reads):
                continue
            yield Evaluated(
                **common,  # type: ignore[arg-type]
                label=label,
                tree=tree,
                scope=func["scope"],
                body=tuple(func["type_params"]),
                within=around or reach.root,
                raises=reads.raises,
                reach=reach,
                wholly=False,
            )
            if reads.nested:
                yield from self._nested(symbol.path, func["scope"], tree, reach, seen)

    def _skipped(self, path: str, scope: str, param: Parameter, reads: Reads) -> bool:
        default = param["default"]
        if not reads.skip_defaults or default is None or default[0] != "call":
            return False
        callee = self.symbols.resolve(path, scope, default[3][0])
        return self.symbols.canonical(callee) in reads.skip_defaults

    def _injected(
        self, symbol: Symbol, func: Func, param: Parameter, reach: Reach, seen: frozenset[Symbol]
    ) -> Iterator[Evaluated]:
        """What a parameter's metadata brings in: ``Annotated[X, Depends(f)]``, ``Depends()``."""
        path, scope, annotation = symbol.path, func["scope"], param["annotation"]
        calls = list(_metadata(annotation)) if annotation is not None else []
        for tree in calls:
            call: Call = {"scope": scope, "func": -1, "tree": tree, "caught": [], "when": []}
            yield from self._call(path, call)
        default = param["default"]
        bare = [*calls, *([default] if default is not None and default[0] == "call" else [])]
        for tree in bare:
            callee = self.symbols.resolve(path, scope, tree[3][0])
            if len(tree[3]) > 1 or annotation is None:
                continue
            for argument in self.table.functions.get(self.symbols.canonical(callee), ()):
                if argument.reads.init:
                    given = self.symbols.resolve(path, scope, _plain(annotation))
                    if given is not None and given.kind == "cls":
                        again = Reach(argument.reads, reach.steps)
                        yield from self.apply(given, again, seen=seen)


def _looking_at(klass: Klass) -> Iterator[str]:
    """The names by which something may look at a class when it is defined."""
    yield from _dotted_names(klass["bases"])
    yield from _dotted_names(klass["decorators"])
    yield from _dotted_names(value for _, value in klass["keywords"])


def _made_in_scopes(shape: Shape) -> dict[str, list[str]]:
    """By scope, the names of what makes the values there: a descriptor may look at its class."""
    found: dict[str, list[str]] = {}
    for value in shape["values"]:
        if value["value"][0] == "call":
            found.setdefault(value["scope"], []).extend(_dotted_names([value["value"][3][0]]))
    return found


def _dotted_names(trees: Iterable[Tree]) -> Iterator[str]:
    return (part[1] for tree in trees for part in _walk(tree) if part[0] == "name")


def _names_of_class(klass: Klass) -> set[str]:
    trees = [*klass["bases"], *klass["decorators"]]
    trees += [field["annotation"] for field in klass["fields"]]
    return {klass["name"], *_first_names(trees)}


def _names_of_function(func: Func) -> set[str]:
    trees = [func["returns"], *func["decorators"]]
    for param in func["params"]:
        trees += [param["annotation"], param["default"]]
    return {func["name"], *_first_names(tree for tree in trees if tree is not None)}


def _first_names(trees: Iterable[Tree]) -> Iterator[str]:
    for tree in trees:
        for part in _walk(tree):
            if part[0] == "name":
                yield part[1].partition(".")[0]


def _plain(tree: Tree) -> Tree:
    while tree[0] == "str":
        tree = tree[3][0]
    if tree[0] == "sub" and tree[3][0][1].rpartition(".")[2] == "Annotated" and len(tree[3]) > 1:
        return tree[3][1]
    return tree


def _is_filled(tree: Tree) -> bool:
    """Whether ``field(...)`` has an ``init`` or a default: else pydantic leaves it alone."""
    keywords = {part[1]: part[3][0][1] for part in tree[3][1:] if part[0] == "kw"}
    return keywords.get("init") != "False" or bool(
        keywords.keys() & {"", "default", "default_factory"}
    )


def _metadata(tree: Tree) -> Iterator[Tree]:
    """The calls inside an annotation."""
    return (part for part in _walk(tree) if part[0] == "call")


def _walk(tree: Tree) -> Iterator[Tree]:
    yield tree
    for part in tree[3]:
        yield from _walk(part)


def _place(path: str, spot: Spot) -> Place:
    end = spot[2] or None
    return Place(path, spot[0], spot[1], spot[0] if end else None, end)


def _spot(path: str, tree: Tree) -> Place:
    return _place(path, tree[2])


def _dotted(tree: Tree) -> str:
    return tree[3][0][1] or "..." if tree[0] == "call" else tree[1] or "..."
