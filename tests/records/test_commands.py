"""``--record``, ``guard evidence`` and ``guard deployment`` as a user runs them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from guard.change import Evidence, LaneRecord, RecordKind
from guard.cli import app
from guard.cli._surroundings import Surroundings
from guard.ledger import Item, add
from guard.model import Verdict
from guard.records import EVIDENCE, Records
from guard.refs import LocalRefs
from guard.repository import Repository
from tests.records.conftest import git

FILES = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n',
    ".gitignore": "__pycache__\n*.log\nlocal.py\n",
    "shop/__init__.py": "",
    "shop/till.py": "import shop\n",
}
BROKEN = (
    "from __future__ import annotations\nfrom typing import TYPE_CHECKING\n"
    "if TYPE_CHECKING:\n    from a import B\nx = B\n"
)


@dataclass
class Shop:
    """A project in a repository, and the command line in this process."""

    top: Path
    environ: dict[str, str] = field(default_factory=dict)

    def write(self, **files: str) -> None:
        for name, text in files.items():
            target = self.top / (name.replace("__", "/") + ".py")
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)

    def commit(self, **files: str) -> str:
        self.write(**files)
        git(self.top, "add", "-A")
        git(self.top, "commit", "-q", "--allow-empty", "-m", "x")
        return git(self.top, "rev-parse", "HEAD")

    def tree(self, rev: str = "HEAD") -> str:
        return git(self.top, "rev-parse", f"{rev}^{{tree}}")

    def run(self, *argv: str, cwd: Path | None = None, **environ: str) -> Result:
        before = Path.cwd()
        os.chdir(cwd or self.top)
        try:
            with CliRunner().isolation() as (out, err, _mixed):
                code = app.run(argv, Surroundings(environ={**self.environ, **environ}))
                sys.stdout.flush()
                sys.stderr.flush()
                texts = out.getvalue(), err.getvalue()
        finally:
            os.chdir(before)
        return Result(CliRunner(), *texts, b"", None, code, None)

    @property
    def records(self) -> Records:
        repository = Repository(str(self.top))
        return Records(repository, LocalRefs(repository))

    def shown(self, rev: str = "HEAD") -> list[dict[str, Any]]:
        document = json.loads(self.run("evidence", "show", rev, "--format", "json").stdout)
        found: list[dict[str, Any]] = document["evidence"]
        return found


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    top = tmp_path / "shop"
    for path, text in FILES.items():
        target = top / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(text)
    git(tmp_path, "init", "-q", "-b", "main", str(top))
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    found = Shop(top, {**kept, "GUARD_CACHE_DIR": str(tmp_path / "cache"), "NO_COLOR": "1"})
    found.commit()
    return found


class TestRecord:
    def test_a_clean_working_tree_is_the_tree_of_head(self, shop: Shop) -> None:
        done = shop.run("check", "--record")
        assert done.exit_code == 0, done.stderr
        assert f"guard: recorded: check pass of the tree {shop.tree()[:12]}" in done.stderr
        (found,) = shop.shown()
        assert found["tree"] == shop.tree()
        assert found["rev"] == git(shop.top, "rev-parse", "HEAD")
        assert (found["check"], found["verdict"], found["policy"]) == ("check", "pass", "")
        assert found["where"]

    def test_a_commit_is_judged_without_the_working_tree(self, shop: Shop) -> None:
        first = git(shop.top, "rev-parse", "HEAD")
        shop.commit(shop__bad=BROKEN)
        shop.write(shop__new="x = 1\n")
        assert shop.run("check", "--record", "--rev", first).exit_code == 0
        assert shop.run("check", "--record", "--rev", "HEAD").exit_code == 1
        assert [each["verdict"] for each in shop.shown(first)] == ["pass"]
        assert [each["verdict"] for each in shop.shown("HEAD")] == ["fail"]

    def test_a_staged_tree_is_known_before_it_is_committed(self, shop: Shop) -> None:
        shop.write(shop__new="x = 1\n")
        git(shop.top, "add", "-A")
        assert shop.run("check", "--record").exit_code == 0
        (found,) = shop.shown(git(shop.top, "write-tree"))
        assert found["rev"] == ""
        shop.commit()
        assert shop.shown() == [found]

    @pytest.mark.parametrize(
        "partial",
        [
            ["shop"],
            ["--since", "HEAD"],
            ["--staged"],
            ["--select", "type-checking-runtime-use"],
            ["--ignore", "type-checking-runtime-use"],
            ["--stage", "pre-commit"],
            ["--target-version", "3.9"],
            ["--no-baseline"],
            ["--baseline", "x.json"],
            ["--write-baseline"],
        ],
    )
    def test_a_part_is_no_evidence(self, shop: Shop, partial: list[str]) -> None:
        done = shop.run("check", "--record", *partial)
        assert done.exit_code == 2
        assert "--record says what the policy says of a whole tree" in done.stderr
        assert shop.records.tip(EVIDENCE) is None

    @pytest.mark.parametrize(
        "partial",
        [
            ["shop.till"],
            ["--since", "HEAD"],
            ["--staged"],
            ["--entry"],
            ["--no-entry"],
            ["--exclude", "x.py"],
            ["--timeout", "3"],
            ["--shard", "1/2"],
            ["--merge", "a.json"],
            ["--stage", "pre-commit"],
        ],
    )
    def test_a_part_of_a_smoke_run_is_no_evidence(self, shop: Shop, partial: list[str]) -> None:
        done = shop.run("smoke", "--record", *partial)
        assert done.exit_code == 2
        assert "--record says what the policy says of a whole tree" in done.stderr

    def test_a_working_tree_with_more_than_git_knows_is_refused(self, shop: Shop) -> None:
        shop.write(shop__new="x = 1\n")
        assert "shop/new.py is not tracked" in shop.run("check", "--record").stderr
        (shop.top / "shop" / "new.py").unlink()
        shop.write(shop__till="import os\n")
        assert "till.py differs from the index" in shop.run("check", "--record").stderr
        git(shop.top, "update-index", "--assume-unchanged", "shop/till.py")
        assert "till.py is skipped by git" in shop.run("check", "--record").stderr
        git(shop.top, "update-index", "--no-assume-unchanged", "shop/till.py")
        git(shop.top, "update-index", "--skip-worktree", "shop/till.py")
        assert "till.py is skipped by git" in shop.run("check", "--record").stderr
        assert shop.records.tip(EVIDENCE) is None

    def test_a_file_that_was_only_touched_is_clean(self, shop: Shop) -> None:
        os.utime(shop.top / "shop" / "till.py", (1, 1))
        assert shop.run("check", "--record").exit_code == 0

    def test_the_policy_is_named_by_its_blob(self, shop: Shop) -> None:
        (shop.top / "guard.yaml").write_text("version: 1\n")
        shop.commit()
        assert shop.run("check", "--record").exit_code == 0
        (found,) = shop.shown()
        assert found["policy"] == git(shop.top, "rev-parse", "HEAD:guard.yaml")
        other = shop.top.parent / "other.yaml"
        other.write_text("version: 1\nexclude: [x.py]\n")
        assert shop.run("check", "--record", "--config", str(other)).exit_code == 0
        policies = {each["policy"] for each in shop.shown()}
        assert policies == {found["policy"], git(shop.top, "hash-object", str(other))}

    def test_a_project_in_a_folder_speaks_for_that_folder_alone(self, shop: Shop) -> None:
        below = shop.top / "services" / "api"
        below.mkdir(parents=True)
        (below / "guard.yaml").write_text("version: 1\n")
        (below / "m.py").write_text("x = 1\n")
        shop.commit()
        assert shop.run("check", "--record", cwd=below).exit_code == 0
        (found,) = shop.shown()
        assert (found["check"], found["tree"]) == ("check:services/api", shop.tree())

    def test_without_a_repository_there_is_no_tree(self, shop: Shop, tmp_path: Path) -> None:
        bare = tmp_path / "plain"
        bare.mkdir()
        (bare / "m.py").write_text("x = 1\n")
        done = shop.run("check", "--record", cwd=bare)
        assert done.exit_code == 2
        assert "--record needs a git repository" in done.stderr

    def test_a_remote_needs_a_record(self, shop: Shop) -> None:
        for command in ("check", "smoke"):
            done = shop.run(command, "--remote", "origin")
            assert done.exit_code == 2
            assert "add --record" in done.stderr

    def test_a_smoke_run_is_recorded_with_its_environment(self, shop: Shop) -> None:
        done = shop.run("smoke", "--record", "--python", sys.executable)
        assert done.exit_code == 0, done.stdout + done.stderr
        (found,) = shop.shown()
        assert (found["check"], found["verdict"]) == ("smoke", "pass")
        names = [each.partition("=")[0] for each in found["surroundings"]]
        assert names == ["installed", "platform", "python"]

    def test_ignored_code_makes_another_environment(self, shop: Shop) -> None:
        shop.run("smoke", "--record", "--python", sys.executable)
        shop.write(shop__local="x = 1\n")
        done = shop.run("smoke", "--record", "--python", sys.executable)
        assert done.exit_code == 0, done.stdout + done.stderr
        plain, other = sorted(shop.shown(), key=lambda each: len(each["surroundings"]))
        assert plain["environment"] != other["environment"]
        assert other["surroundings"][0].startswith("ignored-code=")

    def test_code_that_writes_into_its_tree_proves_nothing(self, shop: Shop) -> None:
        shop.commit(shop__writes="open(__file__ + '.made', 'w').close()\n")
        done = shop.run("smoke", "--record", "--python", sys.executable)
        assert done.exit_code in (2, 3)
        assert "recorded: smoke" not in done.stderr
        assert shop.records.tip(EVIDENCE) is None

    def test_a_run_that_could_be_said_again_is_recorded_again(self, shop: Shop) -> None:
        env = {**os.environ, **shop.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
        command = [sys.executable, "-m", "guard", "check", "--record"]
        for _ in range(3):
            done = subprocess.run(command, cwd=shop.top, env=env, capture_output=True, check=False)
            assert done.returncode == 0, done.stderr
            assert len(shop.shown()) == 1
            git(shop.top, "update-ref", "-d", EVIDENCE)

    def test_at_a_remote_it_is_found_by_everyone(self, shop: Shop, bare: Path) -> None:
        git(shop.top, "remote", "add", "origin", str(bare))
        git(shop.top, "push", "-q", "origin", "main")
        done = shop.run("check", "--record", "--remote", "origin")
        assert done.exit_code == 0, done.stderr
        assert shop.records.tip(EVIDENCE) is None
        assert git(bare, "for-each-ref", "--format=%(refname)", "refs/guard") == EVIDENCE
        assert shop.run("evidence", "show", "--remote", "origin").exit_code == 0
        assert shop.run("evidence", "show").exit_code == 3
        assert shop.run("evidence", "verify", cwd=bare).exit_code == 0


def evidence(tree: str, at: int, verdict: Verdict = Verdict.PASS, where: str = "") -> Evidence:
    return Evidence(tree, "check", verdict, "f" * 32, ("python=x",), "", "guard", at, where)


class TestShow:
    def test_the_newest_word_of_each_environment_counts(self, shop: Shop) -> None:
        tree = shop.tree()
        assert shop.run("evidence", "show").exit_code == 3
        shop.records.record_evidence([evidence(tree, 5)])
        assert shop.run("evidence", "show").exit_code == 0
        shop.records.record_evidence([evidence(tree, 6, Verdict.FAIL)])
        done = shop.run("evidence", "show")
        assert done.exit_code == 1
        assert done.stdout.count("superseded") == 1
        shop.records.record_evidence([evidence(tree, 6, Verdict.PASS, "elsewhere")])
        assert shop.run("evidence", "show").exit_code == 1
        shop.records.record_evidence([evidence(tree, 7)])
        assert shop.run("evidence", "show", tree).exit_code == 0

    def test_text_of_others_cannot_steer_the_terminal(self, shop: Shop) -> None:
        shop.records.record_evidence([evidence(shop.tree(), 5, where="\x1b[2Jx\nfake")])
        shown = shop.run("evidence", "show").stdout
        assert "\x1b" not in shown
        assert "\nfake" not in shown

    def test_a_tree_that_does_not_exist_is_an_error(self, shop: Shop) -> None:
        assert shop.run("evidence", "show", "nowhere").exit_code == 2
        assert shop.run("evidence", "show", "0" * 40).exit_code == 3

    def test_another_check_is_recorded_by_name(self, shop: Shop) -> None:
        argv = ("evidence", "record", "tests", "--rev", "HEAD", "--verdict", "pass")
        assert shop.run(*argv, "--python", sys.executable).exit_code == 0
        (found,) = shop.shown()
        assert (found["check"], found["verdict"], found["tree"]) == ("tests", "pass", shop.tree())

    @pytest.mark.parametrize("name", ["check", "smoke", "smoke:services/api", " "])
    def test_what_the_guard_says_nobody_else_records(self, shop: Shop, name: str) -> None:
        done = shop.run("evidence", "record", name, "--rev", "HEAD", "--verdict", "pass")
        assert done.exit_code == 2


class TestVerify:
    def test_nothing_is_wrong_with_what_the_guard_wrote(self, shop: Shop) -> None:
        shop.run("check", "--record")
        shop.run("deployment", "record", "--env", "staging", "--rev", "HEAD", "--state", "healthy")
        done = shop.run("evidence", "verify")
        assert (done.exit_code, done.stdout) == (0, "2 records, 0 faults\n")

    def test_each_kind_of_fault_is_named(self, shop: Shop) -> None:
        repository = Repository(str(shop.top))
        good = {"version": 1, **vars_of(evidence(shop.tree(), 5))}
        other = git(shop.top, "rev-parse", "HEAD:shop")
        items = [
            (Item("evidence", other, good), "it is about the tree"),
            (Item("evidence", shop.tree(), {**good, "more": 1}), "unknown key 'more'"),
            (Item("evidence", shop.tree(), {**good, "version": 2}), "not of version 1"),
            (Item("evidence", "0" * 40, {**good, "tree": "0" * 40}), "no tree 0000"),
            (Item("arrival", "ab" * 20, good), "is none of evidence, deployment"),
        ]
        add(repository, LocalRefs(repository), EVIDENCE, [item for item, _ in items], "x", 1)
        done = shop.run("evidence", "verify")
        assert done.exit_code == 1
        for item, said in items:
            (line,) = (line for line in done.stdout.splitlines() if line.startswith(item.path))
            assert said in line


def vars_of(item: Evidence) -> dict[str, Any]:
    from guard._wire import dump

    found = dump(item)
    assert isinstance(found, dict)
    return found


class TestPrune:
    def test_the_old_goes_and_the_rest_stays(self, shop: Shop) -> None:
        shop.commit(shop__a="x = 1\n")
        old, new = shop.tree("HEAD~1"), shop.tree()
        now = 4_000_000_000
        shop.records.record_evidence([evidence(old, 5), evidence(old, now), evidence(new, 5)])
        done = shop.run("evidence", "prune", "--keep-days", "30")
        assert done.exit_code == 0
        assert done.stdout == "took out 1 record, kept 2, 1 of them needed by a lane or a branch\n"
        assert [each["at"] for each in shop.shown("HEAD~1")] == [now]
        assert [each["at"] for each in shop.shown("HEAD")] == [5]

    def test_what_a_lane_needs_stays(self, shop: Shop) -> None:
        revs = [git(shop.top, "rev-parse", "HEAD")]
        revs += [shop.commit(**{f"shop__a{number}": "x = 1\n"}) for number in range(4)]
        trees = [shop.tree(rev) for rev in revs]
        shop.records.record_evidence([evidence(tree, 5) for tree in trees])
        records = [
            LaneRecord(RecordKind.STARTED, revs[0], 1, "ada"),
            LaneRecord(RecordKind.RELEASED, revs[1], 2, "ada", revs[0], proof=(trees[1],)),
            LaneRecord(RecordKind.SETTLED, revs[2], 3, "ada"),
        ]
        shop.records.append_lane("main", lambda before: records)
        shop.run("evidence", "prune", "--keep-days", "0")
        kept = [bool(shop.shown(tree)) for tree in trees]
        assert kept == [False, True, True, True, True]

    def test_what_is_of_no_commit_goes(self, shop: Shop) -> None:
        shop.run("check", "--record")
        shop.records.record_evidence([evidence("ab" * 20, 5)])
        assert shop.run("evidence", "verify").exit_code == 1
        done = shop.run("evidence", "prune", "--unreachable")
        assert done.stdout == "took out 1 record, kept 1\n"
        assert shop.run("evidence", "verify").exit_code == 0

    def test_what_cannot_be_read_stops_it(self, shop: Shop) -> None:
        repository = Repository(str(shop.top))
        wrong = Item("evidence", "ab" * 20, {"version": 9})
        tip = add(repository, LocalRefs(repository), EVIDENCE, [wrong], "x", 1)
        assert shop.run("evidence", "prune", "--unreachable").exit_code == 3
        assert repository.ref(EVIDENCE) == tip

    def test_which_must_be_said(self, shop: Shop) -> None:
        assert shop.run("evidence", "prune").exit_code == 2
        assert shop.run("evidence", "prune", "--keep-days", "3", "--unreachable").exit_code == 2


class TestDeployment:
    def test_states_are_kept_in_their_order(self, shop: Shop) -> None:
        assert shop.run("deployment", "show").exit_code == 3
        for env, state in (("staging", "started"), ("staging", "healthy"), ("live\x1b", "failed")):
            argv = ("--env", env, "--rev", "HEAD", "--state", state, "--by", "ada")
            assert shop.run("deployment", "record", *argv).exit_code == 0
        done = shop.run("deployment", "show", "--env", "staging", "--format", "json")
        states = {each["state"] for each in json.loads(done.stdout)["deployments"]}
        assert states == {"started", "healthy"}
        shown = shop.run("deployment", "show").stdout
        assert len(shown.splitlines()) == 3
        assert "\x1b" not in shown

    def test_an_environment_without_a_name_is_refused(self, shop: Shop) -> None:
        argv = ("--env", " ", "--rev", "HEAD", "--state", "healthy")
        assert shop.run("deployment", "record", *argv).exit_code == 2
        assert shop.run("deployment", "show", "--env", "").exit_code == 2

    def test_a_revision_that_does_not_exist_is_refused(self, shop: Shop) -> None:
        argv = ("--env", "staging", "--rev", "nowhere", "--state", "healthy")
        assert shop.run("deployment", "record", *argv).exit_code == 2
