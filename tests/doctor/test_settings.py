"""The checks over GitHub's settings, on answers of the shape that GitHub documents."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from guard.change import Unknown
from guard.doctor.checkout import read_checkout
from guard.doctor.examine import examine
from guard.doctor.facts import Actions, Branch, Rules, Settings
from guard.doctor.remote import read_settings
from guard.errors import UsageError
from guard.model import Verdict
from tests.doctor import kit
from tests.doctor.kit import Api, Said, Tree

Change = Callable[[Api], Any]


def test_sound_settings(online: Tree) -> None:
    assert online.said() == {}
    assert online.report().verdict is Verdict.PASS
    assert online.report().notes == ()


def rules(*wanted: dict[str, Any]) -> Change:
    return lambda api: api.answers.update({kit.RULES: list(wanted)})


def answer(path: str, **changed: object) -> Change:
    return lambda api: api.answers.update({path: {**api.answers[path], **changed}})


def without(kind: str) -> Change:
    return rules(*(rule for rule in kit.SOUND if rule["type"] != kind))


def required(*named: tuple[str, int | None], strict: bool = False) -> Change:
    return rules(kit.checks(*named, strict=strict), *kit.SOUND[1:])


def actor(kind: str, number: int | None, mode: str | None = "always") -> Change:
    entry = {"actor_id": number, "actor_type": kind, "bypass_mode": mode}
    return lambda api: api.answers.update({kit.RULESET: kit.ruleset(entry)})


def queue(**changed: Any) -> Change:
    return lambda api: setattr(api, "queue", kit.queue(**changed))


def no_queue(api: Api) -> None:
    api.queue = {"repository": {"mergeQueue": None}}


CASES: list[tuple[str, list[Change], Said]] = [
    (
        "nothing at all",
        [rules(), no_queue],
        {
            "nothing-required": ["error main"],
            "guard-not-required": ["error main check", "error main guard/main", "error main smoke"],
            "stale-base": ["warning main"],
            "direct-push": ["error main"],
            "history-rewrite": ["error main deletion", "error main non_fast_forward"],
            "stale-reviews": ["warning main"],
        },
    ),
    (
        "no checks",
        [without("required_status_checks")],
        {
            "nothing-required": ["error main"],
            "guard-not-required": ["error main check", "error main guard/main", "error main smoke"],
        },
    ),
    ("no gate", [required(*kit.GUARDS[1:])], {"guard-not-required": ["error main guard/main"]}),
    ("no smoke", [required(*kit.GUARDS[:2])], {"guard-not-required": ["error main smoke"]}),
    (
        "gate of another branch",
        [required(("guard/master", kit.OURS), *kit.GUARDS[1:])],
        {
            "guard-not-required": ["error main guard/main"],
            "required-unreported": ["error main guard/master"],
        },
    ),
    (
        "unreported",
        [required(*kit.GUARDS, ("e2e", 15368))],
        {"required-unreported": ["error main e2e"]},
    ),
    (
        "unreported by whom",
        [required(*kit.GUARDS, ("e2e", None))],
        {"required-unreported": ["warning main e2e"]},
    ),
    ("of another app", [required(*kit.GUARDS, ("e2e", 99))], {}),
    (
        "any source",
        [required(("guard/main", None), *kit.GUARDS[1:])],
        {"check-source-open": ["error main guard/main"]},
    ),
    ("a team", [actor("Team", 7)], {"bypass": ["error main Team 7 ruleset 42 of acme/shop"]}),
    (
        "a user for pull requests",
        [actor("User", 7, "pull_request")],
        {"bypass": ["error main User 7 ruleset 42 of acme/shop"]},
    ),
    (
        "deploy keys",
        [actor("DeployKey", None)],
        {"bypass": ["error main DeployKey ruleset 42 of acme/shop"]},
    ),
    (
        "admins",
        [actor("RepositoryRole", 5)],
        {"bypass": ["warning main the admins ruleset 42 of acme/shop"]},
    ),
    (
        "owners",
        [actor("OrganizationAdmin", 1)],
        {"bypass": ["warning main the admins ruleset 42 of acme/shop"]},
    ),
    (
        "admins unseen",
        [actor("RepositoryRole", 5, "exempt")],
        {"bypass": ["error main the admins ruleset 42 of acme/shop"]},
    ),
    ("headgreen", [queue(strategy="HEADGREEN")], {"queue-headgreen": ["error main"]}),
    ("pairs", [queue(most=2)], {"queue-group-size": ["warning main"]}),
    ("groups", [queue(most=5)], {"queue-group-size": ["warning main"]}),
    ("rebase", [queue(method="REBASE")], {"queue-rebase": ["warning main"]}),
    ("squash", [queue(method="SQUASH")], {}),
    ("no queue", [no_queue], {"stale-base": ["warning main"]}),
    ("no queue but strict", [no_queue, required(*kit.GUARDS, strict=True)], {}),
    (
        "pushes",
        [without("pull_request")],
        {"direct-push": ["error main"], "stale-reviews": ["warning main"]},
    ),
    (
        "force pushes",
        [without("non_fast_forward")],
        {"history-rewrite": ["error main non_fast_forward"]},
    ),
    ("deletion", [without("deletion")], {"history-rewrite": ["error main deletion"]}),
    (
        "stale reviews",
        [rules(kit.SOUND[0], kit.reviews(dismiss=False), *kit.SOUND[2:])],
        {"stale-reviews": ["warning main"]},
    ),
    (
        "one rule of two dismisses",
        [rules(*kit.SOUND, kit.reviews(dismiss=False))],
        {},
    ),
    (
        "writing token",
        [answer(kit.TOKEN, default_workflow_permissions="write")],
        {"token-writes": ["warning GITHUB_TOKEN"]},
    ),
    (
        "approving token",
        [answer(kit.TOKEN, can_approve_pull_request_reviews=True)],
        {"actions-approve": ["error approve"]},
    ),
    ("off", [answer(kit.PERMISSIONS, enabled=False)], {"actions-off": ["error actions"]}),
]


@pytest.mark.parametrize(("changes", "wanted"), [c[1:] for c in CASES], ids=[c[0] for c in CASES])
def test_one_setting(online: Tree, changes: list[Change], wanted: Said) -> None:
    assert online.api is not None
    for change in changes:
        change(online.api)
    assert online.said() == wanted


def classic(**changed: object) -> Change:
    def change(api: Api) -> None:
        no_queue(api)
        api.answers[kit.RULES] = []
        api.answers[kit.PROTECTION] = kit.protection(**changed)

    return change


def checks(**changed: object) -> dict[str, object]:
    said: dict[str, object] = kit.protection()["required_status_checks"]
    return {**said, **changed}


ALLOWED = {"users": [{"login": "ada"}], "teams": [{"slug": "core"}], "apps": [{"slug": "bot"}]}
CLASSIC: list[tuple[str, Change, Said]] = [
    ("sound", classic(), {}),
    (
        "admins",
        classic(enforce_admins={"url": "x", "enabled": False}),
        {"admins-exempt": ["warning main"]},
    ),
    (
        "force",
        classic(allow_force_pushes={"enabled": True}),
        {"history-rewrite": ["error main non_fast_forward"]},
    ),
    (
        "delete",
        classic(allow_deletions={"enabled": True}),
        {"history-rewrite": ["error main deletion"]},
    ),
    (
        "some may push",
        classic(
            required_pull_request_reviews=None, restrictions={"users": [], "teams": [], "apps": []}
        ),
        {"stale-reviews": ["warning main"]},
    ),
    (
        "no reviews",
        classic(required_pull_request_reviews=None),
        {"direct-push": ["error main"], "stale-reviews": ["warning main"]},
    ),
    (
        "loose",
        classic(required_status_checks=checks(strict=False)),
        {"stale-base": ["warning main"]},
    ),
    (
        "contexts alone",
        classic(required_status_checks=checks(checks=[])),
        {"check-source-open": ["error main check", "error main guard/main", "error main smoke"]},
    ),
    (
        "any app",
        classic(
            required_status_checks=checks(
                checks=[{"context": name, "app_id": -1} for name, _ in kit.GUARDS]
            )
        ),
        {"check-source-open": ["error main check", "error main guard/main", "error main smoke"]},
    ),
    (
        "some may bypass",
        classic(
            required_pull_request_reviews={
                "dismiss_stale_reviews": True,
                "require_code_owner_reviews": True,
                "bypass_pull_request_allowances": ALLOWED,
            }
        ),
        {
            "bypass": [
                "error main ada branch protection",
                "error main app bot branch protection",
                "error main team core branch protection",
            ]
        },
    ),
]


@pytest.mark.parametrize(
    ("change", "wanted"), [c[1:] for c in CLASSIC], ids=[c[0] for c in CLASSIC]
)
def test_branch_protection(online: Tree, change: Change, wanted: Said) -> None:
    assert online.api is not None
    change(online.api)
    assert online.said() == wanted


def test_rulesets_and_protection_add_up(online: Tree) -> None:
    assert online.api is not None
    loose = kit.protection(allow_force_pushes={"enabled": True}, required_status_checks=None)
    online.api.answers[kit.PROTECTION] = loose
    assert online.said() == {}


REFUSED = kit.Refused("Resource not accessible by integration")
UNREAD = [
    (kit.PROTECTION, {"required-unreported", "check-source-open", "bypass", "admins-exempt"}),
    (
        kit.RULES,
        {
            "nothing-required",
            "guard-not-required",
            "required-unreported",
            "check-source-open",
            "bypass",
            "direct-push",
            "history-rewrite",
            "stale-reviews",
        },
    ),
    (kit.RULESET, {"bypass"}),
    (kit.PERMISSIONS, {"actions-off"}),
    (kit.TOKEN, {"token-writes", "actions-approve"}),
]


@pytest.mark.parametrize(("path", "wanted"), UNREAD, ids=[path for path, _ in UNREAD])
@pytest.mark.parametrize("said", [REFUSED, {"message": "odd"}, "odd", 7, [7]], ids=repr)
def test_what_cannot_be_read_is_never_fine(
    online: Tree, path: str, wanted: set[str], said: object
) -> None:
    assert online.api is not None
    online.api.answers[path] = said
    assert online.said() == {name: ["?"] for name in wanted}
    assert online.report().verdict is Verdict.UNVERIFIED


def test_a_queue_that_cannot_be_read(online: Tree) -> None:
    assert online.api is not None
    names = {"queue-headgreen", "queue-group-size", "queue-rebase", "stale-base"}
    for answer_ in (REFUSED, {}, {"repository": {}}, {"repository": {"mergeQueue": {}}}):
        online.api.queue = answer_
        assert online.said() == {name: ["?"] for name in names}


def test_bypass_that_is_not_shown(online: Tree) -> None:
    assert online.api is not None
    del online.api.answers[kit.RULESET]["bypass_actors"]
    assert online.said() == {"bypass": ["?"]}


def test_404_is_no_protection_to_an_admin_alone(online: Tree) -> None:
    assert online.api is not None
    online.api.answers[kit.REPO]["permissions"] = {"admin": False}
    said = online.said()
    assert set(said) == UNREAD[0][1]
    assert set(map(tuple, said.values())) == {("?",)}


def test_what_is_surely_missing_and_what_may_be_elsewhere(online: Tree) -> None:
    assert online.api is not None
    without("deletion")(online.api)
    online.api.answers[kit.PROTECTION] = REFUSED
    assert online.said()["history-rewrite"] == ["?"]


def test_a_repository_that_is_not_seen(online: Tree) -> None:
    assert online.api is not None
    online.api.answers[kit.REPO] = None
    with pytest.raises(UsageError, match="acme/shop"):
        online.report()


def test_the_queue_tells_how_much_a_missing_event_weighs(online: Tree) -> None:
    assert online.api is not None
    online.edit(kit.GATE, "  merge_group:\n    types: [checks_requested]\n", "")
    assert online.said() == {"no-merge-group": ["error gate"]}
    no_queue(online.api)
    required(*kit.GUARDS, strict=True)(online.api)
    assert online.said() == {}


def test_the_default_branch_where_the_policy_names_none(online: Tree) -> None:
    online.edit("guard.yaml", "  targets: [main]\n", "")
    assert online.said() == {"lane-without-target": ["warning "]}


def test_a_job_that_another_waits_for_need_not_be_required(online: Tree) -> None:
    assert online.api is not None
    required(("guard/main", kit.OURS), ("all", 15368))(online.api)
    job = "  all:\n    if: always()\n    needs: [check, smoke]\n    runs-on: x\n    steps: []\n"
    online.edit(kit.CHECK, "jobs:\n", f"jobs:\n{job}")
    assert online.said() == {}
    online.edit(kit.CHECK, "    if: always()\n", "")
    assert set(online.said()) == {"guard-not-required"}


def test_actions_as_source_is_said(online: Tree) -> None:
    assert online.api is not None
    required(("guard/main", 15368), *kit.GUARDS[1:])(online.api)
    assert online.said() == {}
    assert "whoever can push a branch" in online.report().notes[0]


def test_a_refusal_is_told_in_full_once(online: Tree) -> None:
    assert online.api is not None
    online.api.answers[kit.PROTECTION] = REFUSED
    reasons = [result.reason for result in online.report().results if result.missing]
    assert len(reasons) == 4
    assert sum("Resource not accessible" in reason for reason in reasons) == 1
    assert reasons[1] == "the protection of main could not be read"


NO_MERGE_GROUP = ("  merge_group:\n    types: [checks_requested]\n", "")


@pytest.mark.parametrize(
    ("queues", "level"),
    [
        ((kit.QUEUE, None), "error"),
        ((None, kit.QUEUE), "error"),
        ((None, None), ""),
        ((kit.QUEUE, Unknown("?")), "warning"),
        ((None, Unknown("?")), "warning"),
    ],
)
def test_several_branches_and_their_queues(online: Tree, queues: Any, level: str) -> None:
    online.edit(kit.GATE, *NO_MERGE_GROUP)
    branches = tuple(Branch(name, Rules(), None, q) for name, q in zip("ab", queues, strict=True))
    settings = Settings("acme/shop", branches, Actions(True, False, False))
    report = examine(read_checkout(str(online.top), kit.rules(), ("a", "b")), settings)
    found = [f.level.value for f in report.findings if f.rule == "no-merge-group"]
    assert found == ([level] if level else [])


def test_what_is_not_known_of_the_queue_is_only_warned_of(tree: Tree) -> None:
    tree.edit(kit.GATE, *NO_MERGE_GROUP)
    assert tree.said() == {"no-merge-group": ["warning gate"]}


@pytest.mark.parametrize("policy", [None, "version: 1\n"])
def test_groups_without_a_lane(online: Tree, policy: str | None) -> None:
    assert online.api is not None
    queue(most=5)(online.api)
    online.write("guard.yaml", policy)
    assert "queue-group-size" not in online.said()


def test_actions_are_off_and_nobody_uses_them(online: Tree) -> None:
    assert online.api is not None
    online.api.answers[kit.PERMISSIONS] = {"enabled": False}
    for path in (online.top / ".github/workflows").iterdir():
        path.unlink()
    assert "actions-off" not in online.said()


def test_a_workflow_that_is_required_is_a_check(online: Tree) -> None:
    assert online.api is not None
    rules(*kit.SOUND[1:], kit.rule("workflows", workflows=[{"path": "x.yml"}]))(online.api)
    assert "nothing-required" not in online.said()


def test_without_a_gate_its_check_is_not_asked_for(online: Tree) -> None:
    assert online.api is not None
    online.write("guard.yaml", "version: 1\nlane: {targets: [main], checks: []}\n")
    for path in (kit.GATE, kit.RECONCILE):
        online.write(path, None)
    required(*kit.GUARDS[1:])(online.api)
    assert set(online.said()) == {"lane-not-run"}
    required(("guard/main", None), *kit.GUARDS[1:])(online.api)
    assert online.said()["required-unreported"] == ["error main guard/main"]


def test_a_job_that_judges_no_change_need_not_be_required(online: Tree) -> None:
    job = "on: push\npermissions: {}\njobs: {late: {runs-on: x, steps: [{run: guard smoke}]}}\n"
    online.write(".github/workflows/late.yml", job)
    assert online.said() == {}


@pytest.mark.parametrize(
    ("job", "covered"),
    [
        ("{if: always(), needs: [check, smoke], runs-on: x, steps: []}", True),
        ("{if: '!cancelled()', needs: [check, smoke], runs-on: x, steps: []}", True),
        ("{needs: [check, smoke], runs-on: x, steps: []}", False),
        ("{if: always(), runs-on: x, steps: []}", False),
        ("{if: always(), needs: [check, smoke], name: other, runs-on: x, steps: []}", False),
    ],
)
def test_a_job_that_waits_for_others(online: Tree, job: str, covered: bool) -> None:
    assert online.api is not None
    required(("guard/main", kit.OURS), ("all", 15368))(online.api)
    online.edit(kit.CHECK, "jobs:\n", f"jobs:\n  all: {job}\n")
    wanted = {} if covered else {"error main check", "error main smoke"}
    assert set(online.said().get("guard-not-required", [])) == set(wanted)


def test_the_branches_that_are_looked_at(online: Tree) -> None:
    api = online.api
    assert api is not None
    api.answers[kit.REPO]["default_branch"] = "trunk"
    for branch in ("trunk", "dev"):
        api.answers[kit.RULES.replace("main", branch)] = []
        api.answers[kit.PROTECTION.replace("main", branch)] = None

    def names(tree: Tree, *targets: str) -> list[str]:
        settings = read_settings(_AnyQueue(api.answers), "acme/shop", targets)
        return [branch.name for branch in settings.branches]

    assert names(online) == ["trunk"]
    assert names(online, "dev", "main") == ["dev", "main"]


class _AnyQueue(Api):
    """A GitHub without a merge queue on any branch."""

    def graphql(self, query: str, variables: object = None) -> dict[str, Any]:
        return {"repository": {"mergeQueue": None}}


@pytest.mark.parametrize("rights", [None, {}, {"admin": False}, "admin"])
def test_who_is_no_admin_is_told_nothing_by_404(online: Tree, rights: object) -> None:
    assert online.api is not None
    online.api.answers[kit.REPO]["permissions"] = rights
    assert online.said()["admins-exempt"] == ["?"]


@pytest.mark.parametrize("key", ["enforce_admins", "allow_force_pushes", "allow_deletions"])
def test_a_protection_that_lacks_a_word_is_not_understood(online: Tree, key: str) -> None:
    assert online.api is not None
    whole = kit.protection()
    del whole[key]
    online.api.answers[kit.PROTECTION] = whole
    assert online.said()["admins-exempt"] == ["?"]


def test_a_ruleset_that_is_gone_meanwhile(online: Tree) -> None:
    assert online.api is not None
    online.api.answers[kit.RULESET] = None
    assert online.said() == {"bypass": ["?"]}
