"""Run the guard on released packages and compare with what is known to be there.

    python scripts/real_code.py [PACKAGE...] [--prove] [--write] [--cache FOLDER]

Downloads the releases that scripts/real_code.json pins, runs `guard check` in each, and fails on
any finding that the file does not list and on any listed one that is gone. ``--prove`` installs
each release with a listed defect in an environment of its own, of the running Python, and executes
the defect: Python must raise what the list says. ``--write`` makes docs/real-code.md anew, from a
run over all of them. Needs the package index, and for ``--prove`` Python 3.11.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import sys
import time
import zipfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

TOP = Path(__file__).resolve().parents[1]
LIST = TOP / "scripts" / "real_code.json"
PAGE = TOP / "docs" / "real-code.md"
TARGET = "3.11"  # annotations are eager: the target with the most to find
LIMIT = 900  # seconds for one command
_FINDING = re.compile(r"(\S+):(\d+) (\S+) \[([\w-]+)\]")


@dataclass(frozen=True)
class Defect:
    """Something that is wrong in a release, and the program that shows it."""

    package: str
    what: str
    code: tuple[str, ...]
    """Lines of a program; ``NAME`` stands for the name of the finding."""
    raises: str
    findings: tuple[str, ...]
    """``path:line name [rule]`` for each finding that the defect causes."""
    at: bool
    """Whether the traceback must show the line of the finding."""
    needs: tuple[str, ...]
    """What must be installed besides."""


@dataclass(frozen=True)
class Checked:
    """What the guard said of one release."""

    package: str
    version: str
    files: int
    seconds: float
    findings: tuple[str, ...]


def main(argv: Sequence[str]) -> int:
    """Answer with 0 when every finding is known and every known one is found."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("packages", nargs="*")
    parser.add_argument("--prove", action="store_true")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--cache", type=Path, default=TOP / "benchmarks/.cache/real-code")
    options = parser.parse_args(argv)
    listed = json.loads(LIST.read_text("utf-8"))
    releases: dict[str, str] = listed["releases"]
    defects = [_defect(entry) for entry in listed["defects"]]
    wanted = options.packages or list(releases)
    unknown = sorted(set(wanted) - set(releases))
    if unknown or (options.write and options.packages):
        parser.error(f"not in the list: {', '.join(unknown)}" if unknown else "--write needs all")
    known = {name: _known(name, defects) for name in wanted}
    done = []
    for name in wanted:
        checked = check(name, releases[name], options.cache)
        done.append(checked)
        print(f"{name} {checked.version}: {len(checked.findings)} in {checked.seconds:.1f} s")
        for text in sorted(set(checked.findings) ^ known[name]):
            print(f"  {'unknown' if text in checked.findings else 'gone'}: {text}", flush=True)
    good = all(set(checked.findings) == known[checked.package] for checked in done)
    if options.prove:
        for name in wanted:
            mine = [item for item in defects if item.package == name]
            good = (not mine or prove(f"{name}=={releases[name]}", mine, options.cache)) and good
    if options.write:
        PAGE.write_text("\n".join(_page(done, defects)), "utf-8")
    return 0 if good else 1


def _defect(entry: dict[str, object]) -> Defect:
    code, findings = entry["code"], entry["findings"]
    needs = entry.get("needs", [])
    assert isinstance(code, list)
    assert isinstance(findings, list)
    assert isinstance(needs, list)
    return Defect(
        package=str(entry["package"]),
        what=str(entry["what"]),
        code=tuple(map(str, code)),
        raises=str(entry["raises"]),
        findings=tuple(map(str, findings)),
        at=bool(entry.get("at", True)),
        needs=tuple(map(str, needs)),
    )


def _known(package: str, defects: Sequence[Defect]) -> set[str]:
    return {text for item in defects if item.package == package for text in item.findings}


