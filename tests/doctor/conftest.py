"""A repository that is set up well, alone and with a GitHub that is."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doctor.kit import Tree, make_api, make_tree


@pytest.fixture
def tree(tmp_path: Path) -> Tree:
    return make_tree(tmp_path / "repo")


@pytest.fixture
def online(tree: Tree) -> Tree:
    tree.api = make_api()
    return tree
