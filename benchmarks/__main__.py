"""`python -m benchmarks`: the guard against the usual tools, all figures from one run.

Everything is made below benchmarks/.cache: the trees, an environment with the guard as a user
installs it, and one with the peers. Peers and guard run in turn, A B A B; the figures are medians.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from benchmarks import trees
from benchmarks.measure import Command, interleave, once, peak_memory

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

TOP = Path(__file__).parents[1]
PEERS = ("ruff==0.17.6", "flake8==7.5.0", "flake8-type-checking==3.2.0")
LARGE_TREE = 1500
DOCS = TOP / "docs/benchmarks.md"


class Bench:
    """The tools, and the page that grows."""

    def __init__(self, runs: int) -> None:
        self.runs = runs
        self.lines: list[str] = []
        self.missed: list[str] = []
        self.guard = self._environment("guard", "--force-reinstall", "--no-deps", str(TOP))
        self.ruff = self._environment("peers", *PEERS) / "ruff"
        self.env = {"XDG_CACHE_HOME": str(trees.CACHE / "xdg")}

    def _environment(self, name: str, *packages: str) -> Path:
        folder = trees.CACHE / "env" / name
        python = folder / "bin/python"
        if not python.exists():
            subprocess.run([sys.executable, "-m", "venv", folder], check=True)
            if name == "guard":
                subprocess.run([python, "-m", "pip", "install", "-qq", TOP], check=True)
        subprocess.run([python, "-m", "pip", "install", "-qq", *packages], check=True)
        return folder / "bin"

    def check(self, folder: Path, *options: str) -> Command:
        """A run of the guard; 3 is possible: a release may hold a file that cannot be read."""
        argv = (str(self.guard / "guard"), "check", *options)
        return Command(argv, folder, accept=(0, 1, 3), env=self.env)

    def tc004(self, folder: Path, *options: str) -> Command:
        """A run of ruff's rule for the same fault, in one file at a time."""
        argv = (str(self.ruff), "check", "--isolated", "--quiet", "--select", "TC004", *options)
        return Command(argv, folder)

    def title(self, title: str, columns: Iterable[str]) -> None:
        """Begin a table."""
        columns = list(columns)
        self.say("", f"## {title}", "", row(columns), row("---" for _ in columns))

    def say(self, *lines: str) -> None:
        """Print lines and keep them for the page."""
        print("\n".join(lines), flush=True)
        self.lines += lines

    def limit(self, what: str, value: float, most: float) -> str:
        """The word for a figure that has a limit."""
        if value <= most:
            return f"{value:.2f} (at most {most:g})"
        self.missed.append(f"{what}: {value:.2f}, wanted at most {most:g}")
        return f"**{value:.2f}** (at most {most:g}: missed)"


def row(cells: Iterable[str]) -> str:
    """A line of a Markdown table."""
    return "| " + " | ".join(cells) + " |"


def releases(bench: Bench, names: Iterable[str]) -> None:
    """Real trees: cold and warm, against ruff."""
    bench.title(
        "Released packages against ruff (TC004 alone; the guard runs all its rules)",
        ("tree", "files", "guard cold", "ruff cold", "ratio", "guard warm", "ruff warm", "ratio"),
    )
    for name in names:
        folder = trees.release(name)
        files = trees.python_files(folder)
        cache = str(trees.CACHE / "ruff" / name)
        cold = (bench.check(folder, "--no-cache"), bench.tc004(folder, "--no-cache"))
        warm = (bench.check(folder), bench.tc004(folder, "--cache-dir", cache))
        times = interleave([*cold, *warm], bench.runs)
        seconds = [f"{each.median:.3f} s ({each.spread})" for each in times]
        most = 1.0 if files > LARGE_TREE else 2.0
        cold_ratio = bench.limit(f"{name} cold", times[0].median / times[1].median, most)
        warm_ratio = bench.limit(f"{name} warm", times[2].median / times[3].median, 2.0)
        cells = (name, str(files), *seconds[:2], cold_ratio, *seconds[2:], warm_ratio)
        bench.say(row(cells))


def staged(bench: Bench) -> None:
    """A commit of ten files in a repository of five thousand."""
    folder = trees.generated(5000)
    once(bench.check(folder))
    trees.change(folder, 10)
    python = Command((str(bench.guard / "python"), "-c", "pass"), folder)
    times = interleave([bench.check(folder, "--staged"), python], bench.runs * 3)
    ratio = bench.limit("staged", times[0].median / times[1].median, 6.0)
    bench.title("10 staged files of 5,000", ("guard check --staged", "python -c pass", "ratio"))
    bench.say(row([*(f"{each.median * 1000:.1f} ms" for each in times), ratio]))


