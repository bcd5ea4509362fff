"""What PEP 695 and PEP 696 keep lazy: aliases, bounds and defaults of type parameters."""

from __future__ import annotations

import libcst as cst

from guard_rules._names.calls import Calls
from guard_rules._names.frames import Frame, Ref

LAZY_ATTRIBUTES = {
    "__value__": "value",
    "evaluate_value": "value",
    "__bound__": "bound",
    "__constraints__": "bound",
    "evaluate_bound": "bound",
    "evaluate_constraints": "bound",
    "__default__": "default",
    "evaluate_default": "default",
}


class Lazy(Calls):
    """Evaluates what is lazy where the module asks for it: ``Alias.__value__``."""

    def follow(self, root: cst.CSTNode, ref: Ref, nodes: list[cst.Attribute]) -> None:
        """Walk ``Box.Alias.__value__.__value__`` from the left, forcing what is lazy."""
        while isinstance(root, cst.Subscript | cst.Call | cst.Attribute):
            root = root.func if isinstance(root, cst.Call) else root.value
            if isinstance(root, cst.Name):
                ref = self.find(root.value)[1]
        for node in reversed(nodes):
            name = node.attr.value
            if name in LAZY_ATTRIBUTES:
                ref = self.force(ref, LAZY_ATTRIBUTES[name])
            elif ref is not None and ref[0] == "class":
                ref = ref[2].get(name)

    def force(self, ref: Ref, what: str) -> Ref:
        """Evaluate what PEP 695 and PEP 696 keep lazy until it is asked for."""
        if ref is None:
            return None
        if ref[0] == "alias" and what == "value":
            with self.inside(ref[2]):
                return self.evaluate(ref[1].value)
        if ref[0] == "typevar":
            self.force_parameter(ref[1], ref[2], what)
        elif ref[0] in ("function", "class"):
            definition = ref[1].node if ref[0] == "function" else ref[1]
            parameters = getattr(definition, "type_parameters", None)
            for parameter in parameters.params if parameters is not None else ():
                self.force_parameter(parameter, self.frame, what)
        return None

    def force_parameter(self, parameter: cst.TypeParam, frame: Frame, what: str) -> None:
        with self.inside(frame):
            if what == "default":
                self.evaluate(parameter.default)
            elif what == "bound":
                self.evaluate(getattr(parameter.param, "bound", None))

    def type_parameters(self, node: cst.TypeAlias | cst.FunctionDef | cst.ClassDef) -> Frame:
        """The scope of ``[T: Bound = Default]`` (PEP 695); the scope around where there is none."""
        if node.type_parameters is None:
            return self.frame
        inner = Frame("type parameters", self.frame, self.frame.qualname)
        for parameter in node.type_parameters.params:
            name = parameter.param.name.value
            inner.local_names.add(name)
            inner.state[name] = ("typevar", parameter, inner)
        return inner
