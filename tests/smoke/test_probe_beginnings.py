"""What a module imports before it does anything else, by its text."""

from __future__ import annotations

import pytest

from guard.smoke._leading import beginning

OWN = {"pkg", "types"}

STEPS = {
    "imports": ("import pkg.a\nfrom pkg.b import x as y\n", (("pkg.a",), ("pkg.b", "x"))),
    "relative": (
        "from . import a\nfrom .b import c\nfrom .. import d\nfrom ..e import f\n",
        (("pkg.sub", "a"), ("pkg.sub.b", "c"), ("pkg", "d"), ("pkg.e", "f")),
    ),
    "too far up": ("import pkg.a\nfrom .... import b\nimport pkg.c\n", (("pkg.a",),)),
    "star": ("from pkg.a import *\n", (("pkg.a", "*"),)),
    "others' too": ("import numpy\nimport pkg.a\n", (("numpy",), ("pkg.a",))),
    "not the standard library": ("import os, json.decoder\nimport pkg.a\n", (("pkg.a",),)),
    "but what hides it": ("import types\n", (("types",),)),
    "after a docstring": ('"""Text\nclass of\n"""\nimport pkg.a\n', (("pkg.a",),)),
    "after constants": ("x = 1\ny: str = 'a'\n__all__ = ['a', 'b']\nimport pkg.a\n", (("pkg.a",),)),
    "after the future": ("from __future__ import annotations\nimport pkg.a\n", (("pkg.a",),)),
    "around a guard": (
        "import pkg.a\nif TYPE_CHECKING:\n    import pkg.b\nimport pkg.c\n",
        (("pkg.a",), ("pkg.c",)),
    ),
    "not after a guard with an else": (
        "import pkg.a\nif TYPE_CHECKING:\n    pass\nelse:\n    import x\nimport pkg.c\n",
        (("pkg.a",),),
    ),
    "not after a call": ("import pkg.a\nx = f()\nimport pkg.b\n", (("pkg.a",),)),
    "not after a class": ("import pkg.a\nclass A:\n    pass\nimport pkg.b\n", (("pkg.a",),)),
    "not in a try": ("import pkg.a\ntry:\n    import pkg.b\nexcept: pass\n", (("pkg.a",),)),
    "not after a decorator": ("import pkg.a\n@f\ndef g(): pass\nimport pkg.b\n", (("pkg.a",),)),
    "not after an assignment to an attribute": (
        "import pkg.a\npkg.a.x = 1\nimport pkg.b\n",
        (("pkg.a",),),
    ),
    "not itself": ("import pkg.a\nimport pkg.sub.me\nimport pkg.b\n", (("pkg.a",),)),
    "not itself by its package": ("import pkg.a\nfrom . import me\nimport x\n", (("pkg.a",),)),
    "nothing of what is no Python": ("import pkg.a\nx = = 1\n", ()),
    "nothing of what is no text": ("import pkg.a\n\0", ()),
}


@pytest.mark.parametrize(("source", "steps"), STEPS.values(), ids=STEPS)
def test_steps(source: str, steps: tuple[tuple[str, ...], ...]) -> None:
    found = beginning(source.encode(), "pkg.sub.me", package=False, own=OWN)
    assert (found.steps, found.looks, found.searches) == (steps, False, False)


def test_what_of_the_standard_library_and_after_how_many_steps() -> None:
    source = b"import os.path\nimport pkg.a, json\nimport types\nfrom email.mime import text\n"
    found = beginning(source, "pkg.me", package=False, own=OWN)
    assert found.steps == (("pkg.a",), ("types",))  # which is the project's
    assert found.standard == ((0, ("os.path",)), (1, ("json",)), (2, ("email.mime", "text")))


def test_a_package_is_its_own_base() -> None:
    source = b"from .. import a\nfrom . import b\nimport pkg.c\n"
    found = beginning(source, "pkg.sub", package=True, own=OWN)
    assert found.steps == (("pkg", "a"),)


