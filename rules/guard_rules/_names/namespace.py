"""What the module does to its own namespace: imports, ``__all__``, ``globals()``, ``setattr``."""

from __future__ import annotations

import libcst as cst

from guard_rules._names.bindings import dotted
from guard_rules._names.decisions import Decisions
from guard_rules._names.own import Own
from guard_rules._names.stored import asked_name
from guard_rules._names.tables import literal
from guard_rules._names.uses import AttributeUse, Import, Listed

# Functions that only read the namespace that they are given.
_READERS = frozenset(
    "dict dir getattr hasattr id isinstance len list print sorted vars setattr eval get_type_hints "
    "get_annotations signature model_rebuild update_forward_refs rebuild_dataclass".split()
)


class Namespace(Decisions):
    """Notes imports, the names of ``__all__`` and what is bound in other ways than by a name."""

    def __init__(self, target: tuple[int, int]) -> None:
        super().__init__(target)
        self.imports: list[Import] = []
        self.listed: list[Listed] = []
        self.all_is_known = True
        self.own = Own()

    def note_import(
        self, node: cst.CSTNode, level: int, module: str, name: str, *, handled: bool = False
    ) -> None:
        if self.asked is not None:
            return
        self.imports.append(
            Import(
                node,
                level,
                module,
                name,
                self.at_import,
                self.scope,
                handled or self.is_caught("ImportError"),
            )
        )

    def note_handover(self, node: cst.Call) -> None:
        """``install(__name__)`` for its effect alone: the callee may replace or fill the module."""
        if self.at_top and any(dotted(argument.value) == "__name__" for argument in node.args):
            self.dynamic = True

    def note_target(self, target: cst.BaseExpression, value: cst.BaseExpression) -> None:
        """Assignments that the module's namespace hangs on: ``__all__`` and ``globals()[...]``."""
        if isinstance(target, cst.Name) and target.value == "__all__" and self.at_top:
            self.listed.clear()
            self.list_names(value)
        elif isinstance(target, cst.Subscript):
            if dotted(target.value) == "sys.modules":
                self.dynamic = True  # the module replaces itself, or another one
            elif self.own.is_globals(target.value):
                index = target.slice[0].slice
                key = index.value if isinstance(index, cst.Index) else None
                self.store(key)

        elif isinstance(target, cst.Attribute) and self.own.is_module(target.value):
            self.module.state[target.attr.value] = None

    def store(self, key: cst.CSTNode | None) -> None:
        """The module's namespace gets an item: of that name, or of one that nobody can tell."""
        text = literal(key)
        if text is not None:
            self.module.state[text] = None
        elif not self.is_asked_for(key):
            self.dynamic = True

    def is_asked_for(self, key: cst.CSTNode | None) -> bool:
        """The name that the module's ``__getattr__`` has been asked for, and serves."""
        function = self.function
        return (
            isinstance(key, cst.Name)
            and function is not None
            and function.qualname == "__getattr__"
            and key.value == asked_name(function.node)
        )

    def list_names(self, value: cst.CSTNode) -> None:
        """Add the entries of a literal to ``__all__``; anything else is unknown."""
        if isinstance(value, cst.List | cst.Tuple | cst.Set):
            for element in value.elements:
                inner = element.value
                if isinstance(inner, cst.SimpleString):
                    self.listed.append(Listed(str(inner.evaluated_value), inner))
                else:
                    self.all_is_known = False
        elif isinstance(value, cst.BinaryOperation):
            self.list_names(value.left)
            self.list_names(value.right)
        else:
            self.all_is_known = False

    def change_all(self, name: str, value: cst.BaseExpression) -> None:
        if not self.at_top:
            self.all_is_known = False
        elif name.endswith("extend"):
            self.list_names(value)
        elif not isinstance(value, cst.SimpleString):
            self.all_is_known = False
        elif name.endswith("append"):
            self.listed.append(Listed(str(value.evaluated_value), value))
        else:
            self.listed = [item for item in self.listed if item.name != value.evaluated_value]

    def note_call(self, name: str | None, node: cst.Call) -> None:
        """Calls that change what is bound, and reads that are written as calls."""
        if self.at_top and any(self.is_own(argument.value) for argument in node.args):
            if (name or "").rpartition(".")[2] not in _READERS:
                self.dynamic = True  # the callee may fill the module's namespace
        texts = [literal(argument.value) for argument in node.args]
        if name == "getattr" and len(node.args) == 2 and texts[1]:
            self.read_by_name(node.args[0].value, texts[1], node)
        elif name == "exec":
            self.dynamic = True
        elif isinstance(node.func, cst.Attribute) and self.own.is_globals(node.func.value):
            if node.func.attr.value in ("update", "setdefault", "__setitem__"):
                self.bind_dynamically(node)
        elif name in ("__all__.append", "__all__.extend", "__all__.remove") and node.args:
            self.change_all(name, node.args[0].value)
        elif name is not None and name.rpartition(".")[2] in ("import_module", "__import__"):
            if texts and texts[0]:
                self.note_import(node, 0, texts[0], "", handled=True)
        elif name == "setattr" and len(node.args) == 3:
            self.set_attribute(node.args[0].value, node.args[1].value)

    def is_own(self, node: cst.BaseExpression) -> bool:
        return self.own.is_globals(node) or self.own.is_module(node)

    def set_attribute(self, owner: cst.BaseExpression, name: cst.BaseExpression) -> None:
        """``setattr(module, "name", value)``."""
        if self.own.is_module(owner):
            self.store(name)
        elif dotted(owner) is not None and literal(name):
            self.set_present(f"{dotted(owner)}.{literal(name)}")

    def bind_dynamically(self, node: cst.Call) -> None:
        """``globals().update(a=1)``: the names where the text says them, else any name."""
        keywords = [argument.keyword for argument in node.args]
        if keywords and all(keyword is not None for keyword in keywords):
            for keyword in keywords:
                if keyword is not None:
                    self.module.state[keyword.value] = None
            return
        first = node.args[0].value if node.args else None
        if isinstance(first, cst.Dict):
            for item in first.elements:
                self.store(item.key if isinstance(item, cst.DictElement) else None)
        else:
            self.store(first)

    def read_by_name(self, owner: cst.BaseExpression, name: str, node: cst.Call) -> None:
        ref = self.find(owner.value)[1] if isinstance(owner, cst.Name) else None
        if ref is None or ref[0] not in ("module", "from") or not isinstance(owner, cst.Name):
            return
        if self.asked is not None or self.is_caught("AttributeError"):
            return
        spelled = f"{owner.value}.{name}"
        if not any(spelled in frame.state for frame in self.frames()):
            self.attributes[id(node)] = AttributeUse(
                ref, (node,), (name,), owner.value, 0, self.at_import, self.scope
            )
