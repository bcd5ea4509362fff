"""What GitHub does once a reference has moved, by whatever way."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.github.fake.state import Account, ForcePush, Pull

if TYPE_CHECKING:
    from tests.github.fake.world import World


def follow(world: World, by: Account) -> None:
    """Compare all references with what they were; ``by`` moved them."""
    for name, repo in tuple(world.repos.items()):
        before, after = world.seen[name], repo.refs()
        world.seen[name] = after
        for ref in sorted(before.keys() | after.keys()):
            old, new = before.get(ref), after.get(ref)
            if old != new and ref.startswith(("refs/heads/", "refs/tags/")):
                _moved(world, by, name, (ref, old, new))


def _moved(world: World, by: Account, repo: str, move: tuple[str, str | None, str | None]) -> None:
    ref, old, new = move
    if repo == world.repo.name:
        world.tell.push(by, ref, old, new)
    branch = ref.removeprefix("refs/heads/")
    landed = frozenset[str]()
    if repo == world.repo.name and old and new:
        landed = frozenset(world.repo.between(old, new))
    for pull in tuple(world.pulls.values()):
        if pull.state != "OPEN":
            continue
        if (pull.head_repo, pull.head_branch) == (repo, branch):
            if new is None:
                world.close(pull, by)
            else:
                _head_moved(world, by, pull, new)
        elif pull.base == branch and pull.head in landed:
            _landed(world, by, pull, (str(old), str(new)))


def _head_moved(world: World, by: Account, pull: Pull, new: str) -> None:
    old = pull.head
    world.show_head(pull.number, pull.head_repo, new)
    pull.head, pull.updated = new, world.now
    if not world.repo.is_ancestor(old, new):
        pushed = ForcePush(world.next_id(), pull, by, old, new, world.now)
        pull.force_pushes.append(pushed)
        world.add(pushed)
    world.tell.pull("synchronize", pull, by, before=old, after=new)
    if pull.base in world.dismiss_stale:
        for review in pull.reviews:
            if review.state == "APPROVED":
                world.dismiss(review, by)
    if pull.base in world.queues:
        world.queues[pull.base].head_moved(pull)


def _landed(world: World, by: Account, pull: Pull, move: tuple[str, str]) -> None:
    """Whatever is in the base by now counts as merged (docs, "About pull request merges")."""
    old, new = move
    first = world.repo.between(old, new, "--first-parent")
    found = next((oid for oid in first if world.repo.is_ancestor(pull.head, oid)), new)
    world.set_merged(pull, found, by, base=old)
    world.tell.pull("closed", pull, by)
