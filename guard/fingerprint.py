"""What a verdict hangs on besides the tree and the policy, as lines ``name=value`` and a digest.

A record of evidence counts only where the digest is the same. ``guard check`` runs nothing of the
project: its verdict hangs on the guard's own Python and on the packages that bring rules. ``guard
smoke`` runs the project in its own environment: its interpreter, platform and what is installed.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from hashlib import blake2b
from importlib.metadata import entry_points

from guard.errors import GuardError
from guard.smoke._ask import ask, last_line

_SECONDS = 60.0
_TOOL = "premerge-guard"
_INSTALLERS = ("pip", "uv", _TOOL)
"""Differ from machine to machine, and are no dependency of a project."""

_ASK = """
import sys
import json, re, sysconfig
import importlib.metadata as m
found = set()
for d in m.distributions():
    meta = d.metadata
    name = meta["Name"] if meta is not None else None
    if not name:
        continue
    origin = json.loads(d.read_text("direct_url.json") or "{}")
    if origin.get("dir_info", {}).get("editable"):
        continue
    pin = origin.get("vcs_info", {}).get("commit_id") or origin.get("archive_info", {}).get("hash")
    found.add((re.sub(r"[-_.]+", "-", name).lower(), str(d.version), str(pin or "")))
v = sys.implementation.version
kind = "" if v[3] == "final" else v[3] + str(v[4])
flags = getattr(sys, "abiflags", "")
print(json.dumps({
    "python": "%s %d.%d.%d%s%s" % (sys.implementation.name, v[0], v[1], v[2], kind, flags),
    "platform": sysconfig.get_platform(),
    "installed": sorted(found),
}))
"""


class NoFingerprint(GuardError):
    """The project's interpreter did not say what it is: what it did proves nothing elsewhere."""

    exit_code = 3


def digest(surroundings: tuple[str, ...]) -> str:
    """The fingerprint: 32 hexadecimal digits, of BLAKE2b over the sorted lines."""
    text = "\n".join(sorted(surroundings)).encode("utf-8", "surrogateescape")
    return blake2b(text, digest_size=16).hexdigest()


def of_check() -> tuple[str, ...]:
    """The surroundings of a static check in this very process, sorted."""
    version = sys.implementation.version
    python = f"{sys.implementation.name} {version.major}.{version.minor}.{version.micro}"
    brought = {
        f"{point.dist.name} {point.dist.version}"
        for point in entry_points(group="guard")
        if point.dist is not None and point.dist.name != _TOOL
    }
    return tuple(sorted((f"python={python}", *(f"rules={each}" for each in brought))))


def of_project(
    python: str, environ: Mapping[str, str], locks: Mapping[str, str]
) -> tuple[str, ...]:
    """The surroundings of a run of the project's code, sorted.

    ``python`` is the project's interpreter, ``environ`` its environment, ``locks`` are the paths
    and blobs of the lock files of the tree. Installed distributions count by name and version, and
    by commit or hash where they came from an address (PEP 610); those that were installed to be
    edited are the tree itself, and installers do not count. Raises ``NoFingerprint``.
    """
    answer = ask((python, "-I", "-c", _ASK), environ, None, _SECONDS)
    try:
        if answer.problem:
            raise ValueError(answer.problem)
        told = json.loads(last_line(answer.out))
        installed = sorted(
            f"{name}=={version}{pin and '@' + pin}"
            for name, version, pin in told["installed"]
            if name not in _INSTALLERS
        )
        facts = (f"python={told['python']}", f"platform={told['platform']}")
    except (ValueError, KeyError, TypeError) as error:
        raise NoFingerprint(
            f"{python} did not say what is installed there: {error}; so nothing was recorded. "
            "Mend the environment, or name another interpreter with --python"
        ) from error
    count = f"{digest(tuple(installed))} ({len(installed)})"
    named = (f"lock={path} {blob}" for path, blob in locks.items())
    return tuple(sorted((*facts, f"installed={count}", *named)))
