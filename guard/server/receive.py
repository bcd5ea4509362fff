"""Both hooks, put together: who judges, what ran before the guard, what is recorded after."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from functools import partial

from guard.change import Commit, Origin, Person, Provenance
from guard.errors import GuardError
from guard.refs import LocalRefs
from guard.repository import Repository
from guard.rule import Rule
from guard.server.hook import Hook, Judge, Push, Said
from guard.server.install import CHAINED
from guard.server.policies import Policies
from guard.server.post_receive import SERVER, Flush, Landed, flush
from guard.server.spool import Moved, Spool
from guard.server.survey import head_of
from guard.server.updates import HEADS, Update, parse
from guard.server.words import note


def run_here(
    name: str, environ: Mapping[str, str], rules: Callable[[], tuple[Rule, ...]] | None = None
) -> int:
    """Run the hook ``name`` of the repository that git started this process in."""
    repo = os.path.abspath(environ.get("GIT_DIR", "."))
    stdin = sys.stdin.buffer.read()
    return run(name, Hook(repo, environ, stdin, int(time.time()), say, rules or _load_rules))


def _load_rules() -> tuple[Rule, ...]:
    """Those of all plugins: found only where they are asked for."""
    from guard.plugins import load_rules

    return load_rules()


def say(text: str) -> None:
    """A line for whoever pushed. That nobody listens must not change the answer."""
    try:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()
    except OSError:
        pass


def run(name: str, hook: Hook, judges: tuple[Judge, ...] | None = None) -> int:
    """Run the hook ``name``: 0 lets a push in. ``judges`` replace those of the guard."""
    code = _chained(name, hook)
    if name == "pre-receive":
        from guard.server.pre_receive import pre_receive

        return code or pre_receive(hook, _judges() if judges is None else judges)
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
        policies = Policies(git, None)  # what it says of rules has been judged
        job = Flush(
            git,
            Spool(hook.repo, hook.step),
            policies,
            hook.now,
            partial(_origin, git, policies),
            partial(_keep, git, policies, hook.now),
            hook.step,
        )
        faults = flush(job, moved)
    except GuardError as error:
        faults = (str(error),)
    for fault in faults:
        hook.say(note(f"not recorded yet, the next push will try again: {fault}"))
    return 1 if faults else 0


def _origin(git: Repository, policies: Policies, landed: Landed, before: Sequence[str]) -> Origin:
    """Who made what came to a branch: kept, so that a later rewrite cannot hide an AI."""
    from guard.commits import commits
    from guard.provenance import Told, judge

    found = commits(git, before, [landed.update.new])
    if not found:
        return Origin.UNDECLARED
    policy = policies.at(git.ref(HEADS + head_of(git)) or "").policy
    told = Told(landed.update.ref.removeprefix(HEADS), opener=Person(login=landed.by))
    if policy is None:
        return judge(found, told).origin
    return judge(found, told, policy.provenance, policy.people).origin


def _keep(
    git: Repository, policies: Policies, now: int, target: str, moved: Sequence[Moved]
) -> None:
    """Record what landed on ``target``, as it was judged, and release what is due."""
    from guard.keeper import Keeper
    from guard.landings import Push as Seen
    from guard.landings import Reader
    from guard.provenance import judge
    from guard.records import Records

    refs = LocalRefs(git)
    read = policies.at(refs.read(HEADS + target) or "")
    policy = read.policy
    if policy is None:
        raise GuardError(f"the policy at the tip of {target} cannot be read: {read.problem}")

    def by(commits: tuple[Commit, ...]) -> Provenance:
        return judge(commits, settings=policy.provenance, people=policy.people)

    seen = tuple(Seen(each.base, each.rev, each.ai, each.change) for each in moved)
    reader = Reader(git, Records(git, refs), read.lane, by, seen)
    Keeper(reader, refs, target, read.blob).reconcile(now, SERVER)


def _smoke(push: Push) -> Said:
    if push.policy.server is None or not push.policy.server.smoke:
        return Said()
    from guard.server.smoke import judge

    return judge(push)


def _judges() -> tuple[Judge, ...]:
    """Who judges a push, the cheap ones first; ``post-receive`` needs none of what they load.

    All of them speak, so that one push shows all that is wrong.
    """
    from guard.server import change, source

    return (change.judge, source.judge, _smoke)


def _chained(name: str, hook: Hook) -> int:
    """What was there before the guard runs first, with the same input; its no is a no."""
    path = os.path.join(hook.repo, "hooks", name + CHAINED)
    if not os.access(path, os.X_OK):
        return 0
    import subprocess

    try:
        done = subprocess.run([path], input=hook.stdin, env=dict(hook.environ), check=False)
    except OSError as error:
        hook.say(note(f"the hook {name}{CHAINED} cannot be run: {error.strerror}"))
        return 1
    return 1 if done.returncode else 0
