"""What the metadata declares: entry points that really start, requirements, Python versions."""

from __future__ import annotations

import sys
from pathlib import Path

from guard.errors import Unreadable
from guard.observed import Interpreter, Outcome, Requirement
from guard.smoke.entries import EntrySpec, Help, run_entries
from guard.smoke.modules import Main
from guard.smoke.packaging import Packaging, declared


def read(**files: str) -> Packaging:
    contents = {name.replace("__", "."): text.encode() for name, text in files.items()}
    return declared("/top", contents.get)


def required(found: Packaging) -> list[tuple[str, str]]:
    return [(one.name, one.extra) for one in found.requirements]


def scripts(found: Packaging) -> list[tuple[str, str, int]]:
    return [(spec.name, spec.origin, spec.line) for spec in found.scripts]


PYPROJECT = """\
[project]
name = "shop"
requires-python = ">=3.9"
dependencies = [
    "Zope.Interface>=5; python_version < '3.12'",
    "requests[socks] (>=2)",
    "local @ file:///x",
    "=broken",
]

[project.optional-dependencies]
gpu = ["torch~=2.0"]

[dependency-groups]
test = ["pytest", {include-group = "Type_Ing"}]
type-ing = ["mypy"]
round = [{include-group = "round"}]
shop = []

[project.scripts]
shop = "shop.cli:main"
"shop-admin" = "shop.cli:Admin.run [gpu]"
broken = "shop.cli"

[project.gui-scripts]
shop-gui = "shop.gui:main"

[tool.uv]
dev-dependencies = ["ruff==0.1"]

[tool.pdm.dev-dependencies]
lint = ["black"]

[tool.setuptools.dynamic]
dependencies = {file = ["requirements/base.txt", "gone.txt"]}
"""


def test_pyproject() -> None:
    contents = {"pyproject.toml": PYPROJECT.encode(), "requirements/base.txt": b"flask==3 # web\n"}
    found = declared("/top", contents.get)
    assert scripts(found) == [
        ("shop", "pyproject.toml [project.scripts]", 21),
        ("shop-admin", "pyproject.toml [project.scripts]", 22),
        ("shop-gui", "pyproject.toml [project.gui-scripts]", 26),
    ]
    assert found.scripts[1].command == (
        "python",
        "-c",
        'import sys; from shop.cli import Admin; sys.argv[0] = "shop-admin"; sys.exit(Admin.run())',
        "--help",
    )
    assert all(spec.proof == Help() and spec.path == "pyproject.toml" for spec in found.scripts)
    assert required(found) == [
        ("zope-interface", ""),
        ("requests", ""),
        ("local", ""),
        ("torch", "gpu"),
        ("pytest", "test"),
        ("mypy", "test"),
        ("mypy", "type-ing"),
        ("ruff", "dev"),
        ("black", "lint"),
        ("flask", ""),
    ]
    assert found.requires_python == ">=3.9"
    assert found.notes == (
        "gone.txt, which is to list requirements, is not there",
        "pyproject.toml [project.scripts]: broken = 'shop.cli' is no module:function, not started",
    )


POETRY = """\
[tool.poetry.dependencies]
python = "^3.10"
Requests = "^2"
torch = {version = "^2", optional = true}
odd = {version = "1", optional = true}

[tool.poetry.extras]
gpu = ["torch"]

[tool.poetry.group.test.dependencies]
pytest = "*"

[tool.poetry.scripts]
shop = "shop:main"
more = {reference = "shop:more", type = "console"}
file = {reference = "bin/x", type = "file"}
"""


def test_poetry() -> None:
    found = read(pyproject__toml=POETRY)
    assert required(found) == [
        ("requests", ""),
        ("torch", "gpu"),
        ("odd", "optional"),
        ("pytest", "test"),
    ]
    assert [name for name, *_ in scripts(found)] == ["shop", "more"]
    assert found.requires_python == "^3.10"


SETUP_CFG = """\
[options]
python_requires = >=3.8
install_requires =
    requests>=2
    # a comment
    six

[options.extras_require]
GPU = torch

[options.entry_points]
console_scripts =
    Shop = shop.cli:main
    # old = shop.cli:old
"""

SETUP_PY = """\
from setuptools import setup
VERSION = compute()
setup(
    version=VERSION,
    python_requires=">=3.7",
    install_requires=["click"],
    extras_require={"doc:python_version<'3.9'": ["sphinx"]},
    entry_points={"console_scripts": ["tool = tool:main"]},
)
"""


