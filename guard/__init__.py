"""premerge-guard: a Git pre-merge guard and policy engine for Python projects."""

__version__ = "0.1.0"
