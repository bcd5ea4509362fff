"""Examples, each a change that differs in little from one that passes."""

from __future__ import annotations

from dataclasses import replace

from guard.change import Opinion, Person, Provenance, Signal, Unit, Unknown
from guard.rule import ChangeCase
from guard.samples import AI, BOB, NOW, ai_unit, change, commit, oid, review, trailer, unit
from guard_rules._changes import Who
from guard_rules.missing_human_approval import Options

_EVE = Person("Eve", "eve@example.org", "eve")
_LACKING = ("#23",)
_BOB_IN_GIT = Person("Bob", "Bob@Example.org")
_SILENT = Unknown("the forge did not answer")


def _made_by(**more: object) -> Unit:
    return ai_unit(commits=(commit(), commit("second", **more)))


def _case(
    id: str,  # noqa: A002 - the field's name
    what: str,
    review_: object = None,
    unit_: Unit | None = None,
    *,
    missing: tuple[str, ...] = (),
    options: Options | None = None,
    **more: object,
) -> ChangeCase:
    """An AI change that one review does not carry, or of which something is not known."""
    reviews = () if review_ is None else (review_,)
    judged = change(unit_ or ai_unit(), reviews=reviews, **more)
    expects = () if missing else _LACKING
    return ChangeCase(id, what, judged, expects, missing=missing, options=options)


_MERGE = commit(
    "merge", parents=(oid("base"), oid("head")), author=_BOB_IN_GIT, committer=_BOB_IN_GIT
)
_MERGED = ai_unit(
    "merge", head=oid("head"), head_tree=oid("tree of head"), commits=(commit(), _MERGE)
)
_AGENT = Provenance(AI.origin, (Signal("B", "robot", "bob@example.org", "author of 1a2b3c4"),))

VALID = (
    ChangeCase(
        "code-owners",
        "of each list of code owners somebody approved: by account, for a team, by address",
        change(
            ai_unit(code_owners=(("@eve", "@Bob"), ("@org/Web",), ("bob@example.org",))),
            reviews=(review(roles=("team:web",)),),
        ),
        near_miss=True,
        options=Options(code_owners=True),
    ),
    ChangeCase("human-change", "a human's change needs none by default", change()),
    ChangeCase(
        "approved",
        "a human without a part in the AI change approved its tree",
        change(ai_unit(), reviews=(review(),)),
        near_miss=True,
    ),
    ChangeCase(
        "merged-by-the-approver",
        "the merge commit is the approver's, and adds nothing to what was approved",
        change(_MERGED, reviews=(review(),)),
        near_miss=True,
    ),
    ChangeCase(
        "comment-later",
        "a comment takes no approval back",
        change(ai_unit(), reviews=(review(), review(opinion=Opinion.COMMENTED, at=NOW))),
    ),
    ChangeCase(
        "approved-again",
        "after the requested changes the same human approved",
        change(
            ai_unit(),
            reviews=(review(opinion=Opinion.CHANGES_REQUESTED, at=NOW - 900), review()),
        ),
    ),
    ChangeCase(
        "objection-of-an-outsider",
        "someone who may not write cannot block",
        change(
            ai_unit(),
            reviews=(
                review(),
                review(by=_EVE, opinion=Opinion.CHANGES_REQUESTED, may_write=False),
            ),
        ),
    ),
    ChangeCase(
        "two-units",
        "each AI change of a push has the approval of its own tree",
        change(
            ai_unit("one", id="#1"),
            ai_unit("two", id="#2", base=oid("one")),
            reviews=(review("tree of one", at=NOW), review("tree of two")),
        ),
    ),
)

