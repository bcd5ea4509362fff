"""Which modules are imported, and the reason for each file that is not."""

from __future__ import annotations

import pytest

from guard.errors import UsageError
from guard.observed import Excluded
from guard.smoke.modules import Chosen, Main, OptionalRule, Selection, choose
from guard.testing import FakeProject


def project(*paths: str, roots: tuple[str, ...] = ("",), **texts: str) -> FakeProject:
    files = dict.fromkeys(paths, "")
    files.update({path.replace("__DOT__", "."): text for path, text in texts.items()})
    return FakeProject(files, roots=roots)


def names(selection: Selection) -> list[str]:
    return [chosen.module for chosen in selection.modules]


def reasons(selection: Selection) -> dict[str, str]:
    return {excluded.path: excluded.reason for excluded in selection.excluded}


def test_everything_that_an_import_can_name() -> None:
    found = choose(project("main.py", "pkg/__init__.py", "pkg/a.py", "pkg/sub/__init__.py"))
    assert found.modules == (
        Chosen("main", "main.py"),
        Chosen("pkg", "pkg/__init__.py"),
        Chosen("pkg.a", "pkg/a.py"),
        Chosen("pkg.sub", "pkg/sub/__init__.py"),
    )
    assert found.excluded == found.mains == found.notes == ()


def test_source_root() -> None:
    found = choose(project("src/pkg/__init__.py", "src/ns/mod.py", "tool.py", roots=("src", "")))
    assert names(found) == ["ns.mod", "pkg", "tool"]


SCRIPT = "a script: under no import root, in no package, and imported by no other file"
EXCLUDED = {
    "conftest.py": "a test",
    "tests/helper.py": "a test",
    "tests/__init__.py": "a test",
    "test/thing.py": "a test",
    "pkg/test_a.py": "a test",
    "pkg/a_test.py": "a test",
    "pkg/tests/__init__.py": "a test",
    "pkg/tests/helper.py": "a test",
    "setup.py": "run by another tool",
    "noxfile.py": "run by another tool",
    "docs/conf.py": "documentation",
    "examples/__init__.py": "an example",
    "benchmarks/bench.py": "a benchmark",
    "pkg/types.pyi": "a stub: it does not exist at run time",
    "pkg/my-script.py": "a script: no import can name it",
    "class.py": "a script: no import can name it",
    "01_first.py": "a script: no import can name it",
    "pkg/deep/01_first.py": "a script: no import can name it",
    "bin-scripts/run.py": SCRIPT,
    "scripts/run.py": SCRIPT,
    "pkg/__main__.py": "run with python -m, not imported: an entry point",
}


@pytest.mark.parametrize("path", EXCLUDED)
def test_left_out_by_default(path: str) -> None:
    found = choose(project("pkg/__init__.py", path))
    assert names(found) == ["pkg"]
    assert found.excluded == (Excluded(path, EXCLUDED[path]),)


KEPT = [
    "pkg/test/client.py",
    "pkg/testing.py",
    "pkg/setup.py",
    "pkg/docs/__init__.py",
    "pkg/examples.py",
    "pkg/migrations/__init__.py",
    "pkg/migrations/0001_initial.py",
    "pkg/lambda.py",
    "pkg/latest.py",
    "tasks.py",
    "manage.py",
]


@pytest.mark.parametrize("path", KEPT)
def test_part_of_the_product_all_the_same(path: str) -> None:
    found = choose(
        project("pkg/__init__.py", "pkg/test/__init__.py", "pkg/migrations/__init__.py", path)
    )
    assert path in [chosen.path for chosen in found.modules]


def test_folder_below_a_declared_root_is_a_package_whatever_its_name() -> None:
    found = choose(project("src/examples/__init__.py", "src/docs/a.py", roots=("src", "")))
    assert names(found) == ["docs.a", "examples"]


def test_main_modules_become_entry_points() -> None:
    found = choose(project("pkg/__init__.py", "pkg/__main__.py", "__main__.py", "x/__main__.py"))
    assert found.mains == (Main("pkg", "pkg/__main__.py"),)
    assert set(reasons(found)) == {"pkg/__main__.py", "__main__.py", "x/__main__.py"}


def test_module_behind_a_package_of_the_same_name() -> None:
    found = choose(project("a/__init__.py", "a.py"))
    assert names(found) == ["a"]
    assert reasons(found) == {"a.py": "hidden by a/__init__.py: an import of a finds that"}


NAMESPACES = {
    "imports each other by the full name": {"app/main.py": "from app.db import X", "app/db.py": ""},
    "imports a module of it": {"app/main.py": "from app import db", "app/db.py": ""},
    "relative import": {"app/main.py": "from . import db", "app/db.py": ""},
    "deep": {"app/main.py": "import app.core.db", "app/core/db.py": ""},
}


@pytest.mark.parametrize("what", NAMESPACES)
def test_folders_without_init_that_are_packages(what: str) -> None:
    files = NAMESPACES[what]
    found = choose(FakeProject({**files, "scripts/run.py": ""}))
    expected = sorted(path.removesuffix(".py").replace("/", ".") for path in files)
    assert names(found) == expected
    assert list(reasons(found)) == ["scripts/run.py"]


