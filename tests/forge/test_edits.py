"""What a change does to that which judges it."""

from __future__ import annotations

import pytest

from guard.baseline import render_baseline
from guard.change import PolicyEdit
from guard.model import Finding, Place, When
from tests.forge.kit import POLICY, Hub

HOOKS = """repos:
  - repo: https://example.org/acme/premerge-guard
    rev: v1.4.0
    hooks:
      - id: guard-check
"""
WORKFLOW = """jobs:
  guard:
    steps:
      - run: pip install premerge-guard==1.4.0
      - run: guard check --since origin/main
"""
LOCK = '[[package]]\nname = "premerge-guard"\nversion = "1.4.0"\n'
FILES = {
    ".pre-commit-config.yaml": HOOKS,
    ".github/workflows/ci.yml": WORKFLOW,
    "uv.lock": LOCK,
    "requirements/dev.txt": "premerge-guard[github]>=1.4\nother==1\n",
}


def edit(hub: Hub, files: dict[str, str | None]) -> PolicyEdit:
    hub.commit(dict(FILES))
    hub.push("main")
    hub.branch("topic")
    hub.commit(files)
    hub.push("topic")
    found = hub.gather("topic").policy_edit
    assert isinstance(found, PolicyEdit)
    return found


def test_a_change_elsewhere_touches_nothing(hub: Hub) -> None:
    files: dict[str, str | None] = {
        "app.py": "y = 1\n",
        "docs/guard.yaml": "x\n",
        "uv.lock": LOCK + '[[package]]\nname = "other"\nversion = "9"\n',
        "requirements/dev.txt": "premerge-guard[github]>=1.4\nother==2\n",
    }
    assert edit(hub, files) == PolicyEdit()


@pytest.mark.parametrize(
    "path",
    [
        ".github/workflows/new.yaml",
        ".github/actions/x/action.yml",
        ".gitlab-ci.yml",
        ".githooks/pre-push",
        "CODEOWNERS",
        ".github/CODEOWNERS",
        "sub/.pre-commit-config.yaml",
        "guard-tests/lane.yaml",
        "Jenkinsfile",
    ],
)
def test_hooks_and_workflows_are_touched(hub: Hub, path: str) -> None:
    assert edit(hub, {path: "x\n"}).touched == (path,)


@pytest.mark.parametrize(
    ("path", "old", "new", "words"),
    [
        (".pre-commit-config.yaml", "v1.4.0", "v1.3.9", "pins the guard at 1.3.9, before at 1.4.0"),
        (".pre-commit-config.yaml", "rev: v1.4.0", "rev: main", "no longer pins the guard"),
        (".pre-commit-config.yaml", "id: guard-check", "id: other", "fewer steps that run the"),
        (".github/workflows/ci.yml", "==1.4.0", "==1.4", ""),
        (".github/workflows/ci.yml", "==1.4.0", "==1.10.0", ""),
        (".github/workflows/ci.yml", "==1.4.0", "==0.9", "pins the guard at 0.9, before at 1.4.0"),
        (".github/workflows/ci.yml", "- run: guard", "# - run: guard", "fewer steps that run the"),
        (".github/workflows/ci.yml", "origin/main", "origin/main || true", "lets a step pass that"),
        (
            ".github/workflows/ci.yml",
            "guard:\n",
            "guard:\n    continue-on-error: true\n",
            "lets a step pass that fails",
        ),
        ("uv.lock", "1.4.0", "1.2.0", "pins the guard at 1.2.0, before at 1.4.0"),
        ("requirements/dev.txt", ">=1.4", ">=1.1", "pins the guard at 1.1, before at 1.4"),
        ("requirements/dev.txt", "premerge-guard[github]>=1.4", "", "no longer pins the guard"),
    ],
)
def test_what_is_weaker_is_said_with_its_path(
    hub: Hub, path: str, old: str, new: str, words: str
) -> None:
    text = FILES[path].replace(old, new, 1)
    assert text != FILES[path]
    found = edit(hub, {path: text})
    assert found.touched == (path,)
    said = [each for each in found.weaker if words and words in each]
    assert bool(said) == bool(words)
    assert all(each.startswith(f"{path}: ") for each in found.weaker)
    assert words or not found.weaker


def test_what_is_deleted_is_weaker(hub: Hub) -> None:
    found = edit(hub, {".github/workflows/ci.yml": None, "guard.yaml": None})
    assert ".github/workflows/ci.yml: is deleted" in found.weaker
    assert "guard.yaml: is gone: the defaults would hold" in found.weaker


def test_a_policy_that_could_not_be_read_is_said(hub: Hub) -> None:
    (found,) = edit(hub, {"guard.yaml": POLICY + "unknown: 1\n"}).weaker
    assert found.startswith("guard.yaml: cannot be read any more: nothing could land after this")


def test_a_policy_that_becomes_a_link_could_not_be_read(hub: Hub) -> None:
    hub.branch("link")
    (hub.clone / "guard.yaml").unlink()
    (hub.clone / "guard.yaml").symlink_to("app.py")
    hub.commit({})
    hub.push("link")
    found = hub.gather("link").policy_edit
    assert isinstance(found, PolicyEdit)
    assert "not a regular file" in found.weaker[0]


def test_a_policy_with_another_name_would_not_be_read(hub: Hub) -> None:
    (found, *_) = edit(hub, {"guard.yaml": None, "guard.yml": POLICY}).weaker
    assert "the policy is named guard.yaml" in found


def known(*names: str) -> str:
    place = Place("bad.py", 4, 7)
    return render_baseline(
        Finding("a-rule", place, name, "m", "NameError: x", When.IMPORT, "Mend it.")
        for name in names
    )


def test_a_baseline_that_accepts_more_is_said(hub: Hub) -> None:
    hub.commit({"guard.yaml": POLICY + "baseline: known.json\n", "known.json": known("a")})
    found = edit(hub, {"known.json": known("a", "b", "c")})
    assert found == PolicyEdit(("known.json",), ("known.json: accepts 2 more findings",))


def test_a_baseline_that_accepts_less_is_touched(hub: Hub) -> None:
    hub.commit({"guard.yaml": POLICY + "baseline: known.json\n", "known.json": known("a", "b")})
    assert edit(hub, {"known.json": known("b")}) == PolicyEdit(("known.json",))


def test_a_baseline_that_is_deleted_is_said(hub: Hub) -> None:
    hub.commit({"guard.yaml": POLICY + "baseline: known.json\n", "known.json": known("a")})
    assert edit(hub, {"known.json": None}).weaker == ("known.json: is deleted",)
