"""What an administrator sets, in REST's own words: a test may change any of it."""

from __future__ import annotations

import fnmatch
from typing import Any


class Settings:
    """Answers of REST that are not computed. GitHub's defaults for a public repository."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.repository: dict[str, Any] = {
            "allow_merge_commit": True,
            "allow_squash_merge": True,
            "allow_rebase_merge": True,
            "delete_branch_on_merge": False,
        }
        """More of ``GET /repos/{owner}/{repo}``."""
        self.rulesets: list[dict[str, Any]] = []
        """As ``GET /repos/{owner}/{repo}/rulesets/{id}`` gives them, see ``ruleset``."""
        self.protection: dict[str, dict[str, Any]] = {}
        """By branch, as ``GET .../branches/{branch}/protection`` gives it."""
        self.actions: dict[str, Any] = {
            "enabled": True,
            "allowed_actions": "all",
            "sha_pinning_required": False,
        }
        self.workflow: dict[str, Any] = {
            "default_workflow_permissions": "read",
            "can_approve_pull_request_reviews": False,
        }

    def ruleset(
        self, *rules: dict[str, Any], branches: tuple[str, ...] = ("~DEFAULT_BRANCH",), **more: Any
    ) -> dict[str, Any]:
        """Add a ruleset for branches. ``rules`` are ``{"type": ..., "parameters": {...}}``."""
        number = 41 + len(self.rulesets)
        made = {
            "id": number,
            "name": f"rules {number}",
            "target": "branch",
            "source_type": "Repository",
            "source": self.name,
            "enforcement": "active",
            "bypass_actors": [],
            "current_user_can_bypass": "never",
            "conditions": {"ref_name": {"include": list(branches), "exclude": []}},
            "rules": list(rules),
            "node_id": f"RRS_{number}",
            "created_at": "2024-01-01T00:00:00Z",
            "updated_at": "2024-01-01T00:00:00Z",
            **more,
        }
        self.rulesets.append(made)
        return made

    def rules(self, branch: str) -> list[dict[str, Any]]:
        """The active rules of a branch, as ``GET .../rules/branches/{branch}`` gives them."""
        found = []
        for ruleset in self.rulesets:
            where = ruleset["conditions"]["ref_name"]
            if ruleset["enforcement"] != "active" or ruleset["target"] != "branch":
                continue
            if _matches(branch, where["include"]) and not _matches(branch, where["exclude"]):
                source = {
                    "ruleset_source_type": ruleset["source_type"],
                    "ruleset_source": ruleset["source"],
                    "ruleset_id": ruleset["id"],
                }
                found += [{**rule, **source} for rule in ruleset["rules"]]
        return found


def _matches(branch: str, patterns: list[str]) -> bool:
    special = {"~ALL": True, "~DEFAULT_BRANCH": branch == "main"}
    return any(
        special.get(each, fnmatch.fnmatchcase(f"refs/heads/{branch}", each)) for each in patterns
    )
