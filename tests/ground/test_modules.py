from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from guard.modules import Modules

SRC = (
    "src/app/__init__.py",
    "src/app/core.py",
    "src/app/core/__init__.py",
    "src/app/stubbed.pyi",
    "src/app/stubbed.py",
    "src/ns/part/mod.py",
    "tests/test_a.py",
    "tests/helpers.py",
    "tests/unit/test_b.py",
    "tests/integration/__init__.py",
    "tests/integration/test_c.py",
    "setup.py",
)


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("src/app/__init__.py", ("app", True)),
        ("src/app/core.py", ("app.core", False)),
        ("src/app/stubbed.pyi", ("app.stubbed", False)),
        ("src/ns/part/mod.py", ("ns.part.mod", False)),
        ("tests/test_a.py", ("test_a", False)),
        ("tests/unit/test_b.py", ("test_b", False)),
        ("tests/integration/test_c.py", ("integration.test_c", False)),
        ("setup.py", ("setup", False)),
    ],
)
def test_names_of_files(path: str, expected: tuple[str, bool]):
    assert Modules(SRC, ("src", "")).module_of(path) == expected


@pytest.mark.parametrize(
    ("dotted", "importer", "expected"),
    [
        ("app", None, "src/app/__init__.py"),
        ("app.core", None, "src/app/core/__init__.py"),  # a package comes before a module
        ("app.stubbed", None, "src/app/stubbed.py"),
        ("ns", None, None),
        ("ns.part.mod", None, "src/ns/part/mod.py"),
        ("helpers", "tests/test_a.py", "tests/helpers.py"),
        ("helpers", "tests/unit/test_b.py", "tests/helpers.py"),
        ("helpers", "src/app/core.py", None),  # that folder is on no path of the package
        ("tests.helpers", "src/app/core.py", "tests/helpers.py"),
        ("app.nothing", None, None),
        ("app.stubbed.deeper", None, None),
        ("nothing", None, None),
    ],
)
def test_files_of_names(dotted: str, importer: str | None, expected: str | None):
    assert Modules(SRC, ("src", "")).find(dotted, importer) == expected


def test_namespace_packages():
    modules = Modules(SRC, ("src", ""))
    assert modules.is_namespace("ns")
    assert modules.is_namespace("ns.part")
    assert not modules.is_namespace("app")
    assert not modules.is_namespace("ns.part.mod")
    assert not modules.is_namespace("nothing")


def test_a_namespace_may_lie_under_several_roots_and_a_package_ends_the_search():
    paths = ("one/ns/a.py", "two/ns/b.py", "one/pkg/__init__.py", "two/pkg/c.py")
    modules = Modules(paths, ("one", "two"))
    assert modules.find("ns.a") == "one/ns/a.py"
    assert modules.find("ns.b") == "two/ns/b.py"
    assert modules.find("pkg.c") is None
    reverse = Modules(paths, ("two", "one"))
    assert reverse.find("pkg") == "one/pkg/__init__.py"
    assert reverse.find("pkg.c") is None


def test_the_importers_own_root_wins():
    paths = ("one/util.py", "two/util.py", "two/main.py", "one/main.py")
    modules = Modules(paths, ("one", "two"))
    assert modules.find("util") == "one/util.py"
    assert modules.find("util", "two/main.py") == "two/util.py"
    assert modules.find("util", "one/main.py") == "one/util.py"


def test_a_namespace_in_a_flat_layout():
    paths = ("google/cloud/thing/__init__.py", "google/cloud/thing/a.py", "tests/conftest.py")
    modules = Modules(paths)
    assert modules.module_of("google/cloud/thing/a.py") == ("google.cloud.thing.a", False)
    assert modules.find("google.cloud.thing") == "google/cloud/thing/__init__.py"


def test_the_longest_root_names_a_file():
    modules = Modules(("src/a.py", "src/vendor/b/__init__.py"), ("src", "src/vendor"))
    assert modules.module_of("src/vendor/b/__init__.py") == ("b", True)
    assert modules.module_of("src/a.py") == ("a", False)


def test_relative_imports_go_by_folders():
    modules = Modules(SRC, ("src", ""))
    assert modules.relative("src/app/core.py", 1) == "src/app/__init__.py"
    assert modules.relative("src/app/core.py", 1, "stubbed") == "src/app/stubbed.py"
    assert modules.relative("src/app/__init__.py", 1, "core") == "src/app/core/__init__.py"
    assert modules.relative("src/app/core/__init__.py", 2, "stubbed") == "src/app/stubbed.py"
    assert modules.relative("src/ns/part/mod.py", 3, "app.stubbed") == "src/app/stubbed.py"
    assert modules.relative("src/ns/part/mod.py", 1) is None
    assert modules.relative("setup.py", 2, "x") is None


def test_submodules_of_a_package():
    modules = Modules(SRC, ("src",))
    assert modules.submodule("src/app/__init__.py", "core") == "src/app/core/__init__.py"
    assert modules.submodule("src/app/__init__.py", "none") is None


def test_an_init_at_the_top_and_odd_names():
    modules = Modules(("__init__.py", "a.py", "my-script.py", "weird\nname.py"))
    assert modules.module_of("__init__.py") == ("__init__", False)
    assert modules.module_of("my-script.py") == ("my-script", False)
    assert modules.find("weird\nname") == "weird\nname.py"
    assert modules.relative("a.py", 1) == "__init__.py"


PARTS = st.sampled_from(["a", "b", "c"])
FILES = st.lists(
    st.builds(
        lambda root, folders, leaf: "/".join([root, *folders, leaf]),
        st.sampled_from(["one", "two"]),
        st.lists(PARTS, max_size=2),
        st.sampled_from(["__init__.py", "a.py", "b.py", "c.py"]),
    ),
    min_size=1,
    max_size=7,
    unique=True,
)
ASK = (
    "import importlib.util, json, sys\n"
    "out = {}\n"
    "for name in sys.argv[1:]:\n"
    "    try:\n"
    "        spec = importlib.util.find_spec(name)\n"
    "    except ImportError:\n"
    "        spec = None\n"
    "    out[name] = None if spec is None else spec.origin if spec.has_location else 'namespace'\n"
    "print(json.dumps(out))\n"
)


@settings(max_examples=25, deadline=None)
@given(files=FILES)
def test_it_answers_as_the_import_system_does(tmp_path_factory, files: list[str]):
    import json

    top = tmp_path_factory.mktemp("tree")
    for path in files:
        file: Path = top / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    names = ["a", "b", "a.a", "a.b", "b.a", "a.b.c", "a.a.a", "c.c.c"]
    path = [str(top / "one"), str(top / "two")]
    done = subprocess.run(
        [sys.executable, "-I", "-B", "-c", f"import sys; sys.path[:0] = {path}\n{ASK}", *names],
        capture_output=True,
        check=True,
    )
    modules = Modules(files, ("one", "two"))
    for name, origin in json.loads(done.stdout).items():
        found = modules.find(name)
        if origin in (None, "namespace"):
            assert found is None, name
            # A folder without any Python file below it is one to Python; it is nothing to us.
            assert modules.is_namespace(name) == (origin == "namespace"), name
        else:
            assert found is not None
            assert origin == str(top / found), name
