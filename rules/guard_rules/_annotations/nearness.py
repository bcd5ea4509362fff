"""Which files lie near to what resolves annotations, by way of imports."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from guard_rules._annotations.files import Files
from guard_rules._annotations.handed import ANY
from guard_rules._annotations.links import Links

_FEW = 30


class Nearness:
    """Follows what resolves annotations from the file that imports or defines it to its users."""

    def __init__(self, files: Files, links: Links) -> None:
        self.files = files
        self.imports = files.imports
        self.links = links

    def near(self, callers: Iterable[str]) -> Collection[str]:
        """The files in which a base or a decorator may resolve annotations: those that import what

        does so, from a library or from ``callers``, then those that import what these make of it.
        """
        if self.files.own_libraries:
            return self.imports.scans
        offers: dict[str, set[str]] = {}
        ask = {*self.files.resolving, *self.links.dispatching, *callers}
        while ask:
            if len(offers.keys() | ask) > _FEW:
                return self.imports.scans  # to look everywhere is cheaper than to go on
            self.links.ahead(ask)
            more: dict[str, set[str]] = {}
            for path in sorted(ask):
                names = self._offered(path, offers)
                more[path] = names - offers.get(path, set())
                offers[path] = names
            ask = self._taking(more)
        return offers

    def _taking(self, offered: Mapping[str, set[str]]) -> set[str]:
        """The files that may import one of the names that other files offer."""
        imports = self.imports
        offered = {path: names for path, names in offered.items() if names}
        modules = imports.module_words(offered)
        words = {name.encode() for names in offered.values() for name in names}  # b"": any
        found = imports.mentioning(modules) & imports.naming({*words, *modules, b"*"})
        inside = [path for path in offered if path.endswith("__init__.py")]
        if inside:  # ``from . import name`` does not say the name of the package
            found |= imports.naming(name.encode() for path in inside for name in offered[path])
        return found

    def _offered(self, path: str, offers: Mapping[str, set[str]]) -> set[str]:
        """The names of a file that resolve annotations, as bases or decorators, and those of the

        modules that ``offers`` such names; "" for any name.
        """
        links = self.links
        if path in links.dispatching:
            return {""}  # each of its functions may have a ``register``
        defined = {*links.classes(path), *links.values(path)}
        bound = self.imports.bound(path) - {ANY}
        found = {name for name in defined | bound if links.leads_on(path, name)}
        for name in bound - found:
            if any(
                not original and offers.get(t) for t, original in self.imports.origins(path, name)
            ):
                found.add(name)
        for target in self.imports.stars(path):
            found |= offers.get(target, set())
        return found
