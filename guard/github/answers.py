"""What the guard says on GitHub: a check run on a commit, whose name carries the target branch.

A commit can be the head of pull requests into several branches, hence the name. Of check runs with
one name the newest counts (GitHub Docs, "About status checks"); one that is not completed is shown
as pending, and blocks.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b

from guard.change_engine import held_words
from guard.github import queries
from guard.github._raw import Raw
from guard.github.client import Client, ForgeError
from guard.model import Report, Verdict
from guard.reporters._escape import terminal
from guard.reporters.context import ReportContext
from guard.reporters.markdown import render

BATCH = 50
_LONGEST_TITLE = 200
LONGEST = 60_000
"""GitHub takes 65,535 characters."""
_CUT = "\n\nCut here: it is too long for GitHub.\n"
_OURS = "guard:"

SUCCESS, FAILURE, PENDING = "SUCCESS", "FAILURE", "PENDING"


@dataclass(frozen=True, slots=True)
class Answer:
    """What to say of the commit ``rev``."""

    rev: str
    state: str
    title: str
    """One line of plain text."""
    summary: str
    """Markdown, in which nothing of the change's is live."""

    @property
    def mark(self) -> str:
        """Tells this answer from others, so that what is said already is not said again."""
        said = f"{self.state}\0{self.title}\0{self.summary}"
        return _OURS + blake2b(said.encode("utf-8", "surrogateescape"), digest_size=12).hexdigest()


def answer(rev: str, report: Report) -> Answer:
    """The answer that a report amounts to. Only a pass is a success."""
    state = {Verdict.PASS: SUCCESS, Verdict.HOLD: PENDING}.get(report.verdict, FAILURE)
    return Answer(rev, state, _title(report), render(report, ReportContext()))


def _title(report: Report) -> str:
    if report.verdict is Verdict.PASS:
        return "may land"
    if report.verdict is Verdict.HOLD:
        held = [held_words(each) for result in report.results for each in result.held]
        return "; ".join(dict.fromkeys(held)) or "it is not its turn"
    if report.verdict is Verdict.FAIL:
        errors = [each for each in report.findings if each.level.value == "error"]
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        return f"{errors[0].rule}: {errors[0].message}{more}" if errors else "it may not land"
    reasons = [each for each in report.results if each.verdict is Verdict.UNVERIFIED]
    said = f"{reasons[0].rule}: {reasons[0].reason}" if reasons else "nothing was judged"
    return f"not verified: {said}"


def cut(text: str, most: int = LONGEST) -> str:
    """``text``, or so many of its lines as fit into ``most`` bytes of UTF-8, and a word about it.

    Lines are kept whole: half of one could let out what its end holds in.
    """
    if len(text.encode("utf-8", "replace")) <= most:
        return text
    kept, left = [], most - len(_CUT)
    for line in text.split("\n"):
        left -= len(line.encode("utf-8", "replace")) + 1
        if left < 0:
            break
        kept.append(line)
    return "\n".join(kept) + _CUT


def post(client: Client, repository: str, name: str, answers: Sequence[Answer]) -> None:
    """Write check runs called ``name``. Raises ``ForgeError`` where one did not come to be."""
    for start in range(0, len(answers), BATCH):
        part = answers[start : start + BATCH]
        runs = {f"run{n}": _input(repository, name, each) for n, each in enumerate(part)}
        said = Raw(client.graphql(queries.check_runs(len(part)), runs), "check runs")
        for number, each in enumerate(part):
            run = said.node(f"m{number}").node("checkRun")
            state = run.text("conclusion") if run.has("conclusion") else PENDING
            if state != each.state:
                raise ForgeError(
                    f"GitHub: the check run on {each.rev[:12]} is {state} instead of {each.state}"
                )


def _input(repository: str, name: str, answer: Answer) -> dict[str, object]:
    done = answer.state != PENDING
    title = terminal(answer.title)
    if len(title) > _LONGEST_TITLE:
        title = title[: _LONGEST_TITLE - 3] + "..."
    summary = cut(answer.summary)
    value: dict[str, object] = {
        "repositoryId": repository,
        "headSha": answer.rev,
        "name": name,
        "externalId": answer.mark,
        "status": "COMPLETED" if done else "IN_PROGRESS",
        "output": {"title": title, "summary": summary or title},
    }
    return {**value, "conclusion": answer.state} if done else value
