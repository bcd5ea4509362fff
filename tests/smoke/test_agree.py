"""Forked or in an interpreter of its own: a module is imported with the same result.

Each package is a trap for a runner that lets one import see another.
"""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest

from guard.observed import EffectKind, Failure, ModuleRun, Outcome
from tests.smoke.probing import by_name, interpreters, modules_of, observe, some_slow, write

if TYPE_CHECKING:
    from pathlib import Path

TRAPS = {
    # A circle that holds in one order alone.
    "circle/__init__.py": "",
    "circle/first.py": "from circle.second import y\nx = 1\n",
    "circle/second.py": "import circle.first\ny = 1\n",
    "circle/third.py": "x = 1\nfrom circle.fourth import y\n",
    "circle/fourth.py": "from circle.third import x\ny = 1\n",
    "circle/caught.py": "import circle.asks\nassert circle.asks.got is None\n",
    "circle/asks.py": "try:\n    from circle.caught import late as got\n"
    "except ImportError:\n    got = None\n",
    "circle/more.py": "import circle.asks\nlate = 1\n",
    # A circle through a package that the way there loads.
    "ring/__init__.py": "",
    "ring/one/__init__.py": "from ring.two import two\none = 1\n",
    "ring/one/deep.py": "from ring.two import two\n",
    "ring/two.py": "from ring.one import one\ntwo = 2\n",
    # A submodule that is there only because another module imported it.
    "borrowed/__init__.py": "",
    "borrowed/lender.py": "import borrowed.tools.saw\nimport xml.dom.minidom\n",
    "borrowed/user.py": "import borrowed\nborrowed.tools.saw\n",
    "borrowed/rightful.py": "import borrowed.lender\nborrowed.tools.saw\n",
    "borrowed/standard.py": "import xml\nxml.dom.minidom\n",
    "borrowed/tools/__init__.py": "",
    "borrowed/tools/saw.py": "teeth = 3\n",
    # State that each import finds as it was.
    "state/__init__.py": "seen = []\n",
    "state/counter.py": "count = 0\n",
    "state/a.py": "from state import counter\ncounter.count += 1\nassert counter.count == 1\n",
    "state/b.py": "from state import counter\ncounter.count += 1\nassert counter.count == 1\n",
    "state/c.py": "import state\nassert not state.seen\nstate.seen.append(1)\n",
    "state/d.py": "import state\nassert not state.seen\nstate.seen.append(1)\n",
    "state/e.py": "import state.a\nassert state.counter.count == 1\n",
    "state/f.py": "import state.a, state.b\n",
    # Hooks, paths and builtins that one of them changes.
    "hooks/__init__.py": "",
    "hooks/finder.py": "import sys\nimport types\nfrom importlib.machinery import ModuleSpec\n"
    "class Finder:\n"
    "    @staticmethod\n    def find_spec(name, path=None, target=None):\n"
    "        return ModuleSpec(name, Finder) if name == 'made_up' else None\n"
    "    @staticmethod\n    def create_module(spec):\n        return None\n"
    "    @staticmethod\n    def exec_module(module):\n        module.here = True\n"
    "sys.meta_path.append(Finder)\n",
    "hooks/with_it.py": "import hooks.finder\nimport made_up\nassert made_up.here\n",
    "hooks/without.py": "import made_up\n",
    "hooks/path.py": "import os, sys\n"
    "sys.path.insert(0, os.path.join(os.path.dirname(__file__), 'vendored'))\n",
    "hooks/vendored/hidden_one.py": "",
    "hooks/uses_path.py": "import hooks.path\nimport hidden_one\n",
    "hooks/lacks_path.py": "import hidden_one\n",
    "hooks/own_import.py": "import builtins\nreal = builtins.__import__\n"
    "def noisy(*a, **k):\n    return real(*a, **k)\nbuiltins.__import__ = noisy\n",
    "hooks/emptied.py": "import sys\nsys.modules.clear()\n",
    "hooks/no_path.py": "import sys\nsys.path = []\nsys.excepthook = None\n",
    # What a fork does not take along, or takes along too much.
    "forks/__init__.py": "",
    "forks/child.py": "import os\npid = os.fork()\nif not pid:\n    os._exit(0)\n"
    "os.waitpid(pid, 0)\n",
    "forks/falls_through.py": "import os\nif os.fork():\n    os.wait()\n",
    "forks/leaves.py": "import atexit\natexit.register(print, 'bye')\n",
    "forks/signals/__init__.py": "import signal\nsignal.signal(signal.SIGUSR1, signal.SIG_IGN)\n",
    "forks/signals/below.py": "import signal\n"
    "assert signal.getsignal(signal.SIGUSR1) is signal.SIG_IGN\n",
    "forks/threads/__init__.py": "import threading, time\nalive = []\n"
    "def work():\n    alive.append(threading.get_ident())\n    time.sleep(60)\n"
    "thread = threading.Thread(target=work, daemon=True)\nthread.start()\n",
    "forks/threads/below.py": "from forks.threads import thread\nassert thread.is_alive()\n",
    "forks/handlers/__init__.py": "import os\nin_child = []\n"
    "os.register_at_fork(after_in_child=lambda: in_child.append(1))\n",
    "forks/handlers/below.py": "from forks.handlers import in_child\nassert not in_child\n",
    "forks/handlers/forks.py": "import os\nfrom forks.handlers import in_child\n"
    "pid = os.fork()\nif not pid:\n    os._exit(len(in_child))\n"
    "assert os.waitpid(pid, 0)[1] == 1 << 8\n",
    "forks/handlers/wrong.py": "import os\nos.register_at_fork(before=3)\n",
    "forks/posix/__init__.py": "import posix\nin_child = []\n"
    "posix.register_at_fork(after_in_child=lambda: in_child.append(1))\n",
    "forks/posix/below.py": "from forks.posix import in_child\nassert not in_child\n",
    "forks/posix/same.py": "from forks.posix import in_child\nassert in_child\n",
    "forks/chance/__init__.py": "import random\nrandom.seed(7)\nfirst = random.random()\n"
    "random.seed(7)\n",
    "forks/chance/same.py": "import random\nfrom forks.chance import first\n"
    "assert random.random() == first\n",
    "forks/chance/other.py": "import random\nfrom forks.chance import first\n"
    "assert random.random() != first\n",
    "forks/same/__init__.py": "import os\npid = os.getpid()\n",
    "forks/same/other.py": "import os\nfrom forks.same import pid\nassert pid != os.getpid()\n",
    "forks/same/method.py": "import os\nclass A:\n    pid = os.getpid\nassert A().pid() > 0\n",
    "forks/sly/__init__.py": "from posix import getpid\npid = getpid()\n",
    "forks/sly/other.py": "from forks.sly import pid, getpid\nassert pid != getpid()\n",
    "forks/same/below.py": "import os\nfrom forks.same import pid\nassert pid == os.getpid()\n",
    "forks/timer/__init__.py": "import signal\nsignal.setitimer(signal.ITIMER_REAL, 30)\n",
    "forks/timer/below.py": "import signal\nassert signal.getitimer(signal.ITIMER_REAL)[0] > 0\n",
    "forks/reader/__init__.py": "file = open(__file__)\n",
    "forks/reader/a.py": "from forks.reader import file\nassert file.read(8) == 'file = o'\n",
    "forks/reader/b.py": "from forks.reader import file\nassert file.read(8) == 'file = o'\n",
    "forks/pipe/__init__.py": "import os\nends = os.pipe()\n",
    "forks/pipe/below.py": "import os\nfrom forks.pipe import ends\nos.write(ends[1], b'x')\n",
    # Modules that look at what is loaded.
    "looks/__init__.py": "",
    "looks/around.py": "import sys\nnames = [n for n in sys.modules if n.startswith('looks.')]\n",
    "looks/wants_itself.py": "import looks.around\n"
    "assert 'looks.wants_itself' in looks.around.names\n",
    "looks/other.py": "import looks.around\n"
    "assert 'looks.wants_itself' not in looks.around.names\n",
    "looks/finder.py": "import sys\ndef is_loaded(name):\n    return name in sys.modules\n",
    "looks/finds.py": "from looks.finder import is_loaded\n"
    "found = is_loaded('looks.' + 'wants_to_be_found')\n",
    "looks/wants_to_be_found.py": "import looks.finds\nassert looks.finds.found\n",
    "looks/not_to_be_found.py": "import looks.finds\nassert not looks.finds.found\n",
    # The same, by a function that was there long before it is called.
    "seeks/__init__.py": "import sys\ndef all_loaded():\n    return list(sys.modules)\n",
    "seeks/asks.py": "from seeks import all_loaded\nfound = 'seeks.me' in all_loaded()\n",
    "seeks/me.py": "import seeks.asks\nassert seeks.asks.found\n",
    "seeks/not_me.py": "import seeks.asks\nassert not seeks.asks.found\n",
    # By a function that fails for all but one.
    "aloud/__init__.py": "import sys\ndef entry(name):\n    return sys.modules[name]\n",
    "aloud/asks.py": "from aloud import entry\nentry('aloud.' + 'me')\n",
    "aloud/me.py": "import aloud.asks\n",
    "aloud/not_me.py": "import aloud.asks\n",
    "aloud/nor_me.py": "import aloud.asks\n",
    # Many that begin with the same of the standard library, and what can be different there.
    "standard/__init__.py": "",
    "standard/changes.py": "import json\njson.mine = 1\n",
    **{
        f"standard/unchanged_{n}.py": "import json\nassert not hasattr(json, 'mine')\n"
        "json.mine = 2\n"
        for n in range(5)
    },
    **{f"standard/wants_mine_{n}.py": "import zipfile\n" for n in range(5)},
    "standard/asks.py": "import sys\nfound = 'csv' in sys.modules\n",
    **{
        f"standard/before_{n}.py": "from standard import asks\nimport csv\nassert not asks.found\n"
        for n in range(5)
    },
    **{
        f"standard/behind_{n}.py": "import csv\nfrom standard import asks\nassert asks.found\n"
        for n in range(5)
    },
    "standard/makes.py": "import sys\n\ndef __getattr__(name):\n"
    "    if name != 'made':\n        raise AttributeError(name)\n"
    "    return 'tabnanny' in sys.modules\n",
    **{
        f"standard/made_{n}.py": "from standard.makes import made\nimport tabnanny\n"
        "assert not made\n"
        for n in range(5)
    },
    "standard/deep/__init__.py": "import csv\n",
    **{
        f"standard/deep/part_{n}.py": "import csv, colorsys\nfrom email.mime import text\n"
        "assert 'standard.deep' in __import__('sys').modules\n"
        for n in range(5)
    },
    # Modules that ask the garbage collector what was loaded before, or have it collect that.
    "sweeps/__init__.py": "import weakref\nclass Kept:\n    pass\nkept = Kept()\n"
    "circle = Kept()\ncircle.me = circle\ngone = weakref.ref(circle)\ndel circle\n",
    "sweeps/collects.py": "import sweeps, gc\ngc.collect()\nassert sweeps.gone() is None\n",
    "sweeps/counts.py": "from gc import get_freeze_count\n"
    "assert get_freeze_count() < 1000  # Python 3.12 itself begins with 375\n",
    "sweeps/sees.py": "import gc, sweeps\n"
    "assert any(each is sweeps.kept for each in gc.get_objects())\n",
    "sweeps/sees_by_another_name.py": "import sweeps\ncollector = __import__('g' + 'c')\n"
    "assert any(each is sweeps.kept for each in collector.get_objects())\n"
    "assert collector.get_referrers(sweeps.kept)\n",
    "sweeps/tools/__init__.py": "import gc\n",
    "sweeps/tools/uses.py": "import sweeps\nfrom sweeps.tools import gc\ngc.collect()\n"
    "assert sweeps.gone() is None\n",
    # What the last module of a package sees of those before it.
    "lasts/__init__.py": "",
    "lasts/alone/__init__.py": "print('alone')\n",
    "lasts/alone/deep/__init__.py": "print('deep')\n",
    "lasts/alone/deep/waits.py": "import os\nprint('waits')\ntry:\n    os.wait()\n"
    "except ChildProcessError:\n    pass\nelse:\n    raise AssertionError\n",
    "lasts/dies/__init__.py": "",
    "lasts/dies/at_once.py": "import os\nos._exit(3)\n",
    "lasts/fails/__init__.py": "",
    "lasts/fails/later.py": "import lasts.nothing\n",
    "lasts/many/__init__.py": "",
    "lasts/many/a.py": "import os\nfound = os.listdir('/proc/self/fd')\n",
    "lasts/many/b.py": "import os\npid = os.fork()\nif not pid:\n    os._exit(0)\n"
    "assert os.wait()[0] == pid\n",
    "lasts/many/c.py": "import os\npid = os.fork()\nif not pid:\n    os._exit(0)\n"
    "assert os.wait()[0] == pid\n",
    # What begins with an import that fails, or that fails for some.
    "fails/__init__.py": "",
    "fails/broken.py": "1 / 0\n",
    "fails/a.py": "import fails.broken\n",
    "fails/b.py": "import fails.broken\n",
    "fails/c.py": "try:\n    import fails.broken\nexcept ZeroDivisionError:\n    pass\n",
    "fails/d.py": "from fails.fine import missing\n",
    "fails/e.py": "from fails.fine import missing\n",
    "fails/fine.py": "",
    "fails/gate.py": "try:\n    import no_such_thing\n"
    "except ImportError:\n    no_such_thing = None\n",
    "fails/syntax.py": "def f(:\n",
    "fails/wants_syntax.py": "from fails import syntax\n",
    "fails/below/__init__.py": "import no_such_thing\n",
    "fails/below/a.py": "",
    "fails/below/deeper/b.py": "",
    "fails/leaves/__init__.py": "raise SystemExit('leave')\n",
    "fails/leaves/a.py": "",
    "fails/raised_from.py": "try:\n    {}['x']\nexcept KeyError as e:\n"
    "    raise ValueError('no') from e\n",
    # Names that are made when asked for.
    "lazy/__init__.py": "def __getattr__(name):\n"
    "    import importlib\n    if name == 'part':\n"
    "        return importlib.import_module('lazy.part')\n"
    "    raise AttributeError(name)\n",
    "lazy/part.py": "loaded = True\n",
    "lazy/user.py": "from lazy import part\nassert part.loaded\n",
    "lazy/other.py": "from lazy import part, nothing\n",
    "lazy/replaced.py": "import sys\nclass Own:\n    value = 1\nsys.modules[__name__] = Own()\n",
    "lazy/wants_replaced.py": "from lazy.replaced import value\n",
    "lazy/wants_too.py": "from lazy.replaced import value, other\n",
    # Names of the standard library, and of what the probe itself uses.
    "select.py": "mine = 1\n",
    "wants_select.py": "import select\nassert select.mine\n",
    "struct.py": "raise RuntimeError('mine')\n",
    "wants_struct.py": "import struct\n",
    "one_file.py": "import os\n",
    "no_package/inside.py": "from one_file import os\n",
}


