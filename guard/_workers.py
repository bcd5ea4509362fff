"""Compute the facts of many files in several processes, and survive those that die.

Workers read the files themselves and send back facts alone, so that no process ever holds the
contents of more than one file of a chunk. Forked by hand where that is safe: it costs a
millisecond, while ``concurrent.futures`` costs 15 ms to import and more to start.
"""

from __future__ import annotations

import marshal
import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Container, Generator, Iterator, Sequence
    from typing import Any, Protocol

    Item = tuple[str, str | None]
    """A path, and the content's key where it is known."""
    Stat = tuple[int, int, int, int, int]
    Content = tuple[str, bytes | None, str, bytes | None, Stat | None]
    """Path, content, why there is none, key, and the state of the file if it can be trusted."""
    Fact = tuple[str, bytes | None, Stat | None, bool, Any]
    """Path, key, state of the file, whether the next is a fact (else a reason), fact or reason.

    Without a key the content could not be had; with one the extractor is to blame.
    """

    class Reader(Protocol):
        def read(self, items: Sequence[Item]) -> Iterator[Content]: ...


_CHUNK_FILES = 48
_CHUNK_BYTES = 1 << 19
_FRAME = 8


class Job:
    """What every worker needs. ``known`` holds the keys whose facts need not be computed."""

    def __init__(
        self,
        reader: Reader,
        name: str,
        extract: Callable[..., Any],
        params: tuple[Any, ...],
        known: Container[bytes | None] = (),
    ) -> None:
        self.reader = reader
        self.name = name
        self.extract = extract
        self.params = params
        self.known = known

    def __getstate__(self) -> dict[str, Any]:
        return {**self.__dict__, "known": ()}  # not worth sending to another process

    def run(self, items: Sequence[Item]) -> Iterator[Fact]:
        """The facts of ``items``, one at a time; a fact that is known already comes as ``None``

        with its key.
        """
        for path, data, reason, key, stat in self.reader.read(items):
            if data is None:
                yield path, None, None, False, reason
            elif key in self.known:
                yield path, key, stat, True, None
            else:
                try:
                    value = self.extract(data, *self.params)
                except Exception as error:  # noqa: BLE001 - one file must not end the run
                    text = str(error).split("\n", 1)[0][:200]
                    yield path, key, None, False, f"{self.name} failed: {_kind(error)}: {text}"
                else:
                    yield path, key, stat, True, value

    def run_packed(self, items: Sequence[Item]) -> bytes:
        """``run`` as bytes for another process."""
        facts = list(self.run(items))
        try:
            return marshal.dumps(facts)
        except ValueError:
            return marshal.dumps([_packable(fact, self.name) for fact in facts])


def run(
    job: Job,
    items: Sequence[Item],
    sizes: Sequence[int],
    jobs: int,
    progress: Callable[[int, int], None] | None = None,
) -> Generator[Fact, None, None]:
    """The facts of all items, in any order. ``jobs=1`` stays in this process.

    A file whose worker dies is tried again alone; if that dies as well, it has a reason for facts.
    """
    total = len(items)
    done = 0
    if jobs <= 1:
        for fact in job.run(items):
            yield fact if _is_plain(fact) else _packable(fact, job.name)
            done += 1
            if progress is not None and (done == total or done % 32 == 0):
                progress(done, total)
        return
    chunks = list(_chunks(items, sizes))
    pool = _forked if can_fork() else _pooled
    missing = set(range(len(chunks)))
    for number, facts in pool(job, chunks, min(jobs, len(chunks))):
        missing.discard(number)
        yield from facts
        done += len(facts)
        if progress is not None:
            progress(done, total)
    for number in sorted(missing):
        for facts in _isolated(job, pool, chunks[number]):
            yield from facts
            done += len(facts)
            if progress is not None:
                progress(done, total)


def _isolated(job: Job, pool: Pool, items: Sequence[Item]) -> Iterator[list[Fact]]:
    """Narrow down, half by half, the files that kill the process that looks at them."""
    for _, facts in pool(job, [items], 1):
        yield facts
        return
    if len(items) == 1:
        yield [(items[0][0], b"", None, False, f"{job.name} failed: its process died")]
        return
    middle = len(items) // 2
    yield from _isolated(job, pool, items[:middle])
    yield from _isolated(job, pool, items[middle:])


def can_fork() -> bool:
    """Whether a copy of this process is sound: POSIX, no other thread, not macOS's frameworks."""
    return hasattr(os, "fork") and sys.platform != "darwin" and len(sys._current_frames()) == 1


