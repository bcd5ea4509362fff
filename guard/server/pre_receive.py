"""``pre-receive``: may this push land? Whatever goes wrong on the way, the answer is no."""

from __future__ import annotations

import traceback
from collections.abc import Sequence
from dataclasses import dataclass, field

from guard.change import Decision
from guard.errors import GuardError
from guard.model import Verdict
from guard.server.door import Sorted, sort
from guard.server.hook import Hook, Judge, Said
from guard.server.lock import held
from guard.server.spool import Intent, Spool, new_id
from guard.server.survey import Survey, snapshot, survey
from guard.server.updates import Kind, Update, parse
from guard.server.words import DOOR, Closed, Complaint, lines, note, worst


@dataclass
class _Answer:
    """The answer as far as it is known."""

    updates: tuple[Update, ...] = ()
    seen: Survey | None = None
    sorted: Sorted | None = None
    complaints: list[Complaint] = field(default_factory=list)
    said: dict[str, list[Said]] = field(default_factory=dict)
    """What was said of each reference."""
    rests_on: frozenset[tuple[str, str]] = frozenset()
    """The references that it rests on, as they were before anyone judged."""


def pre_receive(hook: Hook, judges: Sequence[Judge]) -> int:
    """Judge a push: 0 lets it in, anything else refuses all of it. Never raises.

    What was decided is in the spool before the answer is given; without that there is no pass.
    """
    spool = Spool(hook.repo, hook.step)
    answer = _Answer()
    code = Verdict.UNVERIFIED
    try:
        _judge(hook, spool, judges, answer)
        if not answer.complaints:
            _agree(hook, spool, answer)
        code = worst(answer.complaints)
    except Closed as error:
        answer.complaints.append(error.complaint)
    except GuardError as error:
        answer.complaints.append(Complaint("", "error", str(error), "", Verdict.UNVERIFIED))
    except (Exception, SystemExit) as error:  # noqa: BLE001 - a crash must close the door
        answer.complaints.append(_crash(error))
    for line in lines(answer.complaints):
        hook.say(line)
    if answer.complaints:
        _record_refusal(hook, spool, answer)
    elif code is Verdict.PASS:
        for text in _notes(answer):
            hook.say(note(text))
    hook.step("before answer")
    return 0 if code is Verdict.PASS and not answer.complaints else 1


def _judge(hook: Hook, spool: Spool, judges: Sequence[Judge], answer: _Answer) -> None:
    answer.updates = parse(hook.stdin)
    answer.seen = survey(hook, answer.updates)
    hook.step("surveyed")
    answer.rests_on = _rests_on(answer)
    waiting = spool.read(hook.now).intents
    unrecorded = tuple(each for intent in waiting if intent.allowed for each in intent.moved)
    answer.sorted = sort(hook, answer.seen, answer.updates, unrecorded)
    answer.complaints += answer.sorted.complaints
    if answer.complaints:
        return  # what may never be needs no judgement, and costs none
    for push in answer.sorted.pushes:
        said = answer.said.setdefault(push.ref, [])
        for judge in judges:
            found = judge(push)
            said.append(found)
            answer.complaints += found.complaints
    hook.step("judged")


def _agree(hook: Hook, spool: Spool, answer: _Answer) -> None:
    """Record that the push may land, if all is as it was when it was judged."""
    spool.prepare()
    with held(spool.lock, hook.patience):
        hook.step("locked")
        if _rests_on(answer) != answer.rests_on:
            what = "references that the answer rests on moved while it was sought"
            raise Closed("moved", what, "Push again.")
        spool.write(_intent(hook, answer, True))


def _rests_on(answer: _Answer) -> frozenset[tuple[str, str]]:
    assert answer.seen is not None
    kinds = [answer.seen.kind(update.ref) for update in answer.updates]
    return snapshot(answer.seen.git, dict.fromkeys(name for _, name in kinds if name))


def _record_refusal(hook: Hook, spool: Spool, answer: _Answer) -> None:
    try:
        spool.write(_intent(hook, answer, False))
    except (GuardError, OSError) as error:
        hook.say(note(f"the refusal could not be recorded: {error}"))


def _intent(hook: Hook, answer: _Answer, allowed: bool) -> Intent:
    ident = new_id()
    by = answer.seen.who.login if answer.seen else ""
    decisions = tuple(_decisions(hook, answer, ident))
    moved = tuple(one for said in answer.said.values() for each in said for one in each.moved)
    return Intent(ident, hook.now, by, allowed, answer.updates, decisions, moved)


def _decisions(hook: Hook, answer: _Answer, ident: str) -> list[Decision]:
    """One for each protected branch; a refusal without any counts for the branch of HEAD."""
    seen = answer.seen
    if seen is None:
        return []
    by = seen.who.login
    found = []
    allowed = dict(answer.sorted.allowed) if answer.sorted else {}
    for update in answer.updates:
        kind, target = seen.kind(update.ref)
        if kind is not Kind.TARGET and not any(c.ref == update.ref for c in answer.complaints):
            continue
        said = answer.said.get(update.ref, [])
        ours = [each for each in answer.complaints if each.ref in (update.ref, "")]
        verdict = worst(ours) if ours else worst(answer.complaints)
        reasons = [f"{c.rule}: {c.verdict.value}: {c.what}" for c in ours]
        reasons += [text for each in said for text in each.reasons]
        if update in allowed:
            reasons.append(f"server: pass: {allowed[update]}")
        if answer.complaints and not ours:
            reasons.append("server: another reference of the same push was refused")
        found.append(
            Decision(
                target or seen.head,
                next((each.change for each in said if each.change), update.ref),
                update.old,
                update.new,
                DOOR,
                verdict,
                tuple(reasons),
                next((each.policy for each in said if each.policy), ""),
                by,
                hook.now,
                (f"push:{ident}", *(one for each in said for one in each.inputs)),
            )
        )
    return found


def _notes(answer: _Answer) -> dict[str, None]:
    """What those who judged have to say besides, each once."""
    said = [each for found in answer.said.values() for each in found]
    return dict.fromkeys(text for each in said for text in each.notes)


def _crash(error: BaseException) -> Complaint:
    trace = traceback.extract_tb(error.__traceback__)
    where = f"{trace[-1].name}:{trace[-1].lineno}" if trace else "nowhere"
    what = f"this is a bug in guard or in a plugin: {type(error).__name__}: {error} (in {where})"
    return Complaint("", "error", what, "Tell whoever runs this server.", Verdict.UNVERIFIED)
