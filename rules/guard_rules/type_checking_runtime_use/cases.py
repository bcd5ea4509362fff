"""What the rule reports and what it leaves alone. Each text is real: it can be run as it is."""

from guard.rule import Case

_GUARD = """from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from decimal import Decimal

"""

CASES = (
    Case(
        "used-in-a-function",
        "The import works; the first call raises NameError.",
        {"price.py": _GUARD + "def zero():\n    return Decimal(0)\n"},
        (("price.py", 7, "Decimal"),),
    ),
    Case(
        "eager-annotation",
        "Before Python 3.14 an annotation is evaluated when the function is defined.",
        {"price.py": _GUARD + "def double(value: Decimal):\n    return value * 2\n"},
        (("price.py", 6, "Decimal"),),
    ),
    Case(
        "submodule-of-a-real-import",
        "`import xml` does not load `xml.dom`.",
        {
            "nodes.py": "import xml\nfrom typing import TYPE_CHECKING\n\n"
            "if TYPE_CHECKING:\n    import xml.dom\n\n"
            "KIND = xml.dom.Node\n"
        },
        (("nodes.py", 7, "xml.dom"),),
    ),
    Case(
        "guard-in-a-function-hides-the-import",
        "A binding that never runs makes the name local all the same.",
        {
            "price.py": "from decimal import Decimal\nfrom typing import TYPE_CHECKING\n\n"
            "def zero():\n    if TYPE_CHECKING:\n        from decimal import Decimal\n"
            "    return Decimal(0)\n"
        },
        (("price.py", 7, "Decimal"),),
    ),
    Case(
        "lazy-annotation",
        "From Python 3.14 on, nobody evaluates the annotation (PEP 649).",
        {"price.py": _GUARD + "def double(value: Decimal):\n    return value * 2\n"},
        target=(3, 14),
        near_miss=True,
    ),
    Case(
        "future-import",
        "With the future import annotations are strings (PEP 563).",
        {
            "price.py": "from __future__ import annotations\n"
            + _GUARD
            + "def double(value: Decimal) -> Decimal:\n    return value * 2\n"
        },
        near_miss=True,
    ),
    Case(
        "else-branch",
        "The other branch binds the name for the running program.",
        {
            "price.py": "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n"
            "    from decimal import Decimal\nelse:\n    Decimal = float\n\nZERO = Decimal(0)\n"
        },
        near_miss=True,
    ),
    Case(
        "handled",
        "The program expects the NameError.",
        {"price.py": _GUARD + "try:\n    kind = Decimal\nexcept NameError:\n    kind = float\n"},
        near_miss=True,
    ),
)
