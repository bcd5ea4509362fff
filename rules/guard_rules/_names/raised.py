"""What Python raises where a name is missing, in CPython's own words."""

from __future__ import annotations

from guard_rules._names.modules import Namespaces


def name_error(name: str, kind: str) -> str:
    """The exception as CPython 3.11 and later word it."""
    if kind == "local":
        return (
            f"UnboundLocalError: cannot access local variable '{name}' "
            "where it is not associated with a value"
        )
    if kind == "free":
        return (
            f"NameError: cannot access free variable '{name}' "
            "where it is not associated with a value in enclosing scope"
        )
    return f"NameError: name '{name}' is not defined"


def attribute_error(spaces: Namespaces, file: str | None, name: str, module: str) -> str:
    """What reading ``module.name`` raises; ``file`` holds the module."""
    errors = _refusal(spaces, file, name)
    if all(error == ("AttributeError", True) for error in errors):
        return f"AttributeError: module '{module}' has no attribute '{name}'"
    return _raised_by_getattr([error for error, _ in errors], module)


def import_error(spaces: Namespaces, file: str | None, name: str, module: str) -> str:
    """What ``from module import name`` raises: an ``AttributeError`` becomes an ``ImportError``."""
    errors = _refusal(spaces, file, name)
    if all(is_attribute_error for _, is_attribute_error in errors):
        return f"ImportError: cannot import name '{name}' from '{module}'"
    return _raised_by_getattr(
        ["ImportError" if caught else error for error, caught in errors], module
    )


def _raised_by_getattr(errors: list[str], module: str) -> str:
    if "" in errors:
        return f"what __getattr__ of module '{module}' raises"
    return f"{' or '.join(sorted(set(errors)))}: raised by __getattr__ of module '{module}'"


def _refusal(spaces: Namespaces, file: str | None, name: str) -> tuple[tuple[str, bool], ...]:
    """What ``__getattr__`` of a module raises for a name, as the summary has it."""
    summary = spaces.summary(file) if file is not None else None
    return summary["rejected"].get(name, ()) if summary is not None else ()
