"""What to fork when: the tree of processes, its limits, and what is tried again."""

from __future__ import annotations

import select
import sys
import time
from collections import Counter
from dataclasses import replace
from typing import TYPE_CHECKING

from guard.observed import ModuleRun, Outcome
from guard.smoke._answers import Answer, in_words, read_result
from guard.smoke._control import RESULT, SIZE
from guard.smoke._ending import answer_in, cause, kill, start_words, wait
from guard.smoke._tasks import Branch, Claim, Limits, Process, Task, Wanted, alone, grow

if TYPE_CHECKING:
    import subprocess
    from collections.abc import Callable, Iterable

    from guard.smoke._control import Control, Event

_TICK = 0.05
_FEWEST_STANDARD = 4
"""A process costs as much as many an import from the standard library."""
_START = 30.0
"""Seconds for the first process to be there."""


class Schedule:
    """One run over all modules."""

    def __init__(
        self,
        control: Control,
        wanted: tuple[Wanted, ...],
        limits: Limits,
        *,
        fresh: bool,
        progress: Callable[[int, int], None] | None,
    ) -> None:
        self._control = control
        self._wanted = wanted
        self._limits = limits
        self._fresh = fresh
        self._progress = progress
        self._runs: dict[str, ModuleRun] = {}
        self._tasks: list[Task] = []
        self._running: dict[str, Process] = {}
        self._heirs: dict[str, str] = {}
        """The slot that a process was forked for, and the one that it has come to."""
        self._claims: dict[object, list[Claim]] = {}
        self._why_fresh: Counter[str] = Counter()
        self._more: list[str] = []

    def run(self, start: Callable[[], subprocess.Popen[bytes]]) -> tuple[ModuleRun, ...]:
        """Import everything. Whatever happens, nothing runs any more when this returns."""
        self._trunk = grow(self._wanted)
        below = [branch.name for branch in self._trunk.below.values()]
        slot = self._control.slot({"kind": "root", "below": below}, name="root", node=True)
        root = Process(Task("", None), slot, time.monotonic() + _START)
        self._root = root
        self._running["root"] = root
        try:
            self._first = start()
        except OSError as failure:
            self._more.append(f"the interpreter did not start: {failure}")
            return self._all()
        try:
            while self._running or self._tasks or self._claims:
                if not self._go_on():
                    break
        finally:
            self._stop()
        return self._all()

    def notes(self) -> tuple[str, ...]:
        """What fell back to fresh interpreters, and what went wrong."""
        reasons = "; ".join(f"{why}: {count}" for why, count in self._why_fresh.most_common())
        count = sum(self._why_fresh.values())
        forked = [f"fresh interpreters instead of forks: {count} ({reasons})"] if count else []
        if self._fresh:
            forked = ["each module in an interpreter of its own"]
        return (*forked, *self._more)

    # --- the loop --------------------------------------------------------------------------------

    def _go_on(self) -> bool:
        """One turn. Whether there is more to do."""
        if self._limits.deadline is not None and time.monotonic() > self._limits.deadline:
            self._more.append("stopped: the time for the whole run was over")
            return False
        if self._first.poll() is not None:
            self._more.append(f"the probe ended: {start_words(self._first, self._control)}")
            return False
        while self._tasks and self._busy() < self._limits.jobs:
            self._begin(self._tasks.pop())
        select.select([self._control.events], [], [], _TICK)
        for event in self._control.read_events():
            self._hear(event)
        self._watch()
        if not self._tasks and set(self._running) == {"root"} and self._root.ready:
            if not self._claims:
                return False
            self._confirm()
        return True

    def _busy(self) -> int:
        return sum(1 for process in self._running.values() if not process.ready)

    def _begin(self, task: Task) -> None:
        parent = task.parent or self._root
        job = task.job()
        slot = self._control.slot(job, node=job["kind"] == "node")
        left = self._limits.timeout - parent.seconds
        process = Process(
            task,
            slot,
            time.monotonic() + max(left, 1.0) + (1.0 if task.fresh else 0.0),
            before="" if task.fresh else parent.before,
        )
        self._running[slot.name] = process
        if self._is_last(task):
            parent.slot.send(f"={slot.name}")
            self._hand_over(parent, process)
        else:
            parent.slot.send(slot.name)

    def _is_last(self, task: Task) -> bool:
        """Whether nothing else will ever be forked from the process that waits with this task.

        Not so where others share the task: what does not fit them is forked from above.
        """
        parent = task.parent
        if parent is None or parent is self._root or task.extra:
            return False
        return parent.children == 1

    def _hand_over(self, parent: Process, process: Process) -> None:
        """A process goes on as its last child, and is not forked for it."""
        process.task.parent = parent.task.parent
        process.born = parent.born
        self._heirs[process.born] = process.slot.name
        del self._running[parent.slot.name]
        parent.slot.close()

    def _watch(self) -> None:
        """Kill what takes too long or writes too much."""
        now = time.monotonic()
        for process in list(self._running.values()):
            if process.ready or process.killed is not None:
                if process.killed is not None and now > process.deadline + 5:
                    self._forget(process, -1)  # nobody told that it is gone
                continue
            late = now > process.deadline
            if late or process.slot.written() > self._limits.output:
                process.killed = Outcome.TIMEOUT if late else Outcome.FLOOD
                process.deadline = now
                if process is self._root:
                    self._more.append("the probe did not start in time")
                    self._first.kill()
                elif not kill(process.slot.pid()):
                    self._forget(process, -1)

    def _hear(self, event: Event) -> None:
        slot = event.slot if event.kind == "R" else self._heirs.get(event.slot, event.slot)
        process = self._running.get(slot)
        if process is None:
            return
        if event.kind == "R":
            self._is_ready(process)
        elif process is not self._root:
            self._ended(process, event.status, left=event.left)

    # --- nodes -----------------------------------------------------------------------------------

    def _is_ready(self, process: Process) -> None:
        if process is self._root:
            process.ready = True
            if self._fresh:
                self._tasks = [alone(each) for each in reversed(self._wanted)]
            else:
                self._fork_below(process, self._trunk.below.values())
            return
        answer = read_result(process.slot.literal(RESULT, SIZE))
        if answer is None or answer.outcome is not Outcome.OK or answer.unsafe:
            return  # it ends, and then it is seen
        process.ready = True
        process.seconds = answer.seconds
        process.before = (process.before + process.slot.output())[-16384:]
        task = process.task
        branches: list[Branch] = []
        if task.branch is not None:
            self._settle(task.branch.wanted, replace(answer, output=process.before), fresh=False)
            branches += task.branch.below.values()
        self._fork_below(process, branches, [branch for branch, _ in task.extra])

    def _fork_below(
        self, process: Process, below: Iterable[Branch], extra: Iterable[Branch] = ()
    ) -> None:
        """Fork what the process can be shared for; those that load the same first, together."""
        plan = process.slot.plan()
        now: list[Branch] = []
        groups: dict[str, list[tuple[Branch, tuple[str, ...]]]] = {}
        for branch in (*below, *extra):
            first, within = plan.get(branch.name, (None, ()))
            if first is None and branch in extra:
                self._fork_from_above(process.task, branch)
            elif first:
                groups.setdefault(first, []).append((branch, within))
            else:
                now.append(branch)
        shared: dict[str, tuple[tuple[Branch, tuple[str, ...]], ...]] = {}
        for name, group in groups.items():
            if len(group) >= self._fewest(name):
                shared[name] = tuple(group)
            else:
                now += [branch for branch, _ in group]
        tasks = [Task(each.name, process, each, shared.pop(each.name, ())) for each in now]
        tasks += [Task(name, process, None, group) for name, group in shared.items()]
        process.children += len(tasks)
        self._tasks += reversed(tasks)
        self._quit_if_done(process)

    def _fewest(self, name: str) -> int:
        """How many modules must begin with ``name`` for a process that imports it for them all."""
        top = name.partition(".")[0]
        is_standard = top in sys.stdlib_module_names and top not in self._trunk.below
        return _FEWEST_STANDARD if is_standard else 2

    def _fork_from_above(self, task: Task, branch: Branch) -> None:
        """What cannot be imported from a process that others share: from the one before."""
        parent = task.parent
        assert parent is not None
        parent.children += 1
        self._tasks.append(Task(branch.name, parent, branch))

    def _quit_if_done(self, process: Process | None) -> None:
        if process is None or process is self._root or process.children or not process.ready:
            return
        process.slot.send("quit")

    def _ended(self, process: Process, status: int, *, left: bool) -> None:
        """A process is gone: what came of it."""
        if process.ready:
            self._node_ended(process)
        else:
            self._judge(process, self._answer(process, status, left=left))
        self._forget(process, status)

    def _forget(self, process: Process, status: int) -> None:
        if self._running.pop(process.slot.name, None) is None:
            return
        if status == -1 and not process.ready:
            self._judge(process, self._answer(process, status, left=False))
        process.slot.close()
        parent = process.task.parent
        if parent is not None:
            parent.children -= 1
            self._quit_if_done(parent)

    def _node_ended(self, process: Process) -> None:
        """If it was not told to: what waits for it gets interpreters of its own."""
        orphans = [task for task in self._tasks if task.parent is process]
        self._tasks = [task for task in self._tasks if task.parent is not process]
        for child in list(self._running.values()):
            if child.task.parent is process:
                kill(child.slot.pid())
                self._node_ended(child)
                self._running.pop(child.slot.name)
                child.slot.close()
                if not child.ready:
                    orphans.append(child.task)
        for task in orphans:
            for branch in (task.branch, *(branch for branch, _ in task.extra)):
                if branch is not None:
                    self._afresh(branch, "a process to fork from was gone")

    # --- answers ---------------------------------------------------------------------------------

    def _answer(self, process: Process, status: int, *, left: bool) -> Answer:
        answer = answer_in(
            process.slot, process.killed, self._limits, ended=in_words(status), left=left
        )
        return answer.after(process.before)

    def _judge(self, process: Process, answer: Answer) -> None:
        """Believe an answer, or have it confirmed."""
        task = process.task
        if task.fresh:
            self._judge_fresh(task, answer)
            return
        for branch, _ in task.extra:
            self._fork_from_above(task, branch)
        branch_of_own = task.branch
        if branch_of_own is None:
            return
        is_node = bool(branch_of_own.below or task.extra)
        if answer.outcome is Outcome.OK and answer.unsafe:
            self._settle(branch_of_own.wanted, answer, fresh=False)
            for below in branch_of_own.below.values():
                self._afresh(below, answer.unsafe)
        elif answer.outcome is Outcome.OK and not is_node:
            self._settle(branch_of_own.wanted, answer, fresh=False)
        elif self._is_plain(answer) or (
            answer.outcome is not Outcome.OK
            and task.parent is self._root
            and answer.status != "gone"
        ):
            self._settle_all(branch_of_own, answer, fresh=False)
        else:
            # An OK of a node that did not become one is as doubtful as a failure.
            self._claims.setdefault(cause(answer), []).append(Claim(branch_of_own, answer))

    def _is_plain(self, answer: Answer) -> bool:
        """Whether it is a failure that no fork could bring about: what is missing, or no Python."""
        failure = answer.failure
        if failure is None:
            return False
        if failure.type == "ModuleNotFoundError":
            return failure.module.partition(".")[0] not in self._trunk.below
        return failure.type in {"SyntaxError", "IndentationError", "TabError"}

    def _confirm(self) -> None:
        """Ask a fresh interpreter once for each cause of failure."""
        for claims in self._claims.values():
            branch = claims[0].branch
            self._tasks.append(Task(branch.name, None, branch, fresh=True, claims=claims))
        self._claims = {}

    def _judge_fresh(self, task: Task, answer: Answer) -> None:
        assert task.branch is not None
        if task.claims and cause(task.claims[0].answer) == cause(answer):
            for claim in task.claims:
                self._settle_all(claim.branch, claim.answer, fresh=False)
            return
        for claim in task.claims[1:]:
            self._afresh(claim.branch, "a failure that a fresh interpreter does not have")
        if answer.outcome is Outcome.OK:
            if task.claims:
                self._why_fresh["a failure that a fresh interpreter does not have"] += 1
            self._settle(task.branch.wanted, answer, fresh=True)
            for below in task.branch.below.values():
                self._afresh(below, "the package above it could not be forked")
        else:
            self._settle_all(task.branch, answer, fresh=True)

    def _afresh(self, branch: Branch, why: str) -> None:
        for wanted in branch.all():
            self._why_fresh[why] += 1
            self._tasks.append(alone(wanted))

    def _settle_all(self, branch: Branch, answer: Answer, *, fresh: bool) -> None:
        for wanted in branch.all():
            self._settle(wanted, answer, fresh=fresh)

    def _settle(self, wanted: Wanted | None, answer: Answer, *, fresh: bool) -> None:
        if wanted is None:
            return
        self._runs[wanted.module] = answer.of(
            wanted.module, wanted.path, wanted.optional, fresh=fresh
        )
        if self._progress is not None:
            self._progress(len(self._runs), len(self._wanted))

    # --- the end ---------------------------------------------------------------------------------

    def _stop(self) -> None:
        """End every process: the first one asks the others, and waits for none."""
        for process in self._running.values():
            if process is not self._root:
                kill(process.slot.pid())
        try:
            self._root.slot.send("quit")
            wait(self._first, 5.0)
        except Exception:  # noqa: BLE001 - whatever it was, it must end
            self._first.kill()
            self._first.wait()
        for process in self._running.values():
            process.slot.close()

    def _all(self) -> tuple[ModuleRun, ...]:
        lost = Answer(Outcome.LOST, status="not known: the run was stopped before")
        return tuple(
            replace(self._runs[each.module], path=each.path, optional=each.optional)
            if each.module in self._runs
            else lost.of(each.module, each.path, each.optional, fresh=False)
            for each in self._wanted
        )
