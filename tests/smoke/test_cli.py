"""``guard smoke`` from the command line, on small projects, with the built-in rules."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from demo.build_outage import git
from guard.cli import app
from guard.cli._surroundings import Surroundings
from guard.smoke.wire import from_json

TOP = Path(__file__).parents[2]
FILES = {
    ".gitignore": "__pycache__\n",
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n',
    "shop/__init__.py": "",
    "shop/models.py": "class Order:\n    pass\n",
    "shop/till.py": "from shop.models import Order\n",
    "shop/door.py": "",
    "tests/test_till.py": "",
}


@dataclass
class Shop:
    """A project in a git repository, and the command line in this process."""

    top: Path
    environ: dict[str, str] = field(default_factory=dict)

    def write(self, files: dict[str, str]) -> None:
        for path, text in files.items():
            target = self.top / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)

    def stage(self, files: dict[str, str]) -> None:
        self.write(files)
        git(self.top, "add", "--all")

    def commit(self, files: dict[str, str]) -> str:
        self.stage(files)
        git(self.top, "commit", "--quiet", "--no-verify", "-m", "x")
        return git(self.top, "rev-parse", "HEAD").stdout.strip()

    def run(self, *argv: str, cwd: str = "") -> Result:
        before = Path.cwd()
        os.chdir(self.top / cwd)
        try:
            with CliRunner().isolation() as (out, err, _mixed):
                code = app.run(("smoke", *argv), Surroundings(environ=self.environ))
                sys.stdout.flush()
                sys.stderr.flush()
                texts = out.getvalue(), err.getvalue()
        finally:
            os.chdir(before)
        return Result(CliRunner(), *texts, b"", None, code, None)

    def smoke(self, *argv: str, cwd: str = "") -> dict[str, Any]:
        """The JSON document, and that the exit code fits its verdict."""
        result = self.run(*argv, "--format", "json", cwd=cwd)
        document = json.loads(result.stdout)
        codes = {"pass": 0, "skipped": 0, "fail": 1, "unverified": 3}
        assert result.exit_code == codes[document["verdict"]], result.stderr
        return document

    def notes(self, *argv: str) -> str:
        return "\n".join(self.smoke(*argv)["notes"])


@pytest.fixture
def shop(tmp_path: Path) -> Shop:
    top = tmp_path / "shop"
    top.mkdir()
    git(top, "init", "--quiet", "--initial-branch=main")
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    kept = {name: os.environ[name] for name in ("PATH", "HOME") if name in os.environ}
    own = {"GUARD_CACHE_DIR": str(tmp_path / "cache"), "NO_COLOR": "1"}
    found = Shop(top, {**kept, **own})
    found.commit(FILES)
    return found


def counted(document: dict[str, Any]) -> int:
    number = document["summary"]["files"]
    assert isinstance(number, int)
    return number


BROKEN = {"shop/models.py": "Ordre = Order\n"}


def test_all_modules_are_imported_and_the_rest_is_named(shop: Shop) -> None:
    document = shop.smoke()
    assert document["verdict"] == "pass"
    assert counted(document) == 4
    assert document["findings"] == []
    notes = "\n".join(document["notes"])
    assert f"Python {sys.version_info[0]}.{sys.version_info[1]}" in notes
    assert "network: refused" in notes
    assert "not imported, a test: tests/test_till.py" in notes


def test_people_get_counts_and_all_of_it_with_verbose(shop: Shop) -> None:
    shop.environ["AWS_SECRET_ACCESS_KEY"] = "x"
    brief, whole = shop.run().stdout, shop.run("-v").stdout
    assert "1 file not imported, -v lists them: 1 a test" in brief
    assert "1 variable withheld, -v names them" in brief
    assert "AWS" not in brief
    assert "tests/test_till.py" in whole
    assert "AWS_SECRET_ACCESS_KEY" in whole
    assert shop.run("-q").stdout == ""


def test_one_cause_with_all_that_it_takes_down(shop: Shop) -> None:
    shop.write(BROKEN)
    document = shop.smoke()
    assert document["verdict"] == "fail"
    (finding,) = document["findings"]
    assert finding["rule"] == "import-failure"
    assert finding["path"] == "shop/models.py"
    assert finding["victims"] == ["shop.models", "shop.till"]


@pytest.mark.parametrize(
    ("argv", "number"),
    [
        (("shop.door",), 1),
        (("shop",), 4),
        (("shop/till.py", "shop.door"), 2),
        (("--exclude", "till.py"), 3),
    ],
    ids=["module", "folder", "both", "exclude"],
)
def test_what_is_named_is_what_is_imported(shop: Shop, argv: tuple[str, ...], number: int) -> None:
    assert counted(shop.smoke(*argv)) == number


def test_names_are_those_of_the_folder_where_one_stands(shop: Shop) -> None:
    assert counted(shop.smoke("door.py", cwd="shop")) == 1
    assert counted(shop.smoke(".", cwd="shop")) == 4
    assert counted(shop.smoke("..", cwd="shop")) == 4


def test_a_name_that_matches_nothing_is_an_error(shop: Shop) -> None:
    for name in ("shop.dore", "shop/dore.py", "nothing"):
        result = shop.run(name)
        assert result.exit_code == 2, result.stdout
        assert name.partition(".")[0].split("/")[-1] in result.stderr


def test_a_selection_that_holds_no_module_is_no_pass(shop: Shop) -> None:
    assert shop.smoke("--exclude", "*.py")["verdict"] == "unverified"
    assert shop.smoke("tests/test_till.py")["verdict"] == "unverified"
    git(shop.top, "rm", "-rq", "shop", "tests")
    assert shop.smoke()["verdict"] == "unverified"


def test_a_change_runs_what_it_can_have_broken(shop: Shop) -> None:
    shop.write({"shop/models.py": "class Order:\n    paid = True\n"})
    document = shop.smoke("--since", "HEAD")
    assert document["verdict"] == "pass"
    assert counted(document) == 2
    assert "1 file changed: 2 of 4 modules affected" in document["notes"]


def test_a_change_that_affects_no_module_is_skipped_with_the_reason(shop: Shop) -> None:
    shop.write({"README.md": "x"})
    document = shop.smoke("--since", "HEAD")
    assert document["verdict"] == "skipped"
    assert "the change affects no module: there was nothing to import" in document["notes"]


def test_a_deleted_module_breaks_who_imports_it(shop: Shop) -> None:
    git(shop.top, "rm", "--quiet", "shop/models.py")
    for argv in (("--since", "HEAD"), ("--staged",)):
        document = shop.smoke(*argv)
        assert [finding["path"] for finding in document["findings"]] == ["shop/till.py"]


def test_data_in_a_package_is_part_of_it(shop: Shop) -> None:
    shop.write({"shop/goods.json": "{}"})
    assert counted(shop.smoke("--since", "HEAD")) == 4


def test_a_link_may_lead_anywhere(shop: Shop) -> None:
    shop.commit({"README.md": "x"})
    (shop.top / "more").symlink_to("shop")
    git(shop.top, "add", "more")
    assert counted(shop.smoke("--staged")) == 4
    document = shop.smoke("--since", "HEAD")
    assert counted(document) == 4
    assert "more/ changed: that can affect every module" in document["notes"]


def test_what_says_what_is_installed_concerns_all(shop: Shop) -> None:
    shop.write({"pyproject.toml": FILES["pyproject.toml"] + "dependencies = []\n"})
    document = shop.smoke("--since", "HEAD")
    assert counted(document) == 4
    assert "pyproject.toml changed: that can affect every module" in document["notes"]


def test_staged_is_the_index_and_not_what_lies_beside_it(shop: Shop) -> None:
    shop.stage(BROKEN)
    shop.write({"shop/models.py": FILES["shop/models.py"]})
    assert shop.smoke("--staged")["verdict"] == "fail"
    assert shop.smoke("--since", "HEAD")["verdict"] in ("pass", "skipped")


def test_a_module_that_was_not_staged_is_missed(shop: Shop) -> None:
    shop.write({"shop/goods.py": ""})
    shop.write({"shop/till.py": "import shop.goods\n"})
    assert shop.smoke("--since", "HEAD")["verdict"] == "pass"
    git(shop.top, "add", "shop/till.py")
    (finding,) = shop.smoke("--staged")["findings"]
    assert finding["path"] == "shop/till.py"
    assert "shop.goods" in finding["raises"]


def test_a_commit_is_run_and_leaves_nothing(shop: Shop) -> None:
    bad = shop.commit(BROKEN)
    shop.commit({"shop/models.py": FILES["shop/models.py"]})
    assert shop.smoke()["verdict"] == "pass"
    document = shop.smoke("--rev", bad)
    assert document["verdict"] == "fail"
    assert document["subject"].startswith("commit ")
    assert git(shop.top, "worktree", "list").stdout.count("\n") == 1
    assert shop.smoke("--since", "HEAD~2", "--rev", bad)["verdict"] == "fail"


def test_the_policy_has_its_say_and_options_stand_above_it(shop: Shop) -> None:
    shop.write(
        {
            "guard.yaml": "version: 1\nsmoke:\n  timeout: 0.5\n  env: {WAIT: '30'}\n"
            "  exclude: [{paths: [door.py], reason: opened by hand}]\n",
            "shop/till.py": "import os, time\ntime.sleep(int(os.environ['WAIT']))\n",
        }
    )
    document = shop.smoke()
    assert [finding["path"] for finding in document["findings"]] == ["shop/till.py"]
    assert "after 0.5 s" in str(document["findings"])
    assert "not imported, opened by hand: shop/door.py" in document["notes"]
    assert "after 0.25 s" in str(shop.smoke("--timeout", "0.25")["findings"])


def test_a_change_cannot_exclude_what_it_breaks(shop: Shop) -> None:
    exclusion = "version: 1\nsmoke:\n  exclude: [{paths: [models.py, till.py], reason: no}]\n"
    shop.stage({**BROKEN, "guard.yaml": exclusion})
    document = shop.smoke("--staged")
    assert document["verdict"] == "fail"
    assert "1 exception (exclude, smoke.exclude, smoke.optional) came" in "\n".join(
        document["notes"]
    )
    shop.commit({})
    shop.stage({"shop/models.py": "Ordre = Order  # still\n"})
    assert shop.smoke("--staged")["verdict"] in ("unverified", "skipped")


def test_a_change_cannot_switch_off_the_rule_that_it_breaks(shop: Shop) -> None:
    shop.stage({**BROKEN, "guard.yaml": 'version: 1\nrules: {import-failure: "off"}\n'})
    document = shop.smoke("--staged")
    assert document["verdict"] == "fail"
    assert "guard.yaml lowers import-failure from error to off" in document["notes"]


def test_a_declared_module_may_fail_for_the_declared_reason_alone(shop: Shop) -> None:
    declared = "[{modules: [shop.gpu], reason: needs CUDA, missing: no_such_cuda}]"
    shop.commit({"guard.yaml": f"version: 1\nsmoke: {{optional: {declared}}}\n"})
    shop.write({"shop/gpu.py": "import no_such_cuda\n"})
    document = shop.smoke()
    assert document["verdict"] == "pass"
    assert "shop.gpu failed as declared (needs CUDA)" in "\n".join(document["notes"])
    shop.write({"shop/gpu.py": "import no_such_thing\n"})
    assert shop.smoke()["verdict"] == "fail"


ENTRY = """\
version: 1
smoke:
  entry-points:
    - {name: till, command: [python, -m, shop.till]}
