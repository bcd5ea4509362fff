"""What the rule reads from one file: plain facts, cached by the file's content."""

from __future__ import annotations

# Error (or ""), and each use: name, line, column, end column, qualified name of the function.
Facts = tuple[str, tuple[tuple[str, int, int, int, str], ...]]


def debugger_uses(data: bytes, modules: tuple[str, ...]) -> Facts:
    """Imports of ``modules`` and calls of the builtin ``breakpoint`` in one file."""
    # A byte search first: nearly every file ends here, and libcst is slow.
    if not any(word in data for word in (b"breakpoint", *(name.encode() for name in modules))):
        return "", ()
    import libcst  # noqa: PLC0415

    from guard_debugger.leftover_breakpoint.visitor import Visitor  # noqa: PLC0415

    try:
        tree = libcst.metadata.MetadataWrapper(libcst.parse_module(data), unsafe_skip_copy=True)
    except libcst.ParserSyntaxError as error:
        return f"line {error.raw_line}: {error.message}", ()
    except (UnicodeDecodeError, LookupError) as error:
        return f"cannot be decoded: {error}", ()
    visitor = Visitor(frozenset(modules))
    tree.visit(visitor)
    return "", tuple(sorted(visitor.uses, key=lambda use: use[1:3]))
