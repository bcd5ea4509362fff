"""What the bytes of a file say of annotations that something may resolve: no parsing.

Errs on one side: a file that may matter is kept, the shapes decide.
"""

from __future__ import annotations

from guard_rules._annotations.lines import places

RESOLVES = 1
"""The file names a function that resolves the annotations of what it is given."""
DISPATCHES = 8
"""The file has functions whose ``register`` resolves annotations."""
CLAW = 4
"""The file installs an import hook that checks a whole package."""

RESOLVERS = (
    b"get_type_hints",
    b"get_annotations",
    b"eval_str",
    b"singledispatch",
    b"resolve_types",
)
LAZY_RESOLVERS = (b"inspect", b"annotationlib")
HOLDERS = (b"typing", b"inspect", b"functools", b"annotationlib")
"""The modules that hold these functions, or the ends of their names."""
REBUILDERS = (b"model_rebuild", b"update_forward_refs", b"rebuild_dataclass")


def screen(data: bytes, lazy: bool, extra: tuple[bytes, ...] = ()) -> int:
    """The flags of a file. ``lazy``: the target is Python 3.14 or later, where asking for a

    signature can evaluate annotations. ``extra`` are words that the policy adds as resolvers.
    """
    flags = 0
    if (
        any(token in data for token in RESOLVERS)
        or (lazy and any(token in data for token in LAZY_RESOLVERS))
        or any(word in data for word in extra)
    ):
        flags |= RESOLVES
    if b"beartype.claw" in data:
        flags |= CLAW
    if flags & RESOLVES and b"singledispatch" in data:
        flags |= DISPATCHES
    return flags


def words_in(data: bytes, words: tuple[bytes, ...]) -> frozenset[str]:
    """Those of the words that stand in the file as names."""
    return frozenset(word.decode() for word in words if next(places(data, word), None) is not None)
