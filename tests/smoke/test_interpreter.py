"""The project's Python is found in a fixed order: real environments, and tools that are fakes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from guard.errors import UsageError
from guard.smoke.interpreter import NoInterpreter, find_interpreter, python_in

Make = Callable[[str], Path]
SYSTEM = "/usr/bin:/bin"
VERSION = sys.version_info[:3]


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A real virtual environment."""
    folder = tmp_path_factory.mktemp("model") / "env"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    return folder


@pytest.fixture
def make(tmp_path: Path, model: Path) -> Make:
    """More of them: a link to the same Python, and the file that makes it an environment."""

    def make_one(name: str) -> Path:
        folder = tmp_path / name
        (folder / "bin").mkdir(parents=True)
        (folder / "pyvenv.cfg").write_bytes((model / "pyvenv.cfg").read_bytes())
        (folder / "bin" / "python").symlink_to(os.path.realpath(model / "bin" / "python"))
        return folder

    return make_one


@pytest.fixture
def top(tmp_path: Path) -> Path:
    folder = tmp_path / "project"
    folder.mkdir()
    return folder


@pytest.fixture
def tools(tmp_path: Path) -> Path:
    folder = tmp_path / "tools"
    folder.mkdir()
    return folder


def install(tools: Path, name: str, script: str) -> None:
    """A tool that is a shell script. It also writes down how it was called."""
    program = tools / name
    program.write_text(f'#!/bin/sh\necho "$0 $*" >> "{tools}/calls"\n{script}\n')
    program.chmod(0o755)


def calls(tools: Path) -> list[str]:
    path = tools / "calls"
    return path.read_text().splitlines() if path.exists() else []


def is_alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def environ(tools: Path, **more: str) -> dict[str, str]:
    return {"PATH": f"{tools}:{SYSTEM}", "HOME": str(tools), **more}


def test_option_wins_over_policy_and_environment(top: Path, tools: Path, make: Make) -> None:
    option, policy, active = make("option"), make("policy"), make("active")
    make("project/.venv")
    env = environ(tools, VIRTUAL_ENV=str(active))
    found = find_interpreter(str(top), str(option / "bin/python"), str(policy), env)
    assert (found.path, found.how) == (str(option / "bin/python"), "--python")
    assert found.version == VERSION
    found = find_interpreter(str(top), None, str(policy), env)
    assert (found.path, found.how) == (str(policy / "bin/python"), "smoke.python in the policy")
    found = find_interpreter(str(top), None, None, env)
    assert (found.path, found.how) == (str(active / "bin/python"), "$VIRTUAL_ENV")


def test_policy_is_relative_to_the_top(top: Path, tools: Path, make: Make) -> None:
    make("project/env")
    for text in ("env/bin/python", "env", "./env/"):
        found = find_interpreter(str(top), None, text, environ(tools))
        assert found.path == str(top / "env/bin/python")


def test_command_that_is_a_shim(top: Path, tools: Path, make: Make) -> None:
    # Such as pyenv's: it looks at the folder that it is started in.
    env = make("chosen")
    (top / ".python-version").write_text(str(env))
    install(tools, "python", 'exec "$(cat .python-version)/bin/python" "$@"')
    for option, policy in (("python", None), (None, "python")):
        found = find_interpreter(str(top), option, policy, environ(tools))
        assert found.path == str(env / "bin/python")


def test_nothing_of_the_project_runs_when_it_is_asked(top: Path, tools: Path, make: Make) -> None:
    env = make("project/.venv")
    version = f"python{sys.version_info[0]}.{sys.version_info[1]}"
    site = env / "lib" / version / "site-packages"
    site.mkdir(parents=True)
    (site / "evil.pth").write_text(f"import os; open({str(tools / 'ran')!r}, 'w')\n")
    assert find_interpreter(str(top), None, None, environ(tools)).path == str(env / "bin/python")
    assert not (tools / "ran").exists()
    subprocess.run([env / "bin/python", "-c", ""], check=True)
    assert (tools / "ran").exists()


