"""What the rules about guarded names share: which names exist only for the type checker.

``scan`` and ``screen`` look at bytes and at the interpreter's own compiler and are cheap;
``flow`` runs a module in the abstract on its libcst tree and is exact; ``modules`` follows names
from module to module, and ``link`` brings all of it together.
"""
