"""A second opinion on the fake's REST answers: Prism, which reads OpenAPI by its own lights.

``GUARD_PRISM`` names its program (npm ``@stoplight/prism-cli`` 5.14.2). Prism stands between the
client and the fake, and answers with 500 where a request or an answer is against the description.
"""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.github.fake import Server, World

PRISM = os.environ.get("GUARD_PRISM", "")
SCHEMA = Path(__file__).parent / "schemas" / "rest.json"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not PRISM, reason="GUARD_PRISM does not name Prism's program"),
]


def description() -> dict[str, Any]:
    """The trimmed description as an OpenAPI document, all of it strict about what is missing."""
    trimmed = json.loads(SCHEMA.read_text().replace("#/$defs/", "#/components/schemas/"))
    paths: dict[str, Any] = {}
    for path, said in trimmed["paths"].items():
        names = re.findall(r"{(\w+)}", path)
        named = [
            {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
            for name in names
        ]
        answers = {
            status: {
                "description": status,
                "content": {"application/json": {"schema": schema}},
            }
            for status, schema in said["answers"].items()
        }
        paths[path] = {"get": {"parameters": named, "responses": answers}}
    return {
        "openapi": "3.1.0",
        "info": {"title": "GitHub, in part", "version": "1"},
        "paths": paths,
        "components": {"schemas": trimmed["$defs"]},
    }


@contextmanager
def prism(folder: Path, server: Server, text: dict[str, Any]) -> Iterator[str]:
    """Prism before the fake; its address."""
    file = folder / "openapi.json"
    file.write_text(json.dumps(text))
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [PRISM, "proxy", "--errors", "--port", str(port), str(file), server.api]
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        until = time.monotonic() + 60
        while time.monotonic() < until:
            with socket.socket() as trying:
                if trying.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        yield f"http://127.0.0.1:{port}"
    finally:
        running.terminate()
        running.wait()


def ask(address: str, world: World, path: str) -> httpx.Response:
    # Prism answers 406 to application/vnd.github+json.
    headers = {"Authorization": f"Bearer {world.token('admin')}", "Accept": "application/json"}
    return httpx.get(address + path, headers=headers, timeout=30, trust_env=False)


def test_prism_agrees_with_every_answer(tmp_path: Path, world: World, server: Server) -> None:
    checks = {
        "strict_required_status_checks_policy": False,
        "required_status_checks": [{"context": "guard/main", "integration_id": 15368}],
    }
    made = world.settings.ruleset(
        {"type": "deletion"},
        {"type": "non_fast_forward"},
        {"type": "required_status_checks", "parameters": checks},
    )
    top = f"/repos/{world.repo.name}"
    paths = [
        f"{top}/rulesets/{made['id']}",
        top,
        f"{top}/rules/branches/main",
        f"{top}/rulesets",
        f"{top}/actions/permissions",
        f"{top}/actions/permissions/workflow",
        f"{top}/collaborators/ada/permission",
    ]
    with prism(tmp_path, server, description()) as address:
        for path in paths:
            answer = ask(address, world, path)
            assert answer.status_code == 200, (path, answer.text[:500])


def test_prism_sees_an_answer_that_is_wrong(tmp_path: Path, world: World, server: Server) -> None:
    text = description()
    path = "/repos/{owner}/{repo}/actions/permissions/workflow"
    schema = text["paths"][path]["get"]["responses"]["200"]["content"]["application/json"]
    schema["schema"] = {"type": "object", "required": ["nobody_gives_this"]}
    with prism(tmp_path, server, text) as address:
        answer = ask(address, world, f"/repos/{world.repo.name}/actions/permissions/workflow")
        assert answer.status_code == 500
