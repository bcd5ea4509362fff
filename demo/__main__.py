"""`make demo`: replay the outage on a real repository, then let the guard stop it at the door."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import textwrap
from pathlib import Path

from demo import at_the_server
from demo import build_outage as outage

GUARD = Path(sys.executable).with_name("guard")
COLOUR = sys.stdout.isatty() and "NO_COLOR" not in os.environ
SHOWN = 2
"""Findings that are shown in full; the others as a table."""


def say(text: str) -> None:
    """Print a paragraph."""
    print(textwrap.fill(" ".join(text.split()), width=96), flush=True)


def step(number: int, title: str) -> None:
    """Print the heading of a step."""
    line = f"{number}. {title}"
    print(f"\n\033[1;36m{line}\033[0m\n" if COLOUR else f"\n{line}\n{'=' * len(line)}\n")


def show(command: str, output: str) -> None:
    """Print a command and what it said, indented."""
    prompt = f"  $ {command}"
    print(f"\033[1m{prompt}\033[0m" if COLOUR else prompt)
    lines = output.rstrip("\n").split("\n")
    print("\n".join(f"  | {line}".rstrip() for line in lines) + "\n", flush=True)


def run(folder: Path, *command: str | Path) -> subprocess.CompletedProcess[str]:
    """Run a command in the repository."""
    return subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False)


def start_service(folder: Path) -> subprocess.CompletedProcess[str]:
    """Start the service's entry point."""
    return run(folder, sys.executable, "-m", "service.main")


def install_hook(folder: Path) -> None:
    """Install a plain git hook; with pre-commit, the hook `guard-check` does the same."""
    hook = folder / ".git/hooks/pre-commit"
    hook.parent.mkdir(exist_ok=True)
    hook.write_text(f'#!/bin/sh\nexec "{GUARD}" check --staged\n', encoding="utf-8")
    hook.chmod(0o755)


def first_findings(text: str) -> str:
    """The first findings of the guard's text, and its last line."""
    blocks = text.strip().split("\n\n")
    if len(blocks) <= SHOWN + 1:
        return text
    hidden = len(blocks) - SHOWN - 1
    return "\n\n".join([*blocks[:SHOWN], f"... {hidden} more, in the table below ...", blocks[-1]])


def table(folder: Path) -> tuple[int, int]:
    """Print the names of each module; return how many names and modules the guard found."""
    answer = run(folder, GUARD, "check", "--staged", "--format", "json")
    if not answer.stdout:
        print(f"guard check gave no report: {answer.stderr}", file=sys.stderr)
        return 0, 0
    names: dict[str, list[str]] = {}
    for finding in json.loads(answer.stdout)["findings"]:
        names.setdefault(finding["path"], []).append(finding["name"])
    for path, found in sorted(names.items()):
        print(f"    {path:34} {', '.join(sorted(found))}")
    count = sum(map(len, names.values()))
    print(f"\n    {count} names in {len(names)} modules\n")
    return count, len(names)


def commit(folder: Path, message: str) -> str | None:
    """Try to commit what is staged and print what was said: `None` if it landed, else the text."""
    made = outage.git(folder, "commit", "--quiet", "-m", message)
    text = made.stdout + made.stderr
    show(f'git commit -m "{message}"', first_findings(text))
    landed = outage.git(folder, "log", "-1", "--format=%s").stdout.strip()
    print(f"  HEAD is {'still' if made.returncode else 'now'}: {landed}\n")
    return text if made.returncode else None


def main() -> int:
    """Tell the story. Returns 1 if anything did not go as the story says."""
    top = Path(tempfile.mkdtemp(prefix="guard-demo-"))
    folder = top / "service"
    folder.mkdir()
    os.environ["XDG_CACHE_HOME"] = str(top / "cache")  # nothing is left behind
    if COLOUR:
        os.environ["FORCE_COLOR"] = "1"
    try:
        return story(folder)
    finally:
        if "KEEP" in os.environ:
            print(f"The repository is kept: {folder}")
        else:
            shutil.rmtree(top)


def approve(server: at_the_server.Server, name: str) -> None:
    """Ada approves the branch of an agent."""
    asked = ("approve", f"origin/claude/{name}", "--target", "main", "--as", "ada")
    show(f"guard approve claude/{name}", server.run(*asked, login="ada"))