def check(package: str, version: str, cache: Path) -> Checked:
    """Run the guard on one release."""
    folder = fetch(package, version, cache)
    start = time.perf_counter()
    command = [sys.executable, "-m", "guard", "check", "--no-cache", "--format", "jsonl"]
    run = _run([*command, "--target-version", TARGET, "."], folder)
    seconds = time.perf_counter() - start
    if run.returncode not in (0, 1, 3):  # 3: a release may hold a file that is no Python
        raise SystemExit(f"{package}: guard check ended with {run.returncode}\n{run.stderr}")
    lines = [json.loads(line) for line in run.stdout.splitlines() if line.startswith("{")]
    return Checked(
        package,
        version,
        sum(1 for _ in folder.rglob("*.py")),
        seconds,
        tuple(_text(line) for line in lines if "guard" in line and "name" in line),
    )


def _text(finding: dict[str, object]) -> str:
    rule = str(finding["rule"]).removeprefix("type-checking-")
    return f"{finding['path']}:{finding['line']} {finding['name']} [{rule}]"


def fetch(package: str, version: str, cache: Path) -> Path:
    """The folder with the unpacked wheel of a release."""
    folder = cache / f"{package}-{version}"
    if not folder.exists():
        wheels = cache / "wheels" / package
        command = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--prefer-binary"]
        command += ["--only-binary", ":all:", "-d", str(wheels), f"{package}=={version}"]
        run = _run(command, cache.parent)
        if run.returncode:
            raise SystemExit(f"{package} {version} cannot be had: {run.stderr}")
        (wheel,) = wheels.glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(folder.with_suffix(".part"))
        (folder.with_suffix(".part") / "setup.cfg").touch()  # the top of a project
        folder.with_suffix(".part").rename(folder)
    return folder


def prove(release: str, defects: Sequence[Defect], cache: Path) -> bool:
    """Execute the defects of a release, each once for each of its findings."""
    python = cache / "env" / release / "bin" / "python"
    if not python.exists():
        _run([sys.executable, "-m", "venv", str(python.parents[1])], cache)
        needs = sorted({need for item in defects for need in item.needs})
        run = _run([str(python), "-m", "pip", "install", "-q", release, *needs], cache)
        if run.returncode:
            print(f"  {release} cannot be installed: {run.stderr.splitlines()[-1:]}")
            return False
    good = True
    for item in defects:
        for text in item.findings:
            shown = _is_shown(item, text, python)
            print(f"  {'shown' if shown else 'NOT SHOWN'}: {text}", flush=True)
            good = good and shown
    return good


def _is_shown(defect: Defect, text: str, python: Path) -> bool:
    found = _FINDING.fullmatch(text)
    assert found is not None, text
    path, line, name, _ = found.groups()
    program = "\n".join(defect.code).replace("NAME", name)
    lines = _run([str(python), "-c", program], python.parent).stderr.strip().splitlines()
    raised = any(said.startswith(defect.raises.replace("NAME", name)) for said in lines)
    return raised and (not defect.at or any(f'{path}", line {line},' in said for said in lines))


def _page(done: Sequence[Checked], defects: Sequence[Defect]) -> Iterator[str]:
    names = [item for checked in done for item in checked.findings]
    yield "# Real code\n"
    yield "Made by `python scripts/real_code.py --write`; do not edit.\n"
    yield (
        f"{len(done)} released packages with {sum(item.files for item in done):,} Python files, "
        f"checked for Python {TARGET} with all rules on: {len(names)} findings in "
        f"{len({item.package for item in done if item.findings})} of them. Each was executed "
        "(`--prove`): Python raises what is said below. The programs are in "
        "[scripts/real_code.json](../scripts/real_code.json).\n"
    )
    for defect in defects:
        version = next(item.version for item in done if item.package == defect.package)
        yield f"## {defect.package} {version}\n"
        yield f"{defect.what[0].upper()}{defect.what[1:]}: `{defect.raises}`\n"
        yield "```python"
        yield from defect.code
        yield "```\n"
        yield from (f"- `{text}`" for text in defect.findings)
        yield ""
    yield "## Without a finding\n"
    clean = [f"{item.package} {item.version}" for item in done if not item.findings]
    yield ", ".join(clean) + ".\n"


def _run(command: Sequence[str], folder: Path) -> subprocess.CompletedProcess[str]:
    folder.mkdir(parents=True, exist_ok=True)
    return subprocess.run(
        command, cwd=folder, capture_output=True, text=True, check=False, timeout=LIMIT
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
