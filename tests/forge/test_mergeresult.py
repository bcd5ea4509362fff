"""Merges and reverts, done again on objects alone, held against what git itself does."""

from __future__ import annotations

import pytest

from guard.errors import GitError, UsageError
from guard.mergeresult import is_faithful, is_revert_of, merge, merge_commit, taken_back, trees
from tests.forge.kit import Hub

TEXT = "".join(f"x{n} = {n}\n" for n in range(9))


def landed(hub: Hub) -> tuple[str, str]:
    """A change to ``app.py`` and a new file, landed on ``main``: before and after."""
    before = hub.rev("main")
    after = hub.commit({"app.py": TEXT.replace("x1 = 1", "x1 = 11"), "new.py": "n = 1\n"})
    return before, after


def reverted(hub: Hub, rev: str) -> str:
    hub.git("revert", "--no-edit", rev)
    return hub.rev("HEAD")


def sent(hub: Hub) -> None:
    hub.push("main")


def test_a_merge_is_what_git_makes_of_it(hub: Hub) -> None:
    hub.branch("topic")
    hub.commit({"new.py": "n = 1\n"})
    hub.git("mv", "app.py", "moved.py")
    head = hub.commit({})
    hub.git("checkout", "-q", "main", "--")
    base = hub.commit({"app.py": TEXT.replace("x8 = 8", "x8 = 88")})
    made = hub.merge("topic")
    sent(hub)
    git = hub.repository
    assert merge(git, base, head).tree == hub.tree(made)
    assert is_faithful(git, base, head, hub.tree(made))
    assert not is_faithful(git, base, head, hub.tree(base))
    assert merge(git, "", head).tree == hub.tree(head)


def test_the_made_up_merge_is_the_same_each_time(hub: Hub) -> None:
    before, after = landed(hub)
    sent(hub)
    git = hub.repository
    first = merge_commit(git, before, after, hub.tree(after))
    assert first == merge_commit(git, before, after, hub.tree(after))
    assert git.tree_of(first) == hub.tree(after)


def test_taking_back_is_what_git_revert_does(hub: Hub) -> None:
    before, after = landed(hub)
    later = hub.commit({"app.py": TEXT.replace("x1 = 1", "x1 = 11").replace("x8", "y8")})
    back = reverted(hub, after)
    sent(hub)
    git = hub.repository
    assert taken_back(git, later, before, after).tree == hub.tree(back)
    assert is_revert_of(git, later, back, before, after)


def test_taking_back_what_was_built_upon_conflicts(hub: Hub) -> None:
    before, after = landed(hub)
    later = hub.commit({"app.py": TEXT.replace("x1 = 1", "x1 = 12")})
    sent(hub)
    found = taken_back(hub.repository, later, before, after)
    assert found.tree is None
    assert found.conflicts == ("app.py",)


def test_a_revert_with_an_edit_of_its_own_is_none(hub: Hub) -> None:
    before, after = landed(hub)
    reverted(hub, after)
    evil = hub.commit({"evil.py": "e = 1\n"})
    sent(hub)
    assert not is_revert_of(hub.repository, after, evil, before, after)


def test_half_a_revert_is_none(hub: Hub) -> None:
    before, after = landed(hub)
    half = hub.commit({"new.py": None})
    sent(hub)
    assert not is_revert_of(hub.repository, after, half, before, after)


def test_a_change_that_does_nothing_is_no_revert(hub: Hub) -> None:
    before, after = landed(hub)
    nothing = hub.commit({}, "Nothing")
    back = reverted(hub, after)
    sent(hub)
    git = hub.repository
    assert not is_revert_of(git, after, nothing, before, after)
    assert not is_revert_of(git, nothing, back, after, nothing)
    assert is_revert_of(git, nothing, back, before, after)


def test_nothing_is_taken_back_before_it_landed(hub: Hub) -> None:
    before, after = landed(hub)
    hub.git("checkout", "-q", "-b", "elsewhere", before, "--")
    gone = hub.commit({"app.py": None})
    hub.push("main", "elsewhere")
    assert not is_revert_of(hub.repository, before, gone, before, after)


def test_what_was_taken_back_already_is_not_taken_back_again(hub: Hub) -> None:
    before, after = landed(hub)
    back = reverted(hub, after)
    more = hub.commit({"more.py": "m = 1\n"})
    sent(hub)
    assert not is_revert_of(hub.repository, back, more, before, after)


def test_trees_are_asked_for_by_full_names_alone(hub: Hub) -> None:
    with pytest.raises(UsageError):
        trees(hub.repository, "--upload-pack=x")
    with pytest.raises(GitError):
        trees(hub.repository, "1" * 40)
    assert trees(hub.repository, "") == (hub.repository.empty_tree(),)
