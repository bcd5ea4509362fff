"""Small random modules in which every name of a pool is bound under a guard, and elsewhere perhaps.

What is left out on purpose is what no static reading can decide: a condition that only the run
knows never binds or unbinds a name on one side alone, and a try block has one statement, so that
no exception leaves it half done.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from hypothesis import strategies as st

NAMES = ("A", "B")
HEADER = ("from contextlib import nullcontext", "from typing import TYPE_CHECKING")

TOP = 2
"""How deep blocks nest."""

GUARDS = (
    "TYPE_CHECKING",
    "TYPE_CHECKING and len('x')",
    "not (not TYPE_CHECKING)",
    "False",
)
BINDINGS = (
    "from fractions import Fraction as {0}",
    "{0} = int",
    "{0}: object = int",
    "{0} = _other = int",
    "{0}, _other = int, str",
    "class {0}(int): pass",
    "for {0} in (int,): pass",
    "with nullcontext(int) as {0}: pass",
    "_other = ({0} := int)",
)
USES = (
    "{0}",
    "print({0})",
    "_x = {0}(1)",
    "_x = [{0} for _n in (1, 2)]",
    "_x = [_n for _n in (1, 2) if {0}]",
    "_x = list({0}(_n) for _n in (1, 2))",
    "_x = (lambda: {0})()",
    "_x = lambda _p={0}: _p",
    "def _f(_p={0}): pass",
    "def _f(*, _p={0}): pass",
    "class _C({0}): pass",
    "class _C(list, metaclass=type, **{{}}): _y = {0}",
    "_x = f'{{{0}}}'",
    "_x = isinstance(1, {0})",
    "_x = {0}.__name__",
    "_x = list[{0}]",
    "_x = {{'k': {0}}}",
    "_x = (1, *[{0}])",
    "assert {0}",
    "_x = {0} if len('x') else None",
    "_x = None if TYPE_CHECKING else {0}",
    "_x = TYPE_CHECKING or {0}",
    "_x = len('x') and {0}",
    "for _n in [{0}]: pass",
    "with nullcontext({0}): pass",
    "if {0}: pass",
    "while not {0}: pass",
)
NON_USES = (
    "_x = '{0}'",
    "_x = dict({0}=1)",
    "_x = {0} if TYPE_CHECKING else None",
    "_x = TYPE_CHECKING and {0}",
    "_x = [{0} for {0} in (1, 2)]",
    "_x = (lambda {0}: {0})(1)",
    "def _f({0}): return {0}",
    "_x: '{0}' = 1",
    "def _f(_p: '{0}') -> list['{0}']: pass",
)
LOCAL_NON_USES = ("_x: {0} = 1", "_x: {0}")


@dataclass
class Scope:
    """What a block may do. ``free`` are the names that it must not bind."""

    kind: str
    free: frozenset[str] = frozenset()
    functions: list[str] = field(default_factory=list)
    """The functions that exist at this point of the module, for calls."""

    def may_bind(self) -> list[str]:
        return [name for name in NAMES if name not in self.free]


Draw = Callable[[st.SearchStrategy[str]], str]
Lines = list[str]


def indent(lines: Lines) -> Lines:
    """One level deeper; an empty block passes."""
    return ["    " + line for line in lines or ["pass"]]


@st.composite
def modules(draw: st.DrawFn) -> str:
    """The text of a module."""
    scope = Scope("module")
    lines = list(HEADER)
    if draw(st.booleans()):
        lines.insert(0, "from __future__ import annotations")
    for name in NAMES:
        lines += guarded(draw, name)
        # Most names get a run-time binding too: else nearly every module fails at once.
        if draw(st.integers(0, 3)):
            lines += real(draw, name)
    for number in range(draw(st.integers(1, 5))):
        lines += draw_block(draw, scope, TOP)
        if draw(st.booleans()):
            function = f"f{number}"
            lines += define(draw, scope, function)
            scope.functions.append(function)
    lines += draw_block(draw, scope, TOP)
    return "\n".join(lines) + "\n"


def guarded(draw: st.DrawFn, name: str) -> Lines:
    """A guard that binds the name for the checker alone."""
    binding = draw(st.sampled_from(BINDINGS)).format(name)
    test = draw(st.sampled_from(GUARDS))
    if draw(st.integers(0, 4)) == 0:
        return ["if not TYPE_CHECKING:", "    pass", "else:", "    " + binding]
    return [f"if {test}:", "    " + binding]


def real(draw: st.DrawFn, name: str) -> Lines:
    """A binding that the run makes too, after the guard."""
    binding = draw(st.sampled_from(BINDINGS)).format(name)
    form = draw(st.integers(0, 3))
    if form == 0:
        return ["if not TYPE_CHECKING:", "    " + binding]
    if form == 1:
        return ["if TYPE_CHECKING:", "    pass", "else:", "    " + binding]
    if form == 2:
        missing = f"from no_such_module import {name}"
        return ["try:", "    " + missing, "except ImportError:", "    " + binding]
    return [binding]


def define(draw: st.DrawFn, scope: Scope, name: str) -> Lines:
    """A function: each name is the module's, declared global, or a local that a guard binds."""
    body: Lines = []
    free = set()
    for candidate in NAMES:
        role = draw(st.sampled_from(("module", "module", "global", "local")))
        if role == "module":
            free.add(candidate)
        elif role == "global":
            body.append(f"global {candidate}")
        else:
            body += guarded(draw, candidate)
            if draw(st.integers(0, 3)):
                body += real(draw, candidate)
    # Declarations first: a global statement may not follow a use.
    body.sort(key=lambda line: not line.startswith("global"))
    inner = Scope("function", frozenset(free), list(scope.functions))
    for _ in range(draw(st.integers(1, 3))):
        body += draw_block(draw, inner, 1)
        exit_form = draw(st.integers(0, 9))
        if exit_form == 0:
            body += ["if TYPE_CHECKING:", "    return"]
        elif exit_form == 1:
            body += ["if not TYPE_CHECKING:", "    return"]
    return [f"def {name}():", *indent(body)]


