"""The two hook scripts in a repository: written, taken away, looked at.

A script of someone else is never overwritten: it is chained, if whoever installs says so, and runs
before the guard with the same input; where it refuses, nothing else happens.
"""

from __future__ import annotations

import os
import shlex
from collections.abc import Iterator
from dataclasses import dataclass

from guard import git as _git
from guard.errors import GitError, GuardError, UsageError
from guard.records import Records, lane_ref
from guard.refs import LocalRefs
from guard.repository import Repository
from guard.rule import Rule
from guard.server.policies import Policies
from guard.server.post_receive import start_lane
from guard.server.spool import Spool
from guard.server.survey import head_of, targets_of
from guard.server.updates import HEADS

HOOKS = ("pre-receive", "post-receive")
CHAINED = ".before-guard"
_MARK = "# premerge-guard server-hook 1"


@dataclass(frozen=True, slots=True)
class Fault:
    """What is wrong with an installation, and the mend."""

    what: str
    fix: str = ""


def script(hook: str, python: str) -> str:
    """The text of a hook. ``-I`` keeps the pusher's environment and folder out of the guard."""
    return (
        "#!/bin/sh\n"
        f"{_MARK}\n"
        "# Written by `guard server-hook install`; `guard server-hook uninstall` takes it away.\n"
        'export GUARD_CACHE_DIR="$PWD/guard/cache"\n'
        f"exec {shlex.quote(python)} -I -m guard server-hook run {hook}\n"
    )


def repository_at(path: str) -> str:
    """The absolute path of the bare repository at ``path``. Raises ``UsageError``."""
    folder = os.path.realpath(path)
    if _git.git_dir(folder) != folder:
        inside = _git.git_dir(folder)
        hint = f"; name {inside} to protect this one all the same" if inside else ""
        raise UsageError(f"{path} is no bare repository{hint}")
    return folder


def install(repo: str, python: str, chain: bool = False) -> tuple[str, ...]:
    """Write both hooks into ``repo``; what was done, a line each. Raises ``UsageError``."""
    folder = _hooks_folder(repo)
    if not (os.path.isabs(python) and os.access(python, os.X_OK) and os.path.isfile(python)):
        raise UsageError(f"{python} is no absolute path of a Python interpreter")
    foreign = [hook for hook in HOOKS if _is_foreign(os.path.join(folder, hook))]
    if foreign and not chain:
        raise UsageError(
            f"{repo} has hooks of its own: {', '.join(foreign)}. --chain keeps them, and runs "
            "them before the guard; or move them away"
        )
    taken = [h for h in foreign if os.path.lexists(os.path.join(folder, h) + CHAINED)]
    if taken:
        raise UsageError(f"{taken[0]}{CHAINED} is there already: which one is meant?")
    done = []
    try:
        os.makedirs(folder, exist_ok=True)
        Spool(repo).prepare()
        for hook in HOOKS:
            path = os.path.join(folder, hook)
            if hook in foreign:
                os.rename(path, path + CHAINED)
                done.append(f"{hook}: the hook that was there runs first ({hook}{CHAINED})")
            _write(path, script(hook, python))
            done.append(f"{hook}: written")
    except OSError as error:
        raise GuardError(f"cannot write into {folder}: {error.strerror}") from error
    return tuple(done)


def uninstall(repo: str) -> tuple[str, ...]:
    """Take the guard's hooks away, and put back what was chained. Records stay."""
    folder = _hooks_folder(repo)
    done = []
    try:
        for hook in HOOKS:
            path = os.path.join(folder, hook)
            if not os.path.lexists(path):
                continue
            if _is_foreign(path):
                done.append(f"{hook}: not the guard's, left as it is")
                continue
            if os.path.lexists(path + CHAINED):
                os.replace(path + CHAINED, path)
                done.append(f"{hook}: the hook from before is back")
            else:
                os.unlink(path)
                done.append(f"{hook}: removed")
    except OSError as error:
        raise GuardError(f"cannot change {folder}: {error.strerror}") from error
    return tuple(done) or ("there was nothing to remove",)


