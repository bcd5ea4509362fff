"""Examples that document the rule and test it."""

from __future__ import annotations

from guard.rule import Case

CASES = (
    Case(
        "no-debugger",
        "Code without a debugger.",
        {"a.py": "import logging\n\nlogging.info('here')\n"},
    ),
    Case(
        "own-breakpoint",
        "The project's own function of that name is no debugger.",
        {"a.py": "from .layout import breakpoint\n\nbreakpoint(768)\n"},
        near_miss=True,
    ),
    Case(
        "only-spoken-of",
        "Words in strings and comments, and modules with a similar name.",
        {"a.py": "# import pdb\nimport pdbparse\nfrom .pdb import read\n\nhelp = 'breakpoint()'\n"},
        near_miss=True,
    ),
    Case(
        "import",
        "A debugger is imported; one finding a name, with all its uses.",
        {"a.py": "import os, pdb\n\ndef f():\n    from pdb import set_trace\n    set_trace()\n"},
        (("a.py", 1, "pdb"),),
    ),
    Case(
        "call",
        "The builtin is called.",
        {"a.py": "class A:\n    def f(self):\n        breakpoint()\n"},
        (("a.py", 3, "breakpoint"),),
    ),
    Case(
        "several",
        "In several files.",
        {"a.py": "breakpoint()\n", "b/c.py": "import ipdb.stdout\n"},
        (("a.py", 1, "breakpoint"), ("b/c.py", 1, "ipdb")),
    ),
)
