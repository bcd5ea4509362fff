"""``guard test``: does the policy judge as its tests say?"""

from __future__ import annotations

import json
import os

import click

from guard.cli._output import say
from guard.cli._surroundings import Surroundings
from guard.reporters._escape import log_path, terminal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.policytests.coverage import Point
    from guard.policytests.judge import Failure
    from guard.policytests.read import PolicyCase


@click.command()
@click.argument("paths", nargs=-1, metavar="[PATH]...")
@click.option("--config", metavar="FILE", help="The policy file, instead of guard.yaml.")
@click.option(
    "--fail-under",
    type=click.FloatRange(0, 100),
    metavar="PERCENT",
    help="Fail if the cases cover less of the policy than this.",
)
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option("--quiet", "-q", is_flag=True, help="Print failures, and nothing else.")
@click.pass_obj
def test(
    around: Surroundings,
    paths: tuple[str, ...],
    config: str | None,
    fail_under: float | None,
    form: str,
    quiet: bool,
) -> int:
    """Run the policy's tests: facts of a change in, the verdicts that it must have.

    PATH is a file of tests or a folder of them (*.yaml); default: guard-tests beside the policy.
    Shows which outcomes of which rules no case expects, and which lines of the policy none would
    miss. Exit codes: 0 all as expected, 1 not so, 2 an error in a test or in the policy, 3 no test.
    """
    from guard.cli._where import locate
    from guard.config import configure, read_policy
    from guard.policytests.coverage import coverage
    from guard.policytests.judge import failures
    from guard.policytests.read import find, read_cases
    from guard.rule import ChangeRule

    top = locate(()).top
    known = around.rules()
    policy = read_policy(top if config is None else os.getcwd(), known, config)
    ours = [rule for rule in known if isinstance(rule, ChangeRule)]
    cases = read_cases(find(paths, top), ours)
    rules = configure(policy, ours)
    failed = failures(cases, rules)
    points = coverage(cases, rules)
    share = _percent(points)
    short = fail_under is not None and share < fail_under
    if form == "json":
        say(_json(cases, failed, points))
    else:
        say(_text(cases, failed, points, quiet))
    if short:
        said = f"guard: the cases cover {share:.1f} % of the policy, wanted {fail_under:g} %\n"
        say(said, err=True)
    return 1 if failed or short else 0


def _percent(points: tuple[Point, ...]) -> float:
    """Nothing to cover is nothing covered: a policy without a rule that is on is no success."""
    return 100 * sum(point.covered for point in points) / len(points) if points else 0.0


def _text(
    cases: tuple[PolicyCase, ...],
    failed: tuple[Failure, ...],
    points: tuple[Point, ...],
    quiet: bool,
) -> str:
    lines = [line for each in failed for line in _difference(each)]
    if not quiet:
        open_ = [point for point in points if not point.covered]
        if open_:
            lines.append("not covered:")
            widest = max(len(point.rule) for point in open_)
            lines += [f"  {point.rule:<{widest}}  {terminal(point.what)}" for point in open_]
            lines.append("")
        bad = len({(each.case.path, each.case.name) for each in failed})
        lines.append(
            f"{len(cases) - bad} of {len(cases)} cases as expected; "
            f"{len(points) - len(open_)} of {len(points)} points covered ({_percent(points):.1f} %)"
        )
    return "".join(f"{line}\n" for line in lines)


def _difference(failure: Failure) -> list[str]:
    expected = failure.expected
    where = f"{log_path(failure.case.path)}:{expected.line}:{expected.column}"
    lines = [f"{where}: {terminal(failure.case.name)}", f"  {expected.rule or 'verdict'}:"]
    lines += [f"  - {terminal(each)}" for each in failure.wanted]
    lines += [f"  + {terminal(each)}" for each in failure.found]
    lines += [f"    {terminal(each)}" for each in failure.told]
    return [*lines, ""]


def _json(
    cases: tuple[PolicyCase, ...], failed: tuple[Failure, ...], points: tuple[Point, ...]
) -> str:
    document = {
        "version": 1,
        "cases": len(cases),
        "failures": [
            {
                "path": each.case.path,
                "line": each.expected.line,
                "column": each.expected.column,
                "case": each.case.name,
                "rule": each.expected.rule,
                "wanted": each.wanted,
                "found": each.found,
                "told": each.told,
            }
            for each in failed
        ],
        "coverage": {
            "percent": round(_percent(points), 1),
            "points": [
                {"rule": point.rule, "what": point.what, "covered": point.covered}
                for point in points
            ],
        },
    }
    return json.dumps(document, indent=2) + "\n"
