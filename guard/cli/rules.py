"""``guard rules`` and ``guard explain``: what is checked, and why."""

from __future__ import annotations

import json

import click

from guard.cli._output import say
from guard.cli._surroundings import Surroundings
from guard.errors import UsageError
from guard.reporters._escape import terminal


@click.command()
@click.option("--format", "form", type=click.Choice(["text", "json"]), default="text")
@click.option("--config", metavar="FILE", help="The policy file, instead of guard.yaml.")
@click.pass_obj
def rules(around: Surroundings, form: str, config: str | None) -> int:
    """List the rules with the level that the policy gives them."""
    from guard.cli._session import read_levels
    from guard.model import Stage

    known = around.rules()
    levels = read_levels(known, config)
    if form == "json":
        listed = [
            {
                "id": rule.id,
                "level": levels[rule.id].value,
                "default_level": rule.default_level.value,
                "stages": [stage.value for stage in Stage if stage in rule.stages],
                "summary": rule.summary,
            }
            for rule in known
        ]
        say(json.dumps({"version": 1, "rules": listed}, indent=2) + "\n")
        return 0
    widest = max((len(rule.id) for rule in known), default=0)
    for rule in known:
        say(f"{rule.id:<{widest}}  {levels[rule.id].value:<7}  {terminal(rule.summary)}\n")
    return 0


@click.command()
@click.argument("rule")
@click.pass_obj
def explain(around: Surroundings, rule: str) -> int:
    """Print the documentation of RULE."""
    from guard.cli._session import unknown_rule
    from guard.plugins import readme

    known = {item.id: item for item in around.rules()}
    if rule not in known:
        raise UsageError(unknown_rule(rule, known))
    text = readme(known[rule])
    say("\n".join(map(terminal, text.rstrip("\n").split("\n"))) + "\n")
    return 0