def _chunks(items: Sequence[Item], sizes: Sequence[int]) -> Iterator[Sequence[Item]]:
    start = weight = 0
    for at, size in enumerate(sizes):
        weight += size
        if at - start + 1 >= _CHUNK_FILES or weight >= _CHUNK_BYTES:
            yield items[start : at + 1]
            start, weight = at + 1, 0
    if start < len(items):
        yield items[start:]


def _forked(
    job: Job, chunks: Sequence[Sequence[Item]], jobs: int
) -> Iterator[tuple[int, list[Fact]]]:
    import select

    orders, out = os.pipe()
    workers: dict[int, int] = {}
    try:
        for _ in range(jobs):
            read, write = os.pipe()
            pid = os.fork()
            if pid == 0:
                _work(job, chunks, orders, write, (out, read, *workers))
            os.close(write)
            workers[read] = pid
        os.close(orders)
        orders = -1
        poll = select.poll()
        buffers = {}
        for fd in workers:
            poll.register(fd, select.POLLIN)
            buffers[fd] = bytearray()
        # A few orders to begin with, then one for each answer: who is quick does more.
        given = 0
        while given < min(jobs * 2, len(chunks)):
            given = _give(out, given)
        while buffers:
            if given == len(chunks) and out >= 0:  # no more orders: an idle worker may end
                os.close(out)
                out = -1
            for fd, _ in poll.poll():
                data = os.read(fd, 1 << 20)
                if not data:
                    poll.unregister(fd)
                    del buffers[fd]
                    continue
                buffers[fd] += data
                for number, packed in _frames(buffers[fd]):
                    if given < len(chunks):
                        given = _give(out, given)
                    yield number, marshal.loads(packed)
    finally:
        for fd in (orders, out, *workers):
            if fd >= 0:
                os.close(fd)
        for pid in workers.values():
            _end(pid)


def _give(out: int, given: int) -> int:
    try:
        os.write(out, given.to_bytes(4, "little"))
    except BrokenPipeError:  # all workers are dead: what they leave undone is found by its absence
        return given + 1
    return given + 1


def _work(
    job: Job, chunks: Sequence[Sequence[Item]], orders: int, out: int, others: Sequence[int]
) -> None:
    """A worker's life. Never returns, and never runs what its parent has registered for its end."""
    code = 1
    try:
        for fd in others:
            os.close(fd)
        while len(order := os.read(orders, 4)) == 4:
            number = int.from_bytes(order, "little")
            packed = job.run_packed(chunks[number])
            frame = number.to_bytes(4, "little") + len(packed).to_bytes(4, "little") + packed
            view = memoryview(frame)
            while view:
                view = view[os.write(out, view) :]
        code = 0
    except BaseException:  # noqa: BLE001 - an interrupt or a vanished parent: silence is the answer
        pass
    finally:
        os._exit(code)


def _frames(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    while len(buffer) >= _FRAME:
        end = _FRAME + int.from_bytes(buffer[4:8], "little")
        if len(buffer) < end:
            return
        number = int.from_bytes(buffer[:4], "little")
        packed = bytes(buffer[_FRAME:end])
        del buffer[:end]
        yield number, packed


def _end(pid: int) -> None:
    try:
        ended, _ = os.waitpid(pid, os.WNOHANG)
        if not ended:
            os.kill(pid, 9)
            os.waitpid(pid, 0)
    except (ChildProcessError, ProcessLookupError):
        pass


def _pooled(
    job: Job, chunks: Sequence[Sequence[Item]], jobs: int
) -> Iterator[tuple[int, list[Fact]]]:
    import multiprocessing
    from concurrent import futures

    context = multiprocessing.get_context("spawn")
    with futures.ProcessPoolExecutor(jobs, mp_context=context) as executor:
        try:
            asked = {executor.submit(job.run_packed, chunk): n for n, chunk in enumerate(chunks)}
            for future in futures.as_completed(asked):
                yield asked[future], marshal.loads(future.result())
        except futures.process.BrokenProcessPool:
            return
        finally:
            executor.shutdown(wait=False, cancel_futures=True)


if TYPE_CHECKING:
    Pool = Callable[[Job, Sequence[Sequence[Item]], int], Iterator[tuple[int, list[Fact]]]]


def _is_plain(fact: Fact) -> bool:
    try:
        marshal.dumps(fact[4])
    except ValueError:
        return False
    return True


def _packable(fact: Fact, name: str) -> Fact:
    if _is_plain(fact):
        return fact
    return fact[0], fact[1], None, False, f"{name} failed: its answer is not plain data"


def _kind(error: BaseException) -> str:
    return type(error).__name__
