"""From a finished run to a record of evidence: only where a whole tree was judged, and is known."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from guard import __version__, git
from guard.change import Evidence
from guard.cli._output import say
from guard.cli._where import Where, locate
from guard.config import POLICY_NAME, Policy
from guard.errors import GuardError, UsageError
from guard.fingerprint import digest
from guard.model import Report
from guard.project import Commit
from guard.records import Records
from guard.refs import LocalRefs, RemoteRefs
from guard.reporters._escape import terminal
from guard.repository import Repository

TYPE_CHECKING = False
if TYPE_CHECKING:
    from guard.cli._report import Readable

TOOL = f"premerge-guard {__version__}"
LOCKS = ("uv.lock", "poetry.lock", "pdm.lock", "Pipfile.lock", "pylock.toml", "conda-lock.yml")
_CODE = (".py", ".so", ".pyd", ".pth")
_RUNS = ("GUARD_WHERE", "CI_JOB_URL", "BUILD_URL", "BUILDKITE_BUILD_URL", "CIRCLE_BUILD_URL")
"""Variables that say where a job runs: ours, then GitLab's, Jenkins's, Buildkite's, CircleCI's."""
_ON_GITHUB = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")


class NotRecorded(GuardError):
    """The run is over, and its verdict stands; but there is no record of it."""

    exit_code = 3


@dataclass(frozen=True, slots=True)
class Whole:
    """The whole tree of a commit, or that of a working tree that has nothing else."""

    tree: str
    rev: str
    """Empty where the tree is of no commit yet."""


def refuse(partial: Mapping[str, object]) -> None:
    """Raise ``UsageError`` if an option was given with which only a part is judged."""
    given = [name for name, value in partial.items() if value]
    if given:
        raise UsageError(
            f"--record says what the policy says of a whole tree: use it without "
            f"{', '.join(given)}. A record of a part would count for all of it"
        )


def open_records(remote: str | None, environ: Mapping[str, str]) -> Records:
    """The records of the repository around the current directory, or of one of its remotes."""
    root = git.find_top(os.getcwd())
    if root is None:
        raise UsageError("this is no git repository; records are kept in one")
    repository = Repository(root, environ)
    refs = LocalRefs(repository) if remote is None else RemoteRefs(repository, remote)
    return Records(repository, refs)


class Recorder:
    """Made before the run, to know what is judged; ``record`` after it, if that is still so."""

    def __init__(
        self, check: str, rev: str | None, remote: str | None, environ: Mapping[str, str]
    ) -> None:
        self._where = locate(())
        root = git.find_top(self._where.top)
        if root is None:
            raise UsageError("--record needs a git repository: evidence is about a tree of git")
        self._environ = environ
        self._git = Repository(root, environ)
        refs = LocalRefs(self._git) if remote is None else RemoteRefs(self._git, remote)
        self._records = Records(self._git, refs)
        self._rev = rev
        # The project may be a part of the repository: then that part alone was judged.
        part = self._where.repository
        self._runs_code = check == "smoke"
        self.check = f"{check}:{part}" if part else check
        self._before = self._whole()

    def locks(self) -> dict[str, str]:
        """The lock files of the tree beside the project's ``pyproject.toml``: path to blob."""
        part = self._where.repository
        paths = [f"{part}/{name}" if part else name for name in LOCKS]
        out = self._git.run("ls-tree", "-z", "--full-tree", self._before.tree, "--", *paths)
        records = out.decode("utf-8", "surrogateescape").split("\0")
        heads = (record.partition("\t") for record in records if record)
        return {path: head.split(" ")[2] for head, _, path in heads}

    def record(
        self,
        made_of: tuple[Report, Where, Readable, Policy],
        config: str | None,
        surroundings: Callable[[], tuple[str, ...]],
        quiet: bool,
    ) -> None:
        """Record the verdict. Raises ``GuardError`` where that cannot be, ``NotRecorded`` for one.

        ``surroundings`` is asked after the run was found to be about the tree. Without ``quiet``
        one line on standard error says what was recorded.
        """
        report, where, tree, policy = made_of
        if where.top != self._where.top or self._whole() != self._before:
            raise NotRecorded(
                "not recorded: the files changed while they were judged; run it again, or judge a "
                "commit with --rev"
            )
        if isinstance(tree, Commit) and tree.commit != self._before.rev:
            raise NotRecorded(f"not recorded: {self._rev!r} moved to another commit; run it again")
        facts = tuple(sorted((*surroundings(), *self._unversioned())))
        evidence = Evidence(
            self._before.tree,
            self.check,
            report.verdict,
            digest(facts),
            facts,
            self._policy_blob(policy, tree, config),
            TOOL,
            int(time.time()),
            place(self._environ),
            self._before.rev,
        )
        self._records.record_evidence([evidence])
        if not quiet:
            say(
                f"guard: recorded: {terminal(self.check)} {report.verdict.value} of the tree "
                f"{evidence.tree[:12]} in the environment {evidence.environment[:12]}\n",
                err=True,
            )

    def _whole(self) -> Whole:
        if self._rev is not None:
            commit = self._git.resolve(self._rev)
            return Whole(self._git.tree_of(commit), commit)
        other = differing(self._git, submodules=self._runs_code)
        if other:
            more = f" and {len(other) - 1} more" if len(other) > 1 else ""
            raise UsageError(
                f"--record needs a tree that git knows: {other[0]}{more}; commit or stage all, or "
                "judge a commit with --rev"
            )
        tree = self._git.write_index()
        head = self._git.head()
        return Whole(tree, head if head and self._git.tree_of(head) == tree else "")

    def _unversioned(self) -> tuple[str, ...]:
        """Code in the working tree that git ignores: the run may have hung on it."""
        if self._rev is not None or not self._runs_code:
            return ()
        found = []
        for path in self._git.ignored():
            if path.endswith(_CODE):
                try:
                    with open(os.path.join(self._git.top, path), "rb") as file:
                        found.append(f"{path} {self._git.blob_id(file.read())}")
                except OSError as error:
                    raise NotRecorded(f"not recorded: cannot read {path}: {error}") from error
        return (f"ignored-code={digest(tuple(found))} ({len(found)})",) if found else ()

    def _policy_blob(self, policy: Policy, tree: Readable, config: str | None) -> str:
        if not policy.path:
            return ""
        if config is None:
            data = tree.read_file(POLICY_NAME)
        else:
            with open(config, "rb") as file:
                data = file.read()
        if data is None or policy.digest != _digest(data):
            raise NotRecorded("not recorded: the policy changed while it was applied; run it again")
        return self._git.blob_id(data)