def flake8(bench: Bench, name: str) -> None:
    """The plugin for flake8 that looks for the same fault."""
    folder = trees.release(name)
    options = ("--isolated", "--quiet", "--select=TC004", "--exit-zero")
    argv = (str(bench.ruff.with_name("flake8")), *options, ".")
    peer = Command(argv, folder)
    times = interleave([bench.check(folder, "--no-cache"), peer], bench.runs)
    ratio = times[1].median / times[0].median
    if ratio < 50:
        bench.missed.append(f"flake8 on {name}: {ratio:.1f} times faster, wanted 50")
    bench.title(
        "Against flake8 with flake8-type-checking", ("tree", "guard cold", "flake8", "times faster")
    )
    bench.say(row([name, *(f"{each.median:.2f} s" for each in times), f"{ratio:.0f}"]))


def memory(bench: Bench, names: Iterable[str]) -> None:
    """Peak memory, cold."""
    bench.title(
        "Peak memory, cold", ("tree", "files", "largest process", "all processes (sampled)")
    )
    folders = {"generated": trees.generated(20_000)} | {n: trees.release(n) for n in names}
    for name, folder in folders.items():
        largest, together = peak_memory(bench.check(folder, "--no-cache"))
        if name == "generated":
            bench.limit("memory on 20,000 files, MB", largest, 150)
        files = str(trees.python_files(folder))
        bench.say(row((name, files, f"{largest:.0f} MB", f"{together:.0f} MB")))


def growth(bench: Bench, sizes: Iterable[int]) -> None:
    """Cost by size: microseconds a file should stay the same."""
    bench.title("Growth", ("files", "guard cold", "a file", "guard warm", "a file"))
    for size in sizes:
        folder = trees.generated(size)
        times = interleave([bench.check(folder, "--no-cache"), bench.check(folder)], bench.runs)
        cells = [
            text
            for each in times
            for text in (f"{each.median:.2f} s", f"{each.median / size * 1e6:.0f} us")
        ]
        bench.say(row([f"{size:,}", *cells]))


def machine() -> str:
    """What the figures were measured on."""
    info = Path("/proc/cpuinfo")
    lines = info.read_text().splitlines() if info.exists() else []
    models = {line.partition(":")[2].strip() for line in lines if line.startswith("model name")}
    cpu = ", ".join(sorted(models)) or platform.processor()
    python = f"{platform.python_implementation()} {platform.python_version()}"
    load = f"{os.getloadavg()[0]:.1f}"
    peers = ", ".join(PEERS)
    return (
        f"Machine: {cpu}, {os.cpu_count()} cores, {platform.system()}; {python}; {peers}. "
        f"Load when the run began: {load}."
    )


def main() -> int:
    """Run what the arguments choose. Returns 1 with `--check` if a limit is missed."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    names = tuple(trees.RELEASES)
    parser.add_argument("--tree", nargs="*", choices=names, default=names, metavar="NAME")
    parser.add_argument("--only", nargs="*", choices=tuple(PARTS), default=tuple(PARTS))
    parser.add_argument("--runs", type=int, default=5, help="runs of each command (5)")
    parser.add_argument("--flake8-tree", choices=names, default="django")
    parser.add_argument("--huge", action="store_true", help="growth up to 100,000 files")
    parser.add_argument("--write", action="store_true", help=f"write {DOCS.relative_to(TOP)}")
    parser.add_argument("--check", action="store_true", help="exit 1 if a limit is missed")
    options = parser.parse_args()
    bench = Bench(options.runs)
    bench.say("# Benchmarks", "", "Made by `make bench`. Medians; in brackets fastest-slowest.")
    bench.say("", machine(), f"Runs of each command: {options.runs}, in turn with its peer.")
    for part in options.only:
        PARTS[part](bench, options)
    if bench.missed:
        bench.say("", "Missed:", "", *(f"- {line}" for line in bench.missed))
    if options.write:
        DOCS.write_text("\n".join(bench.lines) + "\n", encoding="utf-8")
    return 1 if options.check and bench.missed else 0


PARTS: dict[str, Callable[[Bench, argparse.Namespace], None]] = {
    "trees": lambda bench, options: releases(bench, options.tree),
    "staged": lambda bench, _: staged(bench),
    "flake8": lambda bench, options: flake8(bench, options.flake8_tree),
    "memory": lambda bench, options: memory(bench, options.tree),
    "growth": lambda bench, options: growth(
        bench, (1000, 10_000, 100_000) if options.huge else (1000, 10_000)
    ),
}

if __name__ == "__main__":
    sys.exit(main())