def test_tools_see_no_secret(top: Path, tools: Path, make: Make) -> None:
    env = make("elsewhere")
    (top / "poetry.lock").write_text("")
    install(tools, "poetry", f'env > "{tools}/env"; echo {env}')
    more = {"GITHUB_TOKEN": "a", "POETRY_PYPI_TOKEN_X": "b", "AWS_PROFILE": "c", "DB_PASS": "d"}
    kept = {"POETRY_VIRTUALENVS_PATH": "/e", "MY_PLAIN": "f"}
    find_interpreter(str(top), None, None, environ(tools, **more, **kept))
    seen = dict(line.split("=", 1) for line in (tools / "env").read_text().splitlines())
    assert not more.keys() & seen.keys()
    assert kept.items() <= seen.items()


def test_option_may_be_a_command(top: Path, tools: Path, make: Make) -> None:
    folder = make("other")
    env = {"PATH": f"{folder / 'bin'}:{SYSTEM}"}
    assert find_interpreter(str(top), "python", None, env).path == str(folder / "bin/python")


@pytest.mark.parametrize("name", [".venv", "venv"])
def test_folder_in_the_project(top: Path, tools: Path, make: Make, name: str) -> None:
    make(f"project/{name}")
    found = find_interpreter(str(top), None, None, environ(tools))
    assert found.path == str(top / name / "bin/python")
    assert found.how == f"{name} in the project"


def test_folder_around_the_project_in_its_repository(
    top: Path, tools: Path, make: Make, tmp_path: Path
) -> None:
    make(".venv")
    assert find_interpreter(str(top), None, None, environ(tools)).path == sys.executable
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    found = find_interpreter(str(top), None, None, environ(tools))
    assert (found.path, found.how) == (str(tmp_path / ".venv/bin/python"), f".venv in {tmp_path}")
    make("project/venv")
    assert find_interpreter(str(top), None, None, environ(tools)).how == "venv in the project"


def test_guards_own_virtual_env_is_not_the_projects(top: Path, tools: Path, make: Make) -> None:
    make("project/.venv")
    env = environ(tools, VIRTUAL_ENV=sys.prefix)
    assert find_interpreter(str(top), None, None, env).how == ".venv in the project"


def test_virtual_env_behind_the_guards_own_on_path(top: Path, make: Make) -> None:
    # As in a hook: the hook's runner puts the guard's environment before the user's.
    folder = make("users")
    own = os.path.join(sys.prefix, "bin")
    env = {"PATH": f"{own}:{folder / 'bin'}:{SYSTEM}", "VIRTUAL_ENV": sys.prefix}
    found = find_interpreter(str(top), None, None, env)
    assert found.path == str(folder / "bin/python")
    assert found.how == "the virtual environment on PATH"


def test_virtual_env_that_is_gone_is_told(top: Path, tools: Path, make: Make) -> None:
    make("project/.venv")
    found = find_interpreter(str(top), None, None, environ(tools, VIRTUAL_ENV="/gone/env"))
    assert found.how == (".venv in the project; $VIRTUAL_ENV names a folder that does not exist")


TOOLS = [
    ("uv", "uv.lock", "", "python find --offline --no-python-downloads", "{env}/bin/python"),
    ("uv", "pyproject.toml", "[tool.uv]", "python find --offline --no-python-downloads", "{py}"),
    ("poetry", "poetry.lock", "", "env info --path --no-ansi", "{env}"),
    ("poetry", "pyproject.toml", "[tool.poetry]\nname = 'x'", "env info --path --no-ansi", "{env}"),
    ("pdm", "pyproject.toml", "[tool.pdm]", "venv list", "of x:\\n\\n*  in-project: {env}\\n"),
    ("hatch", "pyproject.toml", "[tool.hatch.envs.default]", "env find default", "{env}"),
]


@pytest.mark.parametrize("case", TOOLS, ids=[f"{case[0]}-{case[1]}" for case in TOOLS])
def test_tool_is_asked(
    top: Path, tools: Path, make: Make, case: tuple[str, str, str, str, str]
) -> None:
    tool, file, text, words, answer = case
    env = make("elsewhere")
    (top / file).write_text(text)
    said = answer.format(env=env, py=env / "bin/python")
    install(tools, tool, f'echo "warming up" >&2; printf "{said}"; [ -z "$VIRTUAL_ENV" ]')
    found = find_interpreter(str(top), None, None, environ(tools, VIRTUAL_ENV=sys.prefix))
    assert found.path == str(env / "bin/python")
    assert found.how.startswith(f"`{tool} {words}`, for ")
    assert calls(tools) == [f"{tools / tool} {words}"]


