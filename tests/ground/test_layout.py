from __future__ import annotations

import sys
from pathlib import Path

import pytest

from guard.layout import Layout, find_layout, find_top, oldest_minor


def layout(files: dict[str, str], paths: tuple[str, ...] = ("pkg/__init__.py",)) -> Layout:
    contents = {name: text.encode() for name, text in files.items()}
    return find_layout(paths, contents.get, running=(3, 12))


@pytest.mark.parametrize(
    ("specifier", "expected"),
    [
        (">=3.9,<4", (3, 9)),
        ("~=3.10", (3, 10)),
        ("~=3.10.2", (3, 10)),
        ("==3.11.*", (3, 11)),
        ("==3.11", (3, 11)),
        ("==3.11.4", (3, 11)),
        (">3.8", (3, 8)),  # 3.8.1 is later than 3.8
        (">3.9,<3.9", None),
        (">=3.9.1", (3, 9)),
        (">=3.9,!=3.9.*", (3, 10)),
        (">=3.9, !=3.9.0, !=3.9.1", (3, 9)),
        (">= 3.9 , < 3.13", (3, 9)),
        (">=3", (3, 0)),
        (">=2.7, !=3.0.*, !=3.1.*", (2, 7)),
        ("^3.9", (3, 9)),
        ("~3.9", (3, 9)),
        ("3.9.*", (3, 9)),
        ("^3.10 || ^3.8", (3, 8)),
        (">=3.13.0rc1", (3, 13)),
        (">=3.12.dev0", (3, 12)),
        ("===3.11.2", (3, 11)),
        ("<3.12", None),
        ("!=3.9", None),
        ("", None),
        ("three", None),
        (">=3.x", None),
        (">=4", None),
        (">=3.9 and <4", None),
        (">=99999999999999999999.1", None),
    ],
)
def test_oldest_minor(specifier: str, expected: tuple[int, int] | None):
    assert oldest_minor(specifier) == expected


@pytest.mark.parametrize(
    ("files", "target", "where"),
    [
        (
            {"pyproject.toml": '[project]\nrequires-python = ">=3.9"\n'},
            (3, 9),
            "pyproject.toml: project.requires-python",
        ),
        (
            {"pyproject.toml": '[tool.poetry.dependencies]\npython = "^3.10"\n'},
            (3, 10),
            "pyproject.toml: tool.poetry.dependencies.python",
        ),
        (
            {"setup.cfg": "[options]\npython_requires = >=3.8\n"},
            (3, 8),
            "setup.cfg: options.python_requires",
        ),
        (
            {"setup.py": "from setuptools import setup\nsetup(python_requires='>=3.7')\n"},
            (3, 7),
            "setup.py: setup(python_requires=...)",
        ),
        (
            {
                "pyproject.toml": '[build-system]\nrequires = ["setuptools"]\n',
                "setup.cfg": "[options]\npython_requires = >=3.8\n",
            },
            (3, 8),
            "setup.cfg: options.python_requires",
        ),
        ({}, (3, 12), "the running Python"),
    ],
)
def test_target(files: dict[str, str], target: tuple[int, int], where: str):
    found = layout(files)
    assert (found.target, found.target_from, found.notes) == (target, where, ())


def test_the_running_python_is_the_last_resort():
    assert find_layout((), {}.get).target == sys.version_info[:2]


def test_a_version_that_cannot_be_read_is_noted():
    found = layout({"pyproject.toml": '[project]\nrequires-python = "new"\n'})
    assert found.target == (3, 12)
    assert "requires-python: no oldest Python version follows from 'new'" in found.notes[0]
    assert "running Python, 3.12" in found.notes[1]


@pytest.mark.parametrize(
    ("toml", "roots"),
    [
        ('[tool.setuptools.package-dir]\n"" = "lib"', ("lib", "")),
        ('[tool.setuptools.package-dir]\n"a.b" = "code/a/b"', ("code", "")),
        ('[tool.setuptools.packages.find]\nwhere = ["one", "two/x"]', ("two/x", "one", "")),
        ('[tool.setuptools.packages.find]\nwhere = ["."]', ("",)),
        ('[tool.hatch.build.targets.wheel]\npackages = ["pkg", "rules/r"]', ("rules", "")),
        ('[tool.hatch.build.targets.wheel]\nsources = ["source"]', ("source", "")),
        ('[tool.hatch.build.targets.wheel.sources]\n"source" = ""', ("source", "")),
        ('[tool.hatch.build]\ndev-mode-dirs = [".", "rules"]', ("rules", "")),
        ('[[tool.poetry.packages]]\ninclude = "p"\nfrom = "lib"', ("lib", "")),
        ('[[tool.poetry.packages]]\ninclude = "p"', ("",)),
        ('[tool.pdm.build]\npackage-dir = "code"', ("code", "")),
        ('[build-system]\nbuild-backend = "uv_build"', ("src", "")),
        (
            '[build-system]\nbuild-backend = "uv_build"\n[tool.uv.build-backend]\nmodule-root = ""',
            ("",),
        ),
        ('[tool.maturin]\npython-source = "python"', ("python", "")),
        ('[tool.scikit-build.wheel]\npackages = ["python/p"]', ("python", "")),
        ('[tool.pytest.ini_options]\npythonpath = ["extra"]', ("extra", "")),
        ('[tool.pytest.ini_options]\npythonpath = "one two"', ("one", "two", "")),
    ],
)
def test_declared_roots(toml: str, roots: tuple[str, ...]):
    found = layout({"pyproject.toml": toml})
    assert (found.roots, found.notes) == (roots, ())
    assert len(found.roots_from) == len(roots)
    assert all(found.roots_from)


