"""The doors of the fake GitHub: what it refuses, what it counts, what can go wrong."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest
from graphql import (
    GraphQLObjectType,
    GraphQLScalarType,
    build_schema,
    get_named_type,
    is_composite_type,
    is_leaf_type,
    parse,
    print_ast,
)

from tests.github.fake import Clock, Fault, Kind, QueueSettings, Server, World
from tests.github.fake.fields import FIELDS
from tests.github.fake.graph import SCHEMA, schema
from tests.github.kit import Caller, propose, queued

TOP = Path(__file__).resolve().parents[2]
BATCH = """
mutation Verdicts($a: CreateCheckRunInput!, $b: CreateCheckRunInput!) {
  a: createCheckRun(input: $a) { checkRun { databaseId } }
  b: createCheckRun(input: $b) { checkRun { databaseId } }
}
"""
READ = """
query Read($name: String!) { repository(owner: "octo", name: "project") {
  pullRequest(number: 1) { commits(last: 1) { nodes { commit { oid
    checkSuites(first: 20, filterBy: {checkName: $name}) { nodes { app { slug databaseId }
      checkRuns(first: 5, filterBy: {checkName: $name, checkType: LATEST}) {
        nodes { databaseId name status conclusion title externalId } } } } } } } } } }
"""
REVIEWS = """
query Reviews($after: String, $size: Int!) { repository(owner: "octo", name: "project") {
  pullRequest(number: 1) { reviews(first: $size, after: $after) {
    totalCount pageInfo { hasNextPage endCursor } nodes { id } } } } }
