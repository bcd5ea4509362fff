"""``guard doctor`` as a user runs it, and the page that describes it."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from click.testing import Result

from guard.cli._surroundings import Surroundings
from guard.doctor.catalog import CHECKS
from guard.plugins import load_rules
from tests.doctor import kit
from tests.doctor.kit import Tree
from tests.github.command import run_in

PAGE = Path(__file__).parents[2] / "docs" / "doctor.md"


def doctor(tree: Tree, *argv: str, cwd: str = "", **environ: str) -> Result:
    around = Surroundings(environ={"NO_COLOR": "1", **environ}, rules=load_rules)
    return run_in(tree.top / cwd, ("doctor", *argv), around)


def test_a_sound_repository(tree: Tree) -> None:
    done = doctor(tree)
    assert done.exit_code == 0, done.stdout
    assert "GitHub's settings were not looked at" in done.stdout


def test_a_hollow_one_in_each_format(tree: Tree, tmp_path: Path) -> None:
    tree.edit(
        kit.GATE, "    runs-on: ubuntu-latest\n", "    runs-on: x\n    if: ${{ vars.GUARD }}\n"
    )
    done = doctor(tree, cwd=".github")
    assert done.exit_code == 1
    assert re.search(
        r"^workflows/guard-gate.yml:\d+:1: error\[skippable\] job gate", done.stdout, re.M
    )
    assert "| " in done.stdout, "an excerpt of the line"
    names = ("json", "sarif", "github", "junit", "markdown", "jsonl")
    argv = [part for name in names for part in ("--format", f"{name}={tmp_path / name}")]
    assert doctor(tree, *argv).exit_code == 1
    assert json.loads((tmp_path / "json").read_text())["findings"][0]["rule"] == "skippable"
    assert all("guard-gate.yml" in (tmp_path / name).read_text() for name in names)


def test_options_that_contradict(tree: Tree, tmp_path: Path) -> None:
    assert doctor(tree, "--github", "--offline").exit_code == 2
    assert doctor(tree, "-q", "-v").exit_code == 2
    assert doctor(tree, "--format", "html").exit_code == 2
    assert run_in(tmp_path, ("doctor",), Surroundings(rules=load_rules)).exit_code == 2


def test_github_wants_a_repository_and_a_token(tree: Tree) -> None:
    assert "--repo" in doctor(tree, "--github").stderr
    assert "no usable token" in doctor(tree, "--github", "--repo", "acme/shop").stderr
    assert doctor(tree, GITHUB_ACTIONS="true").exit_code == 2
    assert doctor(tree, "--offline", GITHUB_ACTIONS="true").exit_code == 0


@pytest.fixture
def server() -> Iterator[str]:
    """A server that knows what the fake knows, and refuses the rest."""
    api = kit.make_api()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            assert self.headers["Authorization"] == "Bearer t0ken"
            self._say(api.answers.get(self.path.partition("?")[0]))

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._say({"data": api.queue})

        def _say(self, answer: object) -> None:
            data = json.dumps(answer or {"message": "Not Found"}).encode()
            self.send_response(200 if answer is not None else 404)
            self.send_header("Content-Length", str(len(data)))
            self.end_headers()
            self.wfile.write(data)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as found:
        threading.Thread(target=found.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{found.server_port}"
        found.shutdown()


def test_it_reads_the_settings(tree: Tree, server: str) -> None:
    environ = {
        "GITHUB_ACTIONS": "true",
        "GITHUB_REPOSITORY": "acme/shop",
        "GITHUB_API_URL": server,
        "GITHUB_GRAPHQL_URL": f"{server}/graphql",
        "GH_TOKEN": "t0ken",
    }
    done = doctor(tree, **environ)
    assert done.exit_code == 0, done.stdout + done.stderr
    assert "not looked at" not in done.stdout
    other = doctor(tree, "--target", "release/1.x", **environ)
    assert other.exit_code in (1, 3)


def test_the_page_lists_every_check() -> None:
    rows = re.findall(r"^\| `([a-z-]+)` \| (.+?) \| (.+?) \| (.+?) \|$", PAGE.read_text(), re.M)
    wanted = [
        (c.id, "GitHub" if c.online else "checkout", c.level, c.summary.rstrip(".")) for c in CHECKS
    ]
    assert [
        (name, where, level, what.split(". ")[0].rstrip(".")) for name, where, level, what in rows
    ] == wanted