def test_roots_of_setup_cfg_and_setup_py():
    text = "[options]\npackage_dir =\n    = lib\n[options.packages.find]\nwhere = other\n"
    assert layout({"setup.cfg": text}).roots == ("lib", "other", "")
    assert layout({"setup.py": "import x\nx.setup(package_dir={'': 'lib'})\n"}).roots == ("lib", "")


def test_the_src_layout_needs_no_declaration():
    assert layout({}, ("src/a/b.py", "tests/t.py")).roots == ("src", "")
    assert layout({}, ("src/__init__.py", "src/a.py")).roots == ("",)
    assert layout({}, ("a.py",)).roots == ("",)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("pyproject.toml", "[project\n"),
        ("pyproject.toml", "a = 1\na = 2\n"),
        ("setup.cfg", "no section\n"),
        ("setup.py", "def broken(:\n    python_requires\n"),
    ],
)
def test_a_broken_file_is_noted(name: str, text: str):
    found = layout({name: text})
    assert found.target == (3, 12)
    assert name in found.notes[0]
    assert "cannot be read" in found.notes[0]


@pytest.mark.parametrize(
    "toml",
    [
        '[tool.setuptools.package-dir]\n"a" = "b"',
        '[tool.setuptools.packages.find]\nwhere = ["../out"]',
        '[tool.setuptools.packages.find]\nwhere = ["/etc"]',
        '[tool.setuptools.packages.find]\nwhere = ["*"]',
        '[tool.hatch.build.targets.wheel.sources]\n"source" = "other"',
    ],
)
def test_what_is_not_followed_is_noted(toml: str):
    found = layout({"pyproject.toml": toml})
    assert found.roots == ("",)
    assert found.notes


@pytest.mark.parametrize(
    "toml",
    [
        "project = 1",
        "tool = []",
        "[tool]\nsetuptools = 3",
        "[tool.poetry]\npackages = [1, 'x', {}]",
        "[tool.hatch.build.targets.wheel]\npackages = [1]\nsources = 2",
        "[project]\nrequires-python = 3",
    ],
)
def test_values_of_unexpected_types_are_passed_over(toml: str):
    assert layout({"pyproject.toml": toml}).roots == ("",)


def test_a_byte_order_mark_and_crlf():
    assert layout(
        {"pyproject.toml": '\ufeff[project]\r\nrequires-python = ">=3.9"\r\n'}
    ).target == (3, 9)


def test_find_top(repo, tmp_path: Path):
    repo.write("services/one/guard.yaml", "version: 1\n")
    repo.write("services/one/pkg/a.py")
    repo.write("services/two/pyproject.toml", "")
    repo.write("services/two/b.py")
    top = str(repo.top)
    assert find_top(f"{top}/services/one/pkg/a.py") == (f"{top}/services/one", "guard.yaml")
    assert find_top(f"{top}/services/two/b.py") == (top, "git")
    assert find_top(top) == (top, "git")


def test_find_top_outside_of_git(tmp_path: Path):
    for name in ("proj/pkg/sub", "bare"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "proj" / "setup.cfg").touch()
    (tmp_path / "site" / "lib" / "inner").mkdir(parents=True)
    for name in ("lib", "lib/inner"):
        (tmp_path / "site" / name / "__init__.py").touch()
    assert find_top(str(tmp_path / "proj" / "pkg" / "sub")) == (str(tmp_path / "proj"), "setup.cfg")
    assert find_top(str(tmp_path / "bare")) == (str(tmp_path / "bare"), "path")
    assert find_top(str(tmp_path / "site/lib/inner")) == (str(tmp_path / "site"), "package")


def test_a_policy_above_the_repository_is_not_its_own(repo):
    (repo.top.parent / "guard.yaml").touch()
    repo.write("a.py")
    assert find_top(str(repo.top)) == (str(repo.top), "git")
