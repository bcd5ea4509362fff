"""What one file imports when it runs: a pure function of its bytes, cached by content.

More is said than happens: an import inside a function counts, for a function may be called while
the module is imported. What only type checkers execute does not count, where that is certain.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator

from guard.rule import Extractor

Import = tuple[int, str, tuple[str, ...]]
"""Dots in front, the dotted name, and what comes from it: ``()`` for a plain ``import``."""

Imports = tuple[tuple[Import, ...], tuple[str, ...] | None, int, tuple[str, ...], tuple[str, ...]]
"""The imports; the names in ``__all__`` (``None`` where they are computed); flags, as below; the
texts that could name modules; the names bound in a file that is ``LAZY``."""

LAZY = 1
"""Names are imported when someone asks for them: a ``__getattr__`` of the module."""
TEXTS = 2
"""Modules are imported whose names are computed, in functions."""
NEIGHBOURS = 4
"""The same, while the file itself is imported."""
PATHS = 8
"""The file changes ``sys.path``; the texts may be the folders that it adds."""

_DOTTED = re.compile(r"\.*[^\W\d]\w*(?:\.[^\W\d]\w*)*")
_SYS_PATH = re.compile(
    rb"\bpath\s*\.\s*(?:insert|append|extend)\b|sys\.path\s*(?:\+=|=[^=]|\[)|addsitedir"
)
_FOLDER = re.compile(r"[\w.-]+(?:/[\w.-]+)*/?")
_LITERAL = re.compile(r"\.*\w+(?:\.\w+)*")
_QUOTED = re.compile(rb"""(['"])([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)+)(?::\w+)?\1""")
"""A dotted name in quotes: of apps to load, tasks to include, modules to preload."""
_LINE = re.compile(
    r"^[ \t]*(?:from[ \t]+(?P<dots>\.*)(?P<base>[\w.]*)[ \t]+import[ \t]*"
    r"(?P<names>\((?:[^()]*)\)|[^\n;#]*)|import[ \t]+(?P<plain>[^\n;#]+))",
    re.MULTILINE,
)
_CALLS = frozenset(("import_module", "__import__", "find_spec", "resolve_name", "import_string"))
_BY_NAME = (b"import_module", b"__import__", b"find_spec", b"resolve_name", b"import_string")
_LAZY = (b"lazy_loader", b"LazyModule", b"lazy_import", b"LazyImport")
_TYPING = ("typing", "typing_extensions")
_MOST_TEXTS = 5000


def extract(data: bytes) -> Imports:
    """The imports of a file with the content ``data``."""
    try:
        tree = ast.parse(data)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        # A syntax that is newer than the guard's own Python, perhaps: the project's may read it.
        return _by_lines(data)
    guards = _guards(tree) if b"TYPE_CHECKING" in data else frozenset()
    found: dict[Import, None] = {}
    exported: tuple[str, ...] | None = ()
    for node in _statements(tree.body, guards):
        if isinstance(node, ast.Import):
            for alias in node.names:
                found[0, alias.name, ()] = None
        elif isinstance(node, ast.ImportFrom):
            names = tuple(alias.name for alias in node.names)
            found[node.level, node.module or "", names] = None
    if b"__all__" in data:
        exported = _exported(tree)
    flags = 0
    if any(word in data for word in _BY_NAME):
        flags = _computed(tree, found)
    if any(word in data for word in _LAZY):
        flags |= LAZY
    if _SYS_PATH.search(data) and b"sys" in data:
        flags |= PATHS
    texts = dict.fromkeys(match[2].decode("ascii") for match in _QUOTED.finditer(data))
    if flags:
        texts.update(dict.fromkeys(_texts(tree, _FOLDER if flags & PATHS else _DOTTED)))
    bound = _bound(tree) if flags & LAZY else ()
    return tuple(found), exported, flags, tuple(texts)[:_MOST_TEXTS], bound


IMPORTS: Extractor[Imports] = Extractor("smoke-imports", "3", extract)


def _statements(body: Iterable[ast.stmt], guards: frozenset[str]) -> Iterator[ast.stmt]:
    """All statements that may run; expressions are not entered, which makes it fast."""
    stack: list[object] = [*body]
    while stack:
        node = stack.pop()
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            yield node
        elif isinstance(node, ast.If):
            live = _truth(node.test, guards)
            if live is not False:
                stack += node.body
            if live is not True:
                stack += node.orelse
        else:
            for part in ("body", "orelse", "finalbody", "handlers", "cases"):
                inner = getattr(node, part, None)
                if isinstance(inner, list):
                    stack += inner


def _truth(test: ast.expr, guards: frozenset[str]) -> bool | None:
    """What the test is at run time, where that is certain."""
    if isinstance(test, ast.Name):
        return False if test.id in guards else None
    if isinstance(test, ast.Attribute):
        base = test.value
        known = isinstance(base, ast.Name) and f"{base.id}.{test.attr}" in guards
        return False if known else None
    if isinstance(test, ast.Constant):
        return bool(test.value)
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        inner = _truth(test.operand, guards)
        return None if inner is None else not inner
    if isinstance(test, ast.BoolOp):
        parts = [_truth(value, guards) for value in test.values]
        decides = isinstance(test.op, ast.Or)
        if decides in parts:
            return decides
        return None if None in parts else not decides
    return None


def _guards(tree: ast.Module) -> frozenset[str]:
    """The names that are surely ``typing.TYPE_CHECKING``, or another name for false: nothing in

    the file gives them any other value.
    """
    good: set[str] = set()
    bad: set[str] = set()
    modules: set[str] = set()
    harmless: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            for alias in node.names:
                true = node.module in _TYPING and not node.level and alias.name == "TYPE_CHECKING"
                (good if true else bad).add(alias.asname or alias.name)
        elif isinstance(node, ast.Import):
            for alias in node.names:
                name = alias.asname or alias.name.partition(".")[0]
                (modules if alias.name in _TYPING else bad).add(name)
        elif isinstance(node, (ast.Assign, ast.AnnAssign)):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            value = node.value
            if value is None or (isinstance(value, ast.Constant) and value.value is False):
                for target in targets:  # seen before the names in it: the walk goes downward
                    if isinstance(target, ast.Name) and target.id == "TYPE_CHECKING":
                        harmless.add(id(target))
                        good.add(target.id)
        elif isinstance(node, ast.Name):
            if not isinstance(node.ctx, ast.Load) and id(node) not in harmless:
                bad.add(node.id)
        elif isinstance(node, ast.Attribute):
            if not isinstance(node.ctx, ast.Load):
                bad.add(node.attr)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            bad.add(node.name)
        elif isinstance(node, ast.arg):
            bad.add(node.arg)
        elif isinstance(node, (ast.ExceptHandler, ast.MatchAs, ast.MatchStar)):
            bad.add(node.name or "")
        elif isinstance(node, ast.MatchMapping):
            bad.add(node.rest or "")
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            bad.add(node.value)  # of `globals()[...]`, `setattr`
    named = {f"{module}.TYPE_CHECKING" for module in modules - bad if "TYPE_CHECKING" not in bad}
    return frozenset((good - bad) | named)


def _exported(tree: ast.Module) -> tuple[str, ...] | None:
    """The names in ``__all__``; ``None`` where anything but literals makes it."""
    names: list[str] = []
    for node in ast.walk(tree):
        value: ast.expr | None = None
        if isinstance(node, ast.Assign):
            if any(isinstance(to, ast.Name) and to.id == "__all__" for to in node.targets):
                value = node.value
        elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
            if isinstance(node.target, ast.Name) and node.target.id == "__all__":
                value = node.value
        elif isinstance(node, ast.Attribute) and node.attr in ("extend", "append", "insert"):
            if isinstance(node.value, ast.Name) and node.value.id == "__all__":
                return None
        if value is None:
            continue
        if not isinstance(value, (ast.List, ast.Tuple, ast.Set)):
            return None
        for item in value.elts:
            if not (isinstance(item, ast.Constant) and isinstance(item.value, str)):
                return None
            names.append(item.value)
    return tuple(dict.fromkeys(names))


def _computed(tree: ast.Module, found: dict[Import, None]) -> int:
    """Add the modules that are imported by a literal name; the flags for those that are not."""
    flags = 0
    loaders: set[str] = set()
    called: set[str] = set()
    stack: list[tuple[ast.AST, str]] = [(node, "") for node in tree.body]
    while stack:
        node, function = stack.pop()
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)) and not function:
            function = getattr(node, "name", "<lambda>")
        if isinstance(node, ast.Call):
            name = node.func.attr if isinstance(node.func, ast.Attribute) else None
            name = node.func.id if isinstance(node.func, ast.Name) else name
            if name in _CALLS and not _literal(node, found):
                if function == "__getattr__":
                    flags |= LAZY
                elif function:
                    flags |= TEXTS
                    loaders.add(function)
                else:
                    flags |= NEIGHBOURS
            elif name is not None and not function:
                called.add(name)
        stack += [(child, function) for child in ast.iter_child_nodes(node)]
    return flags | (0 if loaders.isdisjoint(called) else NEIGHBOURS)


