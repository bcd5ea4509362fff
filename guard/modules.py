"""Which file is which module: Python's import system, read from a list of paths.

Follows the language reference, "The import system": regular packages come before modules of the
same name, both before namespace packages (PEP 420), whose parts may lie under several roots.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable


class Modules:
    """The mapping between the files of a project and dotted module names.

    ``roots`` are entries of ``sys.path`` relative to the top. Besides them a file can be imported
    from the nearest folder upward that is no package, as pytest and ``python file.py`` do;
    such a root serves only the importers below it. ``.pyi`` files do not exist at run time.
    """

    def __init__(self, paths: Iterable[str], roots: Iterable[str] = ("",)) -> None:
        self._files = frozenset(path for path in paths if path.endswith(".py"))
        self._roots = tuple(dict.fromkeys(roots))
        self._longest = sorted((root for root in self._roots if root), key=len, reverse=True)
        self._all_dirs: dict[str, bool] = {}
        self._root_memo: dict[str, str] = {}
        self._parts_memo: dict[tuple[str, str], tuple[bool, tuple[str, ...]]] = {}

    def module_of(self, path: str) -> tuple[str, bool]:
        """The dotted name of a file, and whether it is a package's ``__init__``.

        A file that no import statement can name (``my-script.py``) has the name all the same.
        """
        folder, _, name = path.rpartition("/")
        stem = name.rpartition(".")[0]
        root = self.root_of(folder)
        inner = folder[len(root) + 1 :] if root else folder
        package = stem == "__init__" and bool(inner)
        parts = inner.replace("/", ".")
        if not package:
            parts = f"{parts}.{stem}" if parts else stem
        return parts, package

    def root_of(self, folder: str) -> str:
        """The root from which the files in ``folder`` are imported: the longest that fits."""
        memo = self._root_memo
        if folder not in memo:
            for root in self._longest:
                if folder == root or folder.startswith(root + "/"):
                    memo[folder] = root
                    break
            else:
                memo[folder] = self._loose_root(folder)
        return memo[folder]

    def find(self, dotted: str, importer: str | None = None) -> str | None:
        """The file that ``import dotted`` runs last when ``importer`` does it.

        ``None`` for a namespace package, which has no file, and for what is not in the project.
        Where several roots hold the name the importer's own root wins, then the roots' order.
        """
        parent, _, name = dotted.rpartition(".")
        for folder in self._search(parent, self._home(importer)):
            found = self._in(folder, name)
            if found is not None:
                return found
        return None

    def relative(self, path: str, level: int, dotted: str = "") -> str | None:
        """The file behind ``from ..dotted import`` (``level`` dots) in the file ``path``."""
        folder = path.rpartition("/")[0]
        for _ in range(level - 1):
            if not folder:
                return None
            folder = folder.rpartition("/")[0]
        if not dotted:
            found = f"{folder}/__init__.py" if folder else "__init__.py"
            return found if found in self._files else None
        *parents, name = dotted.split(".")
        for part in parents:
            folder = f"{folder}/{part}" if folder else part
        return self._in(folder, name)

    def submodule(self, init: str, name: str) -> str | None:
        """The file of ``name`` in the package whose ``__init__`` is ``init``."""
        return self._in(init.rpartition("/")[0], name)

    def is_namespace(self, dotted: str, importer: str | None = None) -> bool:
        """Whether ``dotted`` is a package without a file."""
        if self.find(dotted, importer) is not None:
            return False
        return bool(self._search(dotted, self._home(importer)))

    def _in(self, folder: str, name: str) -> str | None:
        base = f"{folder}/{name}" if folder else name
        for path in (base + "/__init__.py", base + ".py"):
            if path in self._files:
                return path
        return None

    def _home(self, importer: str | None) -> str:
        """The folder whose own roots come first; ``"/"`` (no folder's name) for none."""
        return "/" if importer is None else importer.rpartition("/")[0]

    def _search(self, dotted: str, home: str) -> tuple[str, ...]:
        """The folders in which the submodules of ``dotted`` are looked for."""
        if not dotted:
            return self._path_of(home)
        key = (home, dotted)
        known = self._parts_memo.get(key)
        if known is None:
            parent, _, name = dotted.rpartition(".")
            parts = []
            for folder in self._search(parent, home):
                base = f"{folder}/{name}" if folder else name
                if base + "/__init__.py" in self._files:
                    known = (True, (base,))
                    break
                if base + ".py" in self._files:  # a module: it has no submodules
                    known = (True, ())
                    break
                if base in self._dirs():
                    parts.append(base)
            known = known or (False, tuple(parts))
            self._parts_memo[key] = known
        return known[1]

    def _path_of(self, home: str) -> tuple[str, ...]:
        """``sys.path`` as the files in ``home`` see it."""
        key = (home, "")
        known = self._parts_memo.get(key)
        if known is None:
            first = []
            if home != "/":
                first = [self.root_of(home)]
                folder = home
                while folder and not self._is_under_root(folder):
                    if not self._is_package(folder):
                        first.append(folder)
                    folder = folder.rpartition("/")[0]
            known = (False, tuple(dict.fromkeys((*first, *self._roots))))
            self._parts_memo[key] = known
        return known[1]

    def _is_under_root(self, folder: str) -> bool:
        return any(folder == root or folder.startswith(root + "/") for root in self._longest)

    def _is_package(self, folder: str) -> bool:
        return folder + "/__init__.py" in self._files

    def _loose_root(self, folder: str) -> str:
        """The first folder upward that is no package. One that holds no module itself is passed

        over: ``google/cloud/x/__init__.py`` is ``google.cloud.x``.
        """
        start = folder
        while folder and self._is_package(folder):
            folder = folder.rpartition("/")[0]
        if folder == start:
            return folder
        rest = folder
        while rest and not self._dirs().get(rest, False):
            rest = rest.rpartition("/")[0]
        return rest if rest == "" and "" in self._roots else folder

    def _dirs(self) -> dict[str, bool]:
        """Every folder with Python files below it, and whether one lies in it directly."""
        dirs = self._all_dirs
        if not dirs:
            for path in self._files:
                folder = path.rpartition("/")[0]
                if dirs.get(folder):
                    continue
                dirs[folder] = True
                while folder:
                    folder = folder.rpartition("/")[0]
                    if folder in dirs:
                        break
                    dirs[folder] = False
        return dirs
