"""Examples: a target that is whole or broken, before and after."""

from __future__ import annotations

from guard.change import Change, Health, Unknown
from guard.rule import ChangeCase
from guard.samples import change, oid

_FAULT = "src/app.py:3: type-checking-runtime-use: `Request` is guarded but evaluated at run time"
_OTHER = "src/db.py:7: import-failure: No module named 'psycopg'"


def _change(before: tuple[str, ...], after: tuple[str, ...], **more: object) -> Change:
    return change(
        **{
            "target_health": Health(oid("tree of base"), before),
            "result_health": Health(oid("tree of head"), after),
            **more,
        }
    )


CASES = (
    ChangeCase("whole", "the target is whole and stays so", _change((), ())),
    ChangeCase(
        "repair",
        "the target is broken, and with the change it is not",
        _change((_FAULT,), ()),
        near_miss=True,
    ),
    ChangeCase(
        "breaks-it",
        "the change itself breaks the target: that is for other rules to say",
        _change((), (_FAULT,)),
    ),
    ChangeCase(
        "mends-whatever-was",
        "the result is whole, so it does not matter what the target was",
        _change((), (), target_health=Unknown("too slow")),
    ),
    ChangeCase("new-branch", "there is no target yet", _change((_FAULT,), (_FAULT,), base="")),
    ChangeCase(
        "deployment",
        "a deployment lands nothing on the branch",
        _change((_FAULT,), (_FAULT,), promotes_to="production"),
    ),
    ChangeCase("unrelated", "the change mends nothing", _change((_FAULT,), (_FAULT,)), ("main",)),
    ChangeCase(
        "part-of-it", "one fault of two is mended", _change((_FAULT, _OTHER), (_OTHER,)), ("main",)
    ),
    ChangeCase(
        "another-fault",
        "one fault is mended, and another made",
        _change((_FAULT,), (_OTHER,)),
        ("main",),
    ),
    ChangeCase(
        "target-unknown",
        "the result is broken, and nobody knows whether the target was",
        _change((), (_FAULT,), target_health=Unknown("it took too long")),
        missing=("target_health",),
    ),
    ChangeCase(
        "result-unknown",
        "the target is broken, and nobody knows what the change does about it",
        _change((_FAULT,), (), result_health=Unknown("it took too long")),
        missing=("result_health",),
    ),
    ChangeCase(
        "of-another-tree",
        "what is known is of another result",
        _change((_FAULT,), (), result_health=Health(oid("tree of before"))),
        missing=("result_health",),
    ),
)
