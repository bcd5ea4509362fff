"""Which variables of the environment the project's code sees: an allow-list, and never a secret.

A secret is known by its name or by its value. Only its full name in the policy passes one; a
pattern does not, for who writes ``MY_*`` does not think of ``MY_TOKEN``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase

from guard.smoke._tools import is_own

ALLOWED = (
    # Where things are, who runs it, how text is written.
    *(
        "PATH",
        "HOME",
        "USER",
        "LOGNAME",
        "SHELL",
        "TERM",
        "LANG",
        "LANGUAGE",
        "LC_*",
        "TZ",
        "TZDIR",
    ),
    *("TMPDIR", "TMP", "TEMP", "XDG_CACHE_HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME"),
    # How shared libraries and their data are found; conda and nix set these.
    *("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH", "DYLD_FRAMEWORK_PATH"),
    *("LOCALE_ARCHIVE", "NIX_LD", "NIX_LD_LIBRARY_PATH", "FONTCONFIG_FILE", "FONTCONFIG_PATH"),
    *(
        "CONDA_PREFIX",
        "CONDA_DEFAULT_ENV",
        "GDAL_DATA",
        "GDAL_DRIVER_PATH",
        "PROJ_DATA",
        "PROJ_LIB",
    ),
    *("SSL_CERT_FILE", "SSL_CERT_DIR", "JAVA_HOME", "CUDA_HOME", "CUDA_PATH", "ROCM_PATH"),
    # Windows does not start a program without the first of these.
    *("SYSTEMROOT", "SYSTEMDRIVE", "WINDIR", "COMSPEC", "PATHEXT", "OS", "USERNAME", "USERPROFILE"),
    *("HOMEDRIVE", "HOMEPATH", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA", "ALLUSERSPROFILE"),
    *("PROGRAMFILES", "PROGRAMFILES(X86)", "PROGRAMW6432", "COMMONPROGRAMFILES", "PUBLIC"),
    *("NUMBER_OF_PROCESSORS", "PROCESSOR_ARCHITECTURE", "PROCESSOR_IDENTIFIER", "COMPUTERNAME"),
)
"""Passed on without being asked for. ``VIRTUAL_ENV`` and ``PATH`` are made to fit the project."""

_SECRET_WORDS = frozenset(
    (
        *("TOKEN", "TOKENS", "SECRET", "SECRETS", "PASSWORD", "PASSWORDS", "PASSWD", "PASS", "PWD"),
        *("PASSPHRASE", "PASSCODE", "CREDENTIAL", "CREDENTIALS", "CREDS", "CRED", "APIKEY", "KEY"),
        *("KEYS", "KEYFILE", "AUTH", "AUTHORIZATION", "BEARER", "JWT", "COOKIE", "COOKIES", "DSN"),
        *("PAT", "PIN", "OTP", "SALT", "SIGNATURE", "CERT", "PRIVATE", "WEBHOOK", "NETRC"),
        *("KUBECONFIG", "SESSIONID", "ENCRYPTION"),
    )
)
_SECRET_ENDS = ("TOKEN", "SECRET", "PASSWORD", "PASSWD", "PASSPHRASE", "APIKEY", "CREDENTIALS")
_SECRET_STARTS = (
    # Continuous integration.
    *("GITHUB_", "ACTIONS_", "RUNNER_", "CI_", "GITLAB_", "CIRCLE_", "BUILDKITE_", "JENKINS_"),
    *("TRAVIS_", "BITBUCKET_", "APPVEYOR_", "DRONE_", "TEAMCITY_", "SYSTEM_ACCESS", "CODECOV_"),
    # Clouds.
    *("AWS_", "GCP_", "GCLOUD_", "GOOGLE_", "CLOUDSDK_", "FIREBASE_", "AZURE_", "ARM_", "MSI_"),
    *("IDENTITY_", "DIGITALOCEAN_", "LINODE_", "HCLOUD_", "HEROKU_", "CLOUDFLARE_", "CF_"),
    *("KUBE", "VAULT_", "CONSUL_", "NOMAD_", "TF_", "DOCKER_", "REGISTRY_"),
    # git, shells to elsewhere, package indexes.
    *("GIT_", "SSH_", "GPG_", "GNUPG", "SIGNING_", "NPM_", "PYPI_", "TWINE_", "PIP_", "UV_"),
    *("POETRY_", "PDM_", "HATCH_", "CARGO_", "GEM_", "RUBYGEMS_", "NUGET_"),
)
_SECRET_VALUE = re.compile(
    r"[a-z][a-z0-9+.-]*://[^/\s:@]*:[^/\s@]+@"  # a password in an address
    r"|-----BEGIN [A-Z ]*PRIVATE KEY"
    r"|\b(?:gh[pousr]_|github_pat_|glpat-|xox[abeprs]-|pypi-AgE|npm_|hf_)[A-Za-z0-9_-]{10}"
    r"|\b(?:AKIA|ASIA)[A-Z0-9]{16}\b"
    r"|\bsk-[A-Za-z0-9_-]{20}"
    r"|\beyJ[A-Za-z0-9_-]{10,}\.eyJ",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Environment:
    """What the project's code is given, and what of it the report must name."""

    variables: Mapping[str, str]
    withheld: tuple[str, ...] = ()
    """The names of those that look like a secret and are not passed on."""
    passed: tuple[str, ...] = ()
    """The names of those that look like a secret and are passed: the policy names them in full."""
    notes: tuple[str, ...] = ()
    """What the user should read; names alone, never a value."""


