"""The peers of the guard: one private environment, and how to ask each tool about many cases."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.truth.corpus import Case, Version

TOP = Path(__file__).resolve().parents[1]
PEERS = (
    "ruff==0.17.6",
    "flake8==7.5.0",
    "flake8-type-checking==3.2.0",
    "pylint",
    "pyright",
    "mypy==2.4.1",
)
BATCH = 60
FLAKE8_FRAMEWORKS = (
    "--type-checking-pydantic-enabled",
    "--type-checking-fastapi-enabled",
    "--type-checking-sqlalchemy-enabled",
    "--type-checking-cattrs-enabled",
    "--type-checking-injector-enabled",
)
PYLINT = (
    "used-before-assignment,undefined-variable,possibly-used-before-assignment,"
    "no-name-in-module,no-member"
)
PYRIGHT = {
    "reportUndefinedVariable",
    "reportUnboundVariable",
    "reportPossiblyUnbound",
    "reportAttributeAccessIssue",
}
MYPY = ("name-defined", "attr-defined", "possibly-undefined", "used-before-def")


@dataclass(frozen=True)
class Found:
    """A report of a tool: which case, which file in it, which name."""

    case: str
    path: str
    name: str


class Layout:
    """The cases on disk: a file each in ``one``, or a folder each in ``many``."""

    def __init__(self, top: Path, cases: Iterable[Case]) -> None:
        self.top = top.resolve()
        self.files: dict[Path, tuple[str, str]] = {}
        self.singles: list[str] = []
        self.folders: list[Path] = []
        (self.top / "one").mkdir()
        for number, case in enumerate(cases):
            if len(case.files) == 1:
                path = self.top / "one" / f"c{number:04}.py"
                path.write_text(case.files[0][1], encoding="utf-8")
                self.files[path] = (case.id, case.files[0][0])
                self.singles.append(path.name)
            else:
                folder = self.top / "many" / f"c{number:04}"
                case.write(folder)
                self.files.update({folder / name: (case.id, name) for name, _ in case.files})
                self.folders.append(folder)

    def found(self, path: Path, name: str) -> Iterator[Found]:
        """A report about a file, if it is one of the cases'."""
        if path in self.files:
            yield Found(*self.files[path], name)

    def jobs(self) -> list[tuple[Path, list[str]]]:
        """Runs for a tool that wants one import root at a time."""
        found = [
            (self.top / "one", self.singles[start : start + BATCH])
            for start in range(0, len(self.singles), BATCH)
        ]
        for folder in self.folders:
            names = sorted(str(path.relative_to(folder)) for path in folder.rglob("*.py"))
            found.append((folder, names))
        return found