def draw_block(draw: st.DrawFn, scope: Scope, depth: int) -> Lines:
    """A statement or two."""
    lines: Lines = []
    for _ in range(draw(st.integers(1, 2))):
        lines += statement(draw, scope, depth)
    return lines


def statement(draw: st.DrawFn, scope: Scope, depth: int) -> Lines:
    """One statement, perhaps a compound one."""
    simple = {"use": use, "non_use": non_use, "bind": bind, "call": call}
    compound = {
        "guard": under_guard,
        "certain": certain,
        "loop": loop,
        "try": handled,
        "class": class_body,
        "delete": delete,
    }
    choices = ["use", "use", "non_use", "bind", "call"]
    if depth:
        choices += ["guard", "certain", "loop", "try", "class"]
    if scope.kind == "module" and depth == TOP:
        choices.append("delete")
    kind = draw(st.sampled_from(choices))
    if kind in simple:
        return simple[kind](draw, scope)
    return compound[kind](draw, scope, depth - 1)


def use(draw: st.DrawFn, scope: Scope) -> Lines:
    """A use. In a class body a comprehension would look elsewhere than a plain use: fine."""
    return [draw(st.sampled_from(USES)).format(draw(st.sampled_from(NAMES)))]


def non_use(draw: st.DrawFn, scope: Scope) -> Lines:
    """The name, where Python does not evaluate it."""
    forms = NON_USES + LOCAL_NON_USES * (scope.kind == "function")
    return [draw(st.sampled_from(forms)).format(draw(st.sampled_from(NAMES)))]


def bind(draw: st.DrawFn, scope: Scope) -> Lines:
    """A run-time binding, where the scope allows one."""
    names = scope.may_bind()
    if not names:
        return use(draw, scope)
    forms = BINDINGS
    name = draw(st.sampled_from(names))
    text = draw(st.sampled_from(forms)).format(name)
    if scope.kind == "function" and ": object" in text:
        text = f"{name} = int"  # an annotated name cannot be global
    return [text]


def call(draw: st.DrawFn, scope: Scope) -> Lines:
    """A call of a function that is already there."""
    if not scope.functions or scope.kind == "class":
        return non_use(draw, scope)
    return [draw(st.sampled_from(scope.functions)) + "()"]


def under_guard(draw: st.DrawFn, scope: Scope, depth: int) -> Lines:
    """An if on the guard with code on both sides."""
    dead, live = draw_block(draw, scope, depth), draw_block(draw, scope, depth)
    form = draw(st.integers(0, 2))
    if form == 0:
        return [f"if {draw(st.sampled_from(GUARDS))}:", *indent(dead), "else:", *indent(live)]
    if form == 1:
        return ["if not TYPE_CHECKING:", *indent(live), "else:", *indent(dead)]
    return [f"if {draw(st.sampled_from(GUARDS))}:", *indent(dead)]


def certain(draw: st.DrawFn, scope: Scope, depth: int) -> Lines:
    """A block that surely runs."""
    head = draw(st.sampled_from(("if True:", "with nullcontext():", "try:")))
    body = indent(draw_block(draw, scope, depth))
    return [head, *body, "finally:", "    pass"] if head == "try:" else [head, *body]


def loop(draw: st.DrawFn, scope: Scope, depth: int) -> Lines:
    """A loop whose body runs."""
    body = draw_block(draw, scope, depth)
    if draw(st.booleans()):
        return ["while True:", *indent([*body, "break"])]
    return ["for _n in (1, 2):", *indent(body)]


def handled(draw: st.DrawFn, scope: Scope, depth: int) -> Lines:
    """A try of one statement with a handler that fits, or one that does not."""
    error = draw(
        st.sampled_from(("NameError", "Exception", "ImportError", "(KeyError, NameError)"))
    )
    return [
        "try:",
        *indent(use(draw, scope) if draw(st.booleans()) else bind(draw, scope)),
        f"except {error}:",
        *indent(non_use(draw, scope)),
    ]


def class_body(draw: st.DrawFn, scope: Scope, depth: int) -> Lines:
    """A class with statements in its body."""
    inner = Scope("class")
    lines: Lines = []
    if draw(st.booleans()):
        lines += guarded(draw, draw(st.sampled_from(NAMES)))
    return ["class _K:", *indent(lines + draw_block(draw, inner, depth))]


def delete(draw: st.DrawFn, scope: Scope, depth: int) -> Lines:
    """Bind, use, and delete again."""
    names = scope.may_bind()
    if not names:
        return use(draw, scope)
    name = draw(st.sampled_from(names))
    return [f"{name} = int", f"print({name})", f"del {name}"]
