"""A repository and a GitHub that are set up well; each case makes one thing hollow."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from guard.doctor.checkout import read_checkout
from guard.doctor.examine import examine
from guard.doctor.facts import Queue
from guard.doctor.remote import read_settings
from guard.errors import GuardError
from guard.github import setup
from guard.model import Report
from guard.plugins import load_rules

SHA = "8cf54bed11220de47400318fb73bbc9a29488a9b"
CHECK = ".github/workflows/guard-check.yml"
GATE = ".github/workflows/guard-gate.yml"
RECONCILE = ".github/workflows/guard-reconcile.yml"
HOOKS = ".pre-commit-config.yaml"
OWNERS = """\
# the last line that matches counts
*            @acme/all
/guard.yaml  @acme/owners
/.github/    @acme/owners
"""
HOOK = f"""\
repos:
  - repo: https://github.com/acme/premerge-guard
    rev: {SHA}
    hooks:
      - id: guard-check
"""

Said = dict[str, list[str]]
"""Findings by check: the level of each, with its name."""


@cache
def rules() -> Any:
    return load_rules()


@dataclass
class Tree:
    """A repository with what ``guard init --github`` writes, hooks and owners."""

    top: Path
    api: Api | None = None

    def write(self, path: str, text: str | None) -> None:
        target = self.top / path
        if text is None:
            target.unlink()
        else:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, "utf-8")

    def edit(self, path: str, old: str, new: str) -> None:
        text = (self.top / path).read_text()
        assert old in text, f"{path} has no {old!r}"
        self.write(path, text.replace(old, new))

    def report(self, *targets: str) -> Report:
        checkout = read_checkout(str(self.top), rules(), targets)
        settings = None
        if self.api is not None:
            settings = read_settings(self.api, "acme/shop", checkout.targets)
        return examine(checkout, settings)

    def said(self, *targets: str) -> Said:
        """What is found, and as ``?`` what is unverified."""
        found: Said = {}
        report = self.report(*targets)
        for finding in report.findings:
            found.setdefault(finding.rule, []).append(f"{finding.level.value} {finding.name}")
            assert finding.message
            assert finding.fix
        for result in report.results:
            if result.verdict.value == "unverified":
                found.setdefault(result.rule, []).append("?")
        return found


def make_tree(top: Path) -> Tree:
    top.mkdir()
    subprocess.run(["git", "init", "-q", "-b", "main", str(top)], check=True)
    setup.write(str(top), setup.plans(str(top), "main", setup.Pin("acme/premerge-guard", SHA)))
    tree = Tree(top)
    tree.write(".github/CODEOWNERS", OWNERS)
    tree.write(HOOKS, HOOK)
    tree.write("shop.py", "x = 1\n")
    return tree


def rule(kind: str, **parameters: object) -> dict[str, Any]:
    """A rule as ``GET /repos/{owner}/{repo}/rules/branches/{branch}`` answers."""
    source = {
        "ruleset_source_type": "Repository",
        "ruleset_source": "acme/shop",
        "ruleset_id": 42,
    }
    return {"type": kind, **source, **({"parameters": parameters} if parameters else {})}


def checks(*named: tuple[str, int | None], strict: bool = False) -> dict[str, Any]:
    required = [{"context": c, **({"integration_id": a} if a else {})} for c, a in named]
    return rule(
        "required_status_checks",
        required_status_checks=required,
        strict_required_status_checks_policy=strict,
    )


def reviews(dismiss: bool = True) -> dict[str, Any]:
    return rule(
        "pull_request",
        dismiss_stale_reviews_on_push=dismiss,
        require_code_owner_review=True,
        require_last_push_approval=True,
        required_approving_review_count=1,
        required_review_thread_resolution=False,
    )


def queue(method: str = "MERGE", strategy: str = "ALLGREEN", most: int = 1) -> dict[str, Any]:
    """The answer to the query for a merge queue."""
    said = {"mergeMethod": method, "mergingStrategy": strategy, "maximumEntriesToMerge": most}
    return {"repository": {"mergeQueue": {"configuration": said}}}


QUEUE = Queue("MERGE", "ALLGREEN", 1)
OURS = 4711
"""The id of an app of one's own."""
GUARDS = (("guard/main", OURS), ("check", 15368), ("smoke", 15368))
SOUND = [checks(*GUARDS), reviews(), rule("non_fast_forward"), rule("deletion")]
REPO = "/repos/acme/shop"
RULES = f"{REPO}/rules/branches/main"
RULESET = f"{REPO}/rulesets/42"
PROTECTION = f"{REPO}/branches/main/protection"
PERMISSIONS = f"{REPO}/actions/permissions"
TOKEN = f"{PERMISSIONS}/workflow"


def ruleset(*actors: Mapping[str, object]) -> dict[str, Any]:
    """A ruleset as ``GET /repos/{owner}/{repo}/rulesets/{ruleset_id}`` answers."""
    return {
        "id": 42,
        "name": "main",
        "target": "branch",
        "source_type": "Repository",
        "source": "acme/shop",
        "enforcement": "active",
        "bypass_actors": list(actors),
        "conditions": {"ref_name": {"include": ["~DEFAULT_BRANCH"], "exclude": []}},
    }


def protection(**changed: object) -> dict[str, Any]:
    """A branch protection as ``GET .../branches/{branch}/protection`` answers."""
    url = f"https://api.github.com{PROTECTION}"
    return {
        "url": url,
        "required_status_checks": {
            "url": f"{url}/required_status_checks",
            "contexts_url": f"{url}/required_status_checks/contexts",
            "strict": True,
            "contexts": [context for context, _ in GUARDS],
            "checks": [{"context": context, "app_id": app} for context, app in GUARDS],
        },
        "enforce_admins": {"url": f"{url}/enforce_admins", "enabled": True},
        "required_pull_request_reviews": {
            "url": f"{url}/required_pull_request_reviews",
            "dismiss_stale_reviews": True,
            "require_code_owner_reviews": True,
            "required_approving_review_count": 1,
        },
        "allow_force_pushes": {"enabled": False},
        "allow_deletions": {"enabled": False},
        **changed,
    }


class Refused(GuardError):
    """What the token may not read."""

    exit_code = 3


@dataclass
class Api:
    """GitHub's answers by path; a ``GuardError`` among them is raised."""

    answers: dict[str, Any] = field(default_factory=dict)
    queue: Any = field(default_factory=queue)

    def get(self, path: str) -> Any:
        answer = self.answers.get(path)
        if isinstance(answer, GuardError):
            raise answer
        return answer

    def pages(self, path: str) -> list[Any]:
        found = self.get(path)
        if found is None:
            raise Refused(f"{path}: 404")
        return list(found)

    def graphql(self, query: str, variables: Mapping[str, object] | None = None) -> dict[str, Any]:
        assert "mergeQueue" in query
        assert variables == {"owner": "acme", "name": "shop", "branch": "main"}
        if isinstance(self.queue, GuardError):
            raise self.queue
        answer: dict[str, Any] = self.queue
        return answer


def make_api() -> Api:
    return Api(
        {
            REPO: {
                "full_name": "acme/shop",
                "default_branch": "main",
                "permissions": {"admin": True, "push": True, "pull": True},
            },
            RULES: list(SOUND),
            RULESET: ruleset(),
            PERMISSIONS: {"enabled": True, "allowed_actions": "selected"},
            TOKEN: {
                "default_workflow_permissions": "read",
                "can_approve_pull_request_reviews": False,
            },
        }
    )
