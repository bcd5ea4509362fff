"""What the rule reports and what it leaves alone. Each text is real: it can be run as it is."""

from guard.rule import Case

_SHAPES = "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from decimal import Decimal\n"

CASES = (
    Case(
        "from-import",
        "The import statement itself raises ImportError.",
        {"shapes.py": _SHAPES, "main.py": "from shapes import Decimal\n"},
        (("main.py", 1, "Decimal"),),
    ),
    Case(
        "attribute",
        "Reading the attribute raises AttributeError.",
        {"shapes.py": _SHAPES, "main.py": "import shapes\n\nZERO = shapes.Decimal(0)\n"},
        (("main.py", 3, "shapes.Decimal"),),
    ),
    Case(
        "re-export",
        "A package hands on by a star import what its submodule guards.",
        {
            "shop/__init__.py": "from .money import *\n",
            "shop/money.py": _SHAPES,
            "main.py": "from shop import Decimal\n",
        },
        (("main.py", 1, "Decimal"),),
    ),
    Case(
        "listed",
        "A star import fetches every name of `__all__` and fails.",
        {"shapes.py": _SHAPES + '\n__all__ = ["Decimal"]\n', "main.py": "from shapes import *\n"},
        (("main.py", 1, "Decimal"), ("shapes.py", 6, "Decimal")),
    ),
    Case(
        "lazy-module",
        "The module's `__getattr__` provides the name (PEP 562).",
        {
            "shapes.py": _SHAPES + "\n\ndef __getattr__(name):\n    import decimal\n\n"
            "    return getattr(decimal, name)\n",
            "main.py": "from shapes import Decimal\n",
        },
        near_miss=True,
    ),
    Case(
        "import-under-a-guard",
        "The importer guards the import too.",
        {
            "shapes.py": _SHAPES,
            "main.py": "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n"
            "    from shapes import Decimal\n",
        },
        near_miss=True,
    ),
    Case(
        "fallback",
        "The importer handles the ImportError.",
        {
            "shapes.py": _SHAPES,
            "main.py": "try:\n    from shapes import Decimal\nexcept ImportError:\n"
            "    Decimal = float\n",
        },
        near_miss=True,
    ),
    Case(
        "submodule-that-something-loads",
        "Importing from a submodule sets it on its package.",
        {
            "shop/__init__.py": "from typing import TYPE_CHECKING\n\nfrom .money import zero\n\n"
            "if TYPE_CHECKING:\n    from . import money\n",
            "shop/money.py": "def zero():\n    return 0\n",
            "main.py": "import shop\n\nshop.money.zero()\n",
        },
        near_miss=True,
    ),
)
