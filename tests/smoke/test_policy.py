"""The section ``smoke:`` of the policy: what it may say, and what it may not."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator

from guard.config import parse_policy
from guard.config.smoke import (
    EntryPolicy,
    ExcludePolicy,
    OptionalPolicy,
    ProofPolicy,
    SmokePolicy,
)
from guard.engine import OWN_RULES
from guard.errors import PolicyError
from guard.schema import policy_schema

VALIDATOR = Draft202012Validator(policy_schema(OWN_RULES))

FULL = """\
version: 1
smoke:
  python: .venv/bin/python
  timeout: 12.5
  total-timeout: 600
  memory: 2000
  jobs: 4
  network: loopback
  env: {SKIP_EXTERNAL_SERVICES: "true"}
  pass-env: [LANG, MY_*]
  exclude:
    - {paths: ["scripts/**"], reason: run by hand}
  optional:
    - modules: [pkg.win32, pkg.gpu.*]
      reason: needs CUDA
      raises: ImportError
      missing: torch
  entry-points:
    - name: api
      command: [python, -m, service.main]
      env: {PORT: "8123"}
      cwd: ./server/
      proof: {http: "http://127.0.0.1:8123/health", status: 204}
      timeout: 60
    - {name: job, command: [run-job]}
"""


def section(text: str) -> SmokePolicy | None:
    return parse_policy(text.encode(), "guard.yaml", OWN_RULES).smoke


def test_every_key_is_read() -> None:
    assert section(FULL) == SmokePolicy(
        python=".venv/bin/python",
        timeout=12.5,
        total_timeout=600,
        memory=2000,
        jobs=4,
        network="loopback",
        env={"SKIP_EXTERNAL_SERVICES": "true"},
        pass_env=("LANG", "MY_*"),
        exclude=(ExcludePolicy(("scripts/**",), "run by hand"),),
        optional=(
            OptionalPolicy(("pkg.win32", "pkg.gpu.*"), "needs CUDA", "ImportError", "torch"),
        ),
        entry_points=(
            EntryPolicy(
                "api",
                ("python", "-m", "service.main"),
                {"PORT": "8123"},
                "server",
                ProofPolicy(http="http://127.0.0.1:8123/health", status=204),
                60,
                line=19,
            ),
            EntryPolicy("job", ("run-job",), proof=ProofPolicy(exit_code=0), line=25),
        ),
    )


def test_without_the_section_there_is_none() -> None:
    assert section("version: 1\n") is None
    assert section("version: 1\nsmoke: {}\n") == SmokePolicy()


ENTRY = {"name": "api", "command": ["x"]}
BAD: dict[str, tuple[dict[str, Any], str]] = {
    "zero-timeout": ({"timeout": 0}, "expected a number above 0"),
    "no-jobs": ({"jobs": 0}, "expected a whole number of at least 1"),
    "network": ({"network": "off"}, "allowed: refuse, loopback, allow"),
    "unquoted": ({"env": {"A": True}}, "put it in quotes"),
    "exclude-without-reason": ({"exclude": [{"paths": ["a"]}]}, "missing key 'reason'"),
    "optional-without-reason": ({"optional": [{"modules": ["a"]}]}, "missing key 'reason'"),
    "empty-command": ({"entry-points": [{"name": "a", "command": []}]}, "the list is empty"),
    "unknown-key": ({"time-out": 3}, "did you mean 'timeout'"),
    "exit-code": ({"entry-points": [ENTRY | {"proof": {"exit-code": 256}}]}, "at most 255"),
}
BEYOND_THE_SCHEMA: dict[str, tuple[dict[str, Any], str]] = {
    "blank-reason": ({"exclude": [{"paths": ["a"], "reason": " "}]}, "empty"),
    "module-name": (
        {"optional": [{"modules": ["a-b"], "reason": "x"}]},
        "not the name of a module",
    ),
    "two-proofs": (
        {"entry-points": [ENTRY | {"proof": {"alive": 1, "output": "x"}}]},
        "exactly one",
    ),
    "no-proof": ({"entry-points": [ENTRY | {"proof": {}}]}, "exactly one"),
    "status": ({"entry-points": [ENTRY | {"proof": {"alive": 1, "status": 200}}]}, "belongs to"),
    "elsewhere": (
        {"entry-points": [ENTRY | {"proof": {"http": "http://example.org:80/"}}]},
        "an address of this machine",
    ),
    "no-port": ({"entry-points": [ENTRY | {"proof": {"http": "http://localhost/"}}]}, "the port"),
    "pattern": ({"entry-points": [ENTRY | {"proof": {"output": "("}}]}, "not a regular expression"),
    "twice": ({"entry-points": [ENTRY, ENTRY]}, "two entry points are named 'api'"),
    "pass-env": ({"pass-env": ["A=B"]}, "not the name of a variable"),
    "cwd": ({"entry-points": [ENTRY | {"cwd": "../x"}]}, "no empty and no '..' part"),
}


@pytest.mark.parametrize(("smoke", "said"), (BAD | BEYOND_THE_SCHEMA).values(), ids=str)
def test_what_is_wrong_is_said_with_its_place(smoke: dict[str, Any], said: str) -> None:
    with pytest.raises(PolicyError) as caught:
        section(json.dumps({"version": 1, "smoke": smoke}))
    assert said in str(caught.value)
    assert all(line.startswith("guard.yaml:1:") for line in caught.value.problems)


@pytest.mark.parametrize("smoke", [smoke for smoke, _ in BAD.values()], ids=BAD)
def test_the_schema_refuses_it_too(smoke: dict[str, Any]) -> None:
    assert not VALIDATOR.is_valid({"version": 1, "smoke": smoke})


def test_the_schema_takes_what_the_policy_takes() -> None:
    import yaml

    VALIDATOR.validate(yaml.safe_load(FULL))


def test_variables_have_names_of_variables() -> None:
    with pytest.raises(PolicyError, match="no name of a variable"):
        section('version: 1\nsmoke: {env: {"A B": x}}\n')
    assert not VALIDATOR.is_valid({"version": 1, "smoke": {"env": {"A B": "x"}}})