LOOKS = {
    "membership": ("import sys\nx = 'a' in sys.modules\n", True),
    "all of them": ("import sys\nfor m in list(sys.modules): pass\n", True),
    "in a class": ("import sys\nclass A:\n    x = sys.modules.get('a')\n", True),
    "by name": ("from sys import modules\n", True),
    "where it cannot be read": ("import sys\nsys.modules[\n", True),
    "itself": ("import sys\nme = sys.modules[__name__]\n", False),
    "others' modules": ("import sys\nx.modules\n", False),
    "over several lines": ("import sys\nx = (sys  # all\n    .modules)\n", True),
    "by name, over two lines": ("from sys \\\n    import (modules)\n", True),
}


@pytest.mark.parametrize(("source", "looks"), LOOKS.values(), ids=LOOKS)
def test_looks(source: str, looks: bool) -> None:
    assert beginning(source.encode(), "pkg.me", package=False, own=OWN).looks is looks


SEARCHES = {
    "a name that it is given": ("return name in sys.modules", True),
    "an entry, or else": ("with suppress(KeyError):\n        return sys.modules[name]", True),
    "an entry, or none": (
        "try:\n        return sys.modules[name]\n    except KeyError:\n        return None",
        True,
    ),
    "a made name": ("return f'{name}.x' in sys.modules", True),
    "a made name of its own": ("return f'pkg.{name}' in sys.modules", True),
    "a made name that may be its own": ("return f'pk{name}' in sys.modules", True),
    "a made name of others": ("return f'numpy.{name}' in sys.modules", False),
    "an entry, or failure": ("return sys.modules[name + '.x']", False),
    "an entry, or another failure": (
        "try:\n        return sys.modules[name]\n    except KeyError:\n        raise NameError",
        False,
    ),
    "all of them": ("return list(sys.modules)", True),
    "by name": ("from sys import modules", True),
    "the project's own": ("return sys.modules.get('pkg.other')", True),
    "in a function within": ("return lambda: name in sys.modules", True),
    "others'": ("return sys.modules.get('numpy')", False),
    "whether others' are there": ("return 'numpy' not in sys.modules", False),
    "what it imports": ("import_module(name)\n    return sys.modules[name]", False),
    "what it imports if need be": (
        "if name not in sys.modules:\n        __import__(name)\n    return sys.modules[name]",
        False,
    ),
    "besides what it imports": ("import_module(name)\n    return sys.modules.get(other)", True),
    "where something is defined": ("return sys.modules[name.__module__]", False),
    "itself": ("return sys.modules[__name__]", False),
    "one that it puts there": ("sys.modules[name] = 1", False),
}


@pytest.mark.parametrize(("body", "searches"), SEARCHES.values(), ids=SEARCHES)
def test_functions_that_look(body: str, searches: bool) -> None:
    source = f"import sys\ndef f(name, other=''):\n    {body}\n".encode()
    found = beginning(source, "pkg.me", package=False, own=OWN)
    assert (found.looks, found.searches) == (False, searches)


COLLECTS = {
    "import gc": True,
    "import os, gc": True,
    "import gc as collector": True,
    "from gc import collect": True,
    "from pkg.tools import (\n    saw,\n    gc,\n)": True,
    "gc = importlib.import_module('gc')": True,
    "x = 1  # helps the gc": False,
    "import gcc": False,
    "from pkg.gcs import x": False,
    "x.gc()": False,
}


@pytest.mark.parametrize(("source", "collects"), COLLECTS.items(), ids=COLLECTS)
def test_garbage_collector(source: str, collects: bool) -> None:
    found = beginning(source.encode(), "pkg.me", package=False, own=OWN)
    assert found.collects is collects


def test_lines_of_a_text_do_not_end_the_imports() -> None:
    text = '"""Of what\nclass it is.\n\nfor all\n"""\nimport pkg.a\n\n\ndef f(): pass\n'
    assert beginning(text.encode(), "pkg.me", package=False, own=OWN).steps == (("pkg.a",),)
