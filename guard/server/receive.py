"""Both hooks, put together: who judges, what ran before the guard, what is recorded after."""

from __future__ import annotations

import os
import subprocess

from guard.change import Origin
from guard.errors import GuardError
from guard.repository import Repository
from guard.server import change, source
from guard.server.hook import Hook, Judge, Push, Said
from guard.server.install import CHAINED
from guard.server.policies import Policies
from guard.server.post_receive import Flush, Landed, flush
from guard.server.pre_receive import pre_receive
from guard.server.spool import Spool
from guard.server.updates import Update, parse
from guard.server.words import note


def run(name: str, hook: Hook, judges: tuple[Judge, ...] | None = None) -> int:
    """Run the hook ``name``: 0 lets a push in. ``judges`` replace those of the guard."""
    code = _chained(name, hook)
    if name == "pre-receive":
        return code or pre_receive(hook, JUDGES if judges is None else judges)
    try:
        moved = parse(hook.stdin)
    except GuardError as error:
        hook.say(note(str(error)))
        moved = ()
    return flush_all(hook, moved) or code


def flush_all(hook: Hook, moved: tuple[Update, ...] = ()) -> int:
    """Empty the spool; 1 where something has to wait for the next time, with the reason told."""
    git = Repository(hook.repo, hook.environ)
    try:
        job = Flush(
            git,
            Spool(hook.repo, hook.step),
            Policies(git, hook.rules()),
            hook.now,
            _origin,
            lambda _: None,
            hook.step,
        )
        faults = flush(job, moved)
    except GuardError as error:
        faults = (str(error),)
    for fault in faults:
        hook.say(note(f"not recorded yet, the next push will try again: {fault}"))
    return 1 if faults else 0


def _origin(landed: Landed) -> Origin:
    del landed
    return Origin.UNDECLARED


def _smoke(push: Push) -> Said:
    if push.policy.server is None or not push.policy.server.smoke:
        return Said()
    from guard.server.smoke import judge

    return judge(push)


JUDGES: tuple[Judge, ...] = (change.judge, source.judge, _smoke)
"""The cheap ones first; all of them speak, so that one push shows all that is wrong."""


def _chained(name: str, hook: Hook) -> int:
    """What was there before the guard runs first, with the same input; its no is a no."""
    path = os.path.join(hook.repo, "hooks", name + CHAINED)
    if not os.access(path, os.X_OK):
        return 0
    try:
        done = subprocess.run([path], input=hook.stdin, env=dict(hook.environ), check=False)
    except OSError as error:
        hook.say(note(f"the hook {name}{CHAINED} cannot be run: {error.strerror}"))
        return 1
    return 1 if done.returncode else 0
