"""Every module that is asked for has one answer, and what they share is run once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from guard.observed import EffectKind, Outcome
from tests.smoke.probing import by_name, observe, write

if TYPE_CHECKING:
    from pathlib import Path

COUNTED = "with open({!r}, 'a') as file:\n    file.write(__name__ + '\\n')\n"


def times_run(log: Path) -> dict[str, int]:
    lines = log.read_text().splitlines()
    return {name: lines.count(name) for name in lines}


def test_what_several_import_first_is_run_once(tmp_path: Path) -> None:
    log = tmp_path / "log"
    count = COUNTED.format(str(log))
    top = tmp_path / "project"
    write(
        top,
        {
            "pkg/__init__.py": count,
            "pkg/base.py": count,
            "pkg/heavy.py": "import pkg.base\n" + count,
            **{f"pkg/user{n}.py": "import os\nfrom pkg.heavy import os\n" for n in range(3)},
            **{f"pkg/direct{n}.py": "from . import heavy\n" for n in range(3)},
            **{f"pkg/deep/user{n}.py": "import pkg.heavy\n" for n in range(3)},
            "pkg/deep/__init__.py": "from pkg.base import count\n",
        },
    )
    write(top, {"pkg/heavy.py": "import pkg.base\nimport os\n" + count})
    write(top, {"pkg/deep/__init__.py": "from pkg import base\n"})
    runs = by_name(observe(top))
    assert {run.outcome for run in runs.values()} == {Outcome.OK}
    # `heavy` comes after `base`, and in `deep` after the package.
    assert times_run(log) == {"pkg": 1, "pkg.base": 1, "pkg.heavy": 2}


def test_a_module_that_asks_for_the_one_that_waits_is_not_shared_with_it(tmp_path: Path) -> None:
    log = tmp_path / "log"
    top = tmp_path / "project"
    write(
        top,
        {
            "pkg/__init__.py": "",
            "pkg/hub.py": "import pkg.one\n" + COUNTED.format(str(log)),
            **{f"pkg/{name}.py": "import pkg.hub\n" for name in ("one", "two", "three")},
        },
    )
    runs = by_name(observe(top))
    assert {run.outcome for run in runs.values()} == {Outcome.OK}
    assert times_run(log) == {"pkg.hub": 2}


def test_what_was_asked_for_is_answered_in_its_order(tmp_path: Path) -> None:
    write(tmp_path, {"src/b.py": "", "src/a/__init__.py": "", "src/a/c.py": "import nothing\n"})
    wanted = (
        ("b", "src/b.py", ""),
        ("a.c", "src/a/c.py", "needs nothing"),
        ("a.gone", "src/a/gone.py", ""),
        ("b", "other/b.py", ""),
        ("no.such.thing", "x", ""),
    )
    heard: list[tuple[int, int]] = []
    from guard.smoke.run import run_modules
    from tests.smoke.probing import request

    asked = request(tmp_path, roots=("src",), modules=wanted)
    runs = run_modules(asked, lambda done, of: heard.append((done, of))).modules
    assert [(run.module, run.path, run.optional) for run in runs] == list(wanted)
    assert [run.outcome for run in runs] == [
        Outcome.OK,
        Outcome.RAISED,
        Outcome.RAISED,
        Outcome.OK,
        Outcome.RAISED,
    ]
    missing = [run.failure.module for run in runs if run.failure is not None]
    assert missing == ["nothing", "a.gone", "no"]
    assert heard[-1] == (4, 5)


def test_nothing_to_import_is_nothing(tmp_path: Path) -> None:
    assert observe(tmp_path).modules == ()


def test_a_module_that_is_slow_by_itself_is_told(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "pkg/__init__.py": "",
            "pkg/slow.py": "import time\ntime.sleep(1.1)\n",
            "pkg/uses.py": "import pkg.slow\n",
        },
    )
    for run in by_name(observe(tmp_path)).values():
        if run.module == "pkg":
            assert run.effects == ()
            continue
        (effect,) = run.effects
        assert effect.kind is EffectKind.SLOW
        assert effect.frame is not None
        assert effect.frame.path == "pkg/slow.py"
        assert run.seconds > 1.0


def test_the_environment_is_that_of_the_request_alone(tmp_path: Path) -> None:
    write(
        tmp_path,
        {
            "a.py": "import os, sys\nassert os.environ.pop('TMPDIR')\n"
            "os.environ.pop('LC_CTYPE', '')  # Python's own\n"
            "for name in ('OPENBLAS', 'MKL'):\n    del os.environ[name + '_NUM_THREADS']\n"
            "assert dict(os.environ) == {'ONE': '1', 'OMP_NUM_THREADS': '3'}, os.environ\n"
            "assert sys.argv == ['-c'] and not sys.path[0].endswith('smoke')\n"
            "import __main__\nassert not hasattr(__main__, '__file__')\n"
        },
    )
    env = {"ONE": "1", "OMP_NUM_THREADS": "3"}
    for mode in ("auto", "fresh"):
        (run,) = observe(tmp_path, env=env, mode=mode).modules
        assert run.outcome is Outcome.OK, run.failure