"""


def test_an_entry_point_of_the_policy_is_started(shop: Shop) -> None:
    shop.commit({"guard.yaml": ENTRY})
    assert shop.smoke("--entry")["verdict"] == "pass"
    shop.write(
        {"shop/till.py": "import sys\nif __name__ == '__main__':\n    sys.exit('no money')\n"}
    )
    assert [f["rule"] for f in shop.smoke()["findings"]] == ["entrypoint-failure"]
    assert [f["rule"] for f in shop.smoke("--entry")["findings"]] == ["entrypoint-failure"]
    assert shop.smoke("--no-entry")["verdict"] == "pass"
    assert shop.smoke("shop")["verdict"] == "pass"


def test_an_entry_point_is_started_where_a_change_affects_its_module(shop: Shop) -> None:
    shop.commit({"guard.yaml": ENTRY})
    shop.write({"shop/models.py": "class Order:\n    raise SystemExit(3)\n"})
    document = shop.smoke("--since", "HEAD", "--entry")
    assert [finding["rule"] for finding in document["findings"]] == ["entrypoint-failure"]
    shop.write({"shop/models.py": FILES["shop/models.py"], "shop/door.py": "x = 1\n"})
    assert shop.smoke("--since", "HEAD", "--entry")["verdict"] == "skipped"
    shop.stage({"guard.yaml": "version: 1\n", "shop/till.py": "import shop.models\n"})
    assert "guard.yaml drops the entry points till" in shop.notes("--staged")


SCRIPT = """\
import sys

