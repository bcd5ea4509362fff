"""Write the parts of docs/ that are made from the code; with --check only compare.

Made here: the index of the rules, the tables of their options and the JSON Schemas of the policy
and of a file of facts.
"""

from __future__ import annotations

import sys
from dataclasses import MISSING, fields
from enum import Enum
from importlib.metadata import entry_points
from pathlib import Path
from typing import TYPE_CHECKING

from guard.config.shapes import kebab
from guard.forge.schema import render_facts_schema
from guard.model import Stage
from guard.options import Duration
from guard.plugins import BUILT_IN, GROUP, load_rules
from guard.rule import ChangeRule, SmokeRule
from guard.schema import render_schema

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from guard.rule import Rule

TOP = Path(__file__).parents[1]
DOCS = TOP / "docs"
BEGIN, END = "<!-- generated: begin -->", "<!-- generated: end -->"


def row(cells: Iterable[str]) -> str:
    """A line of a Markdown table."""
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def table(columns: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table."""
    return "\n".join([row(columns), row("---" for _ in columns), *map(row, rows)])


def index(rules: Sequence[Rule]) -> str:
    """The rules with what they judge, their levels and doors."""
    rows = []
    for rule in rules:
        folder = rule.id.replace("-", "_")
        page = f"rules/guard_rules/{folder}/README.md"
        link = f"[`{rule.id}`](../{page})" if (TOP / page).exists() else f"`{rule.id}`"
        doors = [stage.value for stage in Stage if stage in rule.stages]
        doors = ["all"] if len(doors) == len(Stage) else doors
        rows.append((link, subject(rule), rule.default_level.value, ", ".join(doors), rule.summary))
    return table(("rule", "judges", "default level", "doors", "what is wrong"), rows)


def subject(rule: Rule) -> str:
    """What a rule of this kind is shown."""
    for kind, what in ((SmokeRule, "a run"), (ChangeRule, "a change")):
        if isinstance(rule, kind):
            return what
    return "sources"


def options(rules: Sequence[Rule]) -> str:
    """For each rule its options, with type, default and meaning."""
    parts = []
    for rule in rules:
        rows = []
        for field in fields(rule.options):
            default = field.default
            if default is MISSING and field.default_factory is not MISSING:
                default = field.default_factory()
            kind = field.type if isinstance(field.type, str) else field.type.__name__
            doc = str(field.metadata.get("doc", ""))
            shown = default.value if isinstance(default, Enum) else default
            value = str(shown) if isinstance(shown, Duration) else repr(shown)
            rows.append((f"`{kebab(field.name)}`", f"`{kind}`", f"`{value}`", doc))
        told = table(("option", "type", "default", "meaning"), rows) if rows else "No options."
        parts.append(f"### {rule.id}\n\n{told}")
    return "\n\n".join(parts)


def between(text: str, generated: str, name: str) -> str:
    """`text` with the part between the two marks replaced."""
    head, begin, rest = text.partition(BEGIN)
    _, end, tail = rest.partition(END)
    if not begin or not end:
        raise SystemExit(f"{name}: the marks {BEGIN} and {END} are missing")
    return f"{head}{BEGIN}\n{generated}\n{END}{tail}"


def main(check: bool) -> int:
    """Write, or with `check` say what differs and return 1."""
    built_in = [point for point in entry_points(group=GROUP) if point.name == BUILT_IN]
    rules = load_rules(built_in)
    pages = {name: (DOCS / name).read_text(encoding="utf-8") for name in ("rules.md", "policy.md")}
    wanted = {
        "rules.md": between(pages["rules.md"], index(rules), "rules.md"),
        "policy.md": between(pages["policy.md"], options(rules), "policy.md"),
        "guard.schema.json": render_schema(rules),
        "facts.schema.json": render_facts_schema(),
    }
    differs = []
    for name, text in wanted.items():
        path = DOCS / name
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            differs.append(name)
            if not check:
                path.write_text(text, encoding="utf-8")
    if differs:
        word = "differs from the code; run `make docs`" if check else "written"
        print(f"docs: {', '.join(differs)}: {word}", file=sys.stderr if check else sys.stdout)
    return 1 if differs and check else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
