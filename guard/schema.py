"""The JSON Schema (draft 2020-12) of ``guard.yaml``, made from the shapes that read it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from guard.config.policy import policy_shape
from guard.rule import Rule


def policy_schema(rules: Sequence[Rule]) -> dict[str, Any]:
    """The schema for these rules, as JSON values."""
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "guard.yaml",
        "description": "The policy of premerge-guard.",
    } | policy_shape(rules).schema()


def render_schema(rules: Sequence[Rule]) -> str:
    """The schema as text, the same for the same rules, ending in a newline."""
    return json.dumps(policy_schema(rules), indent=2, sort_keys=False) + "\n"