def main():
    sys.exit(sys.modules["shop.till"].STATUS)
"""
DECLARED = {
    "pyproject.toml": '[project]\nname = "shop"\nversion = "1"\n[project.scripts]\n'
    'till = "shop.run:main"\n',
    "setup.py": "from setuptools import setup\n"
    'setup(entry_points={"console_scripts": ["till = shop.run:main"]})\n',
}


def test_an_entry_point_of_an_optional_module_may_fail_as_that_may(shop: Shop) -> None:
    policy = (
        "version: 1\nsmoke:\n  optional:\n    - {modules: [shop.run], reason: R, missing: %s}\n"
    )
    module = "try:\n    import no_gpu\nexcept ImportError as e:\n"
    module += "    raise ImportError(f'pip install shop[gpu]: {e}') from None\n"
    shop.commit({**DECLARED, "guard.yaml": policy % "no_gpu", "shop/run.py": module})
    for options in (), ("--entry",):
        document = shop.smoke(*options)
        assert document["verdict"] == "pass"
        assert "entry point till failed as declared (R): ImportError" in str(document["notes"])
    shop.commit({"guard.yaml": policy % "no_network"})
    (finding,) = shop.smoke("--entry")["findings"]
    assert finding["rule"] == "entrypoint-failure"


def test_what_was_started_is_told(shop: Shop) -> None:
    shop.commit({"shop/__main__.py": "", **DECLARED, "shop/run.py": "def main():\n    return 2\n"})
    said = shop.run("--entry")
    assert "started 2 entry points: till, python -m shop" in said.stderr + said.stdout
    assert "entry point `till` (till --help, from pyproject.toml" in said.stdout


@pytest.mark.parametrize("file", DECLARED)
def test_a_script_of_the_metadata_is_started_where_its_module_is_affected(
    shop: Shop, file: str
) -> None:
    shop.commit(
        {
            "shop/till.py": "STATUS = 0\n",
            "shop/run.py": "import shop.till\n" + SCRIPT,
            file: DECLARED[file],
        }
    )
    shop.write({"shop/door.py": "x = 1\n"})
    assert shop.smoke("--since", "HEAD", "--entry")["verdict"] == "skipped"
    shop.write({"shop/till.py": "STATUS = 3\n"})
    document = shop.smoke("--since", "HEAD", "--entry")
    assert [finding["rule"] for finding in document["findings"]] == ["entrypoint-failure"]


def test_a_change_of_nothing_but_a_main_module_starts_it(shop: Shop) -> None:
    shop.commit({"shop/__main__.py": ""})
    shop.write({"shop/__main__.py": "import no_such_thing\n"})
    document = shop.smoke("--since", "HEAD")
    assert [finding["rule"] for finding in document["findings"]] == ["entrypoint-failure"]


def test_what_is_installed_is_told_where_someone_reads_it(shop: Shop, tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    shop.commit({"shop/__main__.py": ""})
    assert shop.smoke("--python", sys.executable, "--record-run", str(record))["verdict"] == "pass"
    run = from_json(json.loads(record.read_text()))
    assert ("pytest", "pytest") in run.distributions
    shop.write({"shop/__main__.py": "import pytest.no_such_part\n"})
    (finding,) = shop.smoke("--python", sys.executable, "--entry")["findings"]
    assert "`pytest` is installed, and has no such module" in finding["message"]


def test_shards_together_are_the_whole_run(shop: Shop, tmp_path: Path) -> None:
    shop.commit({**BROKEN, "guard.yaml": ENTRY})
    files = []
    for number in (1, 2, 3):
        files.append(str(tmp_path / f"{number}.json"))
        shop.run("--shard", f"{number}/3", "--record-run", files[-1])
    whole, merged = shop.smoke(), shop.smoke("--merge", *files)
    assert merged["findings"] == whole["findings"]
    assert counted(merged) == counted(whole) == 4
    missing = shop.run("--merge", *files[:2])
    assert missing.exit_code == 3
    assert "missing: shard 3 of 3" in missing.stderr
    doubled = shop.run("--merge", files[0], *files)
    assert doubled.exit_code == 3
    assert "are both shard 1 of 3" in doubled.stderr
    shop.write({"shop/door.py": "changed = True\n"})
    other = shop.run("--merge", *files)
    assert other.exit_code == 3
    assert "other files than the working tree" in other.stderr


def test_a_shard_without_work_is_skipped_and_counts_all_the_same(
    shop: Shop, tmp_path: Path
) -> None:
    files = [str(tmp_path / f"{number}.json") for number in range(1, 7)]
    verdicts = [
        shop.smoke("--shard", f"{number}/6", "--record-run", file)["verdict"]
        for number, file in enumerate(files, 1)
    ]
    assert sorted(verdicts) == ["pass"] * 4 + ["skipped"] * 2
    assert counted(shop.smoke("--merge", *files)) == 4


def test_shards_of_a_change_that_affects_nothing_are_skipped_together(
    shop: Shop, tmp_path: Path
) -> None:
    shop.write({"README.md": "x"})
    files = [str(tmp_path / f"{number}.json") for number in (1, 2)]
    since = ("--since", "HEAD")
    for number, file in enumerate(files, 1):
        argv = (*since, "--shard", f"{number}/2", "--record-run", file)
        assert shop.smoke(*argv)["verdict"] == "skipped"
    assert shop.smoke(*since, "--merge", *files)["verdict"] == "skipped"


def test_recorded_durations_balance_the_shards(shop: Shop, tmp_path: Path) -> None:
    shop.commit({"shop/door.py": "import time\ntime.sleep(0.4)\n"})
    record = str(tmp_path / "record.json")
    assert shop.run("--record-run", record).exit_code == 0
    sizes = [
        counted(shop.smoke("--no-entry", "--shard", f"{number}/2", "--durations", record))
        for number in (1, 2)
    ]
    assert sorted(sizes) == [1, 3]


def test_a_record_that_is_none_is_said(shop: Shop, tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("[" * 100_000)
    for argv in (("--merge", str(bad)), ("--shard", "1/2", "--durations", str(bad))):
        result = shop.run(*argv)
        assert result.exit_code == 3
        assert "bad.json" in result.stderr
    assert shop.run("--merge", str(tmp_path / "none.json")).exit_code == 2


@pytest.mark.parametrize(
    "argv",
    [
        ("--entry", "--no-entry"),
        ("--merge",),
        ("--merge", "x.json", "--python", "python3"),
        ("--durations", "x.json"),
        ("--shard", "3/2"),
        ("--exclude", "../x"),
        ("--timeout", "0"),
        ("--python", "/no/such/python"),
        ("--staged", "--rev", "HEAD"),
        ("--select", "no-such-rule"),
        ("--select", "type-checking-runtime-use"),
        ("-q", "-v"),
    ],
    ids=" ".join,
)
def test_what_makes_no_sense_is_a_usage_error(shop: Shop, argv: tuple[str, ...]) -> None:
    result = shop.run(*argv)
    assert result.exit_code == 2, result.stdout + result.stderr
    assert result.stderr


def test_every_format_tells_it(shop: Shop, tmp_path: Path) -> None:
    shop.write(BROKEN)
    names = ("text", "json", "jsonl", "sarif", "github", "junit", "markdown")
    files = [tmp_path / name for name in names]
    argv = [f"--format={name}={file}" for name, file in zip(names, files, strict=True)]
    assert shop.run(*argv).exit_code == 1
    assert all("import-failure" in file.read_text() for file in files)


def imported(shop: Shop, *argv: str) -> set[str]:
    """The modules that a process of the guard imports, as itself tells."""
    done = process(shop, "-X", "importtime", "-m", "guard", *argv)
    assert done.returncode == 0, done.stderr
    return {line.rpartition("|")[2].strip() for line in done.stderr.splitlines() if "|" in line}


def process(shop: Shop, *argv: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *argv],
        cwd=shop.top,
        env={**shop.environ, "PYTHONPATH": f"{TOP}{os.pathsep}{TOP / 'rules'}"},
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_change_that_affects_nothing_costs_little(shop: Shop) -> None:
    shop.write({"README.md": "x"})
    found = imported(shop, "smoke", "--since", "HEAD")
    assert "guard.smoke.graph" in found
    assert not found & {"guard.smoke.run", "guard.smoke.wire", "http.client", "libcst", "asyncio"}


def test_check_imports_nothing_of_the_runner(shop: Shop) -> None:
    found = imported(shop, "check", "--no-cache")
    assert "guard.engine" in found
    assert not {name for name in found if name.startswith("guard.smoke")}
    assert not found & {"guard.cli._smoke", "guard.cli._smoke_run", "guard.config.smoke"}


def test_a_run_in_a_pipe_shows_no_progress(shop: Shop) -> None:
    done = process(shop, "-m", "guard", "smoke")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