INVALID = (
    _case("nobody", "an AI change without any review"),
    _case("older-tree", "the approved tree is not the change's any more", review("tree of before")),
    _case("by-the-opener", "who opened it approves it", review(), opener=BOB),
    _case("by-an-author", "who wrote a commit approves it", review(), _made_by(author=_BOB_IN_GIT)),
    _case(
        "by-the-committer", "who rewrote a commit approves it", review(), _made_by(committer=BOB)
    ),
    _case(
        "by-a-co-author",
        "who is named as co-author of a commit approves it",
        review(),
        _made_by(trailers=(trailer("co-authored-by: Bobby <BOB@example.org>"),)),
    ),
    _case("by-a-bot", "a bot approves it", review(by=replace(BOB, bot=True))),
    _case("by-the-agent", "the AI itself approves it", review(), ai_unit(provenance=_AGENT)),
    _case("removed-member", "who approved may not write any more", review(may_write=False)),
    _case(
        "look-alike",
        "an account whose login has a Cyrillic letter",
        review(by=Person("Bob", "", "b\u043eb", 7)),
    ),
    _case(
        "no-account", "an opinion that no account stands for", review(by=Person("Bob", "b@x.org"))
    ),
    _case("dismissed", "the approval was dismissed", review(opinion=Opinion.DISMISSED)),
    _case(
        "evil-merge",
        "what lands is not what merging the approved tree gives",
        review(),
        replace(_MERGED, commits=(commit(),), faithful=False),
    ),
    _case(
        "by-the-pusher",
        "who asks for the landing approves it, against the policy",
        review(),
        pusher=BOB,
        options=Options(pusher=False),
    ),
    _case("one-of-two", "the policy wants two approvals", review(), options=Options(count=2)),
    _case("role", "the policy wants an owner", review(), options=Options(roles=("owner",))),
    ChangeCase(
        "human-change-of-all",
        "the policy wants approvals of everyone's changes",
        change(unit()),
        _LACKING,
        options=Options(who=Who.ALL),
    ),
    ChangeCase(
        "withdrawn",
        "the approver then asked for changes",
        change(
            ai_unit(), reviews=(review(), review(opinion=Opinion.CHANGES_REQUESTED, at=NOW - 60))
        ),
        ("#23", "bob"),
    ),
    ChangeCase(
        "objection",
        "one human approves, another one asks for changes",
        change(ai_unit(), reviews=(review(), review(by=_EVE, opinion=Opinion.CHANGES_REQUESTED))),
        ("eve",),
    ),
    ChangeCase(
        "second-unit",
        "a push of two AI changes, one of them approved",
        change(ai_unit("one", id="#1"), ai_unit("two", id="#2"), reviews=(review("tree of two"),)),
        ("#1",),
    ),
    ChangeCase(
        "no-code-owner",
        "the approver owns some of the files, and others have an owner who did not approve",
        change(ai_unit(code_owners=(("@bob",), ("@cleo", "@org/security"))), reviews=(review(),)),
        ("#23 @cleo, @org/security",),
        options=Options(code_owners=True),
    ),
    ChangeCase(
        "code-owners-unknown",
        "nobody can say who owns the files",
        change(ai_unit(code_owners=_SILENT), reviews=(review(),)),
        missing=("units.code_owners",),
        options=Options(code_owners=True),
    ),
    ChangeCase(
        "reviews-unknown",
        "nobody can say who approved",
        change(ai_unit(), reviews=_SILENT),
        missing=("reviews",),
    ),
    _case(
        "rights-unknown",
        "nobody can say whether the approver may write",
        review(may_write=_SILENT),
        missing=("reviews.may_write",),
    ),
    _case(
        "addresses-unknown",
        "the approver may be an author, under an address that nobody knows",
        review(emails=()),
        ai_unit(commits=(commit(author=Person("Robot", "robot@example.org")),)),
        missing=("reviews.emails",),
    ),
    _case(
        "merge-unknown",
        "nobody can say whether the merge has edits of its own",
        review(),
        replace(_MERGED, commits=(commit(),), faithful=_SILENT),
        missing=("units.faithful",),
    ),
)

CASES = (*VALID, *INVALID)