def test_folder_named_like_a_dependency_is_no_package() -> None:
    files = {"redis/entry.py": "import redis\nimport redis.client\nfrom redis import Redis"}
    assert choose(FakeProject(files)).modules == ()


def test_folder_without_init_in_a_package() -> None:
    assert names(choose(project("pkg/__init__.py", "pkg/data/x.py"))) == ["pkg", "pkg.data.x"]


FILES = (
    "pkg/__init__.py",
    "pkg/a.py",
    "pkg/sub/__init__.py",
    "pkg/sub/b.py",
    "pkg/sub/test_b.py",
    "other.py",
    "tests/test_x.py",
    "tests/helper.py",
    "ns/c.py",
)
NAMED = [
    (["pkg.a"], ["pkg.a"]),
    (["pkg/a.py"], ["pkg.a"]),
    (["./pkg//a.py"], ["pkg.a"]),
    (["pkg.sub"], ["pkg.sub", "pkg.sub.b"]),
    (["pkg/sub/"], ["pkg.sub", "pkg.sub.b"]),
    (["pkg/sub/__init__.py"], ["pkg.sub"]),
    (["other", "pkg.a"], ["other", "pkg.a"]),
    (["pkg.a", "pkg"], ["pkg", "pkg.a", "pkg.sub", "pkg.sub.b"]),
    (["pkg/sub/test_b.py"], ["pkg.sub.test_b"]),
    (["pkg", "pkg/sub/test_b.py"], ["pkg", "pkg.a", "pkg.sub", "pkg.sub.b", "pkg.sub.test_b"]),
    (["."], ["other", "pkg", "pkg.a", "pkg.sub", "pkg.sub.b"]),
]


@pytest.mark.parametrize(("named", "expected"), NAMED, ids=[" ".join(n) for n, _ in NAMED])
def test_named(named: list[str], expected: list[str]) -> None:
    assert names(choose(project(*FILES), named)) == expected


def test_named_like_a_test_but_imported_by_the_product() -> None:
    files = dict.fromkeys(["pkg/__init__.py", "pkg/tests/__init__.py", "pkg/b_test.py"], "")
    files["pkg/connection_test.py"] = ""
    files["pkg/routes.py"] = "from .connection_test import ConnectionTest"
    files["pkg/tests/test_b.py"] = files["pkg/test_c.py"] = "import pkg.b_test"
    found = choose(FakeProject(files))
    assert names(found) == ["pkg", "pkg.connection_test", "pkg.routes"]
    assert reasons(found)["pkg/b_test.py"] == "a test"


def test_named_folder_is_wanted_whatever_custom_says() -> None:
    files = ("examples/__init__.py", "examples/a.py", "examples/tests/x.py")
    found = choose(project(*files), ["examples"])
    assert names(found) == ["examples", "examples.a"]
    assert reasons(found) == {"examples/tests/x.py": "a test"}


@pytest.mark.parametrize(
    ("text", "near"), [("pkg.sbu", "pkg.sub"), ("pkg/aa.py", "pkg/a.py"), ("othr", "other")]
)
def test_named_that_does_not_exist(text: str, near: str) -> None:
    with pytest.raises(UsageError) as caught:
        choose(project(*FILES), [text])
    assert str(caught.value) == (
        f"no module, file or folder of the project is named {text!r}; did you mean {near}?"
    )


def test_named_that_is_like_nothing() -> None:
    with pytest.raises(UsageError, match=r"named 'zzzzz'$"):
        choose(project(*FILES), ["zzzzz"])


def test_exclusions_of_the_policy() -> None:
    rules = [(("pkg/sub/**", "other.py"), "run by hand"), (("gone/**",), "was once")]
    found = choose(project(*FILES), (), rules)
    assert names(found) == ["pkg", "pkg.a"]
    assert reasons(found)["pkg/sub/b.py"] == "run by hand"
    assert reasons(found)["other.py"] == "run by hand"
    assert found.notes == ("smoke.exclude: gone/** (was once) matches no file",)


def test_exclusions_hold_for_what_is_named() -> None:
    found = choose(project(*FILES), ["pkg/a.py"], [(("pkg/a.py",), "run by hand")])
    assert found == Selection((), (Excluded("pkg/a.py", "run by hand"),))


def test_optional_modules() -> None:
    rules = [
        OptionalRule(("pkg.sub*",), "needs CUDA", "ImportError", "torch"),
        OptionalRule(("pkg.gone",), "was once"),
    ]
    found = choose(project(*FILES), (), (), rules)
    assert {chosen.module: chosen.optional for chosen in found.modules if chosen.optional} == {
        "pkg.sub": "needs CUDA",
        "pkg.sub.b": "needs CUDA",
    }
    assert found.notes == ("smoke.optional: pkg.gone (was once) matches no module",)


def test_every_file_is_chosen_or_excluded() -> None:
    paths = [*FILES, *EXCLUDED, "a.py", "a/__init__.py", "deep/er/x.py"]
    found = choose(project(*paths))
    assert {*(chosen.path for chosen in found.modules), *reasons(found)} == set(paths)
    assert len(found.modules) + len(found.excluded) == len(set(paths))


def test_nothing_to_import_is_an_empty_selection() -> None:
    assert choose(project()) == Selection(())
    assert choose(project("tests/test_a.py")).modules == ()