def test_pixi_is_asked(top: Path, tools: Path, make: Make) -> None:
    env = make("pixi-env")
    (top / "pixi.toml").write_text("")
    said = {"environments_info": [{"name": "cuda", "prefix": "/x"}]}
    said["environments_info"].append({"name": "default", "prefix": str(env)})
    (tools / "said").write_text(json.dumps(said))
    install(tools, "pixi", f'cat "{tools}/said"')
    found = find_interpreter(str(top), None, None, environ(tools))
    assert (found.path, found.how) == (
        str(env / "bin/python"),
        "`pixi info --json`, for pixi.toml",
    )


def test_conda_is_what_is_active(top: Path, tools: Path, make: Make) -> None:
    env = make("conda-env")
    (env / "pyvenv.cfg").unlink()
    (top / "environment.yml").write_text("")
    found = find_interpreter(str(top), None, None, environ(tools, CONDA_PREFIX=str(env)))
    assert (found.path, found.how) == (
        str(env / "bin/python"),
        "$CONDA_PREFIX, for environment.yml",
    )


def test_conda_without_a_trace_of_it_is_not_the_projects(
    top: Path, tools: Path, make: Make
) -> None:
    env = environ(tools, CONDA_PREFIX=str(make("base")))
    assert find_interpreter(str(top), None, None, env).path == sys.executable


def test_pdm_keeps_its_choice_in_a_file(top: Path, tools: Path, make: Make) -> None:
    env = make("chosen")
    (top / "pdm.lock").write_text("")
    (top / ".pdm-python").write_text(str(env / "bin/python"))
    install(tools, "pdm", "exit 1")
    found = find_interpreter(str(top), None, None, environ(tools))
    assert (found.path, found.how) == (str(env / "bin/python"), ".pdm-python in the project")
    assert calls(tools) == []


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ("Virtualenvs created with this project:\\n\\n", "run `pdm install`"),
        ("*  a: /env/a\\n-  b: /env/b\\n", r"several environments \(/env/a, /env/b\)"),
    ],
)
def test_pdm_without_one_environment(top: Path, tools: Path, answer: str, said: str) -> None:
    (top / "pdm.lock").write_text("")
    install(tools, "pdm", f'printf "{answer}"')
    with pytest.raises(NoInterpreter, match=said):
        find_interpreter(str(top), None, None, environ(tools))


def test_uv_keeps_its_environment_where_it_is_told(top: Path, tools: Path, make: Make) -> None:
    make("project/elsewhere")
    (top / "uv.lock").write_text("")
    env = environ(tools, UV_PROJECT_ENVIRONMENT="elsewhere")
    found = find_interpreter(str(top), None, None, env)
    assert found.path == str(top / "elsewhere/bin/python")
    assert found.how == "$UV_PROJECT_ENVIRONMENT, for uv.lock"


def test_tool_without_a_trace_is_not_asked(top: Path, tools: Path) -> None:
    for tool in ("uv", "poetry", "pdm", "hatch", "pixi", "conda"):
        install(tools, tool, "echo /nowhere")
    (top / "pyproject.toml").write_text("[tool.hatch.build]\n[project]\nname = 'x'\n")
    find_interpreter(str(top), None, None, environ(tools))
    assert calls(tools) == []


def test_tool_that_is_not_installed_is_told_and_the_next_is_tried(
    top: Path, tools: Path, make: Make
) -> None:
    env = make("of-poetry")
    (top / "uv.lock").write_text("")
    (top / "poetry.lock").write_text("")
    install(tools, "poetry", f"echo {env}")
    found = find_interpreter(str(top), None, None, environ(tools))
    assert found.path == str(env / "bin/python")
    assert found.how == (
        "`poetry env info --path --no-ansi`, for poetry.lock; "
        "uv.lock is there, but uv is not installed"
    )


