"""The checks over the policy, the code owners and the hooks."""

from __future__ import annotations

import pytest

from guard.codeowners import Owners
from guard.doctor.facts import Job
from guard.doctor.files import reports
from tests.doctor import kit
from tests.doctor.kit import HOOKS, Said, Tree

LOCAL = """\
repos:
  - repo: local
    hooks:
      - id: mine
        name: mine
        entry: guard check --staged
        language: system
"""


def test_no_policy(tree: Tree) -> None:
    tree.write("guard.yaml", None)
    assert tree.said() == {"policy-missing": ["error "]}


@pytest.mark.parametrize("text", ["", "version: 2\n", "rules: [\n"])
def test_a_policy_that_cannot_be_read(tree: Tree, text: str) -> None:
    tree.write("guard.yaml", text)
    assert tree.said() == {"policy-missing": ["error "]}
    assert "cannot be read (guard.yaml:" in tree.report().findings[0].message


def test_a_misnamed_policy(tree: Tree) -> None:
    tree.write("guard.yaml", None)
    tree.write("guard.yml", "version: 1\n")
    assert tree.said() == {"policy-missing": ["error "]}


def test_a_lane_without_a_branch(tree: Tree) -> None:
    tree.edit("guard.yaml", "  targets: [main]\n", "")
    assert tree.said() == {"lane-without-target": ["warning "]}


def test_a_policy_without_a_lane(tree: Tree) -> None:
    tree.write("guard.yaml", "version: 1\n")
    assert tree.said() == {"lane-without-target": ["warning "]}


def test_evidence_that_nobody_waits_for(tree: Tree) -> None:
    tree.edit("guard.yaml", "checks: [check]", "checks: [e2e]")
    assert tree.said() == {"lane-check-unreported": ["error e2e"]}
    for path in (kit.GATE, kit.RECONCILE):
        tree.write(path, None)
    assert set(tree.said()) == {"lane-not-run"}, "evidence can come from guard check --record"


def test_evidence_of_pull_requests_is_none_of_what_landed(tree: Tree) -> None:
    job = "on: pull_request\npermissions: {}\njobs: {e2e: {runs-on: x, steps: [{run: x}]}}\n"
    tree.write(".github/workflows/e2e.yml", job)
    tree.edit("guard.yaml", "checks: [check]", "checks: [e2e]")
    assert tree.said() == {"lane-check-unreported": ["error e2e"]}


def test_no_code_owners(tree: Tree) -> None:
    tree.write(".github/CODEOWNERS", None)
    assert tree.said() == {"code-owners": ["warning "]}


def test_the_message_names_what_has_no_owner(tree: Tree) -> None:
    tree.write(".github/CODEOWNERS", "*.py @a\n/.github/ @b\n")
    (finding,) = tree.report().findings
    assert finding.message.startswith(".pre-commit-config.yaml and guard.yaml without a code owner")


def test_code_owners_elsewhere(tree: Tree) -> None:
    text = (tree.top / ".github/CODEOWNERS").read_text()
    tree.write(".github/CODEOWNERS", None)
    tree.write("docs/CODEOWNERS", text)
    assert tree.said() == {}


@pytest.mark.parametrize(
    ("lines", "path", "wanted"),
    [
        ("* @a", "guard.yaml", True),
        ("*.yaml @a", "a/b/guard.yaml", True),
        ("/*.yaml @a", "a/guard.yaml", False),
        ("guard.yaml @a", "x/guard.yaml", True),
        ("/guard.yaml @a", "x/guard.yaml", False),
        (".github/ @a", ".github/workflows/x.yml", True),
        (".github @a", ".github/workflows/x.yml", True),
        (".github/* @a", ".github/workflows/x.yml", False),
        (".github/* @a", ".github/CODEOWNERS", True),
        (".github/** @a", ".github/workflows/x.yml", True),
        ("**/workflows/ @a", ".github/workflows/x.yml", True),
        ("**/workflows @a", ".github/workflows/x.yml", True),
        ("* @a\n/.github/workflows/", ".github/workflows/x.yml", False),
        ("/.github/workflows/\n* @a", ".github/workflows/x.yml", True),
        ("!* @a", "guard.yaml", False),
        ("[g]uard.yaml @a", "guard.yaml", False),
        ("", "guard.yaml", False),
    ],
)
def test_patterns_of_code_owners(lines: str, path: str, wanted: bool) -> None:
    split = [line.split() for line in lines.splitlines()]
    owners = Owners("CODEOWNERS", tuple((1, line[0], tuple(line[1:])) for line in split))
    assert bool(owners.of(path)) is wanted


