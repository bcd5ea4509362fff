"""Commits of any kind, made in a real repository."""

from __future__ import annotations

import hashlib
import subprocess
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

ADA = "Ada <ada@example.org>"


@dataclass
class History:
    """A bare repository. Commits are written as bytes: no cleanup, no configuration."""

    top: Path
    format: str = "sha1"

    def git(self, *args: str, stdin: bytes | None = None) -> bytes:
        done = subprocess.run(
            ["git", *args], cwd=self.top, input=stdin, capture_output=True, check=False
        )
        assert done.returncode == 0, done.stderr.decode()
        return done.stdout

    def write(self, kind: str, data: bytes) -> str:
        """Store an object as git does (gitformat-loose), without a process."""
        whole = f"{kind} {len(data)}".encode() + b"\0" + data
        oid = hashlib.new(self.format, whole).hexdigest()
        file = self.top / "objects" / oid[:2] / oid[2:]
        file.parent.mkdir(exist_ok=True)
        file.write_bytes(zlib.compress(whole, 1))
        return oid

    def tree(self) -> str:
        return self.write("tree", b"")

    def commit(
        self,
        message: str | bytes = "x\n",
        parents: Sequence[str] = (),
        by: str = ADA,
        committer: str = "",
        encoding: str = "",
    ) -> str:
        """One commit; an empty ``committer`` is whoever is the author."""
        lines = [f"tree {self.tree()}", *(f"parent {oid}" for oid in parents)]
        lines += [f"author {by} 1800000000 +0000"]
        lines += [f"committer {committer or by} 1800000000 +0000"]
        lines += [f"encoding {encoding}"] if encoding else []
        text = message if isinstance(message, bytes) else message.encode()
        data = "\n".join(lines).encode() + b"\n\n" + text
        return self.write("commit", data)

    def point(self, oid: str, branch: str = "main") -> None:
        self.git("update-ref", f"refs/heads/{branch}", oid)


def new(top: Path, form: str = "sha1") -> History:
    top.mkdir(parents=True, exist_ok=True)
    asked = ["git", "init", "-q", "--bare", "-b", "main", f"--object-format={form}", str(top)]
    subprocess.run(asked, check=True)
    return History(top, form)
