"""The objects of git and other parts of answers that the world does not keep itself."""

from __future__ import annotations

import re
from dataclasses import dataclass

from tests.github.fake.repo import Repo
from tests.github.fake.state import CommitFacts, Pull, QueueSettings, Stamp

TRAILER = re.compile(r"^Co-authored-by: *(.*?) *<(.*?)>\s*$", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True)
class Repository:
    name: str
    id: int

    @property
    def node_id(self) -> str:
        return f"R_{self.id}"


@dataclass(frozen=True)
class Owner:
    """An account by its name alone, as the owner of a repository."""

    login: str

    @property
    def node_id(self) -> str:
        return f"O_{self.login}"


@dataclass(frozen=True)
class Ref:
    name: str
    """``refs/heads/main``."""
    oid: str

    @property
    def node_id(self) -> str:
        return f"REF_{self.name}"


@dataclass(frozen=True)
class Commit:
    repo: Repo
    oid: str

    @property
    def node_id(self) -> str:
        return f"C_{self.oid}"

    @property
    def facts(self) -> CommitFacts:
        return self.repo.facts(self.oid)


@dataclass(frozen=True)
class Tree:
    oid: str

    @property
    def node_id(self) -> str:
        return f"T_{self.oid}"


@dataclass(frozen=True)
class PullCommit:
    pull: Pull
    commit: Commit

    @property
    def node_id(self) -> str:
        return f"PURC_{self.commit.oid}"


@dataclass(frozen=True)
class GitActor:
    who: Stamp

    @property
    def node_id(self) -> str:
        return f"{self.who.email} {self.who.name}"


@dataclass(frozen=True)
class Configuration:
    settings: QueueSettings


def authors(facts: CommitFacts) -> list[GitActor]:
    """The author, then the co-authors that the message names (docs, "Creating a commit with
    multiple authors").
    """
    found = {facts.author.email: GitActor(facts.author)}
    for name, email in TRAILER.findall(facts.message):
        found.setdefault(email, GitActor(Stamp(name, email, facts.author.at)))
    return list(found.values())
