"""``guard check``: which tree is judged, what is reported, and the exit code."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from guard.rule import SourceRule


class TestWorkingTree:
    def test_a_clean_project_passes(self, repo) -> None:
        document = repo.check()
        assert document["verdict"] == "pass"
        assert document["subject"] == "working tree"
        assert document["summary"]["files"] == 2

    def test_a_finding_fails(self, repo) -> None:
        repo.write(c="# use pear\n")
        assert repo.found() == [("c.py", "pear")]

    def test_it_works_without_a_repository(self, folder) -> None:
        folder.write(c="# use pear\n")
        assert folder.found() == [("c.py", "pear")]

    def test_an_empty_project_is_not_a_pass(self, folder) -> None:
        assert folder.check()["verdict"] == "unverified"

    def test_a_rule_that_crashes_is_told_and_is_no_pass(self, repo) -> None:
        repo.write(c="# crash\n")
        result = repo.run("check")
        assert result.exit_code == 3
        assert "lost-word: unverified the rule lost-word crashed" in result.stdout
        assert "Traceback" not in result.stdout
        assert "Traceback" in repo.run("check", "--debug").stdout

    def test_a_rule_cannot_end_the_process_with_its_own_code(self, repo) -> None:
        repo.write(c="# exit\n")
        assert repo.run("check").exit_code == 3

    def test_a_file_that_is_not_judged_is_told(self, repo) -> None:
        repo.write(c="# unsure\n")
        result = repo.run("check")
        assert result.exit_code == 3
        assert "c.py:1: unverified it is not sure" in result.stdout


class TestPaths:
    def test_a_path_selects_what_is_reported_but_not_what_is_known(self, repo) -> None:
        repo.write(pkg__c="# use apple\n# use pear\n", d="# use plum\n")
        assert repo.found("pkg") == [("pkg/c.py", "pear")]
        assert repo.found("pkg/c.py", "d.py") == [("d.py", "plum"), ("pkg/c.py", "pear")]

    def test_output_is_relative_to_the_current_directory(self, repo) -> None:
        repo.write(pkg__c="# use pear\n", d="# use plum\n")
        assert repo.found(cwd="pkg") == [("../d.py", "plum"), ("c.py", "pear")]
        assert repo.found("c.py", cwd="pkg") == [("c.py", "pear")]
        assert repo.found(".", cwd="pkg") == [("c.py", "pear")]
        text = repo.run("check", cwd="pkg").stdout
        assert "c.py:1:7: error[lost-word]" in text
        assert "../d.py:1:7: error[lost-word]" in text

    def test_a_project_elsewhere_is_shown_with_the_way_to_it(self, repo, tmp_path) -> None:
        repo.write(pkg__c="# use pear\n")
        assert repo.found("project", cwd="..") == [("project/pkg/c.py", "pear")]
        assert repo.found("project/pkg", cwd="..") == [("project/pkg/c.py", "pear")]
        document = repo.check("project", cwd="..")
        assert document["top"] == "project"

    def test_annotations_and_sarif_are_relative_to_the_repository(self, repo) -> None:
        repo.write(pkg__c="# use pear\n")
        assert "file=pkg/c.py," in repo.run("check", "--format", "github", cwd="pkg").stdout
        log = json.loads(repo.run("check", "--format", "sarif", cwd="pkg").stdout)
        location = log["runs"][0]["results"][0]["locations"][0]["physicalLocation"]
        assert location["artifactLocation"]["uri"] == "pkg/c.py"

    @pytest.mark.parametrize("target", [".", "c.py", "sub/.."])
    def test_a_loose_folder_is_its_own_project(self, folder, target) -> None:
        folder.write(c="# use pear\n", sub__d="# define pear\n")
        (folder.top / "sub" / "d.py").unlink()
        assert folder.found(target) == [("c.py", "pear")]

    def test_a_path_that_does_not_exist_is_an_error(self, repo) -> None:
        for argv in (["nope.py"], ["a.py", "nope"], [""], ["--rev", "HEAD", "nope.py"]):
            result = repo.run("check", *argv)
            assert result.exit_code == 2, argv
            assert "guard: error: " in result.stderr
            assert result.stdout == ""

    def test_a_folder_without_python_is_not_a_pass(self, repo) -> None:
        repo.file("docs/index.md", "text")
        assert repo.check("docs")["verdict"] == "unverified"

    def test_paths_in_two_projects_are_an_error(self, repo, tmp_path) -> None:
        other = tmp_path / "other"
        other.mkdir()
        (other / "guard.yaml").write_text("version: 1\n")
        result = repo.run("check", "project", "other", cwd="..")
        assert result.exit_code == 2
        assert "several projects" in result.stderr

    def test_a_linked_file_is_the_file_behind_the_link(self, repo) -> None:
        repo.write(c="# use pear\n")
        os.symlink("c.py", repo.top / "link.py")
        assert ("c.py", "pear") in repo.found("link.py")


class TestStaged:
    def test_only_what_the_staged_change_causes(self, repo) -> None:
        repo.commit(old="# use plum\n")
        repo.stage(new="# use pear\n")
        repo.write(unstaged="# use fig\n")
        document = repo.check("--staged")
        assert [f["path"] for f in document["findings"]] == ["new.py"]
        assert document["subject"] == "index against HEAD"

    def test_a_broken_file_that_the_change_does_not_touch(self, repo) -> None:
        repo.stage(a="# nothing\n")
        assert repo.found("--staged") == [("b.py", "apple")]
        # pre-commit hands over the staged files; the effect is in another one.
        assert repo.found("--staged", "a.py") == [("b.py", "apple")]

    def test_the_index_counts_and_not_the_working_tree(self, repo) -> None:
        repo.stage(c="# use pear\n")
        repo.write(c="# nothing\n")
        assert repo.found("--staged") == [("c.py", "pear")]

    def test_a_second_cause_with_the_same_id_counts(self, repo) -> None:
        repo.commit(c="# use pear\n")
        repo.stage(d="# use pear\n")
        assert repo.found("--staged") == [("d.py", "pear")]

    def test_with_nothing_staged_the_whole_index_is_checked(self, repo) -> None:
        repo.commit(old="# use plum\n")
        document = repo.check("--staged")
        assert [f["path"] for f in document["findings"]] == ["old.py"]
        assert document["notes"] == ["nothing is staged: the whole index was checked"]

    def test_before_the_first_commit_all_is_new(self, folder) -> None:
        folder.git("init", "-q")
        folder.stage(c="# use pear\n")
        document = folder.check("--staged")
        assert [f["path"] for f in document["findings"]] == ["c.py"]
        assert document["notes"] == ["there is no commit yet: the whole index was checked"]

    def test_the_revisions_of_a_push_are_compared(self, repo) -> None:
        old = repo.commit(old="# use plum\n")
        new = repo.commit(a="# nothing\n")
        repo.write(b="# nothing\n")
        repo.environ |= {"PRE_COMMIT_FROM_REF": old, "PRE_COMMIT_TO_REF": new}
        assert repo.found("--staged") == [("b.py", "apple")]

    def test_a_push_is_compared_from_the_merge_base(self, repo) -> None:
        base = repo.git("rev-parse", "HEAD")
        theirs = repo.commit(theirs="# define pear\n")
        repo.git("checkout", "-q", "-b", "mine", base)
        mine = repo.commit(mine="# use pear\n")
        repo.environ |= {"PRE_COMMIT_FROM_REF": theirs, "PRE_COMMIT_TO_REF": mine}
        document = repo.check("--staged")
        assert [f["name"] for f in document["findings"]] == ["pear"]
        assert base[:7] in document["subject"]

    def test_a_push_without_commits_checks_all(self, repo) -> None:
        head = repo.commit(old="# use plum\n")
        repo.environ |= {"PRE_COMMIT_FROM_REF": head, "PRE_COMMIT_TO_REF": head}
        document = repo.check("--staged")
        assert document["verdict"] == "fail"
        assert "all was checked" in document["notes"][0]

    def test_a_push_to_an_empty_remote_checks_all_that_is_pushed(self, repo) -> None:
        repo.commit(old="# use plum\n")
        repo.stage(old="", new="# use pear\n")
        repo.environ |= {"PRE_COMMIT_LOCAL_BRANCH": "refs/heads/main"}
        document = repo.check("--staged")
        assert [f["name"] for f in document["findings"]] == ["plum"]
        assert "all was checked" in document["notes"][0]

    def test_a_file_that_could_not_be_judged_before_does_not_block(self, repo) -> None:
        repo.commit(c="# unsure\n")
        repo.stage(d="# define pear\n")
        assert repo.check("--staged")["verdict"] == "pass"

    def test_outside_of_a_repository_it_is_an_error(self, folder) -> None:
        folder.write(c="")
        result = folder.run("check", "--staged")
        assert result.exit_code == 2
        assert "not in a git repository" in result.stderr

    def test_the_policy_is_the_one_in_the_index(self, repo) -> None:
        repo.file("guard.yaml", "version: 1\nrules: {lost-word: warning}\n")
        repo.commit()
        repo.stage(c="# use pear\n")
        repo.file("guard.yaml", "not a policy")
        document = repo.check("--staged")
        assert [f["level"] for f in document["findings"]] == ["warning"]
        assert document["verdict"] == "pass"


LOOSER = {
    "rules: {lost-word: off}": "lowers lost-word from error to off",
    "rules: {lost-word: warning}": "lowers lost-word from error to warning",
    "exclude: [new.py]": "excludes 'new.py'",
    "per-path: [{paths: [new.py], rules: {lost-word: off}}]": "",
}


class TestLooserPolicy:
    """A change is judged by the policy that it found as well as by its own."""

    @pytest.mark.parametrize("text", LOOSER)
    @pytest.mark.parametrize("argv", [("--staged",), ("--since", "HEAD")])
    def test_it_does_not_hide_what_comes_with_it(self, repo, text, argv) -> None:
        repo.file("guard.yaml", f"version: 1\n{text}\n")
        repo.stage(new="# use pear\n")
        document = repo.check(*argv)
        assert document["verdict"] == "fail"
        assert [(f["path"], f["level"]) for f in document["findings"]] == [("new.py", "error")]
        against = "HEAD" if argv == ("--staged",) else repo.git("rev-parse", "HEAD")[:7]
        told = "\n".join(document["notes"])
        assert f"guard.yaml differs from that of {against}: both were applied" in told
        assert "let a looser one land in a change of its own" in told or "warning" in text
        assert LOOSER[text] in told

    def test_it_counts_from_the_next_change_on(self, repo) -> None:
        repo.file("guard.yaml", "version: 1\nrules: {lost-word: warning}\n")
        repo.stage(other="")
        assert repo.check("--staged")["verdict"] == "pass"
        repo.commit()
        repo.stage(new="# use pear\n")
        document = repo.check("--staged")
        assert [f["level"] for f in document["findings"]] == ["warning"]
        assert document["notes"] == []

    def test_old_findings_are_not_those_of_the_change(self, repo) -> None:
        repo.commit(old="# use plum\n")
        repo.file("guard.yaml", "version: 1\nexclude: [old.py]\n")
        repo.stage(other="")
        assert repo.check("--staged")["findings"] == []

    def test_a_stricter_one_counts_at_once(self, repo) -> None:
        repo.file("guard.yaml", "version: 1\nrules: {lost-word: off, any-word: off}\n")
        repo.commit(old="# use plum\n")
        repo.file("guard.yaml", "version: 1\n")
        repo.stage(new="# use pear\n")
        assert repo.found("--staged") == [("new.py", "pear")]

    def test_words_alone_change_nothing(self, repo) -> None:
        repo.commit(a="# define apple\n")
        repo.file("guard.yaml", "version: 1  # the first\n")
        repo.stage(new="")
        assert repo.check("--staged")["notes"] == []

    def test_another_target_is_told(self, repo) -> None:
        repo.file("guard.yaml", "version: 1\ntarget-version: '3.14'\n")
        repo.stage()
        (note,) = repo.check("--staged")["notes"]
        assert note == "guard.yaml moves target-version from what the package says to 3.14"

    def test_a_broken_one_can_be_mended(self, repo) -> None:
        repo.file("guard.yaml", "version: 7\n")
        repo.commit()
        repo.file("guard.yaml", "version: 1\n")
        repo.stage()
        document = repo.check("--staged")
        assert document["verdict"] == "pass"
        assert document["notes"] == [
            "the guard.yaml of HEAD cannot be read and was not applied",
        ]

    def test_what_the_change_adds_to_the_baseline_is_told(self, repo) -> None:
        repo.commit(old="# use plum\n")
        repo.file("guard.yaml", "version: 1\nbaseline: known.json\n")
        assert repo.run("check", "--write-baseline").exit_code == 0
        repo.commit()
        repo.stage(new="# use pear\n")
        assert repo.found("--staged") == [("new.py", "pear")]
        assert repo.run("check", "--write-baseline").exit_code == 0
        repo.stage()
        document = repo.check("--staged")
        assert document["verdict"] == "pass"
        assert "known.json accepts 1 finding more than in HEAD" in document["notes"]

    def test_a_policy_that_the_user_names_is_the_only_one(self, repo) -> None:
        repo.file("p.yaml", "version: 1\nrules: {lost-word: warning}\n")
        repo.file("guard.yaml", "version: 1\nrules: {lost-word: off}\n")
        repo.stage(new="# use pear\n")
        document = repo.check("--staged", "--config", "p.yaml")
        assert ([f["level"] for f in document["findings"]], document["notes"]) == (["warning"], [])


class TestNoPython:
    """Nothing to judge at all skips the hook; a selection that is empty does not pass."""

    def test_a_repository_that_has_only_begun(self, folder) -> None:
        folder.git("init", "-q")
        document = folder.check("--staged")
        assert document["verdict"] == "skipped"
        assert document["rules"][0]["id"] == "empty-selection"
        assert (
            "there is no Python file in the index: there was nothing to judge"
            in (document["notes"])
        )
        for form in ("text", "github", "markdown", "junit", "sarif", "jsonl"):
            done = folder.run("check", "--staged", "--format", form)
            assert done.exit_code == 0
            assert "no Python file in the index" in done.stdout or form == "jsonl"
        assert folder.check()["verdict"] == "unverified"

    def test_a_repository_of_documents(self, folder) -> None:
        folder.git("init", "-q")
        folder.file("readme.md", "one")
        folder.commit()
        assert folder.check("--staged")["verdict"] == "skipped"
        folder.file("readme.md", "two")
        folder.git("add", "-A")
        document = folder.check("--staged")
        assert (document["verdict"], document["subject"]) == ("skipped", "index against HEAD")
        old = folder.git("rev-parse", "HEAD")
        new = folder.commit()
        folder.environ |= {"PRE_COMMIT_FROM_REF": old, "PRE_COMMIT_TO_REF": new}
        assert folder.check("--staged")["verdict"] == "skipped"
        for argv in ([], ["--rev", "HEAD"], ["--since", old]):
            assert folder.check(*argv)["verdict"] == "unverified"

    def test_the_last_python_file_goes(self, repo) -> None:
        repo.git("rm", "-q", "a.py", "b.py")
        assert repo.check("--staged")["verdict"] == "unverified"

    def test_what_is_excluded_is_there(self, repo) -> None:
        repo.file("guard.yaml", "version: 1\nexclude: ['*.py']\n")
        repo.commit()
        assert repo.check("--staged")["verdict"] == "unverified"

    def test_what_cannot_be_read_is_there(self, folder) -> None:
        folder.git("init", "-q")
        (folder.top / "x.py").symlink_to("nowhere")
        folder.git("add", "-A")
        assert folder.check("--staged")["verdict"] == "unverified"

    def test_a_broken_policy_still_blocks(self, folder) -> None:
        folder.git("init", "-q")
        folder.file("guard.yaml", "version: 7\n")
        folder.git("add", "-A")
        assert folder.run("check", "--staged").exit_code == 2


class TestSince:
    def test_only_what_the_branch_causes(self, repo) -> None:
        repo.commit(old="# use plum\n")
        repo.git("checkout", "-q", "-b", "topic")
        repo.commit(a="# nothing\n")
        repo.write(c="# use pear\n")
        document = repo.check("--since", "main")
        assert [f["name"] for f in document["findings"]] == ["apple", "pear"]
        assert document["subject"].startswith("working tree against ")

    def test_the_merge_base_counts_and_not_the_tip(self, repo) -> None:
        repo.commit(old="# use plum\n")
        repo.git("checkout", "-q", "-b", "topic")
        repo.commit(c="# use pear\n")
        repo.git("checkout", "-q", "main")
        repo.commit(old="# mended\n", z="# use pear\n")
        repo.git("checkout", "-q", "topic")
        assert repo.found("--since", "main") == [("c.py", "pear")]

    def test_two_commits_without_a_checkout(self, repo) -> None:
        first = repo.commit(old="# use plum\n")
        second = repo.commit(c="# use pear\n")
        repo.commit(c="# mended\n", old="# mended\n")
        assert repo.found("--since", first, "--rev", second) == [("c.py", "pear")]

    def test_a_path_filters_what_the_change_causes(self, repo) -> None:
        repo.commit(old="# use plum\n")
        first = repo.git("rev-parse", "HEAD")
        repo.write(c="# use pear\n", d="# use fig\n")
        assert repo.found("--since", first, "d.py") == [("d.py", "fig")]
        assert repo.found("--since", first, "old.py") == []

    def test_nothing_since_is_told(self, repo) -> None:
        document = repo.check("--since", "HEAD")
        assert document["notes"] == ["HEAD has no commit since HEAD"]

    def test_a_rule_that_is_switched_on_does_not_blame_old_code(self, repo) -> None:
        repo.file("guard.yaml", "version: 1\nrules: {lost-word: off}\n")
        repo.commit(old="# use plum\n")
        repo.file("guard.yaml", "version: 1\n")
        repo.write(c="# use pear\n")
        assert repo.found("--since", "HEAD") == [("c.py", "pear")]

    def test_a_revision_that_does_not_exist(self, repo) -> None:
        for rev in ("nope", "-x", "HEAD:a.py", ""):
            result = repo.run("check", f"--since={rev}")
            assert result.exit_code == 2, rev
            assert "guard: error: " in result.stderr

    def test_unrelated_history_cannot_be_compared(self, repo) -> None:
        repo.git("checkout", "-q", "--orphan", "other")
        repo.commit(c="# use pear\n")
        result = repo.run("check", "--since", "main")
        assert result.exit_code == 3
        assert "no common ancestor" in result.stderr

    def test_a_shallow_clone_says_so(self, repo, tmp_path, word_rules) -> None:
        repo.git("branch", "base")
        repo.commit(c="# use pear\n")
        repo.commit(d="")
        repo.git("clone", "-q", "--depth=1", "--no-single-branch", f"file://{repo.top}", "../clone")
        clone = type(repo)(tmp_path / "clone", word_rules, repo.environ)
        result = clone.run("check", "--since", "origin/base")
        assert result.exit_code == 3
        assert "shallow" in result.stderr


class TestRev:
    def test_a_commit_is_read_without_a_checkout(self, repo) -> None:
        repo.commit(c="# use pear\n")
        repo.commit(c="# mended\n")
        repo.write(d="# use fig\n")
        assert repo.found("--rev", "HEAD~1") == [("c.py", "pear")]
        assert repo.check("--rev", "HEAD")["verdict"] == "pass"

    def test_a_path_that_only_the_commit_has(self, repo) -> None:
        repo.commit(c="# use pear\n")
        repo.git("rm", "-q", "c.py")
        repo.git("commit", "-q", "-m", "x")
        assert repo.found("--rev", "HEAD~1", "c.py") == [("c.py", "pear")]

    def test_a_bare_repository(self, repo, tmp_path, word_rules) -> None:
        repo.commit(c="# use pear\n")
        repo.git("clone", "-q", "--bare", str(repo.top), "../bare.git")
        bare = type(repo)(tmp_path / "bare.git", word_rules, repo.environ)
        assert bare.found("--rev", "main") == [("c.py", "pear")]


class TestRules:
    def test_select_runs_one_rule_even_if_it_is_off(self, repo) -> None:
        repo.write(c="# use pear\n")
        found = repo.check("--select", "any-word")["findings"]
        assert {f["rule"] for f in found} == {"any-word"}
        assert {f["level"] for f in found} == {"error"}

    def test_an_inline_ignore_may_name_a_rule_that_is_left_out(self, repo) -> None:
        repo.write(c="x = 1  # guard: ignore[lost-word] known  # use pear\n")
        for argv in ([], ["--ignore", "lost-word"], ["--select", "any-word,inline-ignore"]):
            names = {f["rule"] for f in repo.check("--select", "inline-ignore", *argv)["findings"]}
            assert "inline-ignore" not in names

    def test_ignore_leaves_a_rule_out(self, repo) -> None:
        repo.write(c="# use pear\n")
        rules = repo.check("--ignore", "lost-word,inline-ignore", "--select", "any-word,lost-word")
        assert [rule["id"] for rule in rules["rules"]] == ["any-word"]

    def test_no_rule_is_no_pass(self, repo) -> None:
        assert (
            repo.check("--select", "lost-word", "--ignore", "lost-word")["verdict"] == "unverified"
        )

    def test_an_unknown_rule_is_named_with_the_nearest(self, repo) -> None:
        result = repo.run("check", "--select", "lost-wrod")
        assert result.exit_code == 2
        assert "unknown rule 'lost-wrod'; did you mean 'lost-word'?" in result.stderr

    def test_the_stage_decides_which_rules_run(self, repo) -> None:
        document = repo.check("--select", "any-word,lost-word", "--stage", "pre-commit")
        verdicts = {rule["id"]: rule["verdict"] for rule in document["rules"]}
        assert verdicts == {"any-word": "skipped", "lost-word": "pass"}


class TestPolicy:
    def test_another_policy_file(self, repo) -> None:
        repo.write(c="# use pear\n")
        path = repo.file("sub/p.yaml", "version: 1\nrules: {lost-word: warning}\n")
        assert repo.check("--config", "p.yaml", cwd="sub")["verdict"] == "pass"
        assert repo.check("--config", str(path))["verdict"] == "pass"

    def test_a_policy_that_does_not_exist(self, repo) -> None:
        assert repo.run("check", "--config", "nope.yaml").exit_code == 2

    def test_every_error_of_the_policy_is_told(self, repo) -> None:
        repo.file("guard.yaml", "version: 2\nruels: {}\n")
        result = repo.run("check")
        assert result.exit_code == 2
        lines = result.stderr.splitlines()
        assert len(lines) >= 2
        assert all(line.startswith("guard: error: guard.yaml:") for line in lines)

    def test_a_misnamed_policy_blocks_in_every_tree(self, repo) -> None:
        repo.file("guard.yml", "version: 1\n")
        repo.commit()
        for argv in ([], ["--staged"], ["--rev", "HEAD"]):
            result = repo.run("check", *argv)
            assert result.exit_code == 2
            assert "guard.yml" in result.stderr

    @pytest.mark.parametrize("text", ["3", "3.", "2.7", "three", "3.13.1", ""])
    def test_a_target_version_that_is_none(self, repo, text) -> None:
        assert repo.run("check", "--target-version", text).exit_code == 2

    def test_the_target_version_reaches_the_rules(self, repo) -> None:
        seen = []

        class Spy(SourceRule):
            id = "spy"
            summary = "x"

            def check(self, project, options):
                seen.append(project.target)
                return ()

        repo.rules = (Spy(),)
        repo.check("--target-version", "3.13")
        repo.file("guard.yaml", "version: 1\ntarget-version: '3.12'\n")
        repo.check()
        assert seen == [(3, 13), (3, 12)]


class TestBaseline:
    def test_write_and_use(self, repo) -> None:
        repo.write(c="# use pear\n")
        result = repo.run("check", "--write-baseline")
        assert result.exit_code == 0
        assert "wrote 1 finding to guard-baseline.json" in result.stdout
        assert "baseline: guard-baseline.json" in result.stdout
        repo.file("guard.yaml", "version: 1\nbaseline: guard-baseline.json\n")
        repo.write(d="# use fig\n")
        assert repo.found() == [("d.py", "fig")]
        assert len(repo.found("--no-baseline")) == 2
        repo.write(c="", d="")
        assert {f["rule"] for f in repo.check()["findings"]} == {"stale-baseline-entry"}
        assert repo.run("check", "--write-baseline").exit_code == 0
        assert repo.check()["verdict"] == "pass"

    def test_it_is_written_beside_the_policy_from_any_folder(self, repo) -> None:
        repo.write(sub__c="# use pear\n")
        assert repo.run("check", "--write-baseline", cwd="sub").exit_code == 0
        assert (repo.top / "guard-baseline.json").exists()

    def test_a_file_of_ones_own(self, repo) -> None:
        repo.write(sub__c="# use pear\n")
        assert (
            repo.run("check", "--write-baseline", "--baseline", "b.json", cwd="sub").exit_code == 0
        )
        assert repo.check("--baseline", "sub/b.json")["verdict"] == "pass"

    def test_what_was_not_judged_is_not_a_clean_baseline(self, repo) -> None:
        repo.write(c="# unsure\n")
        result = repo.run("check", "--write-baseline")
        assert result.exit_code == 3
        assert "lost-word is unverified" in result.stderr

    def test_a_missing_baseline_blocks(self, repo) -> None:
        repo.file("guard.yaml", "version: 1\nbaseline: nope.json\n")
        repo.commit()
        for argv in ([], ["--rev", "HEAD"], ["--baseline", "other.json"]):
            result = repo.run("check", *argv)
            assert result.exit_code == 2
            assert ".json" in result.stderr

    def test_in_a_diff_the_baseline_counts_on_both_sides(self, repo) -> None:
        repo.commit(c="# use pear\n")
        repo.run("check", "--write-baseline")
        repo.file("guard.yaml", "version: 1\nbaseline: guard-baseline.json\n")
        repo.commit()
        repo.stage(d="# use pear\n")
        assert repo.found("--staged") == [("d.py", "pear")]

    @pytest.mark.parametrize(
        "more", [["a.py"], ["--staged"], ["--select", "lost-word"], ["--no-baseline"]]
    )
    def test_it_cannot_record_a_part(self, repo, more) -> None:
        assert repo.run("check", "--write-baseline", *more).exit_code == 2
        assert not (repo.top / "guard-baseline.json").exists()


class TestUsage:
    @pytest.mark.parametrize(
        "argv",
        [
            ["--staged", "--since", "HEAD"],
            ["--staged", "--rev", "HEAD"],
            ["--baseline", "x", "--no-baseline"],
            ["-q", "-v"],
            ["--format", "xml"],
            ["--format", "json="],
            ["--format", "json", "--format", "text"],
            ["--format", "text", "--format", "text"],
            ["--format", "json", "--format", "sarif", "--output", "x"],
            ["--format", "json=x", "--output", "x"],
            ["--format", "json=x", "--format", "sarif=./x"],
            ["--stage", "nope"],
            ["--color", "nope"],
            ["--nope"],
        ],
    )
    def test_a_contradiction_is_an_error_and_writes_nothing(self, repo, argv) -> None:
        before = sorted(Path(repo.top).iterdir())
        result = repo.run("check", *argv)
        assert result.exit_code == 2
        assert "guard: error: " in result.stderr
        assert result.stdout == ""
        assert sorted(Path(repo.top).iterdir()) == before

    def test_no_command_is_an_error(self, repo) -> None:
        assert repo.run().exit_code == 2

    def test_an_argument_is_not_printed_raw(self, repo) -> None:
        assert "\x1b" not in repo.run("check", "\x1b[2J").stderr
        assert "\x1b" not in repo.run("\x1b[2J").stderr
