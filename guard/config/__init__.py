"""The policy file ``guard.yaml``: strict YAML in, a typed policy or every error out."""

from __future__ import annotations

from guard.config.policy import (
    POLICY_NAME,
    PerPath,
    Policy,
    RulePolicy,
    configure,
    default_policy,
    parse_policy,
    read_policy,
)

__all__ = [
    "POLICY_NAME",
    "PerPath",
    "Policy",
    "RulePolicy",
    "configure",
    "default_policy",
    "parse_policy",
    "read_policy",
]
