"""``guard validate`` and ``guard schema``: the policy file before it counts."""

from __future__ import annotations

import os

import click

from guard.cli._output import say
from guard.cli._surroundings import Surroundings
from guard.errors import PolicyError
from guard.reporters._escape import terminal


@click.command()
@click.argument("file", required=False)
@click.pass_obj
def validate(around: Surroundings, file: str | None) -> int:
    """Check a policy file (guard.yaml by default) and all that it names."""
    from guard.baseline import read_baseline
    from guard.cli._where import locate
    from guard.config import POLICY_NAME, read_policy
    from guard.model import Level
    from guard.reporters._words import count

    top = locate(()).top
    if file is None and not os.path.lexists(os.path.join(top, POLICY_NAME)):
        raise PolicyError([f"no {POLICY_NAME} in {top}: guard check uses the defaults"])
    policy = read_policy(top if file is None else os.getcwd(), around.rules(), file)
    if policy.baseline is not None:
        read_baseline(top, policy.baseline)
    on = sum(1 for rule in policy.rules.values() if rule.level is not Level.OFF)
    say(f"{terminal(policy.path)}: valid ({count(on, 'rule')} on)\n")
    return 0


@click.command()
@click.option("--report", is_flag=True, help="The schema of the JSON report instead.")
@click.pass_obj
def schema(around: Surroundings, report: bool) -> int:
    """Print the JSON Schema of guard.yaml, for editors."""
    if report:
        from importlib import resources

        packaged = resources.files("guard.reporters") / "report.schema.json"
        say(packaged.read_text("utf-8"))
    else:
        from guard.schema import render_schema

        say(render_schema(around.rules()))
    return 0
