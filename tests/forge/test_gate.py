"""``guard gate``: what it prints and answers with, for changes in real repositories."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from guard.change import Deployment, Origin, State
from guard.forge.facts import write_facts
from guard.model import Verdict
from guard.samples import change, oid
from tests.forge.kit import NOW, POLICY, ROBOT, Hub, Said, hub, run

TEXT = "".join(f"x{n} = {n}\n" for n in range(9))
CLOCK = ("--now", str(NOW))
BRANCH = ("--target", "main", "--rev", "topic", "--pusher", "ada", *CLOCK)


def topic(hub: Hub, name: str = "topic", words: str = ROBOT, **files: str) -> str:
    """A branch with one commit, which ``carl`` sent."""
    hub.branch(name)
    rev = hub.commit(dict(files) or {"new.py": f"# {name}\n"}, f"Edit\n\n{words}")
    hub.push(name)
    hub.arrives(name, "carl")
    hub.git("checkout", "-q", "main", "--")
    return rev


def gate(hub: Hub, *argv: str) -> Said:
    return run(hub.bare, "gate", *(argv or BRANCH))


def test_a_change_of_a_human_may_land(hub: Hub) -> None:
    topic(hub, words="A human did it.")
    said = gate(hub)
    assert (said.code, said.err) == (0, "")
    assert "no findings (1 change checked" in said.out


def test_an_ai_change_without_an_approval_may_not(hub: Hub) -> None:
    topic(hub)
    said = gate(hub)
    assert said.code == 1
    assert "error[missing-human-approval]" in said.out
    assert hub.tree("topic")[:12] in said.out


def test_an_ai_change_with_an_approval_may_land(hub: Hub) -> None:
    topic(hub)
    hub.approve("topic")
    assert gate(hub).code == 0


def held(hub: Hub) -> None:
    topic(hub, "first")
    hub.merge("first")
    hub.push("main")
    topic(hub)
    hub.approve("topic")


def test_while_the_lane_is_held_it_is_not_its_turn(hub: Hub) -> None:
    held(hub)
    said = gate(hub)
    assert said.code == 75
    assert "ai-change-in-flight" in said.out
    assert "is held by" in said.out


def test_at_the_merge_queue_a_hold_is_an_error(hub: Hub) -> None:
    held(hub)
    group = hub.merge("topic")
    hub.push(f"{group}:refs/heads/queue")
    said = gate(hub, "--target", "main", "--rev", group, "--door", "merge-queue", *CLOCK)
    assert said.code == 1
    assert "not its turn" in said.out


def test_a_fact_that_is_missing_is_no_pass(tmp_path: Path) -> None:
    found = hub(tmp_path / "bare", "version: 1\n")
    topic(found)
    found.approve("topic")
    said = gate(found)
    assert said.code == 3
    assert "the policy lists no people" in said.out


def test_the_policy_of_the_change_does_not_count(hub: Hub) -> None:
    loose = POLICY + "rules: {missing-human-approval: off, policy-weakened: off}\n"
    topic(hub, **{"guard.yaml": loose})
    said = gate(hub)
    assert said.code == 1
    assert "missing-human-approval" in said.out
    assert "switches missing-human-approval off" in said.out


def test_a_policy_that_cannot_be_read_closes_the_door(hub: Hub) -> None:
    hub.commit({"guard.yaml": "version: 1\nrules: {nonsense: error}\n"})
    hub.push("main")
    topic(hub, words="Human")
    said = gate(hub)
    assert said.code == 2
    assert "the policy of the target cannot be read" in said.err
    assert "guard.yaml:2:" in said.err
    assert "to mend it" in said.err
    assert said.out == ""


def test_a_target_without_a_policy_has_the_defaults(tmp_path: Path) -> None:
    found = hub(tmp_path / "bare", "")
    topic(found)
    said = gate(found)
    assert said.code == 1
    assert "missing-human-approval" in said.out


def test_a_change_that_brings_nothing_is_no_pass(hub: Hub) -> None:
    said = gate(hub, "--target", "main", "--rev", "main", *CLOCK)
    assert said.code == 3
    assert "brings nothing to main" in said.out


def test_a_branch_that_conflicts_is_no_pass(hub: Hub) -> None:
    topic(hub, **{"app.py": TEXT.replace("x1 = 1", "x1 = 2")})
    hub.commit({"app.py": TEXT.replace("x1 = 1", "x1 = 3")})
    hub.push("main")
    said = gate(hub)
    assert said.code == 3
    assert "conflicts in 'app.py'" in said.out


def test_the_lane_knows_a_branch_that_was_an_ais_once(hub: Hub) -> None:
    topic(hub)
    hub.arrives("topic", origin=Origin.AI)
    hub.git("checkout", "-q", "topic", "--")
    hub.git("commit", "-q", "--amend", "-m", "No trailer")
    hub.push("topic")
    assert gate(hub).code == 1


def test_the_json_report_says_the_same(hub: Hub) -> None:
    topic(hub)
    said = gate(hub, *BRANCH, "--format", "json")
    document = json.loads(said.out)
    assert said.code == 1
    assert document["verdict"] == "fail"
    assert {each["rule"] for each in document["findings"]} == {"missing-human-approval"}


@pytest.mark.parametrize("form", ["text", "json", "jsonl", "sarif", "github", "junit", "markdown"])
def test_every_format_can_be_had(hub: Hub, form: str) -> None:
    held(hub)
    said = gate(hub, *BRANCH, "--format", form)
    assert said.code == 75
    assert said.out or form == "github"


def test_a_decision_is_recorded_where_it_is_wanted(hub: Hub) -> None:
    topic(hub)
    gate(hub)
    assert [*hub.records.decisions("main")] == []
    assert gate(hub, *BRANCH, "--record").code == 1
    ((_, found),) = hub.records.decisions("main")
    assert (found.verdict, found.door, found.by) == (Verdict.FAIL, "pull-request", "ada")
    assert found.policy == hub.rev("main:guard.yaml")
    assert any(each.startswith("missing-human-approval: fail: ") for each in found.reasons)


def test_a_clone_asks_the_remote(hub: Hub) -> None:
    topic(hub)
    hub.approve("topic")
    here = run(hub.clone, "gate", *BRANCH)
    assert here.code != 0  # neither the approval nor the lane's records are in the clone
    there = run(hub.clone, "gate", *BRANCH, "--remote", "origin")
    assert (there.code, there.err) == (0, "")


def test_facts_that_were_written_are_judged_alike(hub: Hub) -> None:
    held(hub)
    file = hub.clone / "facts.json"
    first = gate(hub, *BRANCH, "--write-facts", str(file))
    again = gate(hub, "--facts", str(file))
    assert (first.code, again.code) == (75, 75)
    assert first.out.splitlines()[:-1] == again.out.splitlines()[:-1]


def facts(folder: Path, **more: object) -> str:
    value = {"version": 1, "id": "#1", "target": "main", "base": "", "rev": oid("head"), **more}
    file = folder / "facts.json"
    file.write_text(json.dumps(value))
    return str(file)


def test_facts_that_are_left_out_are_no_pass(tmp_path: Path) -> None:
    said = run(tmp_path, "gate", "--facts", facts(tmp_path))
    assert said.code == 3
    assert "units not known: the source of the facts does not say" in said.out


@pytest.mark.parametrize(
    ("more", "words"),
    [
        ({"version": 2}, "version: must be 1, not 2"),
        ({"labelz": []}, "change: unknown key 'labelz'"),
        ({"rev": "HEAD"}, "rev: 'HEAD' is no full object name"),
        ({"policy": "x", "base": oid("base")}, "there is no git repository here"),
    ],
)
def test_facts_that_are_wrong_are_refused(
    tmp_path: Path, more: dict[str, object], words: str
) -> None:
    said = run(tmp_path, "gate", "--facts", facts(tmp_path, **more))
    assert said.code == 2
    assert words in said.err
    assert said.out == ""


def test_facts_are_judged_by_the_policy_that_is_named(tmp_path: Path) -> None:
    file = tmp_path / "facts.json"
    file.write_bytes(write_facts(change()))
    (tmp_path / "policy.yaml").write_text("version: 1\n")
    said = run(tmp_path, "gate", "--facts", "facts.json", "--config", "policy.yaml")
    assert said.code == 0
    (tmp_path / "policy.yaml").write_text(
        "version: 1\nrules: {missing-human-approval: {who: all}}\n"
    )
    said = run(tmp_path, "gate", "--facts", "facts.json", "--config", "policy.yaml")
    assert said.code == 1


def test_facts_of_a_target_that_is_not_here_are_refused(hub: Hub) -> None:
    (hub.clone / "f.json").write_bytes(write_facts(change()))
    said = gate(hub, "--facts", str(hub.clone / "f.json"))
    assert said.code == 2
    assert "this clone lacks it; fetch main" in said.err


def test_facts_under_another_policy_are_refused(hub: Hub) -> None:
    topic(hub)
    file = hub.clone / "facts.json"
    gate(hub, *BRANCH, "--write-facts", str(file))
    text = file.read_text().replace(hub.rev("main:guard.yaml"), oid("other"))
    file.write_text(text)
    said = gate(hub, "--facts", str(file))
    assert said.code == 2
    assert "the facts were gathered under" in said.err


@pytest.mark.parametrize(
    ("argv", "words"),
    [
        ((), "which branch? use --target"),
        (("--facts", "f", "--target", "main"), "--facts names the change; drop --target"),
        (("--facts", "/nowhere/f"), "/nowhere/f: cannot be read: No such file"),
        (("--target", "main", "--config", "x"), "--config goes with --facts"),
        (("--target", "nowhere"), "there is no branch 'nowhere' here"),
        (("--target", "refs/heads/main"), "not the name of a branch"),
        (("--target", "-x"), "not the name of a branch: '-x'"),
        (("--target", "a..b"), "not the name of a branch"),
        (("--target", "a\x1b[31m"), "not the name of a branch: 'a\\x1b[31m'"),
        (("--target", ""), "--target is empty"),
        (("--target", "main", "--rev", "gone"), "no commit 'gone'"),
        (("--target", "main", "--rev", "-x"), "not a revision: '-x'"),
        (("--target", "main", "--rev", "--upload-pack=x"), "not a revision"),
        (("--target", "main", "--base", "gone"), "no commit 'gone'"),
        (("--target", "main", "-q", "-v"), "contradict each other"),
    ],
)
def test_what_is_asked_wrongly_is_refused(hub: Hub, argv: tuple[str, ...], words: str) -> None:
    said = run(hub.bare, "gate", *argv)
    assert said.code == 2
    assert words in said.err
    assert said.out == ""


def test_outside_of_a_repository_it_says_so(tmp_path: Path) -> None:
    said = run(tmp_path, "gate", "--target", "main")
    assert said.code == 2
    assert "is not in a git repository" in said.err


def deployed(hub: Hub, rev: str, environment: str, at: int) -> None:
    found = Deployment(environment, hub.rev(rev), hub.tree(rev), State.HEALTHY, at)
    hub.records.record_deployment(found)


def test_a_deployment_wants_the_soak_in_staging(hub: Hub) -> None:
    live = hub.rev("main")
    topic(hub)
    landed = hub.merge("topic")
    hub.push("main")
    asked = ("--target", "main", "--rev", landed, "--promote-to", "production", *CLOCK)
    deployed(hub, live, "production", NOW - 90_000)
    assert gate(hub, *asked).code == 1
    deployed(hub, landed, "staging", NOW - 60)
    assert gate(hub, *asked).code == 75
    late = ("--now", str(NOW + 4000))
    said = gate(hub, *asked[:-2], *late)
    assert (said.code, said.err) == (0, "")


def test_what_has_not_landed_is_not_deployed(hub: Hub) -> None:
    rev = topic(hub)
    deployed(hub, "topic", "staging", NOW - 90_000)
    said = gate(hub, "--target", "main", "--rev", rev, "--promote-to", "production", *CLOCK)
    assert said.code == 3
    assert "is not on main: it has not landed" in said.out


def test_two_ai_changes_at_once_are_not_deployed(hub: Hub) -> None:
    deployed(hub, "main", "production", NOW - 90_000)
    for name in ("one", "two"):
        topic(hub, name)
        hub.merge(name)
    hub.push("main")
    deployed(hub, "main", "staging", NOW - 50_000)
    said = gate(hub, "--target", "main", "--rev", "main", "--promote-to", "production", *CLOCK)
    assert said.code == 1
    assert "2 AI changes at once" in said.out


@pytest.mark.parametrize(("login", "code"), [("bob", 0), ("Bob", 3), ("eve", 3)])
def test_the_policy_knows_the_addresses_that_the_facts_do_not(
    hub: Hub, login: str, code: int
) -> None:
    topic(hub)
    hub.approve("topic")
    file = hub.clone / "facts.json"
    assert gate(hub, *BRANCH, "--write-facts", str(file)).code == 0
    value = json.loads(file.read_text())
    value["reviews"][0] |= {"emails": {"unknown": "the forge does not tell"}, "roles": []}
    value["reviews"][0]["by"] = {"login": login, "bot": False}
    file.write_text(json.dumps(value))
    said = gate(hub, "--facts", str(file))
    assert said.code == code
    assert ("the forge does not tell" in said.out) is (code == 3)