"""


def verdict(sha: str, conclusion: str | None, **more: Any) -> dict[str, Any]:
    status = "COMPLETED" if conclusion else "IN_PROGRESS"
    output = {"title": "guard", "summary": "said"}
    made = {"repositoryId": "R_1", "headSha": sha, "name": "guard/main", "status": status}
    made |= {"conclusion": conclusion} if conclusion else {}
    return {**made, "output": output, **more}


# Verdicts


def test_check_runs_are_written_in_one_request_and_the_latest_counts(
    world: World, server: Server, call: Caller
) -> None:
    pull = propose(world, "one")
    world.report_check(pull.head, "guard/main", "SUCCESS", app="stranger")
    call.data(BATCH, a=verdict(pull.head, None), b=verdict(pull.head, "FAILURE", externalId="7"))
    (commit,) = call.data(READ, name="guard/main")["repository"]["pullRequest"]["commits"]["nodes"]
    runs = {
        suite["app"]["slug"]: suite["checkRuns"]["nodes"]
        for suite in commit["commit"]["checkSuites"]["nodes"]
    }
    assert [run["conclusion"] for run in runs["stranger"]] == ["SUCCESS"]
    (mine,) = runs["github-actions"]
    assert (mine["conclusion"], mine["title"], mine["externalId"]) == ("FAILURE", "guard", "7")
    assert [(each.query, each.points) for each in server.requests] == [("Verdicts", 1), ("Read", 1)]
    assert server.requests[0].is_mutation


def test_one_refused_mutation_leaves_the_others(world: World, call: Caller) -> None:
    pull = propose(world, "one")
    answer = call.said(BATCH, a=verdict("0" * 40, None), b=verdict(pull.head, "SUCCESS"))
    assert answer["data"]["a"] is None
    assert answer["data"]["b"]["checkRun"]["databaseId"]
    (error,) = answer["errors"]
    assert (error["type"], error["path"]) == ("UNPROCESSABLE", ["a"])


def test_who_may_write_check_runs(world: World, server: Server) -> None:
    pull = propose(world, "one")
    reader = world.account("reader", permission="read")
    for token in (world.token("ada"), world.token(writes=False), world.token(reader.login)):
        with Caller.of(server, token) as caller:
            answer = caller.said(BATCH, a=verdict(pull.head, None), b=verdict(pull.head, None))
            assert {each["type"] for each in answer["errors"]} == {"FORBIDDEN"}


def test_the_queue_by_mutations(world: World, call: Caller) -> None:
    world.open_queue("main", QueueSettings())
    pull = propose(world, "one")
    enqueue = """mutation($id: ID!, $oid: GitObjectID!) {
        enqueuePullRequest(input: {pullRequestId: $id, expectedHeadOid: $oid}) {
            mergeQueueEntry { id position state } } }"""
    wrong = call.said(enqueue, id=pull.node_id, oid="0" * 40)
    assert wrong["errors"][0]["type"] == "UNPROCESSABLE"
    entry = call.data(enqueue, id=pull.node_id, oid=pull.head)["enqueuePullRequest"]
    assert entry["mergeQueueEntry"]["state"] == "QUEUED"
    dequeue = "mutation($id: ID!) { dequeuePullRequest(input: {id: $id}) { clientMutationId } }"
    call.data(dequeue, id=pull.node_id)
    assert world.queues["main"].entries == []
    assert call.said(dequeue, id=pull.node_id)["errors"][0]["type"] == "UNPROCESSABLE"


def test_comments_are_written_and_changed(world: World, call: Caller) -> None:
    pull = propose(world, "one")
    add = """mutation($id: ID!) { addComment(input: {subjectId: $id, body: "held"}) {
        commentEdge { node { id viewerDidAuthor } } } }"""
    made = call.data(add, id=pull.node_id)["addComment"]["commentEdge"]["node"]
    assert made["viewerDidAuthor"]
    change = """mutation($id: ID!) { updateIssueComment(input: {id: $id, body: "free"}) {
        issueComment { body } } }"""
    call.data(change, id=made["id"])
    assert [each.body for each in pull.comments] == ["free"]
    theirs = world.comment(pull, world.accounts["bob"], "hello")
    assert call.said(change, id=theirs.node_id)["errors"][0]["type"] == "FORBIDDEN"


# What GraphQL refuses


DEEP = "commits(first: 100) { nodes { commit { authors(first: 51) { totalCount } } } }"


def pulls(page: str, inner: str = "id") -> str:
    """A query for pull requests."""
    text = f"pullRequests{page} {{ nodes {{ {inner} }} }}"
    return f'{{ repository(owner: "octo", name: "project") {{ {text} }} }}'


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("{ repository(owner: 1) { id } }", "String cannot represent"),
        ("{ viewer { salary } }", "Cannot query field 'salary'"),
        ("{ viewer { login }", "Syntax Error"),
        (pulls(""), "You must provide a `first` or `last`"),
        (pulls("(first: 101)"), "exceeds the `first` limit of 100"),
        (pulls("(last: 0)"), "cannot be less"),
        (pulls("(last: 1, first: 1)"), "both `first` and `last`"),
        ("{ nodes(ids: [" + '"x",' * 101 + "]) { id } }", "more than 100 node ids"),
        (pulls("(first: 100)", DEEP), "maximum limit of 500,000"),
    ],
)
def test_a_query_that_github_refuses(call: Caller, server: Server, query: str, said: str) -> None:
    answer = call.said(query)
    assert "data" not in answer
    assert said in answer["errors"][0]["message"]
    assert server.points == 0


def test_what_does_not_exist_is_null_with_an_error(call: Caller) -> None:
    query = '{ repository(owner: "octo", name: "project") { id pullRequest(number: 9) { id } } }'
    answer = call.said(query)
    assert answer["data"] == {"repository": {"id": "R_1", "pullRequest": None}}
    assert answer["errors"][0]["type"] == "NOT_FOUND"
    answer = call.said('{ repository(owner: "octo", name: "other") { id } }')
    assert answer["data"] == {"repository": None}
    assert call.said('{ nodes(ids: ["R_1", "PR_0"]) { id } }')["data"] == {
        "nodes": [{"id": "R_1"}, None]
    }
    assert call.repo(
        'mergeQueue(branch: "main") { id } ref(qualifiedName: "refs/heads/no") { id }'
    ) == {
        "mergeQueue": None,
        "ref": None,
    }


def test_pages_follow_each_other_though_something_is_added(world: World, call: Caller) -> None:
    pull = propose(world, "one")
    made = [world.review(pull, world.accounts["bob"], "COMMENTED").node_id for _ in range(5)]
    found: list[str] = []
    after = None
    while True:
        page = call.data(REVIEWS, after=after, size=2)["repository"]["pullRequest"]["reviews"]
        found += [each["id"] for each in page["nodes"]]
        after = page["pageInfo"]["endCursor"]
        if not page["pageInfo"]["hasNextPage"]:
            break
        if len(found) == 2:
            made.append(world.review(pull, world.accounts["bob"], "COMMENTED").node_id)
    assert found == made
    assert page["totalCount"] == 6
    bad = call.said(REVIEWS, after="bm8=", size=2)
    assert bad["errors"][0]["type"] == "INVALID_CURSOR_ARGUMENTS"


def test_points_are_counted_as_documented(world: World, server: Server, call: Caller) -> None:
    inner = "reviews(first: 50) { totalCount } comments(last: 10) { totalCount }"
    text = f"pullRequests(first: 100) {{ nodes {{ {inner} }} }}"
    limit = "rateLimit { cost remaining used nodeCount }"
    answer = call.data(f'{{ {limit} repository(owner: "octo", name: "project") {{ {text} }} }}')
    # One request for the pull requests, and a hundred for each of the two inner connections.
    assert answer["rateLimit"] == {"cost": 2, "remaining": 998, "used": 2, "nodeCount": 6100}
    assert server.points == 2
    assert call.post("{ viewer { login } }").headers["X-RateLimit-Remaining"] == "997"


def test_a_person_has_more_points_than_a_workflow(world: World, server: Server) -> None:
    for token, limit in ((world.token("ada"), "5000"), (world.token(), "1000")):
        with Caller.of(server, token) as caller:
            assert caller.post("{ viewer { login } }").headers["X-RateLimit-Limit"] == limit


def test_the_limit_is_over_with_the_hour(world: World, clock: Clock) -> None:
    with Server(world, limit=2).running() as server, Caller.of(server) as caller:
        for _ in range(2):
            caller.data("{ viewer { login } }")
        answer = caller.post("{ viewer { login } }")
        assert answer.status_code == 200
        assert answer.json()["errors"][0]["type"] == "RATE_LIMITED"
        assert answer.headers["X-RateLimit-Remaining"] == "0"
        clock.forward(int(answer.headers["X-RateLimit-Reset"]) - clock.now)
        caller.data("{ viewer { login } }")


# Every field


def _selection(kind: Any, depth: int) -> str:
    """All fields of a type; of the objects in it, at the last depth, the type alone."""
    parts = ["__typename"]
    for name, field in kind.fields.items():
        within: Any = get_named_type(field.type)
        asked = ""
        if within.name.endswith("Connection"):
            asked = "(first: 3)"
        if name == "timelineItems":
            asked = "(first: 3, itemTypes: [HEAD_REF_FORCE_PUSHED_EVENT])"
        given = {"refs": '(first: 3, refPrefix: "refs/heads/")', "ref": '(qualifiedName: "main")'}
        given |= {"object": '(expression: "main")', "pullRequest": "(number: 1)"}
        if kind.name == "Repository":
            asked = given.get(name, asked)
        if is_leaf_type(within):
            parts.append(name)
        elif not is_composite_type(within) or not depth or not hasattr(within, "fields"):
            parts.append(f"{name}{asked} {{ __typename }}")
        else:
            spent = 0 if within.name.endswith("Connection") or within.name == "PageInfo" else 1
            parts.append(f"{name}{asked} {{ {_selection(within, depth - spent)} }}")
    return " ".join(parts)


def test_every_field_of_the_schema_is_answered(world: World, call: Caller) -> None:
    world.required_checks["main"] = ("check",)
    world.open_queue("main", QueueSettings())
    one, _ = queued(world, "one", "two")
    world.queue_tick()
    ada = world.accounts["ada"]
    three = propose(world, "three")
    world.push_to_pull(three, world.commit({"x.py": "y\n"}))
    world.review(three, world.accounts["bob"], teams=("owners",))
    world.label(three, "ai")
    three.assignees.append(ada)
    world.comment(three, world.account("robot", bot=True), "hello")
    world.deploy("staging", one.head, state="SUCCESS")
    ids = [*world.nodes, "R_1", f"C_{one.head}"]
    kinds = "query($ids: [ID!]!) { nodes(ids: $ids) { __typename } }"
    seen: set[str] = set()
    for name in ids:
        (found,) = call.data(kinds, ids=[name])["nodes"]
        kind = schema().type_map[found["__typename"]]
        assert isinstance(kind, GraphQLObjectType)
        part = f"... on {kind.name} {{ {_selection(kind, 1)} }}"
        call.data(f"query($id: ID!) {{ node(id: $id) {{ {part} }} }}", id=name)
        seen.add(kind.name)
    assert seen >= {"PullRequest", "MergeQueueEntry", "CheckRun", "Commit", "Deployment", "Bot"}
    call.data(f"{{ rateLimit {{ {' '.join(FIELDS['RateLimit'])} }} }}")


def test_the_tables_have_no_field_that_the_schema_has_not() -> None:
    types = schema().type_map
    wrong = [
        f"{name}.{field}"
        for name, fields in FIELDS.items()
        for field in fields
        if field not in types[name].fields  # type: ignore[attr-defined]
    ]
    assert wrong == []


def test_the_schema_is_small_and_builds() -> None:
    assert sum(each.stat().st_size for each in SCHEMA.parent.iterdir()) < 200_000
    built = build_schema(SCHEMA.read_text())
    assert isinstance(built.type_map["URI"], GraphQLScalarType)


# REST


def test_the_paths_of_rest(world: World, server: Server) -> None:
    checks = {
        "required_status_checks": [{"context": "guard/main", "integration_id": 15368}],
        "strict_required_status_checks_policy": False,
    }
    rule = {"type": "required_status_checks", "parameters": checks}
    bypass = [{"actor_id": 5, "actor_type": "RepositoryRole", "bypass_mode": "always"}]
    made = world.settings.ruleset(rule, {"type": "deletion"}, bypass_actors=bypass)
    world.settings.protection["main"] = {
        "enforce_admins": {"url": "https://x.invalid/", "enabled": True}
    }
    base = "/repos/octo/project"
    with Caller.of(server, world.token("admin")) as admin:
        repo = admin.get(base).json()
        assert (repo["full_name"], repo["permissions"]["admin"]) == ("octo/project", True)
        assert repo["allow_merge_commit"] is True
        rules = admin.get(f"{base}/rules/branches/main").json()
        assert [each["type"] for each in rules] == ["required_status_checks", "deletion"]
        assert admin.get(f"{base}/rules/branches/other").json() == []
        assert "rules" not in admin.get(f"{base}/rulesets").json()[0]
        assert admin.get(f"{base}/rulesets/{made['id']}").json()["bypass_actors"]
        assert admin.get(f"{base}/branches/main/protection").json()["enforce_admins"]["enabled"]
        assert admin.get(f"{base}/branches/a%2Fb/protection").status_code == 404
        assert admin.get(f"{base}/actions/permissions").json()["allowed_actions"] == "all"
        workflow = admin.get(f"{base}/actions/permissions/workflow").json()
        assert workflow["default_workflow_permissions"] == "read"
        assert admin.get("/repos/octo/other").status_code == 404
    with Caller.of(server, world.token(writes=False)) as reader:
        assert "bypass_actors" not in reader.get(f"{base}/rulesets/{made['id']}").json()
        assert "allow_merge_commit" not in reader.get(base).json()
        assert reader.get(f"{base}/branches/main/protection").status_code == 403


@pytest.mark.parametrize(
    ("permission", "old"),
    [("admin", "admin"), ("maintain", "write"), ("triage", "read"), ("none", "read")],
)
def test_the_permission_of_an_account(
    world: World, call: Caller, permission: str, old: str
) -> None:
    world.account("eve", permission=permission)
    found = call.get("/repos/octo/project/collaborators/eve/permission").json()
    role = "read" if permission == "none" else permission
    assert (found["permission"], found["role_name"]) == (old, role)
    assert call.get("/repos/octo/project/collaborators/nobody/permission").status_code == 404


def test_lists_of_rest_come_in_pages(world: World, call: Caller) -> None:
    for _ in range(3):
        world.settings.ruleset()
    first = call.get("/repos/octo/project/rulesets?per_page=2")
    assert len(first.json()) == 2
    following = first.links["next"]["url"].removeprefix(call.server.api)
    second = call.get(following)
    assert len(second.json()) == 1
    assert "next" not in second.links


def test_what_is_unchanged_is_not_told_again(world: World, call: Caller) -> None:
    first = call.get("/repos/octo/project/rulesets")
    again = call.get("/repos/octo/project/rulesets", etag=first.headers["ETag"])
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["X-RateLimit-Used"] == first.headers["X-RateLimit-Used"] == "1"
    world.settings.ruleset()
    changed = call.get("/repos/octo/project/rulesets", etag=first.headers["ETag"])
    assert len(changed.json()) == 1


# Faults


def test_each_fault_does_what_it_says(world: World, server: Server, call: Caller) -> None:
    pull = propose(world, "one")
    world.review(pull, world.accounts["bob"])
    ask = "{ viewer { login } }"

    def post(fault: Fault, query: str = ask, **variables: Any) -> httpx.Response:
        server.faults.append(fault)
        return call.post(query, **variables)

    assert post(Fault(Kind.STATUS, status=503)).status_code == 503
    assert call.post(ask).status_code == 200
    inputs = {"a": verdict(pull.head, None), "b": verdict(pull.head, "SUCCESS")}
    assert post(Fault(Kind.LOST), BATCH, **inputs).status_code == 502
    assert len(world.checks.suites(pull.head)[0].runs) == 2
    for kind in (Kind.RESET, Kind.RESET_AFTER):
        with pytest.raises(httpx.RemoteProtocolError):
            post(Fault(kind), BATCH, **inputs)
    assert len(world.checks.suites(pull.head)[0].runs) == 4
    server.faults.append(Fault(Kind.HANG))
    headers = {"Authorization": f"Bearer {call.token}"}
    with pytest.raises(httpx.ReadTimeout):
        call.http.post(server.graphql, json={"query": ask}, timeout=0.2, headers=headers)
    with pytest.raises(ValueError, match="char"):
        post(Fault(Kind.TRUNCATE)).json()
    slow = post(Fault(Kind.SECONDARY, status=429, seconds=7))
    assert (slow.status_code, slow.headers["Retry-After"]) == (429, "7")
    assert "Retry-After" not in post(Fault(Kind.SECONDARY, status=403)).headers
    assert post(Fault(Kind.ERROR)).json()["data"] is None
    away = post(Fault(Kind.REDIRECT, location="http://localhost:9/"))
    assert (away.status_code, away.headers["Location"]) == (302, "http://localhost:9/")
    gap = post(Fault(Kind.GAP, field="reviews"), REVIEWS, size=5).json()
    reviews = gap["data"]["repository"]["pullRequest"]["reviews"]
    assert (reviews["totalCount"], reviews["nodes"]) == (1, [])
    part = post(Fault(Kind.PARTIAL, field="reviews"), REVIEWS, size=5).json()
    assert part["data"]["repository"]["pullRequest"] == {"reviews": None}
    assert part["errors"][0]["path"] == ["repository", "pullRequest", "reviews"]
    spent = post(Fault(Kind.PRIMARY))
    assert spent.headers["X-RateLimit-Remaining"] == "0"
    assert call.said(ask)["errors"][0]["type"] == "RATE_LIMITED"


def test_a_fault_befalls_only_what_it_is_meant_for(server: Server, call: Caller) -> None:
    server.faults.append(Fault(Kind.STATUS, times=1, skip=1, query="Mine"))
    mine, other = "query Mine { viewer { login } }", "query Other { viewer { login } }"
    codes = [call.post(each).status_code for each in (mine, other, mine, mine)]
    assert codes == [200, 200, 502, 200]
    server.faults.append(Fault(Kind.STATUS, path="/rulesets", status=500))
    assert call.post(mine).status_code == 200
    assert call.get("/repos/octo/project/rulesets").status_code == 500


def test_somebody_else_can_be_faster(world: World, server: Server, call: Caller) -> None:
    later = world.commit({"b.py": "2\n"})
    server.faults.append(
        Fault(Kind.MEANWHILE, action=lambda: world.direct_push("main", later), skip=1)
    )
    ask = 'ref(qualifiedName: "refs/heads/main") { target { oid } }'
    before, after = (call.repo(ask)["ref"]["target"]["oid"] for _ in range(2))
    assert (before, after) == (world.repo.facts(later).parents[0], later)


def test_a_token_that_is_not_known_gets_nothing(server: Server) -> None:
    with Caller.of(server, "ghs_wrong") as caller:
        assert caller.post("{ viewer { login } }").status_code == 401
        assert caller.get("/repos/octo/project").status_code == 401
    assert [each.login for each in server.requests] == ["", ""]
    assert {each.authorization for each in server.requests} == {"Bearer ghs_wrong"}


if FOLDERS := os.environ.get("GUARD_GITHUB_SCHEMAS"):

    @pytest.mark.slow
    def test_the_schemas_are_a_fresh_cut_of_githubs(tmp_path: Path) -> None:
        """The script writes beside the copy of itself that is run."""
        copy = tmp_path / "scripts" / "trim_github_schemas.py"
        copy.parent.mkdir()
        copy.write_text((TOP / "scripts" / copy.name).read_text())
        command = [sys.executable, str(copy), *str(FOLDERS).split(":")]
        subprocess.run(command, check=True)
        for made in (tmp_path / "tests" / "github" / "schemas").iterdir():
            one, other = made.read_text(), (SCHEMA.parent / made.name).read_text()
            if made.suffix == ".graphql":  # its spaces are graphql-core's, and differ
                one, other = print_ast(parse(one)), print_ast(parse(other))
            assert one == other, made.name
