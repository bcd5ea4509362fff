"""The merge queue of one branch.

Each of the first entries has a group of its own, a branch built upon the group before it:
``gh-readonly-queue/<base>/pr-<number>-<sha of the group's base>``. A group that fails, or a target
that moves, makes all groups after it anew. (docs.github.com, "Managing a merge queue".)

What GitHub does not document is decided here so: an entry that failed is removed once nothing
before it is undecided; with HEADGREEN, once no entry that could carry it is undecided.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.github.fake.merging import Landing, landed
from tests.github.fake.state import Account, Pull, QueueEntry, QueueSettings, Refused

if TYPE_CHECKING:
    from tests.github.fake.world import World


class MergeQueue:
    def __init__(self, world: World, branch: str, settings: QueueSettings) -> None:
        self.world = world
        self.branch = branch
        self.settings = settings
        self.entries: list[QueueEntry] = []

    @property
    def node_id(self) -> str:
        return f"MQ_{self.branch}"

    def entry_of(self, pull: Pull) -> QueueEntry | None:
        return next((each for each in self.entries if each.pull is pull), None)

    def position(self, entry: QueueEntry) -> int:
        return self.entries.index(entry) + 1

    def enqueue(self, pull: Pull, by: Account, *, jump: bool, solo: bool) -> QueueEntry:
        """A new entry. ``Refused`` unless the pull request may be merged as it stands."""
        if self.entry_of(pull):
            raise Refused("Pull request Pull request is already in the queue")
        reasons = self.world.obstacles(pull)
        if reasons:
            raise Refused(f"Pull request {', '.join(reasons)}")
        world = self.world
        entry = QueueEntry(world.next_id(), pull, by, self, world.now, jump=jump, solo=solo)
        entry.pull_head = pull.head
        self.entries.insert(0 if jump else len(self.entries), entry)
        world.add(entry)
        world.tell.pull("enqueued", pull, by)
        return entry

    def remove(self, entry: QueueEntry, reason: str) -> None:
        """Take an entry out; the groups after it are made anew at the next tick."""
        self._destroy(entry, "merged" if reason == "MERGE" else "dequeued")
        self.entries.remove(entry)
        self.world.nodes.pop(entry.node_id)
        self.world.tell.pull("dequeued", entry.pull, self.world.queue_bot, reason=reason)

    def head_moved(self, pull: Pull) -> None:
        entry = self.entry_of(pull)
        if entry and not self.settings.push_keeps_entry:
            self.remove(entry, "MANUAL")

    def tick(self) -> None:
        """Build, judge, land and remove until there is nothing left to do."""
        while True:
            self._build()
            self._judge()
            if not (self._land() or self._eject()):
                return

    def _build(self) -> None:
        tip = self.world.repo.tip(self.branch)
        building = 0
        for entry in tuple(self.entries):
            if entry.pull.state != "OPEN":
                self.remove(
                    entry, "ALREADY_MERGED" if entry.pull.merged else "UNKNOWN_REMOVAL_REASON"
                )
                continue
            if building == self.settings.max_build:
                self._destroy(entry, "invalidated")
                continue
            if entry.base != tip:
                self._destroy(entry, "invalidated")
                if not self._request(entry, tip):
                    self.remove(entry, "MERGE_CONFLICT")
                    continue
            assert entry.head
            tip = entry.head
            building += 1

    def _request(self, entry: QueueEntry, base: str) -> bool:
        """A group for the entry upon ``base``; whether it could be built."""
        world, pull = self.world, entry.pull
        by = entry.by
        how = Landing(pull, self.settings.method, by, world.now)
        head = landed(world.repo, base, entry.pull_head, how)
        if head is None or head == base:
            return False
        entry.base, entry.head, entry.requested = base, head, world.now
        entry.ref = f"refs/heads/gh-readonly-queue/{self.branch}/pr-{pull.number}-{base}"
        world.repo.move(entry.ref, head)
        world.sync(world.queue_bot)
        world.tell.merge_group("checks_requested", entry, self.branch)
        return True

    def _destroy(self, entry: QueueEntry, reason: str) -> None:
        if entry.ref is None:
            return
        self.world.tell.merge_group("destroyed", entry, self.branch, reason=reason)
        self.world.repo.move(entry.ref, None)
        self.world.sync(self.world.queue_bot)
        entry.base = entry.head = entry.ref = None
        entry.state = "QUEUED"

    def _judge(self) -> None:
        states = {"success": "MERGEABLE", "failure": "UNMERGEABLE", "pending": "AWAITING_CHECKS"}
        for entry in self.entries:
            if entry.head is not None:
                verdict = self.world.verdict(entry.head, self.branch)
                if verdict == "pending" and self._is_late(entry):
                    verdict = "failure"
                entry.state = states[verdict]

    def _is_late(self, entry: QueueEntry) -> bool:
        return self.world.now - entry.requested >= self.settings.timeout * 60

    def _window(self) -> list[QueueEntry]:
        """The entries that may land together."""
        found: list[QueueEntry] = []
        for entry in self.entries[: self.settings.max_merge]:
            if entry.head is None or (found and (entry.solo or found[0].solo)):
                break
            found.append(entry)
        return found

    def _ready(self) -> list[QueueEntry]:
        """The entries at the front that are ready to land."""
        window = self._window()
        green = [each.state == "MERGEABLE" for each in window]
        if self.settings.strategy == "HEADGREEN":
            last = max((n for n, is_green in enumerate(green) if is_green), default=-1)
            return window[: last + 1]
        return window[: green.index(False) if False in green else len(green)]

    def _land(self) -> bool:
        ready = self._ready()
        if not ready:
            return False
        waited = self.world.now - min(each.enqueued for each in self.entries)
        is_small = len(ready) < self.settings.min_merge and not ready[0].solo
        if is_small and waited < self.settings.wait * 60:
            return False
        world, tip = self.world, ready[-1].head
        assert tip
        for entry in ready:
            entry.state = "LOCKED"
        world.repo.move(f"refs/heads/{self.branch}", tip, ready[0].base)
        for entry in ready:
            assert entry.head
            world.set_merged(entry.pull, entry.head, world.queue_bot, base=entry.base)
            self.remove(entry, "MERGE")
            world.tell.pull("closed", entry.pull, world.queue_bot)
        world.sync(world.queue_bot)
        return True

    def _eject(self) -> bool:
        window = self._window()
        if not window or window[0].state != "UNMERGEABLE":
            return False
        if self.settings.strategy == "HEADGREEN":
            if any(each.state == "AWAITING_CHECKS" for each in window):
                return False
        entry = window[0]
        assert entry.head
        is_failed = self.world.verdict(entry.head, self.branch) == "failure"
        self.remove(entry, "CI_FAILURE" if is_failed else "CI_TIMEOUT")
        return True