@pytest.fixture(scope="module")
def top(tmp_path_factory: pytest.TempPathFactory) -> Path:
    top = tmp_path_factory.mktemp("traps").resolve()
    write(top, TRAPS)
    return top


def failure(found: Failure | None) -> object:
    if found is None:
        return None
    return (
        found.type,
        re.sub("0x[0-9a-f]+", "0x", found.message),
        found.frames,
        found.name,
        found.module,
        found.partial,
        found.file,
        found.line,
        failure(found.cause),
    )


def seen(run: ModuleRun) -> object:
    effects = sorted((each.kind.value, each.what, each.frame is None) for each in run.effects)
    effects = [each for each in effects if each[0] != "slow"]
    return run.outcome, failure(run.failure), run.status, run.loading, effects, run.output


@pytest.mark.parametrize("python", some_slow())
def test_fast_and_fresh_agree(top: Path, python: str) -> None:
    fast = by_name(observe(top, python=python))
    fresh = by_name(observe(top, python=python, mode="fresh"))
    assert set(fast) == set(fresh)
    assert not [name for name, run in (fast | fresh).items() if run.outcome is Outcome.LOST]
    differ = {
        name: (seen(fast[name]), seen(fresh[name]))
        for name in fresh
        if seen(fast[name]) != seen(fresh[name])
    }
    assert not differ
    assert all(run.fresh for run in fresh.values())
    assert sum(run.fresh for run in fast.values()) < len(fast) // 3


