"""Where the code lies that is run, and which of it a change can have broken."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from guard import git
from guard.cli._smoke_folder import commit_folder, index_folder
from guard.cli._subject import Subject
from guard.cli._where import Where
from guard.project import Commit, Index, SourceProject
from guard.reporters._words import count
from guard.smoke.graph import affected

_CONCERNS_ALL = re.compile(
    r"(.*/)?(pyproject\.toml|setup\.(py|cfg)|[^/]*requirements[^/]*\.(txt|in)|[^/]*\.lock"
    r"|pdm\.toml|poetry\.toml|hatch\.toml|pixi\.toml|Pipfile|environment\.ya?ml|MANIFEST\.in"
    r"|pylock[^/]*\.toml|\.python-version)"
    r"|requirements/.*\.(txt|in)|guard\.yaml|\.gitattributes|\.gitmodules"
)
"""Files that say what is installed, what is a module and how it is run."""


@dataclass(frozen=True, slots=True)
class Affected:
    """What a change can have broken. ``paths`` is ``None`` where that is everything."""

    paths: frozenset[str] | None
    note: str


@contextmanager
def code_folder(subject: Subject, where: Where, environ: Mapping[str, str]) -> Iterator[str]:
    """The folder that holds the subject's files as the project's top, for as long as it is needed.

    A commit gets a temporary worktree. The index is the working tree itself where both are alike.
    """
    tree = subject.tree
    if not isinstance(tree, Commit | Index):
        yield where.top
        return
    root = git.find_top(where.top)
    assert root is not None  # whoever has a commit or an index has a repository
    repository = git.Git(root, environ)
    if isinstance(tree, Commit):
        with commit_folder(repository, tree.commit) as folder:
            yield os.path.join(folder, *filter(None, where.repository.split("/")))
    elif not any(map(_can_matter, repository.differs_from_index())):
        yield where.top
    else:
        with index_folder(repository) as folder:
            yield os.path.join(folder, *filter(None, where.repository.split("/")))


def _can_matter(path: str) -> bool:
    """Whether a file that is not staged can make the index another program."""
    return not path.endswith((".md", ".rst", ".pyi")) and not _is_bytecode(path)


def _is_bytecode(path: str) -> bool:
    """What Python leaves behind, in a repository that does not ignore it."""
    return "__pycache__/" in path


def changed(
    subject: Subject, where: Where, environ: Mapping[str, str], project: SourceProject
) -> list[str] | None:
    """The paths that the change is about; ``None`` where there is no change to look at."""
    if subject.base is None:
        return None
    base = subject.base()
    assert isinstance(base, Commit)
    repository = git.Git(where.top, environ)
    if isinstance(subject.tree, Commit):
        return repository.changed_paths(base.commit, subject.tree.commit)
    if isinstance(subject.tree, Index):
        return repository.changed_paths(base.commit)
    found = [path for path in repository.changed_on_disk(base.commit) if not _is_bytecode(path)]
    if not found:
        return []
    # A file that was only touched is among them, as after a switch of branches and back.
    before = {path: oid for _, oid, path in repository.ls_tree(base.commit)}
    now = project.keys()
    return [path for path in found if path not in now or now[path] != before.get(path)]


def affected_by(project: SourceProject, paths: Collection[str]) -> Affected:
    """What a change of ``paths`` can have broken.

    A file of data counts as a change of the modules in the package that it lies in: they may read
    it while they are imported. Other data is of no consequence to an import, as far as can be told.
    """
    for path in sorted(paths):
        # A link, a submodule or a repository within may hold any of the modules.
        if path.endswith("/") or _CONCERNS_ALL.fullmatch(path):
            return Affected(None, f"{path} changed: that can affect every module")
    known = project.paths()
    packages = {path.rpartition("/")[0] for path in known if path.endswith("/__init__.py")}
    touched = {path for path in paths if path.endswith(".py")}
    for path in paths:
        if path.endswith((".py", ".pyi")):
            continue
        folder = path.rpartition("/")[0]
        while folder and folder not in packages:
            folder = folder.rpartition("/")[0]
        if folder:
            touched.update(one for one in known if one.rpartition("/")[0] == folder)
    found = affected(project, touched)
    return Affected(found, f"{count(len(paths), 'file')} changed")
