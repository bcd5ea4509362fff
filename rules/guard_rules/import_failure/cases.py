"""What the rule reports and what it leaves alone: sources, and what a run of them showed."""

from __future__ import annotations

from guard.observed import (
    Failure,
    Frame,
    Interpreter,
    ModuleRun,
    Optionality,
    Outcome,
    SmokeRun,
)
from guard.rule import SmokeCase

_PYTHON = Interpreter(".venv/bin/python", (3, 11, 7), ".venv in the project")


def _run(*modules: ModuleRun) -> SmokeRun:
    return SmokeRun("working tree", _PYTHON, modules)


def _frame(path: str, line: int, text: str) -> Frame:
    return Frame(path, line, "<module>", text, own=True)


_GUARDED = """from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal


def double(value: Decimal) -> Decimal:
    return value * 2
"""
_AT = _frame("price.py", 7, "def double(value: Decimal) -> Decimal:")
_NAME_ERROR = Failure("NameError", "name 'Decimal' is not defined", (_AT,), name="Decimal")
_THROUGH = Failure(
    "NameError",
    "name 'Decimal' is not defined",
    (_frame("shop.py", 1, "import price"), _AT),
    name="Decimal",
)
_NO_TORCH = Failure(
    "ModuleNotFoundError",
    "No module named 'torch'",
    (_frame("fast.py", 1, "import torch"),),
    module="torch",
)
_MAY_FAIL = Optionality("needs CUDA", "ImportError", "torch")

CASES = (
    SmokeCase(
        "one-cause-two-victims",
        "A module fails, and with it the one that imports it: one finding.",
        {"price.py": _GUARDED, "shop.py": "import price\n"},
        _run(
            ModuleRun("price", "price.py", Outcome.RAISED, failure=_NAME_ERROR),
            ModuleRun("shop", "shop.py", Outcome.RAISED, failure=_THROUGH),
        ),
        (("price.py", 7, "Decimal"),),
    ),
    SmokeCase(
        "ended",
        "The process was gone before the import was over.",
        {"price.py": "import os\n\nos._exit(3)\n"},
        _run(ModuleRun("price", "price.py", Outcome.ENDED, status="exit code 3")),
        (("price.py", 1, "price"),),
    ),
    SmokeCase(
        "optional-fails-otherwise",
        "A module that may lack torch fails for another reason.",
        {"price.py": _GUARDED},
        _run(
            ModuleRun("price", "price.py", Outcome.RAISED, failure=_NAME_ERROR, optional=_MAY_FAIL)
        ),
        (("price.py", 7, "Decimal"),),
    ),
    SmokeCase(
        "optional-fails-as-declared",
        "A module that may lack torch does.",
        {"fast.py": "import torch\n"},
        _run(ModuleRun("fast", "fast.py", Outcome.RAISED, failure=_NO_TORCH, optional=_MAY_FAIL)),
        near_miss=True,
    ),
    SmokeCase(
        "imports",
        "Every module can be imported.",
        {"price.py": "ZERO = 0\n"},
        _run(ModuleRun("price", "price.py", Outcome.OK)),
    ),
)
