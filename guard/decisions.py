"""What a door said, as a record for the log: the reasons and the ids of what they rest on.

No title, no body and no source text goes into it, and what looks like a secret is struck out: the
log is read by all who can read the repository, and is there for good.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from guard.change import Change, Decision, Person, Unknown
from guard.model import Report, RuleResult, Stage, Verdict

LONGEST = 400
MOST = 100

_SECRETS = (
    re.compile(r"(?<=://)[^/@\s]+(?=@)"),
    re.compile(r"\b(?:gh[opsur]_|github_pat_|glpat-|xox[abprs]-|sk-|AKIA)[\w-]{10,}"),
    re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*"),
    re.compile(r"(?i)(?<=\bbearer )\S+|(?<=\bpassword=)\S+|(?<=\btoken=)\S+"),
)


def decision(change: Change, report: Report, door: Stage, inputs: Iterable[str] = ()) -> Decision:
    """What ``report`` says of ``change`` at ``door``.

    ``inputs`` are further ids that decided, such as the tips of the guard's own references.
    """
    reasons = [line for result in report.results for line in _reasons(result)]
    if len(reasons) > MOST:
        reasons[MOST:] = [f"and {len(reasons) - MOST} more"]
    pusher = change.pusher
    return Decision(
        target=change.target,
        change=_line(change.id),
        base=change.base,
        rev=change.rev,
        door=door.value,
        verdict=report.verdict,
        reasons=tuple(reasons),
        policy="" if isinstance(change.policy, Unknown) else change.policy,
        by=_line(pusher.login) if isinstance(pusher, Person) else "",
        at=change.now,
        inputs=tuple(dict.fromkeys((*_ids(change), *inputs))),
    )


def _reasons(result: RuleResult) -> Iterator[str]:
    verdict = result.verdict.value
    said = [finding.message for finding in result.findings]
    if result.reason and result.verdict is not Verdict.FAIL:
        said.insert(0, result.reason)
    for each in said or [""]:
        words = _line(each)
        yield f"{result.rule}: {verdict}: {words}" if words else f"{result.rule}: {verdict}"


def _ids(change: Change) -> Iterator[str]:
    """The trees that were judged, the heads that were reviewed, and the reviews."""
    for name, tree in (("base", change.base_tree), ("result", change.result_tree)):
        if isinstance(tree, str) and tree:
            yield f"{name}-tree:{tree}"
    for unit in () if isinstance(change.units, Unknown) else change.units:
        if isinstance(unit.head, str):
            yield f"head:{unit.head}"
    for review in () if isinstance(change.reviews, Unknown) else change.reviews:
        yield f"review:{review.opinion.value}:{_line(review.by.login)}:{review.tree}"


def _line(text: str) -> str:
    """The first line of ``text``, bounded, with nothing that a terminal would obey."""
    line = text.strip().split("\n", 1)[0]
    for secret in _SECRETS:
        line = secret.sub("***", line)
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in line)
    return line if len(line) <= LONGEST else line[: LONGEST - 3] + "..."
