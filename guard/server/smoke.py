"""The smoke check of what was pushed, where the policy wants it here: this runs its code.

The files go into a temporary folder, whose size is bounded; ``guard smoke`` runs there as a process
of its own, in an environment without secrets, with the policy of the old tip, and is ended with all
that it started when its time is over.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from guard.config import POLICY_NAME
from guard.errors import GuardError
from guard.model import Verdict
from guard.repository import Repository
from guard.server.hook import Push, Said
from guard.server.words import Complaint

_MOST_BYTES = 1 << 30
_KEPT = ("PATH", "HOME", "LANG", "LC_ALL", "TMPDIR", "PYTHONPATH")


@dataclass(frozen=True, slots=True)
class _Seen:
    """What a run found: findings by id, or why there was no verdict."""

    findings: dict[str, Complaint]
    reason: str = ""


def judge(push: Push) -> Said:
    """What a smoke run finds in the new tip and not in the old one."""
    settings = push.policy.server
    if settings is None or not settings.smoke:
        return Said()
    seconds = float(settings.smoke_timeout)
    seen = _run(push, push.new, seconds)
    if seen.findings and push.old:
        before = _run(push, push.old, seconds).findings
        seen = _Seen({k: v for k, v in seen.findings.items() if k not in before}, seen.reason)
    complaints = list(seen.findings.values())
    if seen.reason:
        complaints.append(Complaint(push.ref, "smoke", seen.reason, "", Verdict.UNVERIFIED))
    return Said(tuple(complaints), ("smoke: fail" if complaints else "smoke: pass",))


def _run(push: Push, rev: str, seconds: float) -> _Seen:
    with _folder() as folder:
        tree = os.path.join(folder, "tree")
        os.mkdir(tree)
        _export(push.git, rev, tree, os.path.join(folder, "index"))
        argv = [*_guard(), "smoke", "--no-entry", "--format", "json"]
        if push.old:
            policy = os.path.join(folder, POLICY_NAME)
            data = next(iter(push.git.read_names([f"{push.old}:{POLICY_NAME}"])))
            if data is not None:
                with open(policy, "wb") as file:
                    file.write(data)
                argv += ["--config", policy]
        return _read(push.ref, *_spawn(argv, tree, seconds), seconds)


def _guard() -> list[str]:
    """The guard that runs, and never one that lies in the folder."""
    return [sys.executable, "-I" if sys.flags.isolated else "-P", "-m", "guard"]


def _spawn(argv: list[str], folder: str, seconds: float) -> tuple[int | None, bytes, bytes]:
    """Exit code (``None``: out of time), output, errors. Ends the whole group of processes."""
    env = {name: os.environ[name] for name in _KEPT if name in os.environ}
    env["GIT_CEILING_DIRECTORIES"] = os.path.dirname(folder)
    with subprocess.Popen(
        argv,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        cwd=folder,
        env=env,
        start_new_session=True,
    ) as process:
        try:
            out, err = process.communicate(timeout=seconds)
            return process.returncode, out, err
        except subprocess.TimeoutExpired:
            return None, b"", b""
        finally:
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):
                pass


def _read(ref: str, code: int | None, out: bytes, err: bytes, seconds: float) -> _Seen:
    if code is None:
        return _Seen({}, f"the smoke run was not done after {seconds:g} s (server.smoke-timeout)")
    try:
        report = json.loads(out)
        findings = {
            str(each["id"]): Complaint(
                ref, str(each["rule"]), f"{each['path']}: {each['message']}", str(each["fix"])
            )
            for each in report["findings"]
            if each["level"] == "error"
        }
    except (ValueError, TypeError, KeyError, RecursionError):
        said = err.decode("utf-8", "backslashreplace").strip().splitlines()
        return _Seen({}, f"the smoke run did not work: {said[-1] if said else f'exit code {code}'}")
    if code != 0 and not findings:
        return _Seen({}, f"the smoke run came to no verdict (exit code {code})")
    return _Seen(findings)


@contextmanager
def _folder() -> Iterator[str]:
    folder = os.path.realpath(tempfile.mkdtemp(prefix="guard-push-"))
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _export(git: Repository, rev: str, folder: str, index: str) -> None:
    """Write the files of a commit, as they are, and run no filter. Raises ``GuardError``."""
    listed = git.run("ls-tree", "-r", "-l", "-z", "--full-tree", rev).split(b"\0")
    sizes = (line.split(b"\t")[0].split()[-1] for line in listed if line)
    total = sum(int(size) for size in sizes if size.isdigit())
    if total > _MOST_BYTES:
        raise GuardError(f"the files are {total} bytes; a smoke run here takes {_MOST_BYTES}")
    here = Repository(git.top, {**os.environ, "GIT_INDEX_FILE": index})
    here.run("read-tree", rev)
    off = []
    for name in here.filters():
        for setting in ("clean=", "smudge=", "process=", "required=false"):
            off += ["-c", f"filter.{name}.{setting}"]
    here.run(*off, f"--work-tree={folder}", "checkout-index", "--all", "--force")