def environment(
    environ: Mapping[str, str],
    set_: Mapping[str, str],
    pass_: Sequence[str],
    python: str = "",
) -> Environment:
    """The environment for the project's code.

    ``set_`` are variables and their values; ``pass_`` are names, or patterns with ``*`` and ``?``,
    of variables of ``environ``. ``python`` is the project's interpreter: its folder comes first on
    ``PATH`` and its virtual environment is named, so that ``python`` means it there too.
    """
    full = frozenset(name for name in pass_ if not _is_pattern(name))
    patterns = tuple(name for name in pass_ if _is_pattern(name))
    variables: dict[str, str] = {}
    withheld: list[str] = []
    passed: list[str] = []
    caught: list[str] = []
    for name, value in environ.items():
        secret = looks_secret(name, value)
        if name in full:
            variables[name] = value
            if secret:
                passed.append(name)
            continue
        asked = any(fnmatchcase(name, pattern) for pattern in patterns)
        if secret:
            withheld.append(name)
            if asked:
                caught.append(name)
        elif asked or any(fnmatchcase(name, pattern) for pattern in ALLOWED):
            variables[name] = value
    _fit(variables, environ, python)
    variables.update(set_)
    absent = sorted(full - environ.keys() - set_.keys())
    notes = (
        *_note(caught, "withheld, though a pattern covers it, as it looks like a secret"),
        *_note(passed, "passed on, as the policy names it, though it looks like a secret"),
        *_note(absent, "to be passed on, but not set"),
        *_note(
            [name for name in ("PYTHONPATH",) if environ.get(name) and name not in variables],
            "set, but not passed on; name it under pass-env if the project needs it",
        ),
    )
    return Environment(variables, tuple(sorted(withheld)), tuple(sorted(passed)), notes)


def looks_secret(name: str, value: str = "") -> bool:
    """Whether the variable may hold what must not leave: by its name, or by its value."""
    upper = name.upper()
    return upper not in _PLAIN and (upper.startswith(_SECRET_STARTS) or _is_secret(upper, value))


def for_tools(environ: Mapping[str, str]) -> dict[str, str]:
    """The environment for the tools that are asked where the project's own is.

    They read the project's files, and some load plugins that these name: no secret is for them,
    nor what would make them take the guard's Python for the project's.
    """
    return {
        name: value
        for name, value in environ.items()
        if name not in _OF_THE_GUARD
        and (
            not looks_secret(name, value)
            or (name.startswith(_OF_TOOLS) and not _is_secret(name.upper(), value))
        )
    }


def _is_secret(upper: str, value: str) -> bool:
    words = re.split(r"[^A-Z0-9]+", upper)
    return (
        not _SECRET_WORDS.isdisjoint(words)
        or any(word.endswith(_SECRET_ENDS) for word in words)
        or _SECRET_VALUE.search(value) is not None
    )


_OF_THE_GUARD = ("VIRTUAL_ENV", "PYTHONHOME", "PYTHONPATH", "__PYVENV_LAUNCHER__")
_OF_TOOLS = ("UV_", "POETRY_", "PDM_", "HATCH_", "PIXI_", "PIP_", "CONDA_")
_PLAIN = frozenset(("PWD", "OLDPWD", "SSL_CERT_FILE", "SSL_CERT_DIR"))


def _is_pattern(name: str) -> bool:
    return any(char in name for char in "*?[")


def _note(names: Sequence[str], what: str) -> tuple[str, ...]:
    return (f"environment: {', '.join(sorted(names))}: {what}",) if names else ()


def _fit(variables: dict[str, str], environ: Mapping[str, str], python: str) -> None:
    """Let ``python`` and ``VIRTUAL_ENV`` mean the project's environment, not the guard's."""
    home = environ.get("VIRTUAL_ENV", "")
    if python:
        folder = os.path.dirname(python)
        home = os.path.dirname(folder)
        if not os.path.isfile(os.path.join(home, "pyvenv.cfg")):
            home = ""
        rest = [part for part in variables.get("PATH", os.defpath).split(os.pathsep) if part]
        variables["PATH"] = os.pathsep.join(dict.fromkeys((folder, *rest)))
    elif home and is_own(home):
        home = ""
    variables.pop("VIRTUAL_ENV", None)
    if home:
        variables["VIRTUAL_ENV"] = home
