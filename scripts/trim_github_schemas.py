"""Cut GitHub's own schemas down to what the fake of the tests answers.

    python scripts/trim_github_schemas.py GRAPHQL_FOLDER OPENAPI_FOLDER WEBHOOKS_FOLDER

Each folder is an unpacked npm package: ``@octokit/graphql-schema``, ``@octokit/openapi``,
``@octokit/openapi-webhooks``. Writes ``graphql.graphql``, ``rest.json`` and ``webhooks.json`` into
``tests/github/schemas/``. What is kept is listed here by name: to ask GitHub for more, add it to
the lists and run this again. A name that GitHub does not have is an error.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from graphql import (
    REMOVE,
    DocumentNode,
    FieldDefinitionNode,
    InterfaceTypeDefinitionNode,
    NamedTypeNode,
    ObjectTypeDefinitionNode,
    UnionTypeDefinitionNode,
    Visitor,
    parse,
    print_ast,
    visit,
)

TOP = Path(__file__).resolve().parents[1]
SCHEMAS = TOP / "tests" / "github" / "schemas"

# Types that have fields, with the fields to keep. A connection keeps all of its own.
FIELDS = {
    "Query": "node nodes rateLimit repository viewer",
    "Mutation": (
        "addComment createCheckRun dequeuePullRequest enqueuePullRequest updateIssueComment"
    ),
    "Node": "id",
    "Actor": "login url",
    "RepositoryOwner": "id login url",
    "GitObject": "id oid abbreviatedOid",
    "User": "id databaseId login name url",
    "Bot": "id databaseId login url",
    "App": "id databaseId name slug",
    "Team": "id name slug",
    "RateLimit": "cost limit nodeCount remaining resetAt used",
    "PageInfo": "endCursor hasNextPage hasPreviousPage startCursor",
    "Repository": (
        "id databaseId name nameWithOwner owner isPrivate isFork url defaultBranchRef ref refs"
        " object pullRequest pullRequests mergeQueue deployments mergeCommitAllowed"
        " squashMergeAllowed rebaseMergeAllowed viewerPermission"
    ),
    "Ref": "id name prefix target",
    "Commit": (
        "id oid abbreviatedOid tree message messageHeadline messageBody author committer authors"
        " authoredDate committedDate parents checkSuites associatedPullRequests deployments"
    ),
    "Tree": "id oid abbreviatedOid",
    "GitActor": "name email date user",
    "PullRequest": (
        "id databaseId fullDatabaseId number title body state isDraft url author headRefName"
        " headRefOid headRepository headRepositoryOwner baseRefName baseRefOid baseRepository"
        " isCrossRepository createdAt updatedAt closed closedAt merged mergedAt mergedBy"
        " mergeCommit labels assignees reviews reviewDecision commits comments timelineItems"
        " isInMergeQueue isMergeQueueEnabled mergeQueue mergeQueueEntry mergeable"
        " maintainerCanModify viewerDidAuthor repository"
    ),
    "PullRequestCommit": "id commit pullRequest",
    "PullRequestReview": (
        "id databaseId fullDatabaseId author authorCanPushToRepository body commit createdAt"
        " onBehalfOf pullRequest state submittedAt updatedAt url viewerDidAuthor"
    ),
    "IssueComment": (
        "id databaseId fullDatabaseId author body createdAt updatedAt url viewerDidAuthor"
        " pullRequest"
    ),
    "Label": "id name color",
    "HeadRefForcePushedEvent": ("id actor afterCommit beforeCommit createdAt pullRequest"),
    "MergeQueue": "id configuration entries repository url",
    "MergeQueueConfiguration": (
        "checkResponseTimeout maximumEntriesToBuild maximumEntriesToMerge mergeMethod"
        " mergingStrategy minimumEntriesToMerge minimumEntriesToMergeWaitTime"
    ),
    "MergeQueueEntry": (
        "id baseCommit enqueuedAt enqueuer headCommit jump mergeQueue position pullRequest solo"
        " state"
    ),
    "CheckSuite": (
        "id databaseId app checkRuns commit conclusion createdAt status updatedAt repository"
    ),
    "CheckRun": (
        "id databaseId name status conclusion title summary text externalId detailsUrl url"
        " startedAt completedAt checkSuite repository"
    ),
    "Deployment": (
        "id databaseId commit commitOid createdAt creator description environment latestStatus"
        " originalEnvironment repository state statuses task updatedAt"
    ),
    "DeploymentStatus": (
        "id createdAt creator deployment description environment environmentUrl logUrl state"
        " updatedAt"
    ),
    "AddCommentPayload": "clientMutationId commentEdge subject",
    "IssueCommentEdge": "cursor node",
    "CreateCheckRunPayload": "checkRun clientMutationId",
    "EnqueuePullRequestPayload": "clientMutationId mergeQueueEntry",
    "DequeuePullRequestPayload": "clientMutationId mergeQueueEntry",
    "UpdateIssueCommentPayload": "clientMutationId issueComment",
}
DROPPED = {"edges"}
"""Of each connection: what we read are its nodes."""

PATHS = (
    "/repos/{owner}/{repo}",
    "/repos/{owner}/{repo}/rules/branches/{branch}",
    "/repos/{owner}/{repo}/rulesets",
    "/repos/{owner}/{repo}/rulesets/{ruleset_id}",
    "/repos/{owner}/{repo}/branches/{branch}/protection",
    "/repos/{owner}/{repo}/actions/permissions",
    "/repos/{owner}/{repo}/actions/permissions/workflow",
    "/repos/{owner}/{repo}/collaborators/{username}/permission",
)
EVENTS = (
    "check-run-completed",
    "check-run-created",
    "deployment-created",
    "deployment-status-created",
    "merge-group-checks-requested",
    "merge-group-destroyed",
    "pull-request-closed",
    "pull-request-converted-to-draft",
    "pull-request-dequeued",
    "pull-request-edited",
    "pull-request-enqueued",
    "pull-request-labeled",
    "pull-request-opened",
    "pull-request-ready-for-review",
    "pull-request-reopened",
    "pull-request-review-dismissed",
    "pull-request-review-submitted",
    "pull-request-synchronize",
    "pull-request-unlabeled",
    "push",
)
# Of an event's payload, at any depth; the others are neither written nor wanted.
PAYLOAD = frozenset(
    "action number pull_request repository sender review label merge_group head_sha head_ref"
    " base_sha base_ref head_commit reason ref before after created deleted forced pusher"
    " deployment deployment_status check_run changes id node_id login type name full_name owner"
    " private fork default_branch html_url url state title body user draft merged merged_at"
    " merge_commit_sha head base sha label labels created_at updated_at closed_at assignees"
    " author_association commit_id submitted_at tree_id message timestamp author committer email"
    " environment creator status conclusion external_id output summary app slug started_at"
    " completed_at details_url from commits color default".split()
)


DESCRIPTION = re.compile(r'^[ \t]*"""(?:\\"""|.)*?"""\n', re.MULTILINE | re.DOTALL)


class Trimmed:
    """The definitions of a GraphQL schema that hang together with the fields of ``FIELDS``."""

    def __init__(self, text: str) -> None:
        self.found: dict[str, Any] = {}
        for each in parse(text, no_location=True).definitions:
            if hasattr(each, "name") and each.name is not None:
                self.found[each.name.value] = each
        self.kept: set[str] = set()
        for name in FIELDS:
            self._keep(name)

    def document(self) -> DocumentNode:
        whole = DocumentNode(definitions=tuple(self.found[name] for name in sorted(self.kept)))
        made: DocumentNode = visit(whole, _Cut(self))
        return made

    def fields(self, name: str) -> set[str]:
        """The fields that are wanted of a type."""
        there = {field.name.value for field in self.found[name].fields}
        if name in FIELDS:
            wanted = set(FIELDS[name].split())
        elif name.endswith("Connection"):
            wanted = there - DROPPED
        else:
            raise SystemExit(f"say in FIELDS which fields of {name} are wanted")
        if wanted - there:
            raise SystemExit(f"{name} has no {', '.join(sorted(wanted - there))}")
        return wanted

    def _keep(self, name: str) -> None:
        if name in self.kept or name not in self.found:
            return
        self.kept.add(name)
        node = self.found[name]
        if isinstance(node, UnionTypeDefinitionNode):
            return
        parts: list[Any] = [node]
        if isinstance(node, (ObjectTypeDefinitionNode, InterfaceTypeDefinitionNode)):
            wanted = self.fields(name)
            parts = [each for each in self.found[name].fields if each.name.value in wanted]
        for part in parts:
            visit(part, _Names(self._keep))


class _Names(Visitor):
    """Say each type that is named."""

    def __init__(self, say: Callable[[str], None]) -> None:
        super().__init__()
        self.say = say

    def enter_named_type(self, node: NamedTypeNode, *_: Any) -> None:
        self.say(node.name.value)


class _Cut(Visitor):
    """Drop the fields, interfaces and members of unions that nobody wants."""

    def __init__(self, trimmed: Trimmed) -> None:
        super().__init__()
        self.trimmed = trimmed
        self.wanted: set[str] = set()

    def enter(self, node: Any, _key: Any, _parent: Any, path: list[Any], *_: Any) -> Any:
        if isinstance(node, (ObjectTypeDefinitionNode, InterfaceTypeDefinitionNode)):
            self.wanted = self.trimmed.fields(node.name.value)
        within = path[-2] if len(path) > 1 else None
        unwanted = (
            isinstance(node, FieldDefinitionNode) and node.name.value not in self.wanted
        ) or (within in {"interfaces", "types"} and node.name.value not in FIELDS)
        return REMOVE if unwanted else None


def graphql(package: Path) -> str:
    """The schema's text in GraphQL's own language."""
    whole = (package / "schema.graphql").read_text()
    return DESCRIPTION.sub("", print_ast(Trimmed(whole).document())) + "\n"


def _said(whole: dict[str, Any], node: dict[str, Any]) -> dict[str, Any]:
    """What a reference stands for."""
    while "$ref" in node:
        found: Any = whole
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found
    return node


class Plain:
    """OpenAPI's dialect as plain JSON Schema, with the parts that are referred to."""

    NOISE = frozenset({"description", "example", "examples", "title", "deprecated"})

    def __init__(self, whole: dict[str, Any], keys: frozenset[str] | None = None) -> None:
        self.whole = whole
        self.keys = keys
        self.parts: dict[str, Any] = {}

    def schema(self, node: Any) -> Any:
        if isinstance(node, list):
            return [self.schema(each) for each in node]
        if not isinstance(node, dict):
            return node
        if isinstance(node.get("$ref"), str):
            return self._reference(node["$ref"])
        made = {
            key: self._properties(value) if key == "properties" else self.schema(value)
            for key, value in node.items()
            if key not in self.NOISE and not key.startswith("x-") and key != "nullable"
        }
        if self.keys is not None and "required" in made:
            made["required"] = [each for each in made["required"] if each in self.keys]
        if node.get("nullable"):
            # OpenAPI 3.0.3, "Schema Object": null is allowed besides the type.
            return {"anyOf": [made, {"type": "null"}]}
        return made

    def _properties(self, node: dict[str, Any]) -> dict[str, Any]:
        kept = {k: v for k, v in node.items() if self.keys is None or k in self.keys}
        return {key: self.schema(value) for key, value in kept.items()}

    def _reference(self, name: str) -> dict[str, Any]:
        short = name.rpartition("/")[2]
        if short not in self.parts:
            self.parts[short] = None
            self.parts[short] = self.schema(_said(self.whole, {"$ref": name}))
        return {"$ref": f"#/$defs/{short}"}


def rest(package: Path) -> dict[str, Any]:
    """``{"paths": {path: {"query": [...], "answers": {status: schema}}}, "example", "$defs"}``."""
    whole = json.loads((package / "generated" / "api.github.com.json").read_text())
    plain, paths = Plain(whole), {}
    for path in PATHS:
        operation = whole["paths"][path]["get"]
        asked = [_said(whole, each) for each in operation.get("parameters", [])]
        answers = {}
        for status, answer in operation["responses"].items():
            content = _said(whole, answer).get("content", {}).get("application/json")
            if content:
                answers[status] = plain.schema(content["schema"])
        query = {
            each["name"]: plain.schema(each["schema"]) for each in asked if each["in"] == "query"
        }
        paths[path] = {"query": query, "answers": answers}
    example = whole["components"]["examples"]["full-repository-default-response"]["value"]
    for part in ("template_repository", "parent", "source"):
        example.pop(part, None)
    return {"paths": paths, "repository": example, "$defs": plain.parts}


def webhooks(package: Path) -> dict[str, Any]:
    """``{"events": {name: schema}, "$defs"}``, each with the keys of ``PAYLOAD`` alone."""
    whole = json.loads((package / "generated" / "api.github.com.json").read_text())
    plain, events = Plain(whole, PAYLOAD), {}
    for name in EVENTS:
        body = whole["webhooks"][name]["post"]["requestBody"]["content"]["application/json"]
        events[name] = plain.schema(body["schema"])
    return {"events": events, "$defs": plain.parts}


def main(arguments: list[str]) -> None:
    """Write the three files from the three folders."""
    if len(arguments) != 3:
        raise SystemExit(__doc__)
    folders = [Path(each) for each in arguments]
    SCHEMAS.mkdir(parents=True, exist_ok=True)
    (SCHEMAS / "graphql.graphql").write_text(graphql(folders[0]))
    for name, made in (("rest", rest(folders[1])), ("webhooks", webhooks(folders[2]))):
        text = json.dumps(made, separators=(",", ":"), sort_keys=True)
        (SCHEMAS / f"{name}.json").write_text(text + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
