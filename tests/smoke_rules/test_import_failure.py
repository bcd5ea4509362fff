"""What is said of real failures: each project is imported by the Python that runs the tests."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from guard.engine import ConfiguredRule
from guard.model import Finding, Verdict
from guard.observed import (
    Effect,
    EffectKind,
    Failure,
    Frame,
    ModuleRun,
    Optionality,
    Outcome,
    Requirement,
    SmokeRun,
)
from guard.reporters import text
from guard.reporters.context import ReportContext
from guard.smoke_engine import run_smoke
from guard.testing import FakeProject
from guard_rules._startup.cycles import edge
from guard_rules._startup.sources import sources_of
from guard_rules.import_failure import RULE

from .kit import HERE, judged, smoke

GUARDED = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from decimal import Decimal\n"


def only(found: list[Finding]) -> Finding:
    (finding,) = found
    return finding


def at(finding: Finding) -> tuple[str, int]:
    return (finding.place.path, finding.place.line)


def one(tmp_path: Path, files: Mapping[str, str], **more: object) -> Finding:
    """The only finding of a project, whose place and chain are inside it."""
    run, project = smoke(tmp_path, files, **more)  # type: ignore[arg-type]
    return only(judged(run, project))


def observed(*modules: ModuleRun, **more: object) -> SmokeRun:
    return SmokeRun("working tree", HERE, modules, **more)  # type: ignore[arg-type]


# --- one cause, many victims -------------------------------------------------------------------


def outage() -> dict[str, str]:
    """A name is missing in one module that 89 others import, directly or not."""
    files = {"service/__init__.py": "", "service/ports.py": GUARDED + "\nRATE = Decimal(1)\n"}
    for number in range(88):
        below = "ports" if number % 8 == 0 else f"m{number - 1}"
        files[f"service/m{number}.py"] = f"from service import {below}\n"
    files["service/main.py"] = "from service import m87\n"
    return files


def test_one_name_that_breaks_ninety_modules_is_one_finding(tmp_path: Path) -> None:
    files = outage()
    run, project = smoke(tmp_path, files)
    finding = only(judged(run, project))
    assert at(finding) == ("service/ports.py", 5)
    assert len(finding.victims) == 90
    assert finding.victims == tuple(sorted(finding.victims))
    assert finding.guard is not None
    assert (finding.guard.path, finding.guard.line) == ("service/ports.py", 3)
    assert finding.raises == "NameError: name 'Decimal' is not defined"
    assert [step.text for step in finding.chain] == ["from service import ports"]

    report = run_smoke(run, project, [ConfiguredRule(RULE, RULE.default_level, RULE.options())])
    sources = {path: content.encode() for path, content in files.items()}
    said = text.render(report, ReportContext(source=sources.get))
    first = ", ".join(finding.victims[:5])
    assert said.splitlines()[0].startswith("service/ports.py:5:8: error[import-failure] `Decimal`")
    assert f"= takes down: 90 modules: {first} and 85 more" in said
    assert "1 error in 1 file, 90 modules affected (91 modules checked" in said
    assert len(said.splitlines()) < 20


@pytest.mark.skipif(sys.version_info >= (3, 14), reason="annotations are lazy there")
def test_a_commit_that_drops_the_future_import_is_one_cause(tmp_path: Path) -> None:
    guard = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from decimal import "
    files = {
        f"m{number}.py": f"{guard}N{number}\ndef f(x: N{number}): ...\n" for number in range(5)
    }
    files["main.py"] = "import m3, m1\n"
    files["other.py"] = f"{guard}N\nN\n"
    run, project = smoke(tmp_path, files)
    future, other = judged(run, project)
    assert "5 modules lack `from __future__ import annotations`" in future.message
    assert at(future) == ("m3.py", 4)
    assert [step.text for step in future.chain] == ["import m3, m1"]
    assert future.victims == ("m0", "m1", "m2", "m3", "m4", "main")
    assert len(future.uses) == 5
    assert at(other) == ("other.py", 4)
    mended = {path: "from __future__ import annotations\n" + text for path, text in files.items()}
    run, project = smoke(tmp_path / "mended", mended)
    assert [at(finding) for finding in judged(run, project)] == [("other.py", 5)]


def test_two_causes_are_two_findings(tmp_path: Path) -> None:
    files = {"a.py": "import b\nONE\n", "b.py": "", "c.py": "import d\n", "d.py": "ONE\n"}
    run, project = smoke(tmp_path, files)
    assert [(at(each), each.victims) for each in judged(run, project)] == [
        (("a.py", 2), ("a",)),
        (("d.py", 1), ("c", "d")),
    ]


def test_a_missing_package_is_one_cause_wherever_it_is_imported(tmp_path: Path) -> None:
    files = {f"m{number}.py": "\n" * number + "import no_such_thing\n" for number in range(3)}
    finding = one(tmp_path, files)
    assert at(finding) == ("m0.py", 1)
    assert finding.victims == ("m0", "m1", "m2")
    assert [(use.place.path, use.place.line) for use in finding.uses] == [
        ("m0.py", 1),
        ("m1.py", 2),
        ("m2.py", 3),
    ]


def test_a_fault_inside_an_installed_package_is_one_cause(tmp_path: Path) -> None:
    frame = Frame("/env/site-packages/dep/core.py", 9, "<module>", "1 / 0", own=False)

    def failing(path: str, line: int) -> ModuleRun:
        own = Frame(path, line, "<module>", "import dep", own=True)
        failure = Failure("ZeroDivisionError", "division by zero", (own, frame))
        return ModuleRun(path[:-3], path, Outcome.RAISED, failure=failure)

    files = {"a.py": "import dep\n", "b.py": "\nimport dep\n", "c.py": "from dep import x\n"}
    run = observed(failing("a.py", 1), failing("b.py", 2), failing("c.py", 1))
    assert only(judged(run, FakeProject(files))).victims == ("a", "b", "c")


def test_two_calls_that_fail_alike_in_a_library_are_two_causes(tmp_path: Path) -> None:
    files = {"a.py": "import re\nre.compile('(')\n", "b.py": "import re\nre.compile('(')\n"}
    run, project = smoke(tmp_path, files)
    assert [at(each) for each in judged(run, project)] == [("a.py", 2), ("b.py", 2)]


def test_an_exception_is_told_by_the_one_that_it_is_raised_from(tmp_path: Path) -> None:
    files = {
        "a.py": "try:\n    import b\nexcept NameError as error:\n"
        "    raise RuntimeError('no plugin') from error\n",
        "b.py": "NOTHING\n",
    }
    finding = one(tmp_path, files)
    assert at(finding) == ("b.py", 1)
    assert finding.victims == ("a", "b")


@pytest.mark.parametrize("how", ["", " from None", " from error"])
def test_a_failed_import_in_other_words_is_that_failure(tmp_path: Path, how: str) -> None:
    files = {
        "a.py": "try:\n    import no_such_thing\nexcept ImportError as error:\n"
        f"    raise RuntimeError('install shop[extra]'){how}\n",
        "b.py": "import no_such_thing\n",
        "c.py": "import a\n",
    }
    finding = one(tmp_path, files)
    assert finding.victims == ("a", "b", "c")
    assert finding.name == "no_such_thing"
    run, project = smoke(tmp_path, {name: files[name] for name in ("a.py", "c.py")})
    (finding,) = judged(run, project)
    assert at(finding) == ("a.py", 2)
    assert "it shows as RuntimeError: install shop[extra]" in finding.message


@pytest.mark.parametrize(
    ("guarded", "then"),
    [
        pytest.param("import no_such_thing", "helper()", id="raised elsewhere"),
        pytest.param("int('x')", "raise ImportError('no x') from None", id="no import failed"),
        pytest.param("raise ImportError('by hand')", "raise OSError('x')", id="nothing is lacking"),
    ],
)
def test_what_else_is_raised_where_an_import_failed_is_told_itself(
    tmp_path: Path, guarded: str, then: str
) -> None:
    files = {
        "a.py": "def helper():\n    raise OSError('x')\n\n"
        f"try:\n    {guarded}\nexcept (ImportError, ValueError):\n    {then}\n",
    }
    finding = one(tmp_path, files)
    assert at(finding)[1] in (2, 7)
    assert "no_such_thing" not in finding.message


def test_an_exception_that_was_only_met_on_the_way_is_no_cause(tmp_path: Path) -> None:
    files = {
        "a.py": "try:\n    import fast\nexcept ImportError:\n    slow()\n",
        "fast.py": "import no_such_thing\n",
    }
    run, project = smoke(tmp_path, files)
    assert [(at(each), each.name) for each in judged(run, project)] == [
        (("a.py", 4), "slow"),
        (("fast.py", 1), "no_such_thing"),
    ]


def test_the_chain_leads_from_another_module_to_the_fault(tmp_path: Path) -> None:
    files = {
        "app.py": "import routes\n",
        "routes.py": "from ports import (\n    port,\n)\n",
        "ports.py": "def make():\n    return NOTHING\n\n\nport = make()\n",
    }
    finding = one(tmp_path, files)
    assert at(finding) == ("ports.py", 2)
    steps = [(step.place.path, step.place.line, step.text) for step in finding.chain]
    assert steps[-1] == ("ports.py", 5, "port = make()")
    assert finding.victims == ("app", "ports", "routes")


# --- the kinds ---------------------------------------------------------------------------------

KINDS = {
    "guarded in an annotation": (
        {"a.py": GUARDED + "def f(x: Decimal): ...\n"},
        ("a.py", 4, "Decimal"),
        ["the annotation evaluates `Decimal`", "type-checking-runtime-use"],
        ["Restore `from __future__ import annotations` in a.py", "line 3) out of the guard"],
    ),
    "guarded in code": (
        {"a.py": GUARDED + "X = Decimal(1)\n"},
        ("a.py", 4, "Decimal"),
        ["`Decimal` is evaluated at run time, but only the type checker binds it"],
        ["Move what binds `Decimal` (line 3) out of the guard"],
    ),
    "guarded, and an annotation resolved at run time": (
        {
            "a.py": "from __future__ import annotations\nimport typing\n"
            + GUARDED
            + "def f(x: Decimal): ...\ntyping.get_type_hints(f)\n"
        },
        ("a.py", 7, "Decimal"),
        ["type-checking-evaluated-annotation"],
        ["Move what binds `Decimal` (line 5) out of the guard"],
    ),
    "guarded in the module that it is taken from": (
        {"a.py": "from b import Decimal\n", "b.py": GUARDED},
        ("a.py", 1, "b.Decimal"),
        ["b.py binds it only for the type checker", "type-checking-cross-module"],
        ["b.py:3 out of the guard"],
    ),
    "a guarded attribute": (
        {"a.py": "import b\nb.Decimal\n", "b.py": GUARDED},
        ("a.py", 2, "b.Decimal"),
        ["type-checking-cross-module"],
        ["b.py:3 out of the guard"],
    ),
    "a name that is nowhere": (
        {"a.py": "from decimal import Decimal\nX = Decimol\n"},
        ("a.py", 2, "Decimol"),
        ["bound nowhere in this module; did you mean `Decimal`?"],
        ["before line 2"],
    ),
    "a name that comes later": (
        {"a.py": "X = Y\nY = 1\n"},
        ("a.py", 1, "Y"),
        ["read in line 1, and bound only in line 2"],
        ["before line 1"],
    ),
    "a name that was not bound on this way": (
        {"a.py": "if not __name__:\n    Y = 1\nX = Y\n"},
        ("a.py", 3, "Y"),
        ["not bound on this way: line 2"],
        ["on every way"],
    ),
    "a local variable": (
        {"a.py": "def f():\n    if not __name__:\n        x = 1\n    return x\n\n\nf()\n"},
        ("a.py", 4, "x"),
        ["`x` is read in `f` before that binds it"],
        ["on every way that leads to line 4"],
    ),
    "no such member": (
        {"a.py": "from b import thingy\n", "b.py": "thing = 1\n"},
        ("a.py", 1, "b.thingy"),
        ["`b` (b.py) has no `thingy`; did you mean `thing`?"],
        ["Bind `thingy` in b.py"],
    ),
    "a submodule that nothing imported": (
        {"p/__init__.py": "", "p/b.py": "", "a.py": "import p\np.b\n"},
        ("a.py", 2, "p.b"),
        ["`p.b` is a module that nothing imports before it is read"],
        ["Import `p.b`"],
    ),
    "a standard submodule that nothing imported": (
        {"a.py": "import xml\nxml.dom\n"},
        ("a.py", 2, "xml.dom"),
        ["`xml.dom` is a module that nothing imports"],
        ["Add `import xml.dom`"],
    ),
    "no such submodule": (
        {"p/__init__.py": "", "p/storage.py": "", "a.py": "import p.storag\n"},
        ("a.py", 1, "p.storag"),
        ["`p` has no module `storag`; did you mean `storage`?"],
        ["Add the module `p.storag`"],
    ),
    "a module that the build makes": (
        {"p/__init__.py": "from p._version import version\n"},
        ("p/__init__.py", 1, "p._version"),
        ["`p` has no module `_version`"],
        ["If the build makes it, install the project"],
    ),
    "a folder that is not on sys.path": (
        {"a.py": "import helpers\n", "scripts/helpers.py": "X = 1\n"},
        ("a.py", 1, "helpers"),
        ["the folder of scripts/helpers.py is not on sys.path"],
        ["`roots:`"],
    ),
    "a package of the name of the module that asks for it": (
        {"p/__init__.py": "", "p/slugifyish.py": "import slugifyish\n"},
        ("p/slugifyish.py", 1, "slugifyish"),
        ["`slugifyish` is not installed"],
        ["Install the distribution that brings `slugifyish`"],
    ),
    "an import as Python 2 had it": (
        {"p/__init__.py": "", "p/a.py": "import helpers\n", "p/helpers.py": ""},
        ("p/a.py", 1, "helpers"),
        ["p/helpers.py is `p.helpers` to Python"],
        ["Import it as `p.helpers`"],
    ),
    "a standard name of another version": (
        {"a.py": "from typing import NoSuchThing\n"},
        ("a.py", 1, "typing.NoSuchThing"),
        ["`typing` of Python 3.", "has no `NoSuchThing`"],
        ["`typing_extensions`"],
    ),
    "syntax": (
        {"a.py": "X = 1\ndef f(:\n"},
        ("a.py", 2, "SyntaxError"),
        ["a.py is not valid Python 3."],
        ["Correct line 2."],
    ),
    "sys.exit": (
        {"a.py": "import sys\n\nsys.exit(2)\n"},
        ("a.py", 3, "SystemExit"),
        ["ends the program"],
        ['`if __name__ == "__main__":`'],
    ),
    "an environment variable": (
        {"a.py": "import os\n\nURL = os.environ['NO_SUCH_URL']\n"},
        ("a.py", 3, "NO_SUCH_URL"),
        ["needs the environment variable `NO_SUCH_URL`"],
        ["`env:`"],
    ),
    "a file of the name of a standard module": (
        {"string.py": "import string\nstring.ascii_letters\n"},
        ("string.py", 2, "string.ascii_letters"),
        ["`string` imports itself: string.py hides the module that is meant"],
        ["Rename string.py."],
    ),
    "a file that hides a standard module": (
        {"string.py": "", "a.py": "from string import ascii_letters\n"},
        ("a.py", 1, "string.ascii_letters"),
        ["string.py hides the standard module `string`"],
        ["Rename string.py."],
    ),
    "anything else": (
        {"a.py": "X = 1 / 0\n"},
        ("a.py", 1, "ZeroDivisionError"),
        ["the import raises ZeroDivisionError"],
        ["Mend what raises it"],
    ),
    "a process that is gone": (
        {"a.py": "import os\nos._exit(3)\n"},
        ("a.py", 1, "a"),
        ["the process ended while `a` was imported (exit code 3)"],
        ["an import must not end the process"],
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_told_with_its_mend(tmp_path: Path, kind: str) -> None:
    files, (path, line, name), message, fix = KINDS[kind]
    run, project = smoke(tmp_path, files)
    finding = only(judged(run, project))
    assert (*at(finding), finding.name) == (path, line, name)
    assert [part for part in message if part not in finding.message] == []
    assert [part for part in fix if part not in finding.fix] == []


# --- circles -----------------------------------------------------------------------------------


def test_a_circle_is_told_with_the_statement_to_cut(tmp_path: Path) -> None:
    files = {
        "a.py": "import b\n\nX = 1\nb.B()\n",
        "b.py": "from c import C\n\n\nclass B(C): ...\n",
        "c.py": "from a import X\n\n\nclass C:\n    def make(self):\n        return X()\n",
    }
    finding = one(tmp_path, files)
    assert at(finding) == ("c.py", 1)
    assert "a -> b -> c -> a; `a.X` does not exist yet when `c` asks" in finding.message
    assert "Move `from a import X` (c.py:1) into the functions that use it" in finding.fix
    assert [step.text for step in finding.chain] == ["import b", "from c import C"]


def test_a_name_for_annotations_alone_goes_under_the_guard(tmp_path: Path) -> None:
    files = {
        "a.py": "from b import B\n\n\nclass A(B): ...\n",
        "b.py": "from a import A\n\n\nclass B:\n    def friend(self) -> A: ...\n",
    }
    finding = one(tmp_path, files)
    lazy = sys.version_info >= (3, 14)
    assert "Move `from a import A` (b.py:1) under `if TYPE_CHECKING:`" in finding.fix
    assert ("with `from __future__ import annotations`" in finding.fix) is not lazy
    assert finding.victims == ("a", "b")


def test_the_future_import_is_not_asked_for_twice(tmp_path: Path) -> None:
    files = {
        "a.py": "from b import B\n\n\nclass A(B): ...\n",
        "b.py": "from __future__ import annotations\nfrom a import A\n\n\n"
        "class B:\n    def friend(self) -> A: ...\n",
    }
    finding = one(tmp_path, files)
    assert "under `if TYPE_CHECKING:`, if nothing resolves" in finding.fix


def test_a_circle_that_is_needed_both_ways_wants_a_third_module(tmp_path: Path) -> None:
    files = {
        "a.py": "from b import B\n\n\nclass A(B): ...\n",
        "b.py": "from a import A\n\n\nclass B: ...\n\n\nB.friend = A\n",
    }
    finding = one(tmp_path, files)
    assert "into a module that neither of them imports" in finding.fix


USES = {
    "a function": ("def f():\n    return X\n", "functions"),
    "a method": ("class C:\n    def f(self):\n        return X\n", "functions"),
    "a lambda": ("f = lambda: X\n", "functions"),
    "a parameter": ("def f(x: X): ...\n", "annotations"),
    "a return value": ("class C:\n    def f(self) -> X: ...\n", "annotations"),
    "a variable": ("y: X\n", "annotations"),
    "both": ("def f(x: X):\n    return X\n", "both"),
    "no one": ("y = 1\n", "nothing"),
    "a local annotation": ("def f():\n    y: X = 1\n", "functions"),
    "code": ("y = X\n", "import"),
    "a base": ("class C(X): ...\n", "import"),
    "a default": ("def f(x=X): ...\n", "import"),
    "a keyword default": ("def f(*, x=X): ...\n", "import"),
    "a decorator": ("@X\ndef f(): ...\n", "import"),
    "a class body": ("class C:\n    y = X\n", "import"),
    "a comprehension": ("y = [X for _ in ()]\n", "import"),
    "a field, which a framework may resolve": ("class C:\n    y: X\n", "import"),
    "a route, which a framework may resolve": ("@app.get\ndef f(x: X): ...\n", "import"),
    "a function that the module calls": ("def f():\n    return X\n\n\ny = f()\n", "import"),
    "a class that the module makes": (
        "class C:\n    def __init__(self):\n        X()\n\n\ny = C()\n",
        "import",
    ),
    "a function in a function": ("def f():\n    def g(x: X): ...\n", "functions"),
    "__all__": ("__all__ = ['X']\n", "import"),
}


@pytest.mark.parametrize("user", USES)
def test_when_a_module_needs_what_it_imports(user: str) -> None:
    body, needed = USES[user]
    project = FakeProject({"m.py": f"from a import X\n\n{body}"})
    sources = sources_of(project)
    node = sources.import_at("m.py", 1)
    assert node is not None
    assert edge(sources, "m.py", node).needed == needed


def test_a_name_that_others_take_from_the_module_stays() -> None:
    project = FakeProject(
        {"m.py": "from a import X\n", "n.py": "from m import X\n", "o.py": "from a import Y\n"}
    )
    sources = sources_of(project)
    for path, needed in (("m.py", "import"), ("o.py", "nothing")):
        node = sources.import_at(path, 1)
        assert node is not None
        assert edge(sources, path, node).needed == needed


def test_a_package_that_hands_a_name_on_is_not_told_to_give_it_up(tmp_path: Path) -> None:
    files = {
        "p/__init__.py": "from p.a import A\n",
        "p/a.py": "from p import VERSION\n\n\nclass A:\n    v = VERSION\n",
    }
    finding = one(tmp_path, files)
    assert "p -> p.a -> p" in finding.message
    assert "p/__init__.py" not in finding.fix


def test_a_circle_through_an_attribute(tmp_path: Path) -> None:
    files = {
        "a.py": "import b\n\n\nclass A(b.B): ...\n",
        "b.py": "import a\n\n\nclass B: ...\n\n\nX = a.A\n",
    }
    run, project = smoke(tmp_path, files)
    finding = only(judged(run, project))
    assert finding.name in ("a.A", "b.B")
    assert " -> " in finding.message


@pytest.mark.parametrize("cut", ["functions", "annotations"])
def test_the_cut_that_is_named_opens_the_circle(tmp_path: Path, cut: str) -> None:
    inside = "        return X\n" if cut == "functions" else "        pass\n"
    hint = "" if cut == "functions" else ", x: X"
    before = {
        "a.py": "from b import B\n\nX = int\n\n\nclass A(B): ...\n",
        "b.py": f"from a import X\n\n\nclass B:\n    def f(self{hint}):\n{inside}",
    }
    finding = one(tmp_path / "before", before)
    assert "`from a import X` (b.py:1)" in finding.fix
    body = before["b.py"].removeprefix("from a import X\n")
    if cut == "functions":
        body = body.replace("        return", "        from a import X\n        return")
    else:
        guard = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from a import X\n"
        body = f"from __future__ import annotations\n{guard}{body}"
    run, project = smoke(tmp_path / "after", {**before, "b.py": body})
    assert judged(run, project) == []


# --- what is not installed ---------------------------------------------------------------------


@pytest.mark.parametrize(
    ("source", "requirements", "message", "fix"),
    [
        (
            "import yamlish",
            (),
            "`yamlish` is not installed in",
            "Install the distribution that brings `yamlish`, and name it",
        ),
        (
            "import flask_loginish",
            (Requirement("other"),),
            "nothing in the project's metadata asks for it",
            "Add the distribution that brings `flask_loginish` to the dependencies",
        ),
        (
            "import MySQLdb",
            (),
            "`MySQLdb` is not installed in",
            "Install `mysqlclient`, and name it",
        ),
        (
            "import flask_loginish.views",
            (Requirement("Flask_Loginish"),),
            "although the project requires `flask-loginish`",
            "-m pip install flask-loginish",
        ),
        (
            "import cv2",
            (Requirement("opencv-python-headless"),),
            "although the project requires `opencv-python-headless`",
            "-m pip install opencv-python-headless",
        ),
        (
            "import MySQLdb",
            (Requirement("mysqlclient", "mysql"), Requirement("mysqlclient", "all")),
            "needs the extra 'all' or 'mysql'",
            "`pip install .[all]`",
        ),
        (
            "import telegram",
            (Requirement("python-telegram-bot", "bot"), Requirement("python-telegram-bot")),
            "although the project requires `python-telegram-bot`",
            "pip install",
        ),
    ],
)
def test_a_missing_distribution_is_looked_up_in_the_metadata(
    tmp_path: Path, source: str, requirements: tuple[Requirement, ...], message: str, fix: str
) -> None:
    finding = one(tmp_path, {"a.py": source + "\n"}, requirements=requirements)
    assert message in finding.message
    assert fix in finding.fix


def missing(module: str, *frames: Frame) -> Failure:
    return Failure("ModuleNotFoundError", f"No module named '{module}'", frames, module=module)


OWN = Frame("a.py", 1, "<module>", "import x", own=True)


def raised(failure: Failure, **more: object) -> list[Finding]:
    run = observed(ModuleRun("a", "a.py", Outcome.RAISED, failure=failure), **more)
    return judged(run, FakeProject({"a.py": "import x\n"}))


def test_who_asks_for_what_is_not_installed() -> None:
    inside = Frame("/env/site-packages/sqlthing/orm.py", 3, "<module>", "import green", own=False)
    finding = only(raised(missing("green", OWN, inside)))
    assert "`sqlthing` needs `green`, which is not installed" in finding.message


def test_a_submodule_that_an_installed_package_lacks() -> None:
    said = only(raised(missing("attr.nope", OWN), distributions=(("attr", "attrs"),)))
    assert "`attrs` is installed, and has no such module" in said.message
    assert "Install a version of `attrs`" in said.fix


def test_a_member_that_an_installed_package_lacks() -> None:
    failure = Failure(
        "ImportError",
        "cannot import name 'nope' from 'attr' (/env/attr/__init__.py)",
        (OWN,),
        name="nope",
        module="attr",
    )
    said = only(raised(failure, distributions=(("attr", "attrs"),)))
    assert "`attrs` has no `attr.nope`" in said.message


@pytest.mark.parametrize(
    ("module", "version", "asked", "message", "fix"),
    [
        (
            "tomllib",
            (3, 9, 1),
            "",
            "Python 3.9 has no `tomllib`: it is new in Python 3.11",
            "`tomli`",
        ),
        ("distutils.core", (3, 12, 0), "", "gone since Python 3.12", "`setuptools`"),
        ("cgi", (3, 13, 0), ">=3.9", "gone since Python 3.13", "requires-python is >=3.9"),
        (
            "tomllib",
            (3, 9, 1),
            ">=3.11",
            "the project asks for Python >=3.11, and Python 3.9 ran it",
            "`--python`",
        ),
        ("_tkinter", (3, 11, 0), "", "built without it", "Install the library behind"),
        ("winreg", (3, 11, 0), "", "on other systems or versions alone", "`optional:`"),
    ],
)
def test_a_standard_module_that_this_python_lacks(
    module: str, version: tuple[int, int, int], asked: str, message: str, fix: str
) -> None:
    python = replace(HERE, version=version)
    run = observed(ModuleRun("a", "a.py", Outcome.RAISED, failure=missing(module, OWN)))
    run = replace(run, interpreter=python, requires_python=asked)
    finding = only(judged(run, FakeProject({"a.py": "import x\n"})))
    assert message in finding.message
    assert fix in finding.fix


def test_syntax_that_is_too_new_for_the_python_that_ran_it() -> None:
    failure = Failure("SyntaxError", "invalid syntax", (), file="a.py", line=2)
    run = observed(ModuleRun("a", "a.py", Outcome.RAISED, failure=failure))
    run = replace(run, interpreter=replace(HERE, version=(3, 8, 18)), requires_python=">=3.10")
    project = FakeProject({"a.py": "X = 1\nmatch X:\n    case 1: pass\n"})
    finding = only(judged(run, project))
    assert "newer than Python 3.8; the project asks for Python >=3.10" in finding.message


def test_syntax_in_an_installed_package() -> None:
    failure = Failure(
        "SyntaxError", "Missing parentheses", (OWN,), file="/env/site-packages/old/x.py", line=7
    )
    finding = only(raised(failure))
    assert at(finding) == ("a.py", 1)
    assert "old/x.py:7 is no code for Python" in finding.message


# --- what came to no end -----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("outcome", "status", "message"),
    [
        (Outcome.ENDED, "exit code 0", "the process ended while `b` was imported (exit code 0)"),
        (Outcome.ENDED, "signal SIGSEGV", "the process crashed while `b` was imported"),
        (Outcome.ENDED, "signal SIGKILL", "the process was killed while `b` was imported"),
        (Outcome.TIMEOUT, "after 30 s", "`b` is not imported in time (after 30 s)"),
        (Outcome.FLOOD, "10 MB", "importing `b` writes more than the runner takes (10 MB)"),
        (Outcome.RAISED, "", "the runner was not told why"),
    ],
)
def test_a_stop_is_told_by_the_module_that_was_loading(
    outcome: Outcome, status: str, message: str
) -> None:
    files = {"a.py": "import os\nfrom b import x\n", "b.py": "x = 1\n"}
    run = observed(
        ModuleRun("a", "a.py", outcome, status=status, loading=("a", "b"), output="tick\n"),
        ModuleRun("b", "b.py", outcome, status=status, loading=("b",), output="tick\n"),
    )
    finding = only(judged(run, FakeProject(files)))
    assert at(finding) == ("b.py", 1)
    assert message in finding.message
    assert finding.victims == ("a", "b")
    assert [(step.place.line, step.text) for step in finding.chain] == [(2, "from b import x")]
    assert finding.raises == ""
    assert finding.output == "tick\n"


def test_a_refused_connection_is_told_as_such() -> None:
    frame = Frame("a.py", 1, "<module>", "connect()", own=True)
    failure = Failure("ConnectionRefusedError", "[Errno 111] Connection refused", (frame,))
    effect = Effect(EffectKind.NETWORK, "connect 10.0.0.1:5432", frame, refused=True)
    run = observed(ModuleRun("a", "a.py", Outcome.RAISED, failure=failure, effects=(effect,)))
    finding = only(judged(run, FakeProject({"a.py": "connect()\n"})))
    assert "needs the network" in finding.message
    assert "connect 10.0.0.1:5432" in finding.message
    assert "`network:`" in finding.fix


# --- optional modules --------------------------------------------------------------------------

NO_TORCH = Optionality("needs CUDA", "ImportError", "torch_nope")
FAST = {"fast.py": "import torch_nope\n", "app.py": "import fast\n"}


def declared(run: SmokeRun, name: str) -> SmokeRun:
    modules = [
        replace(module, optional=NO_TORCH) if module.module == name else module
        for module in run.modules
    ]
    return replace(run, modules=tuple(modules))


def test_a_declared_failure_is_no_finding(tmp_path: Path) -> None:
    run, project = smoke(tmp_path, {"fast.py": FAST["fast.py"]})
    run = declared(run, "fast")
    assert judged(run, project) == []
    report = run_smoke(run, project, [ConfiguredRule(RULE, RULE.default_level, RULE.options())])
    assert report.verdict is Verdict.PASS
    assert any("fast failed as declared (needs CUDA)" in note for note in report.notes)


def test_what_needs_a_module_that_may_fail_may_not(tmp_path: Path) -> None:
    run, project = smoke(tmp_path, FAST)
    finding = only(judged(declared(run, "fast"), project))
    assert at(finding) == ("fast.py", 1)
    assert finding.victims == ("app",)
    assert "`fast` may fail so, but what needs it may not" in finding.message


def test_a_declared_module_that_fails_otherwise_is_a_finding(tmp_path: Path) -> None:
    run, project = smoke(tmp_path, {"fast.py": "NOTHING\n"})
    finding = only(judged(declared(run, "fast"), project))
    assert "`fast` may fail (needs CUDA), but not for this" in finding.message


def test_what_is_not_known_is_left_to_the_engine() -> None:
    run = observed(ModuleRun("a", "a.py", Outcome.LOST), ModuleRun("b", "b.py", Outcome.OK))
    assert judged(run, FakeProject({"a.py": "", "b.py": ""})) == []


def test_hostile_text_makes_no_trouble() -> None:
    odd = "\x1b[2J\n`|\udc80"
    frame = Frame("a.py", 99, odd, odd, own=True)
    failure = Failure("NameError", f"name '{odd}' is not defined", (frame,), name=odd)
    run = observed(ModuleRun("a", "a.py", Outcome.RAISED, failure=failure, output=odd))
    finding = only(judged(run, FakeProject({"a.py": "x\n"})))
    assert finding.victims == ("a",)
    report = run_smoke(
        run,
        FakeProject({"a.py": "x\n"}),
        [ConfiguredRule(RULE, RULE.default_level, RULE.options())],
    )
    said = text.render(report, ReportContext())
    assert "\x1b" not in said
