"""What a project's own packaging files declare: import roots and the Python versions.

A pure function of one file's bytes, so that its answer can be cached by content: reading TOML
costs more than all else that a warm run does. Sources: PEP 621, the specification "Version
specifiers" (PEP 440), and the documentation of each build backend named below.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    Declared = tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...], tuple[str, ...]]
    """Roots ``(folder, key)``, version specifiers ``(text, key)``, and notes."""

DECLARED_FILES = ("pyproject.toml", "setup.cfg", "setup.py")
_NEWEST_MINOR = 60


def declared_in(name: str, data: bytes) -> Declared:
    """What the file called ``name`` declares. A broken file yields a note, not an error."""
    text = data.decode("utf-8-sig", "replace").replace("\r\n", "\n")
    found = _Found()
    try:
        if name == "pyproject.toml":
            _pyproject(text, found)
        elif name == "setup.cfg":
            _setup_cfg(text, found)
        elif name == "setup.py":
            _setup_py(data, found)
    except Exception as error:  # noqa: BLE001 - whatever the parser says, the note passes it on
        line = str(error).split("\n", 1)[0][:200]
        found.notes.append(f"cannot be read ({type(error).__name__}: {line})")
    return tuple(found.roots.items()), tuple(found.requires), tuple(found.notes)


class _Found:
    def __init__(self) -> None:
        self.roots: dict[str, str] = {}
        self.requires: list[tuple[str, str]] = []
        self.notes: list[str] = []

    def root(self, value: object, key: str) -> None:
        if not isinstance(value, str):
            return
        parts = [part for part in value.replace("\\", "/").split("/") if part not in ("", ".")]
        if ".." in parts or value.startswith("/") or any(c in value for c in "*?["):
            self.notes.append(f"{key}: {value!r} is no folder of the project, not used")
            return
        self.roots.setdefault("/".join(parts), key)

    def package(self, value: object, key: str) -> None:
        """A package's own folder: the root is the folder that holds it."""
        if isinstance(value, str):
            parts = [part for part in value.replace("\\", "/").split("/") if part not in ("", ".")]
            self.root("/".join(parts[:-1]), key)

    def version(self, value: object, key: str) -> None:
        if isinstance(value, str) and value.strip():
            self.requires.append((value.strip(), key))

    def package_dir(self, value: object, key: str) -> None:
        """The mapping of setuptools from a package to its folder; ``""`` is the root."""
        for package, folder in _items(value):
            tail = package.replace(".", "/")
            place = folder.strip("/") if isinstance(folder, str) else ""
            if not package:
                self.root(folder, key)
            elif place == tail or place.endswith("/" + tail):
                self.root(place[: -len(tail)], key)
            else:
                self.notes.append(f"{key}: {package} = {folder!r} renames a package, not followed")


def _pyproject(text: str, found: _Found) -> None:
    import tomllib

    data = tomllib.loads(text)
    found.version(_get(data, "project", "requires-python"), "project.requires-python")
    poetry = _get(data, "tool", "poetry")
    found.version(_get(poetry, "dependencies", "python"), "tool.poetry.dependencies.python")
    for package in _list(_get(poetry, "packages")):
        include = _get(package, "include")
        source = _get(package, "from")
        if isinstance(source, str):
            found.root(source, "tool.poetry.packages")
        elif isinstance(include, str) and "*" not in include:
            found.package(include, "tool.poetry.packages")
    setuptools = _get(data, "tool", "setuptools")
    found.package_dir(_get(setuptools, "package-dir"), "tool.setuptools.package-dir")
    for folder in _list(_get(setuptools, "packages", "find", "where")):
        found.root(folder, "tool.setuptools.packages.find.where")
    _hatch(_get(data, "tool", "hatch", "build"), found)
    found.root(_get(data, "tool", "pdm", "build", "package-dir"), "tool.pdm.build.package-dir")
    found.root(_get(data, "tool", "maturin", "python-source"), "tool.maturin.python-source")
    for package in _list(_get(data, "tool", "scikit-build", "wheel", "packages")):
        found.package(package, "tool.scikit-build.wheel.packages")
    _uv(data, found)
    for folder in _list(_get(data, "tool", "pytest", "ini_options", "pythonpath")):
        found.root(folder, "tool.pytest.ini_options.pythonpath")


def _hatch(build: object, found: _Found) -> None:
    for where, table in (
        ("tool.hatch.build.targets.wheel", _get(build, "targets", "wheel")),
        ("tool.hatch.build", build),
    ):
        for package in _list(_get(table, "packages")):
            found.package(package, where + ".packages")
        sources = _get(table, "sources")
        for folder in sources if isinstance(sources, list) else ():
            found.root(folder, where + ".sources")
        for folder, prefix in _items(sources):
            if prefix == "":
                found.root(folder, where + ".sources")
            else:
                found.notes.append(f"{where}.sources: {folder!r} is renamed, not followed")
    for folder in _list(_get(build, "dev-mode-dirs")):
        found.root(folder, "tool.hatch.build.dev-mode-dirs")


def _uv(data: object, found: _Found) -> None:
    backend = _get(data, "tool", "uv", "build-backend")
    root = _get(backend, "module-root")
    if root is None and _get(data, "build-system", "build-backend") == "uv_build":
        root = "src"  # the default of uv_build
    found.root(root, "tool.uv.build-backend.module-root")


