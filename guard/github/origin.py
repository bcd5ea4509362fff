"""Where the running guard comes from, so that workflows can be pinned to the very same commit."""

from __future__ import annotations

import json
import os
import re
from importlib import metadata
from urllib.parse import unquote, urlsplit

import guard
from guard.errors import GitError, GuardError
from guard.git import Git, git_dir, is_oid

_DISTRIBUTION = "premerge-guard"


def action_of(url: str, host: str) -> str:
    """``OWNER/NAME`` of a repository at ``host``, from the address of a remote; empty if none."""
    pattern = rf"(?:[a-z+]+://(?:[^@/]+@)?|[^@/]+@){re.escape(host)}(?::[0-9]+)?[:/]+([^/]+/[^/]+?)"
    found = re.fullmatch(pattern + r"(?:\.git)?/?", url)
    return found[1] if found else ""


def running(host: str) -> tuple[str, str]:
    """``OWNER/NAME`` at ``host`` and commit of the guard that runs; each empty where unknown.

    Sources: the record that pip leaves of an installation from git (PEP 610, ``direct_url.json``),
    and the checkout that the modules lie in.
    """
    url, commit = _installed()
    folder = os.path.dirname(os.path.dirname(os.path.abspath(guard.__file__)))
    if not is_oid(commit) and git_dir(folder) is not None:
        url, commit = _checkout(folder)
    return action_of(url, host), commit if is_oid(commit) else ""


def _installed() -> tuple[str, str]:
    try:
        text = metadata.distribution(_DISTRIBUTION).read_text("direct_url.json")
        said = json.loads(text or "{}")
        url, commit = said.get("url", ""), said.get("vcs_info", {}).get("commit_id", "")
    except (metadata.PackageNotFoundError, ValueError, AttributeError, OSError):
        return "", ""
    if isinstance(url, str) and isinstance(commit, str) and commit:
        return url, commit
    path = unquote(urlsplit(url).path) if isinstance(url, str) else ""
    return _checkout(path) if path and git_dir(path) is not None else ("", "")


def _checkout(folder: str) -> tuple[str, str]:
    git = Git(folder)
    try:
        commit = git.head() or ""
        url = git.run("remote", "get-url", "origin").decode("utf-8", "replace").strip()
    except GitError:
        url = ""
    except GuardError:
        return "", ""
    return url, commit


def default_branch(top: str) -> str:
    """The branch to guard: the remote's HEAD, else the branch that is checked out; may be empty."""
    git = Git(top)
    for asked in ("refs/remotes/origin/HEAD", "HEAD"):
        code, out, _ = git.start("symbolic-ref", "--quiet", asked).finish()
        name = out.decode("utf-8", "surrogateescape").strip()
        for prefix in ("refs/remotes/origin/", "refs/heads/"):
            if code == 0 and name.startswith(prefix):
                return name.removeprefix(prefix)
    return ""