class Peers:
    """The peers' environment and one method for each tool."""

    def __init__(self, python: str) -> None:
        self.folder = TOP / ".venv-peers"
        self.bin = self.folder / "bin"
        if not (self.bin / "python").exists():
            subprocess.run([python, "-m", "venv", self.folder], check=True)
        subprocess.run([self.bin / "python", "-m", "pip", "install", "-qq", *PEERS], check=True)
        self.target = self._version()

    def _version(self) -> Version:
        words = self._run("python", "-c", "import sys; print(*sys.version_info[:2])").split()
        return int(words[0]), int(words[1])

    def versions(self) -> str:
        """Which releases were compared."""
        listed = self._run("python", "-m", "pip", "list", "--format", "json")
        wanted = {peer.partition("==")[0] for peer in PEERS}
        found = {item["name"]: item["version"] for item in json.loads(listed)}
        return ", ".join(f"{name} {found[name]}" for name in sorted(wanted))

    def _run(self, program: str, *words: str, cwd: Path = TOP, text: str = "") -> str:
        argv = [str(self.bin / program), *words]
        done = subprocess.run(
            argv, cwd=cwd, input=text, capture_output=True, text=True, check=False
        )
        if done.returncode > 1 or not done.stdout.strip():
            raise RuntimeError(f"{program} gave {done.returncode}: {done.stderr[-1000:]}")
        return done.stdout

    def ruff(self, layout: Layout) -> Iterator[Found]:
        """TC004, which speaks of the guarded import."""
        version = f"py{self.target[0]}{self.target[1]}"
        options = ("--isolated", "--no-cache", "--preview", "--select", "TC004")
        shape = ("--output-format", "json", "--target-version", version)
        for item in json.loads(self._run("ruff", "check", *options, *shape, ".", cwd=layout.top)):
            path, place = Path(item["filename"]), item["location"]
            quoted = re.search(r"`([^`]+)`", item["message"])
            if quoted and item["code"] == "TC004":
                name = bound_name(path, place["row"], quoted[1], place["column"] - 1)
                yield from layout.found(path, name)

    def flake8(self, layout: Layout) -> Iterator[Found]:
        """TC004 and TC009 (declarations), with all framework options."""
        options = ("--isolated", "--select", "TC004,TC009", *FLAKE8_FRAMEWORKS)
        shape = ("--format", "%(path)s\t%(row)d\t%(text)s")
        for line in self._run("flake8", *options, *shape, ".", cwd=layout.top).splitlines():
            where, row, text = line.split("\t", 2)
            path = (layout.top / where).resolve()
            quoted = re.search(r"'([^']+)'", text)
            if quoted:
                yield from layout.found(path, bound_name(path, int(row), quoted[1]))

    def pylint(self, layout: Layout) -> Iterator[Found]:
        """The name checks and the module-member checks."""
        version = f"--py-version={self.target[0]}.{self.target[1]}"
        options = ["--rcfile=/dev/null", "--disable=all", f"--enable={PYLINT}", "--score=n"]
        options += [version, "--output-format=json", "--persistent=n"]
        for folder, output in self._driven("pylint", layout, options):
            for item in json.loads(output or "[]"):
                quoted = re.findall(r"'([^']+)'", item["message"])
                if item["symbol"] == "no-member":  # "Module 'shapes' has no 'Fraction' member"
                    quoted = quoted[1:2] if item["message"].startswith("Module") else []
                if quoted:
                    yield from layout.found(folder / item["path"], quoted[0])

    def mypy(self, layout: Layout) -> Iterator[Found]:
        """The codes that speak of missing names, with possibly-undefined."""
        options = ["--python-version", f"{self.target[0]}.{self.target[1]}"]
        options += ["--ignore-missing-imports"]
        options += ["--no-error-summary", "--enable-error-code", "possibly-undefined"]
        pattern = re.compile(rf"([^:]+):\d+: error: (.*)\[(?:{'|'.join(MYPY)})\]")
        for folder, output in self._driven("mypy", layout, options):
            for match in filter(None, map(pattern.match, output.splitlines())):
                quoted = re.findall(r'"([^"]+)"', match[2])
                if quoted:
                    yield from layout.found(folder / match[1], quoted[-1])

    def _driven(self, tool: str, layout: Layout, options: list[str]) -> Iterator[tuple[Path, str]]:
        jobs = layout.jobs()
        words = [(str(folder), [*options, *names]) for folder, names in jobs]
        driver = str(TOP / "scripts/peer_driver.py")

        def half(part: int) -> list[str]:
            # A cache for each process: mypy's is by module name, and all have a module `main`.
            own = ["--cache-dir", str(layout.top / f".mypy{part}")] if tool == "mypy" else []
            text = json.dumps([(folder, own + rest) for folder, rest in words[part::2]])
            answers: list[str] = json.loads(self._run("python", driver, tool, text=text))
            return answers

        with ThreadPoolExecutor(2) as pool:
            for part, answers in enumerate(pool.map(half, (0, 1))):
                yield from zip((folder for folder, _ in jobs[part::2]), answers, strict=True)

    def pyright(self, layout: Layout) -> Iterator[Found]:
        """The rules that speak of missing names, in strict mode."""
        roots = ["one", *(str(folder.relative_to(layout.top)) for folder in layout.folders)]
        config = {
            "pythonVersion": f"{self.target[0]}.{self.target[1]}",
            "typeCheckingMode": "strict",
            "executionEnvironments": [{"root": root} for root in roots],
        }
        (layout.top / "pyrightconfig.json").write_text(json.dumps(config))
        output = self._run("pyright", "--outputjson", "-p", str(layout.top), cwd=layout.top)
        for item in json.loads(output)["generalDiagnostics"]:
            quoted = re.search(r'"([^"]+)"', item["message"])
            if quoted and item.get("rule") in PYRIGHT:
                yield from layout.found(Path(item["file"]).resolve(), quoted[1])


def bound_name(path: Path, line: int, dotted: str, column: int | None = None) -> str:
    """The name that an import binds, for a tool that reports what is imported."""
    try:
        tree = ast.parse(path.read_text(encoding="utf-8"))
    except SyntaxError:
        return dotted
    last = dotted.rpartition(".")[2]
    for node in ast.walk(tree):
        if isinstance(node, ast.alias) and node.lineno == line:
            if node.col_offset == column or node.name in (dotted, last):
                return node.asname or node.name
    return dotted