def start_lanes(repo: str, rules: tuple[Rule, ...], now: int) -> tuple[str, ...]:
    """Begin the lane of each protected branch that is there; what was done, a line each."""
    git = Repository(repo)
    head = head_of(git)
    tips = git.refs(HEADS)
    read = Policies(git, rules).at(tips.get(HEADS + head, ""))
    if read.policy is None:
        raise UsageError(f"the policy at the tip of {head} cannot be read: {read.problem}")
    records = Records(git, LocalRefs(git))
    done = []
    for target in targets_of(head, read):
        tip = tips.get(HEADS + target)
        if tip is None:
            done.append(f"{target}: not there yet; its lane begins with the first push")
        elif start_lane(records, target, tip, now):
            done.append(f"{target}: protected; its lane begins after {tip[:12]}")
        else:
            done.append(f"{target}: protected")
    return tuple(done)


def faults(repo: str, rules: tuple[Rule, ...]) -> Iterator[Fault]:
    """What keeps the hooks from guarding ``repo``."""
    folder = _hooks_folder(repo)
    again = "Run `guard server-hook install` again."
    for hook in HOOKS:
        path = os.path.join(folder, hook)
        if not os.path.lexists(path):
            yield Fault(f"{hook} is missing", again)
        elif _is_foreign(path):
            yield Fault(f"{hook} is not the guard's", "Run `guard server-hook install --chain`.")
        else:
            yield from _script_faults(path, hook)
    spool = Spool(repo)
    if not os.path.isdir(spool.folder) or not os.access(spool.folder, os.W_OK):
        yield Fault(f"{spool.folder} cannot be written", again)
    git = Repository(repo)
    head = head_of(git)
    tips = git.refs(HEADS)
    read = Policies(git, rules).at(tips.get(HEADS + head, ""))
    if read.policy is None:
        yield Fault(f"the policy at the tip of {head} cannot be read: {read.problem}")
    for target in targets_of(head, read):
        if HEADS + target in tips and git.ref(lane_ref(target)) is None:
            yield Fault(f"the lane into {target} has no start", again)


def _script_faults(path: str, hook: str) -> Iterator[Fault]:
    again = "Run `guard server-hook install` again."
    if not os.access(path, os.X_OK):
        yield Fault(f"{hook} is not executable: git passes over it", again)
    words = shlex.split(_text(path).splitlines()[-1])
    python = words[1] if len(words) > 1 else ""
    if _text(path) != script(hook, python):
        yield Fault(f"{hook} was changed by hand", again)
    elif not os.access(python, os.X_OK):
        yield Fault(f"{hook} calls {python}, which is gone: every push is refused", again)


def _hooks_folder(repo: str) -> str:
    """Where git looks for hooks. Raises ``UsageError`` where that is outside the repository."""
    git = Repository(repo)
    asked = ("config", "--null", "--show-scope", "--get-all", "core.hooksPath")
    code, out, err = git.start(*asked).finish()
    if code not in (0, 1):
        raise GitError(f"git config failed: {err.decode('utf-8', 'backslashreplace')}")
    fields = out.decode("utf-8", "surrogateescape").split("\0")
    scopes = [s for s in zip(fields[0::2], fields[1::2], strict=False) if s[0] != "command"]
    if scopes:
        scope, where = scopes[-1]
        raise UsageError(
            f"core.hooksPath is {where!r} in the {scope} configuration: git would not run hooks of "
            f"{repo}; unset it there"
        )
    return os.path.join(repo, "hooks")


def _is_foreign(path: str) -> bool:
    return os.path.lexists(path) and _MARK not in _text(path).splitlines()[:3]


def _text(path: str) -> str:
    try:
        with open(path, "rb") as file:
            return file.read(1 << 16).decode("utf-8", "replace")
    except OSError:
        return ""


def _write(path: str, text: str) -> None:
    fresh = f"{path}.new"
    with open(fresh, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    os.chmod(fresh, 0o755)
    os.replace(fresh, path)
