"""A traceback in a program's output: every kind that CPython prints, printed by CPython."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from guard.observed import Failure
from guard.smoke._traceback import failure_in


def died(top: Path, text: str, **files: str) -> tuple[Failure | None, str]:
    (top / "start.py").write_text(text)
    for name, content in files.items():
        (top / f"{name}.py").write_text(content)
    said = subprocess.run(
        [sys.executable, "-B", "start.py"], cwd=top, capture_output=True, check=False
    )
    out = said.stderr.decode()
    return failure_in(out, str(top), sys.executable), out


KINDS = {
    "nameless": ("raise ValueError", ("ValueError", "", "", "", False)),
    "message": ("raise ValueError('a: b')", ("ValueError", "a: b", "", "", False)),
    "name": ("missing", ("NameError", "name 'missing' is not defined", "missing", "", False)),
    "module": (
        "import nowhere.at.all",
        ("ModuleNotFoundError", "No module named 'nowhere'", "", "nowhere", False),
    ),
    "attribute": (
        "import json\njson.nothing",
        ("AttributeError", "module 'json' has no attribute 'nothing'", "nothing", "json", False),
    ),
    "own attribute": (
        "''.nothing",
        ("AttributeError", "'str' object has no attribute 'nothing'", "nothing", "", False),
    ),
    "own class": (
        "import argparse\nraise argparse.ArgumentTypeError('no')",
        ("argparse.ArgumentTypeError", "no", "", "", False),
    ),
    "lines": ("raise ValueError('a\\nb')", ("ValueError", "a\nb", "", "", False)),
    "interrupt": ("raise KeyboardInterrupt", ("KeyboardInterrupt", "", "", "", False)),
}


@pytest.mark.parametrize("kind", KINDS)
def test_exception(tmp_path: Path, kind: str) -> None:
    text, expected = KINDS[kind]
    found, out = died(tmp_path, text)
    assert found is not None, out
    assert (found.type, found.message, found.name, found.module, found.partial) == expected
    assert [(f.path, f.own) for f in found.frames if f.own] == [("start.py", True)]


def test_name_that_an_import_misses(tmp_path: Path) -> None:
    found, _ = died(tmp_path, "from json import nothing")
    assert found is not None
    assert (found.type, found.name, found.module) == ("ImportError", "nothing", "json")


def test_circle(tmp_path: Path) -> None:
    found, _ = died(tmp_path, "import one", one="from two import x", two="from one import y")
    assert found is not None
    assert (found.name, found.module, found.partial) == ("y", "one", True)
    assert [frame.path for frame in found.frames] == ["start.py", "one.py", "two.py"]
    found, _ = died(tmp_path, "import one", one="import two", two="import one\none.y")
    assert found is not None
    assert (found.name, found.module, found.partial) == ("y", "one", True)


@pytest.mark.parametrize(("how", "message"), [("from error", "inner"), ("", "inner")])
def test_cause(tmp_path: Path, how: str, message: str) -> None:
    text = "try:\n    raise KeyError('inner')\nexcept KeyError as error:\n"
    found, _ = died(tmp_path, f"{text}    raise ValueError('outer') {how}")
    assert found is not None
    assert (found.type, found.message) == ("ValueError", "outer")
    assert found.cause is not None
    assert (found.cause.type, found.cause.message) == ("KeyError", f"'{message}'")
    assert found.cause.frames[0].line == 2
    assert found.raised_from is bool(how)


def test_syntax(tmp_path: Path) -> None:
    found, _ = died(tmp_path, "import other", other="x = 1\ndef (:\n")
    assert found is not None
    assert (found.type, found.file, found.line) == ("SyntaxError", "other.py", 2)
    assert [(frame.path, frame.line) for frame in found.frames] == [("start.py", 1)]


def test_syntax_of_the_first_file(tmp_path: Path) -> None:
    found, out = died(tmp_path, "def (:\n")
    assert found is not None, out
    assert (found.type, Path(found.file).name, found.line) == ("SyntaxError", "start.py", 1)


def test_recursion_is_short(tmp_path: Path) -> None:
    found, _ = died(tmp_path, "def f():\n    f()\nf()")
    assert found is not None
    assert found.type == "RecursionError"
    assert 2 < len(found.frames) < 10


def test_files_of_others(tmp_path: Path) -> None:
    folder = tmp_path / "lib" / "site-packages"
    folder.mkdir(parents=True)
    (folder / "theirs.py").write_text("1 / 0")
    found, _ = died(tmp_path, f"import sys; sys.path.append({str(folder)!r})\nimport theirs")
    assert found is not None
    assert [(frame.path, frame.own) for frame in found.frames] == [
        ("start.py", True),
        (str(folder / "theirs.py"), False),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "print('Traceback', file=__import__('sys').stderr)",
        "import sys; sys.exit('no: such thing')",
        "import os; os._exit(3)",
        "import traceback\ntry: 1/0\nexcept Exception: traceback.print_exc()\n"
        "for x in range(80): print('still well', file=__import__('sys').stderr)",
    ],
)
def test_no_exception(tmp_path: Path, text: str) -> None:
    found, _ = died(tmp_path, text)
    assert found is None


def test_logged_by_a_server_that_says_good_bye() -> None:
    text = (
        'ERROR:    Traceback (most recent call last):\n  File "/srv/app.py", line 3, in start\n'
        "    go()\nRuntimeError: no database\n\nERROR:    Application startup failed. Exiting.\n"
    )
    found = failure_in(text, "/srv", "/usr/bin/python")
    assert found is not None
    assert (found.type, found.message, found.frames[0].path) == (
        "RuntimeError",
        "no database",
        "app.py",
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n",
        "Traceback (most recent call last):",
        "Traceback (most recent call last):\n  File",
        '  File "x", line 3',
        'Traceback (most recent call last):\n  File "x", line 3, in f',
    ],
)
def test_text_that_is_cut_off(text: str) -> None:
    assert failure_in(text, "/srv", "/usr/bin/python") is None
