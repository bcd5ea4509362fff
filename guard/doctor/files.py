"""Checks over the policy, the code owners and the pre-commit hooks."""

from __future__ import annotations

import re
from collections.abc import Iterator

from guard.config import POLICY_NAME
from guard.doctor.checkout import HOOKS
from guard.doctor.facts import Checkout, Hook, Hooks, Job
from guard.doctor.words import At, hollow, listed
from guard.model import Finding, Level, Missing

Found = Iterator[Finding]
_SUFFIXES = {
    "python": (".py", ".pyi"),
    "pyi": (".pyi",),
    "yaml": (".yml", ".yaml"),
    "toml": (".toml",),
    "json": (".json",),
    "markdown": (".md",),
}
_ANY = frozenset({"file", "text", "non-executable"})


def policy_missing(checkout: Checkout) -> Found:
    """There is no policy, or none that can be read."""
    if checkout.problem:
        first = checkout.problem.splitlines()[0]
        yield hollow(
            At(POLICY_NAME),
            f"the policy cannot be read ({first}): nothing can be judged by it",
            "Mend it; guard validate shows every problem.",
        )
    elif checkout.policy is None:
        yield hollow(
            At(POLICY_NAME),
            "there is no guard.yaml: nobody is an owner, no branch is named, and an AI's edit of "
            "the workflows is all that is refused",
            "Run guard init, and land it by a human.",
        )


def lane_without_target(checkout: Checkout) -> Found:
    """The lane names no branch."""
    policy = checkout.policy
    if policy is not None and (policy.lane is None or not policy.lane.targets):
        yield hollow(
            At(POLICY_NAME),
            "the lane names no branch: it follows the repository's HEAD, and other branches that "
            "are deployed from have none",
            "Name them under lane: targets.",
            Level.WARNING,
        )


def lane_check_unreported(checkout: Checkout) -> Found:
    """A check that a release waits for, and that no workflow runs on what landed."""
    policy = checkout.policy
    if policy is None or policy.lane is None or not checkout.guarding("reconcile", "gate"):
        return
    jobs = [
        job for flow in checkout.workflows if flow.on("push", "merge_group") for job in flow.jobs
    ]
    for check in policy.lane.checks:
        if not any(reports(job, check) for job in jobs):
            yield hollow(
                At(POLICY_NAME, name=check),
                f"lane.checks names {check!r}, and no workflow on push or merge_group has a job of "
                "that name: no AI change is ever released",
                "Give a job that name, or name the check run that there is.",
            )


def reports(job: Job, context: str) -> bool:
    """Whether the check runs of a job can have the name ``context``.

    A matrix adds its values in brackets, a called workflow its jobs after a slash. An expression in
    the name of the job stands for any text.
    """
    pieces = re.split(r"\$\{\{.*?\}\}", job.name)
    names = {context, *_before(context, " / ")}
    if context.endswith(")"):
        names |= _before(context, " (")
    return any(_fits(name, pieces) for name in names)


def _before(text: str, mark: str) -> set[str]:
    return {text[: found.start()] for found in re.finditer(re.escape(mark), text)}


def _fits(name: str, pieces: list[str]) -> bool:
    """Whether ``name`` is the pieces in their order, with anything between them."""
    if len(pieces) == 1:
        return name == pieces[0]
    first, *middle, last = pieces
    if not name.startswith(first) or len(name) < len(first) + len(last):
        return False
    at, end = len(first), len(name) - len(last)
    for piece in middle:
        at = name.find(piece, at, end)
        if at < 0:
            return False
        at += len(piece)
    return at <= end and name.endswith(last)


def code_owners(checkout: Checkout) -> Found:
    """What judges changes has no code owner."""
    owners = checkout.owners
    if owners is None:
        yield hollow(
            At(".github/CODEOWNERS"),
            "there is no CODEOWNERS: GitHub asks nobody in particular when the policy, the hooks "
            "or the workflows are changed",
            f"Add one with owners for /{POLICY_NAME}, /.github/ and /{HOOKS}.",
            Level.WARNING,
        )
        return
    kept = {POLICY_NAME, HOOKS} & set(checkout.paths)
    kept |= {owners.path, *(flow.path for flow in checkout.workflows)}
    bare = sorted(path for path in kept if not owners.of(path))
    if bare:
        yield hollow(
            At(owners.path),
            f"{listed(bare)} without a code owner: who can review anything can approve a change of "
            "what judges changes",
            "Add a last line for each with its owners.",
            Level.WARNING,
        )


def hook_matches_nothing(checkout: Checkout) -> Iterator[Finding | Missing]:
    """A hook of the guard whose patterns match no file."""
    for hooks, hook in _hooks(checkout):
        if hook.always:
            continue
        strange = {*hook.types, *hook.types_or, *hook.exclude_types} - _ANY - set(_SUFFIXES)
        try:
            matched = any(_matches(hooks, hook, path) for path in checkout.paths)
        except re.error as error:
            yield Missing(f"the files of hook {hook.id}", f"not a pattern: {error}")
            continue
        if strange and matched:
            what = f"the types {listed(sorted(strange))} of hook {hook.id}"
            yield Missing(what, "not known here", "Set always_run: true.")
        elif not matched:
            yield hollow(
                At(hooks.path, hook.line, hook.id),
                f"hook {hook.id} has patterns that match no file of the repository: pre-commit "
                "says 'no files to check' and passes",
                "Set always_run: true and take files, exclude and types away.",
            )


def _matches(hooks: Hooks, hook: Hook, path: str) -> bool:
    """Whether pre-commit would hand ``path`` over; a type that is not known here counts as met."""
    if not (re.search(hooks.files, path) and re.search(hook.files, path)):
        return False
    if re.search(hooks.exclude, path) or re.search(hook.exclude, path):
        return False
    is_all = all(_is(path, tag) for tag in hook.types)
    is_any = not hook.types_or or any(_is(path, tag) for tag in hook.types_or)
    known = [tag for tag in hook.exclude_types if tag in _SUFFIXES or tag in _ANY]
    return is_all and is_any and not any(_is(path, tag) for tag in known)


def _is(path: str, tag: str) -> bool:
    return path.endswith(_SUFFIXES[tag]) if tag in _SUFFIXES else True


def hook_never_runs(checkout: Checkout) -> Found:
    """A hook of the guard at stages that nothing installs."""
    for hooks, hook in _hooks(checkout):
        if hook.stages and not set(hook.stages) & set(hooks.installed):
            yield hollow(
                At(hooks.path, hook.line, hook.id),
                f"hook {hook.id} runs at {listed(hook.stages)}, and pre-commit install sets up "
                f"{listed(hooks.installed)}: it never runs by itself",
                f"Add {hook.stages[0]} to default_install_hook_types, or the stages to the hook.",
            )


def _hooks(checkout: Checkout) -> Iterator[tuple[Hooks, Hook]]:
    for hook in checkout.hooks.hooks if checkout.hooks else ():
        assert checkout.hooks is not None
        yield checkout.hooks, hook
