"""Many AI branches, several clients at once, several rounds; and what must hold after each step.

The invariants are read from the repository with git alone, and not by the code that keeps them.
"""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

from tests.scenario.hosts import Host
from tests.server.servers import Client, Pushed, git

AGENT = {
    "GIT_AUTHOR_NAME": "Claude",
    "GIT_AUTHOR_EMAIL": "noreply@anthropic.com",
}
POLICY = """\
version: 1
people:
  - {login: alice, emails: [alice@example.com], roles: [owner, approver]}
  - {login: rita, emails: [rita@example.com], roles: [approver]}
lane: {soak: 1m, checks: [check], turn: 1m}
server: {evidence-writers: [ci], lane-writers: [ci]}
"""
_FASTER = ("moved", "fetch first", "non-fast-forward", "cannot lock ref", "failed to update ref")


@dataclass
class Scenario:
    """One run. ``drivers`` are the logins that push AI branches."""

    host: Host
    branches: int
    drivers: tuple[str, ...]
    clients: dict[str, Client] = field(default_factory=dict)
    refused: list[tuple[str, Pushed]] = field(default_factory=list)
    """Revisions that were refused, and what was said."""
    humans: list[Pushed] = field(default_factory=list)
    now: int = field(default_factory=lambda: int(time.time()))

    def client(self, login: str) -> Client:
        """The clone of a login; it pushes by the host's address."""
        if login not in self.clients:
            server = self.host.server
            client = Client(server, login, server.home / f"clone-{login}")
            where = self.host.address_of(login)
            env = client.environ(**self.host.env, GL_TEST_USER=login)
            git(server.home, "clone", "-q", where, str(client.folder), env=env)
            client.server.env.update(self.host.env)
            self.clients[login] = client
        return self.clients[login]

    def push(self, client: Client, *refs: str) -> Pushed:
        return client.push(*refs, GL_TEST_USER=client.login)

    def begin(self) -> None:
        """The first commit, the AI branches, and an approval of each."""
        alice = self.client("alice")
        alice.git("checkout", "-q", "-b", "main", check=False)
        alice.commit("The shop", guard_dot_yaml=POLICY, shop____init___dot_py="VALUE = 1\n")
        done = self.push(alice, "main")
        assert done.ok, done.said
        for login in (*self.drivers, "rita", "hugo", "ci"):
            self.client(login)
        for number in range(self.branches):
            client = self.clients[self.drivers[number % len(self.drivers)]]
            client.git("fetch", "-q", "origin", GL_TEST_USER=client.login)
            client.git("checkout", "-q", "-B", f"ai-{number}", "origin/main")
            name = f"shop__part{number}_dot_py"
            self._commit(client, f"Add part {number}", **{name: f"PART = {number}\n"})
            done = self.push(client, f"ai-{number}")
            assert done.ok, done.said
            self.approve(f"ai-{number}")

    def _commit(self, client: Client, message: str, **files: str) -> None:
        for name, text in files.items():
            path = client.folder / name.replace("__", "/").replace("_dot_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)
        client.git("add", "-A")
        client.git("commit", "-q", "-m", message, **AGENT)

    def approve(self, branch: str) -> None:
        rita = self.clients["rita"]
        rita.git("fetch", "-q", "origin", GL_TEST_USER="rita")
        asked = ("approve", f"origin/{branch}", "--target", "main", "--as", "rita")
        rita.guard(*asked, GL_TEST_USER="rita")

    def land(self, login: str, branch: str) -> Pushed:
        """Merge a branch into the target as it is now, and push; again if someone was faster."""
        client = self.clients[login]
        for _ in range(20):
            client.git("fetch", "-q", "origin", GL_TEST_USER=login)
            client.git("checkout", "-q", "-B", "landing", "origin/main")
            client.git("merge", "-q", "--no-ff", "-m", f"Merge {branch}", f"origin/{branch}")
            rev = client.git("rev-parse", "HEAD")
            done = self.push(client, "HEAD:main")
            if done.ok:
                return done
            self.refused.append((rev, done))
            if not any(word in done.said for word in _FASTER):
                return done
        raise AssertionError(f"{branch} always lost the race: {done.said}")

    def work_by_hand(self, number: int) -> None:
        """A human's change, pushed until nobody else was faster."""
        hugo = self.clients["hugo"]
        for _ in range(20):
            hugo.git("fetch", "-q", "origin", GL_TEST_USER="hugo")
            hugo.git("checkout", "-q", "-B", "work", "origin/main")
            hugo.commit(f"Work {number}", **{f"notes__{number}_dot_txt": f"{number}\n"})
            done = self.push(hugo, "HEAD:main")
            self.humans.append(done)
            if done.ok:
                return
        raise AssertionError(f"a human's change did not land: {done.said}")

    def waiting(self) -> list[str]:
        """The AI branches that have not landed."""
        merged = self.host.server.git("branch", "--merged", "main", "--format=%(refname:short)")
        return [b for b in map("ai-{}".format, range(self.branches)) if b not in merged.split()]

    def round(self, number: int) -> None:
        """Everyone pushes at once; then what landed is tested, soaks and is released."""
        turns: dict[str, list[str]] = {}
        for branch in self.waiting():
            login = self.drivers[int(branch[3:]) % len(self.drivers)]
            turns.setdefault(login, []).append(branch)
        with ThreadPoolExecutor(len(self.drivers) + 1) as pool:
            work = [pool.submit(self._all, login, mine) for login, mine in turns.items()]
            work.append(pool.submit(self.work_by_hand, number))
            for each in work:
                each.result()
        self.check()
        ci = self.clients["ci"]
        ci.git("fetch", "-q", "origin", GL_TEST_USER="ci")
        asked = ("check", "--rev", "origin/main", "--record", "--remote", "origin")
        ci.guard(*asked, GL_TEST_USER="ci")
        self.reconcile()
        # The soak passes at once; the clock of the hooks is the machine's, and never ahead of it.
        self.now = max(self.now, int(time.time())) + 100
        self.reconcile()
        self.check()

    def _all(self, login: str, branches: list[str]) -> None:
        for branch in branches[:2]:
            self.land(login, branch)

    def reconcile(self) -> None:
        server = self.host.server
        server.guard("server-hook", "flush", str(server.repo))
        now = max(self.now, int(time.time()))
        script = ("lane", "reconcile", "--target", "main", "--now", str(now))
        done = Client(server, "", server.repo).guard(*script, code=None)
        assert "Traceback" not in done, done

    # --- what must hold --------------------------------------------------------------------------

    def check(self) -> None:
        """The invariants, from the repository alone."""
        landed = self.landings()
        released = [r["rev"] for r in self.records("lane") if r["kind"] == "released"]
        open_ = [rev for rev, _ in landed if rev not in released]
        assert len(open_) <= 1, f"{len(open_)} unreleased AI landings: {open_}"
        approved = self.approved_trees()
        for rev, head in landed:
            tree = self.host.server.git("rev-parse", f"{head}^{{tree}}")
            assert tree in approved, f"{rev} landed without an approval of {tree}"
        for each in self.humans:
            assert "ai-change-in-flight" not in each.said, each.said
            assert each.ok or "guard: refused" not in each.said or "moved" in each.said, each.said

    def check_log(self) -> None:
        """Every landing and every refusal by the guard is in the log."""
        server = self.host.server
        decided = {(d["rev"], d["verdict"]) for r in self.records("log") for d in r["decisions"]}
        revs = server.git("rev-list", "--first-parent", "main").split()
        assert {rev for rev in revs if (rev, "pass") not in decided} == set()
        for rev, done in self.refused:
            if any("guard: refused" in line for line in done.remote):
                assert any(at == rev and verdict != "pass" for at, verdict in decided), done.said

    def landings(self) -> list[tuple[str, str]]:
        """The merges of an AI's commits on the target, and what each merged."""
        server = self.host.server
        found = []
        for line in server.git("rev-list", "--first-parent", "--parents", "main").splitlines():
            rev, *parents = line.split()
            if len(parents) == 2:
                brought = server.git("log", "--format=%ae", f"{parents[0]}..{parents[1]}")
                if AGENT["GIT_AUTHOR_EMAIL"] in brought:
                    found.append((rev, parents[1]))
        return found

    def approved_trees(self) -> set[str]:
        server = self.host.server
        below = "refs/guard/approvals/main/"
        names = server.git("for-each-ref", "--format=%(refname)", below).split()
        return {name.rpartition("/")[2] for name in names}

    def records(self, kind: str) -> Iterator[dict[str, object]]:
        server = self.host.server
        ref = f"refs/guard/{kind}/main"
        if not server.ref(ref):
            return
        for rev in server.git("rev-list", ref).split():
            yield json.loads(server.git("show", f"{rev}:record.json"))


def play(scenario: Scenario, most: int) -> int:
    """Rounds until all has landed; how many it took."""
    scenario.begin()
    for number in range(1, most + 1):
        before = len(scenario.waiting())
        scenario.round(number)
        after = len(scenario.waiting())
        said = [done.said for _, done in scenario.refused[-6:]]
        assert after == before - 1, f"round {number}: {before} waited, {after} do: {said}"
        if not after:
            scenario.check_log()
            server = scenario.host.server
            Client(server, "", server.repo).guard("lane", "verify", "--target", "main")
            return number
    raise AssertionError(f"{after} changes did not land in {most} rounds")