def lane(folder: Path) -> bool:
    """The step on the server; whether it went as the story says."""
    server = at_the_server.serve(folder.parent, folder, GUARD)
    ok, said = server.push("HEAD:main")
    for name in ("search", "export"):
        at_the_server.agent_works(server, name)
    say("""`guard server-hook install` wrote the hooks of a bare repository. Two branches of an AI
        agent are on it. Dan merges the first one and pushes:""")
    print()
    landed, said = at_the_server.land(server, "search")
    show("git push origin main", said)
    ok &= not landed and "missing-human-approval" in said
    say("Ada reads it and approves exactly that tree. Now it lands, and the lane is taken:")
    print()
    # One after the other: of two approvals in one second none is the first.
    approve(server, "search")
    landed, said = at_the_server.land(server, "search")
    show("git push origin main", said)
    ok &= landed
    approve(server, "export")
    landed, said = at_the_server.land(server, "export")
    show("git push origin main      # the second one", said)
    ok &= not landed and "ai-change-in-flight" in said
    say("A human's change does not wait. The lane says what its holder lacks:")
    print()
    show("guard lane status         # on the server", server.there("lane", "status"))
    return ok


def story(folder: Path) -> int:
    """The steps of the demo."""
    ok = True

    step(1, "A service of 114 modules, as its history left it")
    outage.build(folder)
    show("git log --oneline", outage.git(folder, "log", "--oneline").stdout)
    started = start_service(folder)
    show("python -m service.main", started.stdout)
    say("""It starts. Eight routes refuse every request, because the web framework evaluates their
        annotations and `Request` is imported only under `if TYPE_CHECKING:`.""")

    step(2, "The change that caused the outage")
    say("""Somebody drops `from __future__ import annotations` from 42 files, so that the framework
        can see the annotations. The diff reads well, type checkers are content. Python is not:""")
    print()
    outage.write(folder, outage.breaking_change())
    show(
        "git diff --cached --shortstat",
        outage.git(folder, "diff", "--cached", "--shortstat").stdout,
    )
    started = start_service(folder)
    if sys.version_info < (3, 14):
        show("python -m service.main", "...\n" + "\n".join(started.stderr.splitlines()[-4:]))
        ok &= "NameError" in started.stderr
        say("""One name. Mend it, deploy again, and Python shows the next one: that went on for
            24 landings and ten hours.""")
    else:
        say("""This Python is 3.14 or later, where annotations are lazy: here the service starts. It
            promises 3.11 (requires-python), and there it raises NameError on import.""")

    step(3, "Every module imported, each cause once")
    say("""`guard smoke` imports all 114 modules, each as if it were the first, and says what takes
        how many of them down:""")
    print()
    smoked = run(folder, GUARD, "smoke", "--no-entry")
    show("guard smoke --no-entry", smoked.stdout)
    lazy = sys.version_info >= (3, 14)
    ok &= smoked.returncode == (0 if lazy else 1)
    ok &= lazy or "takes down: 29 modules" in smoked.stdout

    step(4, "The same change with the guard at the door")
    install_hook(folder)
    say("A git hook runs `guard check --staged`. The commit does not land:")
    print()
    refusal = commit(folder, "Enhance framework compatibility")
    ok &= refusal is not None and "47 errors in 28 files" in refusal
    say("All causes at once, and not one a deployment:")
    print()
    ok &= table(folder) == (47, 28)

    step(5, "The right repair")
    say("""Keep the future import. Import for real the few names that the framework looks up:
        `Request` and `UserContext` in eight route modules.""")
    print()
    outage.write(folder, outage.right_repair())
    ok &= commit(folder, "Import for real what the framework evaluates") is None
    started = start_service(folder)
    show("python -m service.main", started.stdout)
    ok &= "0 of them refuse" in started.stdout

    step(6, "One AI change at a time, on a plain git server")
    ok &= lane(folder)

    step(7, "What to do next")
    print("  In your own repository:")
    print("    guard check                     look at the whole working tree")
    print("    guard check --since main        only what this branch causes")
    print("    guard smoke                     import every module, start every entry point")
    print("    guard explain type-checking-runtime-use")
    print("  Then put it at the door: README.md has the snippet for .pre-commit-config.yaml.")
    print("  `KEEP=1 make demo` leaves the repository of this demo for a closer look.")
    if not ok:
        print("\ndemo: something above did not go as it should", file=sys.stderr)
    return 0 if ok else 1


if __name__ == "__main__":
    sys.exit(main())