def differing(repository: Repository, *, submodules: bool) -> list[str]:
    """What the working tree has other than the index, each in words; nothing where it is clean.

    With ``submodules`` what was edited within them counts as well. Files whose changes git was
    told not to see are named too (git-update-index(1), --assume-unchanged and --skip-worktree).
    """
    ignore = "none" if submodules else "dirty"
    asked = ("status", "--porcelain=v1", "-z", "--untracked-files=all", "--no-renames")
    out = repository.run(*repository.without_filters(), *asked, f"--ignore-submodules={ignore}")
    found = []
    for line in filter(None, out.decode("utf-8", "surrogateescape").split("\0")):
        state, path = line[:2], line[3:]
        if state == "??" and ("__pycache__/" in path):
            continue  # what Python leaves behind, where nothing ignores it
        if state[1] != " ":
            what = "is not tracked" if state == "??" else "differs from the index"
            found.append(f"{terminal(path)} {what}")
    listed = repository.run("ls-files", "-v", "-z").decode("utf-8", "surrogateescape")
    found += [
        f"{terminal(line[2:])} is skipped by git in this working tree"
        for line in listed.split("\0")
        if line and line[0] != "H"
    ]
    return found


def place(environ: Mapping[str, str]) -> str:
    """Where this runs: the address of the job, else the name of the machine."""
    for name in _RUNS:
        if environ.get(name):
            return environ[name]
    server, project, run = (environ.get(name, "") for name in _ON_GITHUB)
    return f"{server}/{project}/actions/runs/{run}" if run else platform.node()


def worst(verdicts: Sequence[str]) -> int:
    """The exit code for what was recorded: 3 without any, 1 if not all of it passed."""
    if not verdicts:
        return 3
    return 0 if set(verdicts) == {"pass"} else 1


def _digest(data: bytes) -> str:
    from hashlib import blake2b

    return blake2b(data, digest_size=16).hexdigest()