def test_guards_own_python_is_the_last_and_said_plainly(top: Path, tools: Path) -> None:
    (top / "uv.lock").write_text("")
    found = find_interpreter(str(top), None, None, environ(tools))
    assert found.path == sys.executable
    assert found.how == (
        "the guard's own Python: the project's environment was not found; "
        "uv.lock is there, but uv is not installed"
    )


FAILURES = [
    ("exit 1", "exit code 1"),
    ("echo 'no such thing' >&2; exit 2", "exit code 2: no such thing"),
    ("true", "no answer"),
    ("kill -9 $$", "killed by a signal"),
]


@pytest.mark.parametrize(("script", "said"), FAILURES, ids=[said for _, said in FAILURES])
def test_tool_that_knows_nothing_is_an_error(
    top: Path, tools: Path, script: str, said: str
) -> None:
    (top / "poetry.lock").write_text("")
    install(tools, "poetry", script)
    with pytest.raises(NoInterpreter) as caught:
        find_interpreter(str(top), None, None, environ(tools))
    assert said in str(caught.value)
    assert "poetry.lock" in str(caught.value)
    assert "--python" in str(caught.value)
    assert caught.value.exit_code == 3


def test_python_of_no_environment_is_not_the_projects(top: Path, tools: Path) -> None:
    (top / "uv.lock").write_text("")
    install(tools, "uv", "echo /usr/bin/python3")
    with pytest.raises(NoInterpreter, match=r"uv has made no environment.*run `uv sync`"):
        find_interpreter(str(top), None, None, environ(tools))


def test_tool_that_hangs_is_ended(top: Path, tools: Path) -> None:
    (top / "poetry.lock").write_text("")
    install(tools, "poetry", f"sleep 1234 & echo $! > {tools}/pid; wait")
    with pytest.raises(NoInterpreter, match="no answer after 1 s"):
        find_interpreter(str(top), None, None, environ(tools), seconds=1.0)
    pid = int((tools / "pid").read_text())
    until = time.monotonic() + 20
    while is_alive(pid):
        assert time.monotonic() < until
        time.sleep(0.02)


def test_named_one_that_does_not_exist(top: Path, tools: Path) -> None:
    with pytest.raises(UsageError, match=r"--python: there is no nowhere/python; give a path"):
        find_interpreter(str(top), "nowhere/python", None, environ(tools))
    with pytest.raises(UsageError, match=r"smoke.python in the policy: there is no python9"):
        find_interpreter(str(top), None, "python9", environ(tools))
    with pytest.raises(UsageError, match="is a folder without a Python"):
        find_interpreter(str(top), str(tools), None, environ(tools))


def test_named_one_that_is_no_python(top: Path, tools: Path) -> None:
    install(tools, "mypython", "echo hello")
    with pytest.raises(UsageError, match="it did not answer with its version"):
        find_interpreter(str(top), "mypython", None, environ(tools))
    (tools / "text").write_text("no program")
    with pytest.raises(UsageError, match="cannot be started: Permission denied"):
        find_interpreter(str(top), str(tools / "text"), None, environ(tools))


def test_python_that_is_too_old(top: Path, tools: Path) -> None:
    install(tools, "python3.7", "echo python 3 7 16 /x")
    with pytest.raises(UsageError, match=r"is Python 3\.7\.16; 3\.8 is the oldest that works"):
        find_interpreter(str(top), "python3.7", None, environ(tools))


def test_environment_whose_python_is_gone(top: Path, tools: Path, make: Make) -> None:
    python = make("project/.venv") / "bin/python"
    python.unlink()
    python.symlink_to("/gone/python")
    with pytest.raises(NoInterpreter, match=r"\.venv in the project: .* does not start"):
        find_interpreter(str(top), None, None, environ(tools))


def test_environments_of_windows(tmp_path: Path) -> None:
    (tmp_path / "Scripts").mkdir()
    (tmp_path / "Scripts/python.exe").write_text("")
    assert python_in(str(tmp_path)) == str(tmp_path / "Scripts/python.exe")
    conda = tmp_path / "conda"
    conda.mkdir()
    (conda / "python.exe").write_text("")
    assert python_in(str(conda)) == str(conda / "python.exe")
    assert python_in(str(tmp_path / "nothing")) is None