@pytest.mark.parametrize(
    ("more", "wanted"),
    [
        ("", {}),
        ("        types: [python]\n", {}),
        ("        files: ^shop\n", {}),
        ("        files: ^src/\n", {"hook-matches-nothing": ["error mine"]}),
        ("        files: ^src/\n        always_run: true\n", {}),
        ("        exclude: .\n", {"hook-matches-nothing": ["error mine"]}),
        ("        types: [toml]\n", {"hook-matches-nothing": ["error mine"]}),
        ("        types_or: [toml, python]\n", {}),
        (
            "        exclude_types: [python]\n        files: py$\n",
            {"hook-matches-nothing": ["error mine"]},
        ),
        ("        types: [dockerfile]\n", {"hook-matches-nothing": ["?"]}),
        ("        files: '['\n", {"hook-matches-nothing": ["?"]}),
        ("        stages: [pre-commit]\n", {}),
        ("        stages: [commit]\n", {}),
        ("        stages: [manual]\n", {"hook-never-runs": ["error mine"]}),
        ("        stages: [pre-push]\n", {"hook-never-runs": ["error mine"]}),
        ("        stages: [pre-push]\ndefault_install_hook_types: [pre-commit, pre-push]\n", {}),
        ("default_stages: [manual]\n", {"hook-never-runs": ["error mine"]}),
        ("files: ^src/\n", {"hook-matches-nothing": ["error mine"]}),
        ("exclude: py$\nx: {}\n", {}),
    ],
)
def test_hooks(tree: Tree, more: str, wanted: Said) -> None:
    tree.write(HOOKS, LOCAL + more)
    assert tree.said() == wanted


def test_hooks_of_others_are_not_looked_at(tree: Tree) -> None:
    other = LOCAL.replace("guard check --staged", "ruff check") + "        files: ^src/\n"
    tree.write(HOOKS, other)
    assert tree.said() == {}


def test_the_hook_of_the_manifest_always_runs(tree: Tree) -> None:
    tree.edit(HOOKS, "      - id: guard-check\n", "      - id: guard-check\n        files: ^src/\n")
    assert tree.said() == {}
    tree.edit(HOOKS, "        files: ^src/\n", "        files: ^src/\n        always_run: false\n")
    assert tree.said() == {"hook-matches-nothing": ["error guard-check"]}


def test_hooks_that_cannot_be_read_are_unverified(tree: Tree) -> None:
    tree.write(HOOKS, "repos: [\n")
    assert tree.said() == {"unreadable": ["?"]}


@pytest.mark.parametrize(
    ("name", "context", "wanted"),
    [
        ("check", "check", True),
        ("check", "checks", False),
        ("check", "check (3.13, linux)", True),
        ("check (x)", "check (x) (3.13)", True),
        ("check", "check / inner (3.13)", True),
        ("check", "other / check", False),
        ("check", "check (3.13", False),
        ("${{ a }}", "", True),
        ("${{ a }}ab", "ab", True),
        ("ab${{ a }}ab", "abab", True),
        ("a${{ a }}b${{ a }}b", "ab", False),
        ("a${{ a }}b${{ a }}b", "abb", True),
        ("a${{ a }}b${{ a }}c${{ a }}d", "axcxbxd", False),
        ("py ${{ matrix.python }}", "py 3.13", True),
        ("py ${{ matrix.python }}", "python", False),
        ("${{ a }}-${{ b }}", "x-y", True),
        ("${{ a }}-${{ b }}", "xy", False),
        ("ab${{ a }}ba", "aba", False),
        ("${{ a }}" + "a${{ a }}" * 200 + "c", "a" * 400, False),
    ],
)
def test_the_names_of_check_runs(name: str, context: str, wanted: bool) -> None:
    assert reports(Job("x", 1, name), context) is wanted
