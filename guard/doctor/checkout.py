"""The facts that the repository itself shows: its files, read as they are on disk."""

from __future__ import annotations

import os

from guard.codeowners import PLACES, Owners, parse_owners
from guard.config import Policy, read_policy
from guard.doctor import running
from guard.doctor.facts import Checkout, Hook, Hooks, Workflow
from guard.doctor.workflows import FOLDER, Around, parse_workflow, with_calls
from guard.doctor.yamltext import get, items, read_yaml, text, texts, truth
from guard.errors import PolicyError, Unreadable
from guard.git import Git
from guard.model import Unjudged
from guard.rule import Rule

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.config.tree import Node

HOOKS = ".pre-commit-config.yaml"
_LARGE = 1 << 20
_MANIFEST_STAGES = ("pre-commit", "pre-merge-commit", "pre-push", "manual")
_RENAMED = {"commit": "pre-commit", "push": "pre-push", "merge-commit": "pre-merge-commit"}


def read_checkout(top: str, rules: tuple[Rule, ...], targets: tuple[str, ...] = ()) -> Checkout:
    """The facts of the repository at ``top``, its root. ``targets`` go before the policy's."""
    out = Git(top).run("ls-files", "-z", "--cached", "--others", "--exclude-standard")
    listed = dict.fromkeys(out.decode("utf-8", "surrogateescape").split("\0"))
    files = _Files(top, tuple(path for path in listed if path))
    policy, problem = _policy(top, rules)
    hooks = files.hooks()
    if not targets and policy is not None and policy.lane is not None:
        targets = policy.lane.targets
    return Checkout(
        paths=files.paths,
        targets=targets,
        workflows=files.workflows(hooks),
        policy=policy,
        problem=problem,
        owners=files.owners(),
        hooks=hooks[0] if hooks else None,
        unjudged=tuple(files.unjudged),
    )


def _policy(top: str, rules: tuple[Rule, ...]) -> tuple[Policy | None, str]:
    try:
        policy = read_policy(top, rules)
    except PolicyError as error:
        return None, str(error)
    return (policy, "") if policy.path else (None, "")


class _Files:
    def __init__(self, top: str, paths: tuple[str, ...]) -> None:
        self.top = top
        self.paths = paths
        self.unjudged: list[Unjudged] = []
        self._known = frozenset(paths)

    def data(self, path: str) -> bytes | None:
        """The content of a regular file of the repository; links are not followed."""
        whole = os.path.join(self.top, *path.split("/"))
        if path not in self._known or os.path.islink(whole) or not os.path.isfile(whole):
            return None
        try:
            with open(whole, "rb") as file:
                return file.read(_LARGE + 1)
        except OSError as error:
            self.unjudged.append(Unjudged(path, f"cannot be read: {error.strerror}"))
            return None

    def script(self, path: str) -> str | None:
        data = self.data(path)
        return None if data is None or b"\0" in data else data.decode("utf-8", "replace")

    def workflows(self, hooks: tuple[Hooks, tuple[str, ...]] | None) -> tuple[Workflow, ...]:
        around = Around(
            self.script,
            hooks[1] if hooks else (),
            f"name: {running.ACTION}" in (self.script("action.yml") or ""),
        )
        found = []
        for path in sorted(self.paths):
            name = path.removeprefix(FOLDER)
            if name == path or "/" in name or not name.endswith((".yml", ".yaml")):
                continue
            data = self.data(path)
            try:
                if data is not None:
                    found.append(parse_workflow(data, path, around))
            except Unreadable as error:
                self.unjudged.append(Unjudged(path, error.reason))
        return with_calls(tuple(found))

    def owners(self) -> Owners | None:
        for path in PLACES:
            content = self.script(path)
            if content is not None:
                return parse_owners(content, path)
        return None

    def hooks(self) -> tuple[Hooks, tuple[str, ...]] | None:
        """The guard's hooks, and the commands that they start."""
        data = self.data(HOOKS)
        if data is None:
            return None
        try:
            root = read_yaml(data, HOOKS)
        except Unreadable as error:
            self.unjudged.append(Unjudged(HOOKS, error.reason))
            return None
        hooks, commands = [], set[str]()
        stages = texts(get(root, "default_stages"))
        for repo in items(get(root, "repos")):
            is_local = text(get(repo, "repo")) == "local"
            for node in items(get(repo, "hooks")):
                started = _started(node, is_local)
                if started:
                    commands |= started
                    hooks.append(_hook(node, is_local, stages))
        return (
            Hooks(
                HOOKS,
                tuple(hooks),
                texts(get(root, "default_install_hook_types")) or ("pre-commit",),
                text(get(root, "files")),
                text(get(root, "exclude")) or "^$",
            ),
            tuple(sorted(commands)),
        )


def _started(node: Node, is_local: bool) -> set[str]:
    """The commands that a hook starts; those of the guard's own manifest are known by their id."""
    if is_local:
        words = (text(get(node, "entry")), *texts(get(node, "args")))
        return {call[1].split()[-1] for call in running.CALL.finditer(" ".join(words))}
    name = text(get(node, "id"))
    return {name.removeprefix("guard-")} if name in ("guard-check", "guard-smoke") else set()


def _hook(node: Node, is_local: bool, default: tuple[str, ...]) -> Hook:
    stages = texts(get(node, "stages")) or (default if is_local else _MANIFEST_STAGES)
    return Hook(
        line=node.line,
        id=text(get(node, "id")),
        stages=tuple(_RENAMED.get(stage, stage) for stage in stages),
        always=truth(get(node, "always_run"), not is_local),
        files=text(get(node, "files")),
        exclude=text(get(node, "exclude")) or "^$",
        types=texts(get(node, "types")) or ("file",),
        types_or=texts(get(node, "types_or")),
        exclude_types=texts(get(node, "exclude_types")),
    )
