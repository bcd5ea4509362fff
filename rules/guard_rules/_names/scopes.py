"""Names in the abstract run: what each scope holds on the path at hand."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import libcst as cst

from guard_rules._names.bindings import normal
from guard_rules._names.compiled import builtin_names
from guard_rules._names.constants import FLAG
from guard_rules._names.errors import ANYTHING, CAUGHT_BY
from guard_rules._names.frames import ASSUMED, Frame, Function, Ref, State, join
from guard_rules._names.tables import Asked
from guard_rules._names.uses import AttributeUse, Use

UNREACHABLE = "<unreachable>"


class Scopes:
    """The lowest part of the run: looks names up, binds them, and notes those that are missing."""

    def __init__(self, target: tuple[int, int]) -> None:
        self.target = target
        self.builtins = builtin_names(target)
        self.module = Frame("module", None, "")
        self.frame = self.module
        self.deferred = False
        """The module has been imported; functions run at some later time."""
        self.main_block = 0
        self.catching: list[set[str]] = []
        self.branches = 0
        self.first_iteration: int | None = None
        self.inlining: list[Function] = []
        self.risks = 0
        """How much was evaluated that may raise: a handler around nothing of it never runs."""
        self.annotation = 0
        self.dynamic = False
        self.stars: list[cst.ImportFrom] = []
        self.uses: dict[int, Use] = {}
        self.attributes: dict[int, AttributeUse] = {}
        self.global_assigned: set[str] = set()
        self.roots: set[str] = set()
        """The names of which some state may hold an attribute."""
        self.asked: Asked | None = None
        """The run of ``__getattr__`` for one name, while it goes on."""

    def evaluate(self, node: cst.CSTNode | None) -> Ref:
        """Evaluate an expression. ``Expressions`` does."""
        raise NotImplementedError

    def block(self, statements: Iterable[cst.CSTNode]) -> None:
        """Run statements. ``Branches`` does."""
        raise NotImplementedError

    # -- where the run stands ----------------------------------------------------

    @property
    def at_import(self) -> bool:
        return not self.deferred and not self.main_block

    @property
    def at_top(self) -> bool:
        return self.frame is self.module

    @property
    def function(self) -> Function | None:
        frame: Frame | None = self.frame
        while frame is not None:
            if frame.function is not None:
                return frame.function
            frame = frame.parent
        return None

    @property
    def scope(self) -> str:
        frame: Frame | None = self.frame
        while frame is not None and frame.kind not in ("module", "class", "function"):
            frame = frame.parent
        return frame.qualname if frame is not None and frame.qualname else "module"

    def frames(self) -> Iterator[Frame]:
        frame: Frame | None = self.frame
        while frame is not None:
            yield frame
            frame = frame.parent

    @contextmanager
    def inside(self, frame: Frame) -> Iterator[Frame]:
        """Run something in another scope."""
        before, self.frame = self.frame, frame
        try:
            yield frame
        finally:
            self.frame = before

    @contextmanager
    def branch(self) -> Iterator[None]:
        """Code that runs on a condition that only the run can tell."""
        self.branches += 1
        try:
            yield
        finally:
            self.branches -= 1

    # -- paths -------------------------------------------------------------------

    @property
    def reached(self) -> bool:
        return UNREACHABLE not in self.frame.state

    def stop(self) -> None:
        """Nothing after this point runs; functions defined before it may still be called."""
        self.frame.exits = join(self.frame.exits, self.path())
        self.frame.state = {UNREACHABLE: None}

    def path(self) -> State | None:
        """The current path, None where it has ended."""
        return self.frame.state if self.reached else None

    def take(self, state: State | None) -> None:
        self.frame.state = {UNREACHABLE: None} if state is None else state

    # -- names -------------------------------------------------------------------

    def find(self, name: str) -> tuple[str, Ref, Frame]:
        """Look ``name`` up: ``("bound" | "global" | "local" | "free", what it means, scope)``."""
        frame: Frame | None = self.frame
        if name == "__class__" and any(outer.kind == "class" for outer in self.frames()):
            return "bound", None, self.frame  # the cell that ``super()`` uses
        sees_class, crossed = True, False
        while frame is not None and frame.kind != "module":
            if name in frame.state and frame.state[name] == ASSUMED:
                return "bound", None, frame
            if name in frame.global_names:
                break
            if frame.kind == "class":
                if sees_class and name in frame.local_names:
                    if name in frame.state:
                        return "bound", frame.state[name], frame
                    break  # LOAD_NAME: from the class straight to the globals
                sees_class, crossed = False, True  # class bodies do not nest
            elif name in frame.local_names:
                if name in frame.state:
                    return "bound", frame.state[name], frame
                return ("free" if crossed else "local"), None, frame
            if frame.kind in ("function", "comprehension"):
                sees_class = False
                crossed = crossed or frame.kind == "function"
            frame = frame.parent
        module = self.module
        if name in module.state:
            ref = module.state[name]
            return "bound", None if ref == ASSUMED else ref, module
        if name in self.builtins:
            return "bound", None, module
        return "global", None, module

    def load(self, name: str, node: cst.CSTNode) -> Ref:
        """Evaluate a name; report it where it is surely unbound."""
        kind, ref, frame = self.find(name)
        function = self.function
        if kind == "bound":
            if ref is not None and ref[0] == "function":
                self.refer(ref[1])
            if function is not None and frame is self.module and not self.deferred:
                function.bound_when_called.add(name)
            return ref
        self.risks += 1
        if kind == "global" and self.dynamic:
            return None
        error = "UnboundLocalError" if kind == "local" else "NameError"
        if self.asked is not None or self.is_caught(error):
            return None
        if self.first_iteration is not None and self.branches > self.first_iteration:
            return None
        if self.deferred and function is not None and name in function.bound_when_called:
            return None
        known = self.uses.get(id(node))
        if known is None or (self.at_import and not known.at_import):
            self.uses[id(node)] = Use(
                name,
                node,
                kind,
                self.frame if kind == "global" else frame,
                self.at_import,
                self.scope,
                len(self.stars),
                function,
                self.annotation > 0,
            )
        return None

    def refer(self, function: Function) -> None:
        """Note how the module refers to one of its functions; whoever has it may call it."""
        for name in function.nonlocal_names if self.deferred else ():
            self.owner_of_nonlocal(name, function.frame).state.setdefault(name, None)
        if self.is_caught("NameError"):
            function.references.append("handled")
        else:
            function.references.append(self.function if self.function is not None else "live")

    def is_caught(self, error: str) -> bool:
        accepted = CAUGHT_BY[error] | {ANYTHING}
        return any(caught & accepted for caught in self.catching)

    def assign(self, name: str, ref: Ref = None) -> None:
        """Bind a name in the scope that Python binds it in."""
        name = normal(name)
        frame: Frame | None = self.frame
        while frame is not None and frame.kind in ("comprehension", "type parameters"):
            if name in frame.local_names and frame.kind == "comprehension":
                break
            frame = frame.parent
        if frame is None or name in frame.global_names:
            frame = self.module
        elif frame.kind == "function" and name not in frame.local_names:
            frame = self.owner_of_nonlocal(name, frame)
        if name == FLAG and ref is not None and ref[0] == "known":
            ref = ("known", ref[1], True)
        if frame is self.module and name in self.global_assigned:
            ref = None
        if name in self.roots:
            for key in [key for key in frame.state if key.startswith(f"{name}.")]:
                del frame.state[key]
        frame.state[name] = ref

    def set_present(self, spelled: str) -> None:
        """The attribute ``a.b`` exists from here."""
        self.roots.add(spelled.partition(".")[0])
        self.frame.state[spelled] = None

    def assume(self, spelled: str) -> None:
        """A name, or the attribute ``a.b``, exists on this path."""
        self.roots.add(spelled.partition(".")[0])
        self.frame.state.setdefault(spelled, ASSUMED)

    def owner_of_nonlocal(self, name: str, frame: Frame) -> Frame:
        outer: Frame | None = frame
        while outer is not None:
            if outer.kind == "function" and name in outer.local_names:
                return outer
            outer = outer.parent
        return frame

    def unassign(self, name: str) -> None:
        kind, _, frame = self.find(name)
        if kind == "bound":
            frame.state.pop(name, None)

    def mangled(self, name: str) -> str:
        """``__part`` in a class ``Box`` is ``_Box__part`` (language reference, 6.2.1)."""
        if name.startswith("__") and not name.endswith("__"):
            for frame in self.frames():
                if frame.kind == "class":
                    return f"_{frame.qualname.rpartition('.')[2].lstrip('_')}{name}"
        return normal(name)
