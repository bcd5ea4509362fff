"""Which files can matter to the rule: the others never reach a parser."""

from __future__ import annotations

from collections.abc import Iterator

from guard.modules import Modules
from guard.rule import Extractor, Project
from guard_rules._names import shapes_screen as light
from guard_rules._names.shapes_screen import Heads


class Files:
    """Chooses the files of a project whose shapes are needed."""

    def __init__(self, project: Project, modules: Modules, words: tuple[bytes, ...]) -> None:
        self.project = project
        self.modules = modules
        screen: Extractor[int] = Extractor("annotation-screen", "1", light.screen, (words,))
        self.flags = project.facts(screen)
        self._heads_of: Extractor[Heads] = Extractor("annotation-heads", "1", light.heads)
        self._heads: dict[str, Heads] = {}
        self._hot: dict[tuple[str, str], bool] = {}

    def guarded(self) -> list[str]:
        """The files that may hold a guard."""
        return [path for path, flags in self.flags.items() if flags & light.GUARD and _runs(path)]

    def wanted(self) -> list[str]:
        """The files to be linked: those with guards that something may resolve, and those that

        may resolve what the former define.
        """
        guarded = self.guarded()
        if not guarded:
            return []
        resolvers = [p for p, f in self.flags.items() if f & light.RESOLVES and _runs(p)]
        direct = [p for p in guarded if self.flags[p] & light.FRAMEWORK]
        rest = [p for p in guarded if not self.flags[p] & light.FRAMEWORK]
        self._ask([*rest, *resolvers])
        found = set(direct)
        found.update(path for path in rest if self._linked(path))
        guarded_set = set(guarded)
        found.update(p for p in resolvers if self._reaches(p, guarded_set))
        return sorted(found)

    def rebuilding(self) -> list[str]:
        """The files that supply names to models."""
        return [p for p, flags in self.flags.items() if flags & light.REBUILDS and _runs(p)]

    def clawing(self) -> list[str]:
        """The files that install an import hook which checks a whole package."""
        if not self.guarded():
            return []
        return [p for p, flags in self.flags.items() if flags & light.CLAW and _runs(p)]

    def _ask(self, paths: list[str]) -> None:
        missing = [path for path in paths if path not in self._heads]
        if missing:
            self._heads.update(self.project.facts(self._heads_of, missing))

    def heads(self, path: str) -> Heads:
        """The heads of one file."""
        self._ask([path])
        return self._heads.get(path, ((), (), (), ()))

    def _linked(self, path: str) -> bool:
        """Whether a base or a decorator in the file leads to a file that resolves annotations."""
        _, classes, decorators, _ = self.heads(path)
        names = {name for _, inside in classes for name in inside} | set(decorators)
        return any(self._is_hot(path, name) for name in names)

    def _is_hot(self, path: str, name: str) -> bool:
        """Whether ``name``, used in ``path``, comes from a file that may resolve annotations."""
        key = (path, name)
        if key not in self._hot:
            self._hot[key] = False  # a cycle adds nothing
            self._hot[key] = any(self._file_is_hot(*found) for found in self._origins(path, name))
        return self._hot[key]

    def _file_is_hot(self, path: str, name: str) -> bool:
        if self._resolves(path):
            return True
        sources, classes, decorators, _ = self.heads(path)
        inside = {base for klass, bases in classes if klass == name for base in bases}
        if any(klass == name for klass, _ in classes):
            return any(self._is_hot(path, base) for base in inside)
        # a function, or something that is only passed on: all that the file imports may be behind
        names = {bound for _, _, items in sources for _, bound in items}
        return any(self._is_hot(path, bound) for bound in names | set(decorators))

    def _resolves(self, path: str) -> bool:
        data_flags = self.flags.get(path, 0)
        if data_flags & (light.RESOLVES | light.FRAMEWORK):
            return True
        sources = self.heads(path)[0]
        return any(_is_library(module) for dots, module, _ in sources if not dots)

    def _origins(self, path: str, name: str) -> Iterator[tuple[str, str]]:
        for dots, module, items in self.heads(path)[0]:
            for original, bound in items:
                if bound != name and original != "*":
                    continue
                if not original:  # import module
                    for found in self._module(path, dots, module):
                        yield found, ""
                    continue
                for found in self._module(path, dots, module):
                    yield found, name if original == "*" else original
                    below = self.modules.submodule(found, original)
                    if found.endswith("__init__.py") and below is not None:
                        yield below, ""

    def _module(self, path: str, dots: int, module: str) -> Iterator[str]:
        if dots:
            found = self.modules.relative(path, dots, module)
        else:
            found = self.modules.find(module, path)
        if found is not None:
            yield found

    def _reaches(self, path: str, guarded: set[str]) -> bool:
        """Whether a file that resolves annotations imports from a file with guards."""
        if path in guarded:
            return True
        seen: set[str] = set()
        todo = [path]
        while todo:
            current = todo.pop()
            for dots, module, items in self.heads(current)[0]:
                for found in self._module(current, dots, module):
                    below = [self.modules.submodule(found, item[0]) for item in items if item[0]]
                    for target in (found, *(b for b in below if b is not None)):
                        if target in guarded:
                            return True
                        if target.endswith("__init__.py") and target not in seen:
                            seen.add(target)  # a package may pass a name on
                            todo.append(target)
        return False


_LIBRARIES = frozenset(
    "annotationlib attr attrs beartype cattr cattrs dacite dataclasses_json fastapi "
    "flask_sqlalchemy litestar mashumaro msgspec pydantic pydantic_settings sqlalchemy sqlmodel "
    "strawberry typeguard typer".split()
)


def _is_library(module: str) -> bool:
    return module.partition(".")[0] in _LIBRARIES


def _runs(path: str) -> bool:
    return path.endswith(".py")
