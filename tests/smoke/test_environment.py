"""What the project's code sees of the environment: an allow-list, and never a secret."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from guard.smoke.environment import environment, looks_secret

SECRETS = [
    "GITHUB_TOKEN",
    "GH_TOKEN",
    "ACTIONS_RUNTIME_TOKEN",
    "ACTIONS_ID_TOKEN_REQUEST_URL",
    "CI_JOB_JWT",
    "CI_REGISTRY_PASSWORD",
    "AWS_ACCESS_KEY_ID",
    "AWS_SESSION_TOKEN",
    "AWS_PROFILE",
    "GOOGLE_APPLICATION_CREDENTIALS",
    "GCP_PROJECT",
    "AZURE_CLIENT_SECRET",
    "ARM_CLIENT_SECRET",
    "GIT_ASKPASS",
    "GIT_CONFIG_VALUE_0",
    "SSH_AUTH_SOCK",
    "DEPLOY_PRIVATE_KEY",
    "NPM_TOKEN",
    "NODE_AUTH_TOKEN",
    "PYPI_API_TOKEN",
    "TWINE_PASSWORD",
    "UV_PUBLISH_TOKEN",
    "PIP_INDEX_URL",
    "OPENAI_API_KEY",
    "STRIPE_APIKEY",
    "DJANGO_SECRET_KEY",
    "PGPASSWORD",
    "MYSQL_PWD",
    "MyPassword",
    "DB_PASS",
    "SENTRY_DSN",
    "SLACK_WEBHOOK",
    "KUBECONFIG",
    "VAULT_ADDR",
]


@pytest.mark.parametrize("name", SECRETS)
def test_looks_like_a_secret_by_its_name(name: str) -> None:
    assert looks_secret(name)


@pytest.mark.parametrize(
    "name",
    [
        *("PATH", "HOME", "LANG", "PORT", "PWD", "SSL_CERT_FILE", "MONKEY", "KEYBOARD", "COMPASS"),
        *("AUTHOR", "PATTERN", "SKIP_SERVICES", "DJANGO_SETTINGS_MODULE", "LD_LIBRARY_PATH"),
    ],
)
def test_does_not_look_like_one(name: str) -> None:
    assert not looks_secret(name)


@pytest.mark.parametrize(
    "value",
    [
        "postgres://user:hunter2@db.example/app",
        "redis://:hunter2@cache:6379/0",
        "ghp_0123456789abcdefghijABCDEFGHIJ012345",
        "AKIAIOSFODNN7EXAMPLE",
        "-----BEGIN OPENSSH PRIVATE KEY-----\nabc",
        "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.abc",
    ],
)
def test_looks_like_a_secret_by_its_value(value: str) -> None:
    assert looks_secret("MY_SETTING", value)
    assert environment({"MY_SETTING": value}, {}, ["MY_*"]).withheld == ("MY_SETTING",)


@pytest.mark.parametrize("value", ["postgres://db.example/app", "http://host:80/a@b", "1.2.3", ""])
def test_plain_values(value: str) -> None:
    assert not looks_secret("MY_SETTING", value)


def test_only_what_is_allowed() -> None:
    ambient = {"PATH": "/bin", "HOME": "/h", "LC_ALL": "C", "MY_PORT": "1", "PYTHONPATH": "/x"}
    assert dict(environment(ambient, {}, []).variables) == {
        "PATH": "/bin",
        "HOME": "/h",
        "LC_ALL": "C",
    }


def test_names_and_patterns_of_the_policy() -> None:
    ambient = {"MY_PORT": "1", "MY_TOKEN": "t", "OTHER": "2", "NOT": "3"}
    found = environment(ambient, {"SKIP": "true", "MY_PORT": "9"}, ["MY_*", "OTHER"])
    assert dict(found.variables) == {"MY_PORT": "9", "OTHER": "2", "SKIP": "true"}
    assert found.withheld == ("MY_TOKEN",)
    assert found.passed == ()
    assert found.notes == (
        "environment: MY_TOKEN: withheld, though a pattern covers it, as it looks like a secret",
    )


def test_full_name_passes_a_secret_and_is_named() -> None:
    ambient = {"MY_TOKEN": "t0p", "AWS_REGION": "eu", "AWS_SECRET_ACCESS_KEY": "k"}
    found = environment(ambient, {}, ["*", "MY_TOKEN", "NOT_SET"])
    assert dict(found.variables) == {"MY_TOKEN": "t0p"}
    assert found.passed == ("MY_TOKEN",)
    assert found.withheld == ("AWS_REGION", "AWS_SECRET_ACCESS_KEY")
    assert not any("t0p" in note for note in found.notes)
    assert any("MY_TOKEN: passed on" in note for note in found.notes)
    assert any("NOT_SET: to be passed on, but not set" in note for note in found.notes)


def test_python_path_that_is_not_passed_is_told() -> None:
    note = "environment: PYTHONPATH: set, but not passed on; name it under pass-env if the "
    assert environment({"PYTHONPATH": "/x"}, {}, []).notes == (f"{note}project needs it",)
    assert environment({"PYTHONPATH": "/x"}, {}, ["PYTHONPATH"]).notes == ()


def test_what_the_policy_sets_is_set_whatever_its_name() -> None:
    found = environment({"SECRET_KEY": "real"}, {"SECRET_KEY": "for tests"}, [])
    assert found.variables["SECRET_KEY"] == "for tests"


def test_guards_own_environment_is_not_named() -> None:
    assert "VIRTUAL_ENV" not in environment({"VIRTUAL_ENV": sys.prefix}, {}, []).variables
    assert environment({"VIRTUAL_ENV": "/other"}, {}, []).variables["VIRTUAL_ENV"] == "/other"


def test_python_means_the_projects(tmp_path: Path) -> None:
    home = tmp_path / "env"
    (home / "bin").mkdir(parents=True)
    (home / "pyvenv.cfg").write_text("")
    (home / "bin/python").symlink_to(sys.executable)
    ambient = {"PATH": f"{sys.prefix}/bin:/usr/bin:/bin", "VIRTUAL_ENV": sys.prefix}
    found = environment(ambient, {}, [], str(home / "bin/python")).variables
    assert found["VIRTUAL_ENV"] == str(home)
    assert found["PATH"].split(os.pathsep)[0] == str(home / "bin")
    said = subprocess.run(
        ["/bin/sh", "-c", "command -v python"], env=found, capture_output=True, check=True
    )
    assert said.stdout.decode().strip() == str(home / "bin/python")


def test_python_without_a_virtual_environment() -> None:
    found = environment({"PATH": "/bin", "VIRTUAL_ENV": "/old"}, {}, [], "/opt/py/bin/python3")
    assert dict(found.variables) == {"PATH": "/opt/py/bin:/bin"}


def test_a_child_starts_with_nothing_more(tmp_path: Path) -> None:
    found = environment({**os.environ, "GITHUB_TOKEN": "x"}, {"A": "1"}, [])
    code = "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}))"
    said = subprocess.run(
        [sys.executable, "-c", code], env=dict(found.variables), capture_output=True, check=True
    )
    assert said.stdout.decode().strip() == str(sorted(found.variables))
