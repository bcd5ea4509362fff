"""Examples: edits of what judges, with and without an owner."""

from __future__ import annotations

from guard.change import Change, FileChange, PolicyEdit, Review, Unit, Unknown
from guard.rule import ChangeCase
from guard.samples import ADA, ai_unit, change, oid, review, unit
from guard_rules._changes import Who
from guard_rules.policy_weakened import Options

_FILES = (FileChange("guard.yaml", oid("old"), oid("new"), 1, 1),)
_TOUCHED = PolicyEdit(touched=("guard.yaml",))
_OFF = "guard.yaml: missing-human-approval is off"
_WEAKER = PolicyEdit(("guard.yaml",), (_OFF,))
_BY_OWNER = review(roles=("owner",))
_OWN = review(by=ADA, emails=("ada@example.org",), roles=("owner",))


def _edit(of: Unit, edit: PolicyEdit, *reviews: Review, **more: object) -> Change:
    return change(of, policy_edit=edit, reviews=reviews, **more)


_AI, _HUMAN = ai_unit(files=_FILES), unit(files=_FILES)
_CODE = ai_unit("code", id="#1")

CASES = (
    ChangeCase("other-files", "the change touches nothing that judges it", change(ai_unit())),
    ChangeCase(
        "owner-approved",
        "an owner approved what the AI does to the policy",
        _edit(_AI, _WEAKER, _BY_OWNER),
        near_miss=True,
    ),
    ChangeCase("stricter", "a human makes the policy stricter", _edit(_HUMAN, _TOUCHED)),
    ChangeCase(
        "own-change",
        "an owner approves a change of their own",
        _edit(_HUMAN, _WEAKER, _OWN),
        near_miss=True,
    ),
    ChangeCase(
        "another-unit",
        "the AI change of the push touches code; the policy is a human's, who may",
        change(_CODE, unit("policy", id="#2", files=_FILES), policy_edit=_TOUCHED),
    ),
    ChangeCase("ai", "an AI change touches the policy", _edit(_AI, _TOUCHED), ("guard.yaml",)),
    ChangeCase(
        "ai-and-no-policy",
        "an AI writes the first policy",
        _edit(_AI, _TOUCHED, policy=""),
        ("guard.yaml",),
    ),
    ChangeCase("weaker", "a human weakens the policy", _edit(_HUMAN, _WEAKER), ("guard.yaml",)),
    ChangeCase(
        "weaker-and-no-policy",
        "where there is no policy there is no owner: the human is warned",
        _edit(_HUMAN, PolicyEdit((".github/workflows/x.yaml",), ("x is gone",)), policy=""),
        ("x is gone", ".github/workflows/x.yaml"),
    ),
    ChangeCase(
        "no-owner",
        "someone approved who is no owner",
        _edit(_AI, _WEAKER, review(roles=("approver",))),
        ("guard.yaml",),
    ),
    ChangeCase(
        "older-tree",
        "the owner approved an older state",
        _edit(_AI, _TOUCHED, review("tree of before", roles=("owner",))),
        ("guard.yaml",),
    ),
    ChangeCase(
        "own-ai-change",
        "the owner who opened the AI change approves it",
        _edit(_AI, _TOUCHED, _OWN),
        ("guard.yaml",),
    ),
    ChangeCase(
        "own-against-the-policy",
        "the policy wants another owner",
        _edit(_HUMAN, _WEAKER, _OWN),
        ("guard.yaml",),
        options=Options(own=False),
    ),
    ChangeCase(
        "all-touched",
        "the policy wants an owner for every edit",
        _edit(_HUMAN, _TOUCHED),
        ("guard.yaml",),
        options=Options(touched=Who.ALL),
    ),
    ChangeCase(
        "weaker-elsewhere",
        "what became weaker is in no file that is touched",
        _edit(_HUMAN, PolicyEdit((), ("the pin of the guard is gone",))),
        ("the pin of the guard is gone",),
    ),
    ChangeCase(
        "two-files",
        "each file is a finding",
        _edit(
            ai_unit(files=(*_FILES, FileChange(".github/workflows/guard.yaml"))),
            PolicyEdit(("guard.yaml", ".github/workflows/guard.yaml"), (_OFF,)),
        ),
        (".github/workflows/guard.yaml", "guard.yaml"),
    ),
    ChangeCase(
        "edit-unknown",
        "nobody can say what it does to the policy",
        change(ai_unit(), policy_edit=Unknown("the old policy does not parse")),
        missing=("policy_edit",),
    ),
    ChangeCase(
        "reviews-unknown",
        "nobody can say who approved",
        change(_AI, policy_edit=_TOUCHED, reviews=Unknown("the forge did not answer")),
        missing=("reviews",),
    ),
    ChangeCase(
        "rights-unknown",
        "nobody can say whether the owner may write today",
        _edit(_AI, _TOUCHED, review(roles=("owner",), may_write=Unknown("no answer"))),
        missing=("reviews.may_write",),
    ),
)