def test_setuptools() -> None:
    found = read(
        setup__cfg=SETUP_CFG, setup__py=SETUP_PY, requirements__txt="-r x\nred\n#no\n./y\n"
    )
    assert scripts(found) == [
        ("Shop", "setup.cfg [options.entry_points: console_scripts]", 13),
        ("tool", "setup.py [entry_points: console_scripts]", 8),
    ]
    assert required(found) == [
        ("requests", ""),
        ("six", ""),
        ("torch", "GPU"),
        ("click", ""),
        ("sphinx", "doc"),
        ("red", ""),
    ]
    assert found.requires_python == ">=3.8"


def test_lists_that_include_others() -> None:
    contents = {
        "requirements-dev.txt": b"-r requirements/test.txt # why\n--requirement=gone.txt\ndev\n",
        "requirements/test.txt": b"-r ../requirements-dev.txt\n-r base.txt\ntest\n",
        "requirements/base.txt": b"base\n",
    }
    found = declared("/top", contents.get)
    assert required(found) == [("dev", "dev"), ("test", "dev"), ("base", "dev")]
    assert found.notes == ("gone.txt, which is to list requirements, is not there",)


def test_pipfile() -> None:
    text = "[packages]\nflask = '*'\n[dev-packages]\npytest = '*'\n[docs]\nsphinx = '*'\n"
    text += "[requires]\npython_version = '3.11'\n"
    found = read(Pipfile=text)
    assert required(found) == [("flask", ""), ("pytest", "dev"), ("sphinx", "docs")]


def test_nothing_declared() -> None:
    assert read() == Packaging()


def test_broken_files_are_told() -> None:
    found = read(pyproject__toml="[project", setup__cfg="x", setup__py="def (")
    assert [note.partition(" (")[0] for note in found.notes] == [
        "pyproject.toml cannot be read",
        "setup.cfg cannot be read",
        "setup.py cannot be read",
    ]


def test_file_that_cannot_be_read_is_told() -> None:
    def refuse(name: str) -> bytes | None:
        if name == "setup.cfg":
            raise Unreadable(name, "permission denied")
        return None

    found = declared("/top", refuse)
    said = "setup.cfg cannot be read (Unreadable: setup.cfg: permission denied)"
    assert found == Packaging(notes=(said,))


def test_values_of_the_wrong_type() -> None:
    text = "[project]\nscripts = {a = 1}\ndependencies = 'x'\noptional-dependencies = [1]\n"
    text += "requires-python = 3\n[tool]\npoetry = 'x'\n[dependency-groups]\na = 'b'\n"
    assert read(pyproject__toml=text) == Packaging()


def test_main_modules() -> None:
    found = declared("/top", {}.get, [Main("shop", "src/shop/__main__.py")], ("src", ""))
    assert found.scripts == (
        EntrySpec(
            "python -m shop",
            ("python", "-m", "shop", "--help"),
            "the package's __main__",
            "src/shop/__main__.py",
            1,
            {"PYTHONPATH": "/top/src:/top"},
            proof=Help(),
            module="shop.__main__",
        ),
    )


def test_scripts_start_without_being_installed(tmp_path: Path) -> None:
    package = tmp_path / "src" / "shop"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "__main__.py").write_text(
        "import argparse\nargparse.ArgumentParser().parse_args()\n"
    )
    (package / "cli.py").write_text(
        "import argparse\nclass Admin:\n    @staticmethod\n    def run():\n"
        "        argparse.ArgumentParser().parse_args()\n"
        "def broken():\n    from shop import missing\n"
    )
    (tmp_path / "pyproject.toml").write_text(
        "[project.scripts]\nadmin = 'shop.cli:Admin.run'\nbroken = 'shop.cli:broken'\n"
    )

    def read_file(name: str) -> bytes | None:
        path = tmp_path / name
        return path.read_bytes() if path.exists() else None

    mains = [Main("shop", "src/shop/__main__.py")]
    found = declared(str(tmp_path), read_file, mains, ("src", ""))
    python = Interpreter(sys.executable, (3, 11, 0), "for tests")
    runs = run_entries(found.scripts, python, {"PATH": "/usr/bin:/bin"}, str(tmp_path))
    assert [(run.name, run.outcome) for run in runs] == [
        ("admin", Outcome.OK),
        ("broken", Outcome.RAISED),
        ("python -m shop", Outcome.OK),
    ]
    assert runs[0].output.startswith("usage: admin ")
    failure = runs[1].failure
    assert failure is not None
    assert (failure.name, failure.frames[-1].path) == ("missing", "src/shop/cli.py")


def test_requirement_is_normalized() -> None:
    found = read(requirements__txt="A.b_c--D==1\n")
    assert found.requirements == (Requirement("a-b-c-d"),)