@pytest.mark.parametrize(
    "name",
    ["circle.second", "fails.below.deeper.b", "fails.leaves.a", "lasts.alone.deep.waits", "select"],
)
def test_one_module_alone_agrees_too(top: Path, name: str) -> None:
    modules = tuple(each for each in modules_of(top) if each[0] == name)
    (fast,) = observe(top, modules=modules).modules
    (fresh,) = observe(top, modules=modules, mode="fresh").modules
    assert seen(fast) == seen(fresh)
    assert not fast.fresh


@pytest.mark.parametrize("python", interpreters()[:1] + interpreters()[-1:])
def test_agrees_with_the_plain_statement(top: Path, python: str) -> None:
    """``python -c "import m"`` is the truth."""
    for name, run in by_name(observe(top, python=python)).items():
        plain = subprocess.run(
            [python, "-B", "-c", f"import {name}"],
            cwd=top,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        assert (run.outcome is Outcome.OK) == (plain.returncode == 0), (name, run, plain.stderr)
        if run.failure is not None and run.failure.type != "SystemExit":
            assert plain.stderr.splitlines()[-1].startswith(run.failure.type), name


def test_what_the_traps_show(top: Path) -> None:
    runs = by_name(observe(top))
    failed = {name for name, run in runs.items() if run.outcome is not Outcome.OK}
    assert {"circle.second", "circle.fourth", "borrowed.user", "hooks.without"} <= failed
    assert not {"circle.third", "circle.first", "borrowed.rightful", "hooks.with_it"} & failed
    circle = runs["ring.two"].failure
    assert circle is not None
    assert (circle.type, circle.module, circle.name, circle.partial) == (
        "ImportError",
        "ring.two",
        "two",
        True,
    )
    assert runs["ring.two"].loading == ("ring.two", "ring.one")
    below = runs["fails.below.deeper.b"]
    assert below.failure is not None
    assert below.failure.module == "no_such_thing"
    assert below.loading == ("fails.below",)
    wrong = runs["fails.wants_syntax"].failure
    assert wrong is not None
    assert (wrong.type, wrong.file, wrong.line) == ("SyntaxError", "fails/syntax.py", 1)
    cause = runs["fails.raised_from"].failure
    assert cause is not None
    assert cause.cause is not None
    assert cause.cause.type == "KeyError"
    assert runs["select"].outcome is Outcome.OK


def test_a_package_that_cannot_be_forked_gives_way_to_fresh_interpreters(top: Path) -> None:
    observed = observe(top)
    runs = by_name(observed)
    for name in ("signals", "threads", "same", "timer", "pipe"):
        assert runs[f"forks.{name}.below"].fresh, name
        assert runs[f"forks.{name}.below"].outcome is Outcome.OK, name
        assert not runs[f"forks.{name}"].fresh
    assert not runs["forks.handlers.below"].fresh
    (note,) = (note for note in observed.notes if note.startswith("fresh interpreters"))
    for why in ("threads are alive", "signal handlers", "the process id", "event loops"):
        assert why in note
    assert any(each.kind is EffectKind.THREAD for each in runs["forks.threads"].effects)
