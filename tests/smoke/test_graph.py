"""Who imports whom at run time. What CPython loads on a cold import decides."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

from guard.project import SourceProject, WorkTree
from guard.smoke._imports import extract
from guard.smoke.graph import affected, imports
from guard.testing import FakeProject

PKG = {
    "pkg/__init__.py": "",
    "pkg/a.py": "",
    "pkg/b.py": "",
    "pkg/0001_a.py": "",
    "pkg/sub/__init__.py": "",
    "pkg/sub/c.py": "",
    "other.py": "",
}


def edges(path: str, text: str, init: str = "") -> set[str]:
    """What ``path`` imports, without the packages around it. ``init`` is that of ``pkg``."""
    files = {**PKG, "pkg/__init__.py": init, path: text}
    around = {"pkg/__init__.py"} if path.startswith("pkg/") else set()
    return set(imports(FakeProject(files))[path]) - around


STATEMENTS = {
    "import pkg.a": {"pkg/__init__.py", "pkg/a.py"},
    "import pkg.sub.c as x": {"pkg/__init__.py", "pkg/sub/__init__.py", "pkg/sub/c.py"},
    "import os, pkg": {"pkg/__init__.py"},
    "from pkg import a": {"pkg/__init__.py", "pkg/a.py"},
    "from pkg import a as x, b": {"pkg/__init__.py", "pkg/a.py", "pkg/b.py"},
    "from pkg import nothing": {"pkg/__init__.py"},
    "from pkg.sub import *": {"pkg/__init__.py", "pkg/sub/__init__.py"},
    "from pkg.a import x": {"pkg/__init__.py", "pkg/a.py"},
    "import pkg.a.not_a_package": {"pkg/__init__.py", "pkg/a.py"},
    "import pkg.gone": {"pkg/__init__.py"},
    "import json": set(),
    "def f():\n    import pkg.a": {"pkg/__init__.py", "pkg/a.py"},
    "class C:\n    import pkg.a": {"pkg/__init__.py", "pkg/a.py"},
    "try:\n    import pkg.a\nexcept E:\n    import other": {
        "pkg/__init__.py",
        "pkg/a.py",
        "other.py",
    },
    "try:\n    pass\nexcept* E:\n    import other": {"other.py"},
    "with x:\n    import other": {"other.py"},
    "match x:\n    case 1:\n        import other": {"other.py"},
    "for x in y:\n    pass\nelse:\n    import other": {"other.py"},
    "if x: import other": {"other.py"},
    "if False: import other": set(),
    "if sys.version_info < (3,): import other": {"other.py"},
    "import importlib\nimportlib.import_module('pkg.a')": {"pkg/__init__.py", "pkg/a.py"},
    "x = __import__('pkg.a')": {"pkg/__init__.py", "pkg/a.py"},
    "import_module('pkg.0001_a')": {"pkg/__init__.py", "pkg/0001_a.py"},
    "APPS = ['pkg.a', 'json.decoder']": {"pkg/__init__.py", "pkg/a.py"},
    "run('pkg.a:app')": {"pkg/__init__.py", "pkg/a.py"},
    "print('other')": set(),
}


@pytest.mark.parametrize("text", STATEMENTS)
def test_statement(text: str) -> None:
    assert edges("main.py", text) == STATEMENTS[text]


RELATIVE = {
    "from . import a": {"pkg/a.py"},
    "from .a import x": {"pkg/a.py"},
    "from .sub import c": {"pkg/sub/__init__.py", "pkg/sub/c.py"},
    "from .sub.c import x": {"pkg/sub/__init__.py", "pkg/sub/c.py"},
    "from .. import x": set(),
    "from importlib import import_module\nimport_module('.a', __package__)": {"pkg/a.py"},
    "import importlib\nimportlib.import_module('.c', package='pkg.sub')": {
        "pkg/sub/__init__.py",
        "pkg/sub/c.py",
    },
}


@pytest.mark.parametrize("text", RELATIVE)
def test_relative_to_the_package(text: str) -> None:
    assert edges("pkg/main.py", text) == RELATIVE[text]


GUARDED = [
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import other",
    "import typing\nif typing.TYPE_CHECKING:\n    import other",
    "import typing as t\nif t.TYPE_CHECKING:\n    import other",
    "from typing import TYPE_CHECKING as TC\nif TC:\n    import other",
    "from typing_extensions import TYPE_CHECKING\nif TYPE_CHECKING:\n    import other",
    "TYPE_CHECKING = False\nif TYPE_CHECKING:\n    import other",
    "from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    pass\nelse:\n    import other",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING and x:\n    import other",
    "from typing import TYPE_CHECKING\nif x and TYPE_CHECKING:\n    import other",
    "from typing import TYPE_CHECKING\nif x:\n    pass\nelif TYPE_CHECKING:\n    import other",
    "from typing import TYPE_CHECKING\nclass C:\n    if TYPE_CHECKING:\n        import other",
]


@pytest.mark.parametrize("text", GUARDED)
def test_for_type_checkers_alone_is_no_edge(text: str) -> None:
    assert edges("main.py", text) == set()


NOT_GUARDED = [
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    pass\nelse:\n    import other",
    "from typing import TYPE_CHECKING\nif TYPE_CHECKING or x:\n    import other",
    "from typing import TYPE_CHECKING\nif not TYPE_CHECKING:\n    import other",
    "from somewhere import TYPE_CHECKING\nif TYPE_CHECKING:\n    import other",
    "TYPE_CHECKING = True\nif TYPE_CHECKING:\n    import other",
    "from typing import TYPE_CHECKING\nTYPE_CHECKING = x()\nif TYPE_CHECKING:\n    import other",
    "import typing\ntyping = x\nif typing.TYPE_CHECKING:\n    import other",
    "import typing\ntyping.TYPE_CHECKING = True\nif typing.TYPE_CHECKING:\n    import other",
    "from typing import TYPE_CHECKING\nfor TYPE_CHECKING in x:\n    if TYPE_CHECKING:\n"
    "        import other",
    "def f(TYPE_CHECKING):\n    if TYPE_CHECKING:\n        import other",
    "from typing import TYPE_CHECKING\nglobals()['TYPE_CHECKING'] = True\nif TYPE_CHECKING:\n"
    "    import other",
    "from typing import TYPE_CHECKING\nif (TYPE_CHECKING := x()):\n    import other",
    "from typing import TYPE_CHECKING\nwith x as TYPE_CHECKING:\n    if TYPE_CHECKING:\n"
    "        import other",
]


@pytest.mark.parametrize("text", NOT_GUARDED)
def test_what_may_run_is_an_edge(text: str) -> None:
    assert edges("main.py", text) == {"other.py"}


def test_packages_around_a_file_run_before_it() -> None:
    found = imports(FakeProject({**PKG, "pkg/ns/deep.py": ""}))
    assert found["pkg/sub/c.py"] == {"pkg/__init__.py", "pkg/sub/__init__.py"}
    assert found["pkg/ns/deep.py"] == {"pkg/__init__.py"}
    assert found["other.py"] == frozenset()


def test_star_import_of_submodules_that_all_names() -> None:
    assert edges("main.py", "from pkg import *", init="__all__ = ['a']") == {
        "pkg/__init__.py",
        "pkg/a.py",
    }
    computed = edges("main.py", "from pkg import *", init="__all__ = [x for x in y]")
    assert computed == {path for path in PKG if path.startswith("pkg/")} - {"pkg/sub/c.py"}


def test_computed_names_at_import_mean_all_neighbours() -> None:
    text = "import importlib\nfor x in y:\n    importlib.import_module(x)"
    assert edges("pkg/sub/__init__.py", text) == {"pkg/sub/c.py"}
    called = "def load(x):\n    import_module(x)\nload('c')"
    assert edges("pkg/sub/__init__.py", called) == {"pkg/sub/c.py"}


def test_computed_names_in_functions_mean_the_strings_of_the_file() -> None:
    text = "def load(x):\n    import_module(x)\n\nNAMES = ['a', 'pkg.sub.c', 'nothing']"
    assert edges("pkg/main.py", text) == {"pkg/a.py", "pkg/sub/__init__.py", "pkg/sub/c.py"}


LAZY = "from importlib import import_module\nEAGER = 1\ndef __getattr__(name):\n"
LAZY += "    return import_module(f'pkg.{name}')\n"


def test_lazy_names_are_imported_by_who_asks_for_them() -> None:
    everything = {path for path in PKG if path.startswith("pkg/")}
    assert edges("main.py", "from pkg import Lazy", init=LAZY) == everything
    assert edges("main.py", "import pkg", init=LAZY) == everything
    assert edges("main.py", "from pkg import EAGER", init=LAZY) == {"pkg/__init__.py"}
    eager = {"pkg/__init__.py", "pkg/a.py"}
    assert edges("main.py", "from pkg import a", init=LAZY) == eager
    assert edges("main.py", "import pkg.a", init=LAZY) == eager
    assert imports(FakeProject({**PKG, "pkg/__init__.py": LAZY}))["pkg/__init__.py"] == frozenset()


def test_source_root_and_neighbours_of_a_script() -> None:
    files = {"src/pkg/__init__.py": "", "src/pkg/a.py": "import pkg", "app/m.py": "import n"}
    files["app/n.py"] = ""
    found = imports(FakeProject(files, roots=("src", "")))
    assert found["src/pkg/a.py"] == {"src/pkg/__init__.py"}
    assert found["app/m.py"] == {"app/n.py"}


VENDOR = "import os, sys\nsys.path.insert(0, os.path.join(os.path.dirname(__file__), {!r}))\n"


@pytest.mark.parametrize("folder", ["_vendor", "lib/vendored"])
def test_folders_that_are_added_to_the_path(folder: str) -> None:
    files = {
        "app/__init__.py": VENDOR.format(folder),
        "app/main.py": "from dep.core import x\nimport requests",
        f"app/{folder}/dep/__init__.py": "",
        f"app/{folder}/dep/core.py": "",
        "apart/dep/__init__.py": "",
    }
    found = imports(FakeProject(files))["app/main.py"]
    assert found == {
        "app/__init__.py",
        f"app/{folder}/dep/__init__.py",
        f"app/{folder}/dep/core.py",
    }
    files["app/__init__.py"] = ""
    assert imports(FakeProject(files))["app/main.py"] == {"app/__init__.py"}


def test_file_that_the_guards_python_cannot_parse() -> None:
    broken = (
        "import pkg.a\nfrom other import (x,  # why\n    y)\ndef broken(:\n    from pkg import b\n"
    )
    assert edges("main.py", broken) == {"pkg/__init__.py", "pkg/a.py", "pkg/b.py", "other.py"}


@pytest.mark.parametrize("data", [b"\0", b"\xff\xfe", b"(" * 5000, b"import ", b"from . import"])
def test_any_bytes_have_facts(data: bytes) -> None:
    assert isinstance(extract(data)[0], tuple)


CHAIN = {
    "app/__init__.py": "",
    "app/main.py": "from app import views",
    "app/views.py": "from app.models import M",
    "app/models.py": "from .base import B",
    "app/base.py": "",
    "app/lone.py": "if TYPE_CHECKING:\n    import app.base\nfrom typing import TYPE_CHECKING",
    "circle/__init__.py": "",
    "circle/a.py": "import circle.b",
    "circle/b.py": "import circle.a",
}


def test_affected_is_what_reaches_a_change() -> None:
    project = FakeProject(CHAIN)
    chain = {"app/base.py", "app/models.py", "app/views.py", "app/main.py"}
    assert affected(project, ["app/base.py"]) == chain
    assert affected(project, ["app/main.py"]) == {"app/main.py"}
    assert affected(project, ["app/__init__.py"]) == chain | {"app/__init__.py", "app/lone.py"}
    assert affected(project, ["circle/a.py"]) == {"circle/a.py", "circle/b.py"}
    assert affected(project, []) == frozenset()
    assert affected(project, ["README.md", "gone.txt"]) == frozenset()


def test_file_that_cannot_be_read_may_import_anything() -> None:
    project = FakeProject({**CHAIN, "user.py": "import app.secret", "app/secret.py": ""})
    project.break_file("app/secret.py", "permission denied")
    found = affected(project, ["circle/b.py"])
    assert found == {"circle/a.py", "circle/b.py", "app/secret.py", "user.py"}
    assert affected(project, []) == frozenset()


def test_deleted_files_affect_those_that_import_them() -> None:
    files = {path: text for path, text in CHAIN.items() if path != "app/base.py"}
    expected = {"app/models.py", "app/views.py", "app/main.py"}
    assert affected(FakeProject(files), ["app/base.py"]) == expected


def test_deleted_package_init_affects_the_package() -> None:
    files = {path: text for path, text in CHAIN.items() if path != "circle/__init__.py"}
    assert affected(FakeProject(files), ["circle/__init__.py"]) == {"circle/a.py", "circle/b.py"}


def test_module_that_became_a_package() -> None:
    files = {"m/__init__.py": "", "user.py": "import m", "apart.py": ""}
    assert affected(FakeProject(files), ["m.py", "m/__init__.py"]) == {"m/__init__.py", "user.py"}


def test_new_module_that_hides_another() -> None:
    files = {"src/a.py": "", "a.py": "", "user.py": "import a"}
    project = FakeProject(files, roots=("src", ""))
    assert affected(project, ["src/a.py"]) == {"src/a.py", "user.py"}


TRAPS = {
    "shop/__init__.py": "from shop.core import *\n",
    "shop/core/__init__.py": "__all__ = ['money', 'errors']\n",
    "shop/core/money.py": "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n"
    "    from shop import orders\n",
    "shop/core/errors.py": "",
    "shop/lazy/__init__.py": "import importlib\ndef __getattr__(name):\n"
    "    if name.startswith('_'):\n        raise AttributeError(name)\n"
    "    return importlib.import_module('.' + name.lower(), __name__)\n",
    "shop/lazy/thing.py": "",
    "shop/orders.py": "def setup():\n    import shop.stock\nsetup()\nfrom .lazy import Thing\n",
    "shop/stock.py": "import shop.plugins\n",
    "shop/plugins/__init__.py": "import importlib, pkgutil\n"
    "for found in pkgutil.iter_modules(__path__):\n"
    "    importlib.import_module(__name__ + '.' + found.name)\n",
    "shop/plugins/one.py": "import shop.tasks\n",
    "shop/plugins/two.py": "",
    "shop/tasks.py": "from shop.registry import load\nload(['shop.loaded.late'])\n",
    "shop/registry.py": "import importlib\ndef load(names):\n    for name in names:\n"
    "        importlib.import_module(name)\n",
    "shop/loaded/late.py": "",
    "shop/unused.py": "import shop.orders\n",
}


def test_no_import_happens_without_an_edge(tmp_path: Path) -> None:
    for path, text in TRAPS.items():
        file = tmp_path / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    graph = imports(SourceProject(WorkTree(str(tmp_path)), cache=False))
    for path in TRAPS:
        module = path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")
        code = f"import sys, json, {module}\n"
        code += "print(json.dumps([m.__file__ for m in sys.modules.values()"
        code += " if getattr(m, '__file__', None)]))"
        said = subprocess.run(
            [
                sys.executable,
                "-I",
                "-c",
                f"import sys; sys.path.insert(0, {str(tmp_path)!r})\n{code}",
            ],
            capture_output=True,
            check=True,
        )
        files = [Path(name) for name in json.loads(said.stdout)]
        loaded = {f.relative_to(tmp_path).as_posix() for f in files if tmp_path in f.parents}
        reached, stack = {path}, [path]
        while stack:
            stack += new if (new := graph[stack.pop()] - reached) else ()
            reached |= new
        assert loaded <= reached, module
    assert "shop/unused.py" not in {target for found in graph.values() for target in found}