def _setup_cfg(text: str, found: _Found) -> None:
    import configparser

    config = configparser.RawConfigParser(strict=False)
    config.read_string(text)

    def lines(section: str, *names: str) -> Iterator[str]:
        for name in names:  # setuptools takes dashes for underscores
            if config.has_option(section, name):
                for line in config.get(section, name).replace(",", "\n").split("\n"):
                    if line.strip():
                        yield line.strip()

    for name in ("python_requires", "python-requires"):
        if config.has_option("options", name):
            found.version(config.get("options", name), "options." + name)
    folders = {}
    for line in lines("options", "package_dir", "package-dir"):
        package, _, folder = line.partition("=")
        folders[package.strip()] = folder.strip()
    found.package_dir(folders, "options.package_dir")
    for section in ("options.packages.find", "options.packages.find_namespace"):
        for folder in lines(section, "where"):
            found.root(folder, section + ".where")


def _setup_py(data: bytes, found: _Found) -> None:
    if b"python_requires" not in data and b"package_dir" not in data:
        return
    import ast

    for node in ast.walk(ast.parse(data)):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else None
        name = node.func.id if isinstance(node.func, ast.Name) else name
        if name != "setup":
            continue
        for keyword in node.keywords:
            if keyword.arg not in ("python_requires", "package_dir"):
                continue
            try:
                value = ast.literal_eval(keyword.value)
            except ValueError:
                found.notes.append(f"setup({keyword.arg}=...): is computed, not read")
                continue
            if keyword.arg == "python_requires":
                found.version(value, "setup(python_requires=...)")
            else:
                found.package_dir(value, "setup(package_dir=...)")


def _get(value: object, *keys: str) -> object:
    for key in keys:
        if not isinstance(value, dict):
            return None
        value = value.get(key)
    return value


def _list(value: object) -> list[object]:
    if isinstance(value, str):
        return list(value.split())
    return list(value) if isinstance(value, list) else []


def _items(value: object) -> list[tuple[str, object]]:
    return [(str(key), item) for key, item in value.items()] if isinstance(value, dict) else []


def oldest_minor(specifier: str) -> tuple[int, int] | None:
    """The oldest ``(major, minor)`` of which ``specifier`` admits some release.

    Reads PEP 440 specifiers and poetry's ``^``, ``~``, ``3.9.*`` and ``||``. ``None`` when it
    cannot be read or sets no lower bound, so that the oldest would be a guess.
    """
    found = []
    for alternative in specifier.replace("||", "|").split("|"):
        clauses = _clauses(alternative)
        if clauses is None or not any(op in _LOWER for op, _ in clauses):
            return None
        oldest = _oldest(clauses)
        if oldest is not None:
            found.append(oldest)
    return min(found, default=None)


_LOWER = (">=", ">", "~=", "==", "===", "^", "~")
_OPERATORS = ("===", "~=", "==", "!=", "<=", ">=", "<", ">", "^", "~", "=")


def _clauses(text: str) -> list[tuple[str, tuple[int | None, ...]]] | None:
    clauses = []
    for op in _OPERATORS:  # "> = 3.9" is no clause, ">= 3.9" is one
        text = text.replace(op + " ", op)
    for clause in text.replace(",", " ").split():
        op = next((op for op in _OPERATORS if clause.startswith(op)), "")
        version = _version(clause[len(op) :])
        if version is None:
            return None
        clauses.append((op if op not in ("", "=") else "==", version))
    return clauses or None


def _version(text: str) -> tuple[int | None, ...] | None:
    """The release numbers; a trailing ``None`` for ``.*``. Pre-release marks are dropped."""
    parts: list[int | None] = []
    for part in text.strip().strip("\"'").removeprefix("v").split("."):
        if part == "*" and parts and parts[-1] is not None:
            parts.append(None)
            continue
        digits = part[: len(part) - len(part.lstrip("0123456789"))]
        if parts and parts[-1] is None:
            return None
        if not digits:
            if part[:3] in ("dev", "pos") and parts:
                break
            return None
        if len(digits) > 4:
            return None
        parts.append(int(digits))
        if digits != part:
            if part[len(digits)] not in "abcrp+-":
                return None
            break
    return tuple(parts)


def _oldest(clauses: list[tuple[str, tuple[int | None, ...]]]) -> tuple[int, int] | None:
    patches = {0, 1, 99}
    for _, version in clauses:
        for number in version[2:3]:
            if number is not None:
                patches |= {number, number + 1, max(number - 1, 0)}
    minors = [(2, 7), *((3, minor) for minor in range(_NEWEST_MINOR))]
    for major, minor in minors:
        for patch in sorted(patches):
            if all(_admits(op, version, (major, minor, patch)) for op, version in clauses):
                return major, minor
    return None


def _admits(op: str, version: tuple[int | None, ...], release: tuple[int, int, int]) -> bool:
    wild = version[-1] is None
    known = tuple(number for number in version if number is not None)
    bound = (*known, 0, 0, 0)[:3]
    if op in ("==", "===", "!="):
        same = release[: len(known)] == known if wild else release == bound
        if not wild and op != "!=" and len(known) < 3:  # ==3.11 is meant as 3.11.*, and taken so
            same = release[: len(known)] == known
        return same != (op == "!=")
    if op == ">=":
        return release >= bound
    if op == ">":
        return release > bound
    if op == "<=":
        return release <= bound
    if op == "<":
        return release < bound
    # The rest is "at least this, and the same up to some number": that number is the difference.
    keep = {"~=": max(len(known) - 1, 1), "^": 1, "~": min(len(known), 2)}[op]
    return release >= bound and release[:keep] == known[:keep]