def _literal(node: ast.Call, found: dict[Import, None]) -> bool:
    first = node.args[0] if node.args else None
    if first is None:
        first = next((word.value for word in node.keywords if word.arg == "name"), None)
    text = first.value if isinstance(first, ast.Constant) else None
    if not isinstance(text, str) or not _LITERAL.fullmatch(text):
        return False
    base = text.lstrip(".")
    dots = len(text) - len(base)
    if dots:
        package = node.args[1] if len(node.args) > 1 else None
        if package is None:
            package = next((word.value for word in node.keywords if word.arg == "package"), None)
        if isinstance(package, ast.Constant) and isinstance(package.value, str):
            parts = package.value.split(".")
            base = ".".join((*parts[: len(parts) - dots + 1], base))
        elif isinstance(package, ast.Name) and package.id in ("__package__", "__name__"):
            found[dots, base, ()] = None
            return True
        else:
            return False
    parent, _, last = base.rpartition(".")
    found[0, base, ()] = None
    if parent:  # the last part may be a name in the module, as `import_string` reads it
        found[0, parent, (last,)] = None
    return True


def _texts(tree: ast.Module, pattern: re.Pattern[str]) -> tuple[str, ...]:
    """The strings that could name a module, or a folder."""
    found = {
        node.value: None
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and len(node.value) < 200
        and pattern.fullmatch(node.value)
    }
    return tuple(found)


def _bound(tree: ast.Module) -> tuple[str, ...]:
    """The names that the file's statements bind, wherever they stand."""
    found: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            found.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
        elif isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
            found.add(node.name)
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found.add(node.id)
    return tuple(sorted(found))


def _by_lines(data: bytes) -> Imports:
    """The imports of a file that cannot be parsed, as far as lines show them; guarded ones too."""
    found: dict[Import, None] = {}
    for match in _LINE.finditer(data.decode("utf-8", "replace")):
        plain = match["plain"]
        if plain is None:
            text = re.sub(r"#[^\n]*", "", match["names"]).strip("() \t\r\n\\")
            names = tuple(words[0] for part in text.split(",") if (words := part.split()))
            found[len(match["dots"]), match["base"], names or ("*",)] = None
            continue
        for part in plain.split(","):
            words = part.split()
            if words:
                found[0, words[0], ()] = None
    return tuple(found), None, 0, (), ()
