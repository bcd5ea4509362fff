"""Hostile and broken files: no crash, no hang, and never clean where a guard is or may be.

Real repositories, real processes. The texts stand in one folder and are judged in one run; Python
itself then says what each of them does.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from demo.build_outage import git

pytestmark = pytest.mark.e2e

TOP = Path(__file__).parents[2]
LIMIT = 240  # seconds, far beyond what any run needs: a hang is a failure and not a wait

GUARD = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from m import Name\n"
BROKEN = GUARD + "Name\n"


def blocks(depth: int) -> str:
    return "".join(" " * level + "if x:\n" for level in range(depth)) + " " * depth + "pass\n"


def classes(depth: int) -> str:
    return "".join(f"{' ' * level}class C{level}:\n" for level in range(depth))


def coded(name: str, text: str = BROKEN) -> bytes:
    return f"# coding: {name}\n{text}".encode()


FOUND: dict[str, tuple[bytes, int]] = {
    "latin": ("# coding: latin-1\nä = 1\n".encode("latin-1") + BROKEN.encode(), 6),
    "windows": ("# coding: cp1252\n# €\n".encode("cp1252") + BROKEN.encode(), 6),
    "japanese": (coded("iso2022_jp"), 5),
    "utf7": (coded("utf-7"), 5),
    "utf7_hidden": (coded("utf-7", BROKEN.replace("TYPE", "+AFQ-YPE")), 5),
    "escaped": (coded("unicode_escape", BROKEN.replace("TYPE", "\\x54YPE")), 5),
    "bom": (b"\xef\xbb\xbf" + BROKEN.encode(), 4),
    "crlf": (BROKEN.replace("\n", "\r\n").encode(), 4),
    "form_feed": (("\f" + BROKEN.replace("\nName", "\n\fName")).encode(), 4),
    "form_feed_indents": (BROKEN.replace("    from", "\f    from").encode(), 4),
    "no_newline": (BROKEN.rstrip().encode(), 4),
    "long_line": (f"{GUARD}x = '{'a' * 1_000_000}'\nName\n".encode(), 5),
    "nested_brackets": (f"{GUARD}x = {'(' * 190}Name{')' * 190}\n".encode(), 4),
    "nested_blocks": (f"{GUARD}x = 1\n{blocks(97)}Name\n".encode(), 103),
    "nested_classes": (f"{GUARD}{classes(90)}{' ' * 90}Name\n".encode(), 94),
}
"""File name -> text, and the line of the finding."""

UNVERIFIED: dict[str, bytes] = {
    "syntax_error": BROKEN.encode() + b"def f(:\n",
    "python2": BROKEN.encode() + b'print "x"\n',
    "undeclared_latin": "ä = 1\n".encode("latin-1") + BROKEN.encode(),
    "utf16": BROKEN.encode("utf-16"),
    "utf16_no_mark": BROKEN.encode("utf-16-le"),
    "utf16_declared": coded("utf-16").decode().encode("utf-16"),
    "unknown_coding": coded("nonsense"),
    "no_text_coding": coded("rot13"),
    "two_codings": b"\xef\xbb\xbf" + coded("latin-1"),
    "control_z": BROKEN.encode() + b"\x1a\nfoo\n",
    "nul_bytes": BROKEN.encode() + b"\0\n",
    "nul_first": b"\0" + BROKEN.encode(),
    "backslash_at_end": BROKEN.encode() + b"x = 1 \\",
    "blocks_200": f"{GUARD}x = 1\n{blocks(200)}Name\n".encode(),
    "elifs_3000": (
        f"{GUARD}x = 1\nif x == 0: pass\n"
        + "".join(f"elif x == {n}: pass\n" for n in range(3000))
        + "Name\n"
    ).encode(),
    "lambdas_3000": f"{GUARD}x = {'lambda: ' * 3000}Name\n".encode(),
}
"""What Python refuses, or what is too deep to be judged."""

EITHER: dict[str, bytes] = {
    "brackets_1000": f"{GUARD}x = {'(' * 1000}Name{')' * 1000}\n".encode(),
    "signs_2000": f"{GUARD}x = {'-' * 2000}Name\n".encode(),
}
"""Found or unverified, as the versions of Python and of the parser have it."""

CLEAN: dict[str, bytes] = {
    "empty": b"",
    "mark_alone": b"\xef\xbb\xbf",
    "blank": b"\r\n\f\n   \n",
    "many_lines": b"x = 1\n" * 100_000,
}


@dataclass
class Place:
    """A repository, and the guard as a process in it."""

    top: Path

    def write(self, path: str | bytes, data: bytes = BROKEN.encode()) -> None:
        target = os.path.join(os.fsencode(self.top), os.fsencode(path))
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "wb") as file:
            file.write(data)

    def add(self) -> None:
        done = git(self.top, "add", "--all")
        assert done.returncode == 0, done.stderr

    def run(
        self, *arguments: str, start: tuple[str, ...] = (), path: tuple[Path, ...] = ()
    ) -> subprocess.CompletedProcess[str]:
        python_path = os.pathsep.join(map(str, (*path, TOP, TOP / "rules")))
        return subprocess.run(
            [sys.executable, *start, "-m", "guard", "check", "--no-cache", *arguments],
            cwd=self.top,
            env=os.environ | {"PYTHONPATH": python_path, "NO_COLOR": "1"},
            capture_output=True,
            text=True,
            errors="surrogateescape",
            timeout=LIMIT,
            check=False,
        )

    def check(self, *arguments: str, **how: Any) -> Answer:
        done = self.run("--format", "json", *arguments, **how)
        assert done.stderr == ""
        answer = Answer(json.loads(done.stdout))
        assert done.returncode == {"pass": 0, "fail": 1, "unverified": 3}[answer.verdict]
        return answer


class Answer:
    """The JSON document of a run."""

    def __init__(self, document: dict[str, Any]) -> None:
        self.verdict: str = document["verdict"]
        self.notes: list[str] = document["notes"]
        self.found: dict[str, int] = {
            item["path"]: item["line"] for item in document["findings"] if item["name"] == "Name"
        }
        self.unverified: dict[str, str] = {
            item["path"]: item["reason"] for item in document["unjudged"]
        }

    def of(self, path: str) -> str:
        """What is said of one file."""
        if path in self.unverified:
            return "unverified"
        return f"found in line {self.found[path]}" if path in self.found else "clean"


def make(top: Path) -> Place:
    top.mkdir(parents=True, exist_ok=True)
    git(top, "init", "--quiet", "--initial-branch=main")
    place = Place(top)
    place.write("m.py", b"class Name:\n    pass\n")
    return place


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return make(tmp_path / "place")


@pytest.fixture(scope="module")
def texts(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """All the texts in one repository."""
    made = make(tmp_path_factory.mktemp("robust") / "texts")
    found = {name: data for name, (data, _) in FOUND.items()}
    for name, data in {**found, **UNVERIFIED, **EITHER, **CLEAN}.items():
        made.write(f"{name}.py", data)
    made.add()
    return made


@pytest.fixture(scope="module", params=["working tree", "index"])
def judged(request: pytest.FixtureRequest, texts: Place) -> Answer:
    return texts.check(*(["--staged"] if request.param == "index" else []))


@pytest.mark.parametrize("name", FOUND)
def test_what_can_be_read_is_judged(judged: Answer, name: str) -> None:
    assert judged.of(f"{name}.py") == f"found in line {FOUND[name][1]}"


@pytest.mark.parametrize("name", UNVERIFIED)
def test_what_cannot_be_judged_is_unverified(judged: Answer, name: str) -> None:
    assert judged.of(f"{name}.py") == "unverified"


@pytest.mark.parametrize("name", EITHER)
def test_what_is_deep_is_not_clean(judged: Answer, name: str) -> None:
    assert judged.of(f"{name}.py") in ("unverified", "found in line 4")


@pytest.mark.parametrize("name", CLEAN)
def test_what_holds_nothing_is_clean(judged: Answer, name: str) -> None:
    assert judged.of(f"{name}.py") == "clean"


PROBE = (
    "import importlib, sys, warnings\n"
    "warnings.simplefilter('ignore')\n"
    "for name in sys.argv[1:]:\n"
    "    try: importlib.import_module(name)\n"
    "    except BaseException as error: print(name, type(error).__name__)\n"
    "    else: print(name, 'fine')\n"
)


def test_python_agrees(texts: Place) -> None:
    names = [*FOUND, *CLEAN]
    done = subprocess.run(
        [sys.executable, "-B", "-c", PROBE, *names],
        cwd=texts.top,
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    said = dict(line.split() for line in done.stdout.splitlines())
    assert said == {**dict.fromkeys(FOUND, "NameError"), **dict.fromkeys(CLEAN, "fine")}


def test_100_000_lines(place: Place) -> None:
    place.write("x.py", (GUARD + "x = 1\n" * 100_000 + "Name\n").encode())
    assert place.check().of("x.py") == "found in line 100004"


@pytest.mark.parametrize("staged", [False, True])
def test_a_file_of_60_megabytes(place: Place, staged: bool) -> None:
    place.write("big.py")
    with open(place.top / "big.py", "r+b") as file:
        file.truncate(60_000_000)
    place.add()
    answer = place.check(*(["--staged"] if staged else []))
    assert answer.unverified == {"big.py": "too large: 60 MB, the limit is 20 MB"}


ODD = [
    b"new\nline.py",
    b"caf\xe9.py",
    "ü/ñ.py".encode(),
    b"-x.py",
    b"--help.py",
    b"esc\x1b[31m.py",
    b"tab\there.py",
    b' "quoted" .py',
    b"::warning::x.py",
    "\u202etxt.py".encode(),
    b"glob*[a].py",
    b":(top)x.py",
]


@pytest.mark.parametrize("staged", [False, True])
def test_odd_names_are_judged_and_shown_escaped(place: Place, staged: bool) -> None:
    for name in ODD:
        place.write(name)
    place.add()
    option = ["--staged"] if staged else []
    answer = place.check(*option)
    assert set(answer.found) == {name.decode("utf-8", "surrogateescape") for name in ODD}
    text = place.run(*option).stdout
    assert text.isprintable() or not set(text) & set("\x1b\r\t\u202e\udce9")
    assert len([line for line in text.splitlines() if ": error[" in line]) == len(ODD)
    annotations = place.run("--format", "github", *option).stdout
    assert not [line for line in annotations.splitlines() if line.startswith("::warning")]


def test_links_in_a_loop(place: Place) -> None:
    (place.top / "a.py").symlink_to("b.py")
    (place.top / "b.py").symlink_to("a.py")
    (place.top / "self.py").symlink_to("self.py")
    (place.top / "folder").mkdir()
    (place.top / "folder" / "up").symlink_to("..")
    place.write("folder/x.py")
    place.add()
    for option in ([], ["--staged"]):
        answer = place.check(*option)
        assert set(answer.unverified) == {"a.py", "b.py", "self.py"}
        assert answer.found == {"folder/x.py": 4}
    # Outside of a repository the folders are walked.
    (place.top / ".git").rename(place.top / ".nothing")
    answer = place.check()
    assert set(answer.unverified) == {"a.py", "b.py", "self.py"}
    assert answer.found == {"folder/x.py": 4}


# Root reads whatever it likes, unless it gives up the capabilities that let it (capabilities(7):
# CAP_DAC_OVERRIDE is 1, CAP_DAC_READ_SEARCH is 2; PR_CAPBSET_DROP is 24 and counts from exec on).
WITHOUT_PRIVILEGES = (
    "import ctypes, os, sys\n"
    "if os.geteuid() == 0:\n"
    "    for capability in (1, 2):\n"
    "        assert ctypes.CDLL(None).prctl(24, capability, 0, 0, 0) == 0\n"
    "os.execv(sys.executable, [sys.executable, *sys.argv[1:]])\n"
)


@pytest.mark.parametrize("repository", [True, False])
def test_what_may_not_be_read(place: Place, repository: bool) -> None:
    for path in ("shut.py", "closed/a.py", "open/a.py"):
        place.write(path)
    if repository:
        place.add()
    else:
        (place.top / ".git").rename(place.top / ".nothing")
    (place.top / "shut.py").chmod(0)
    (place.top / "closed").chmod(0)
    try:
        answer = place.check(start=("-c", WITHOUT_PRIVILEGES))
    finally:
        (place.top / "closed").chmod(0o755)
    assert answer.found == {"open/a.py": 4}
    assert answer.unverified["shut.py"] == "permission denied"
    assert set(answer.unverified) - {"shut.py"} <= {"closed", "closed/a.py"}
    assert len(answer.unverified) > 1


def test_a_submodule_is_told(place: Place, tmp_path: Path) -> None:
    other = make(tmp_path / "other")
    other.write("x.py")
    other.add()
    git(other.top, "commit", "--quiet", "-m", "x")
    allow = ("-c", "protocol.file.allow=always")
    added = git(place.top, *allow, "submodule", "--quiet", "add", str(other.top), "sub")
    assert added.returncode == 0, added.stderr
    place.write("own.py")
    place.add()
    for option in ([], ["--staged"]):
        answer = place.check(*option)
        assert answer.found == {"own.py": 4}
        assert any("submodule" in note and "not checked" in note for note in answer.notes)
    assert Place(place.top / "sub").check().found == {"x.py": 4}


VANISHING = """\
import os

from guard.hookspecs import hookimpl
from guard.rule import SourceRule


class Sweep(SourceRule):
    id = "a-sweep"
    summary = "Takes a file away while the others look."

    def check(self, project, options):
        project.paths()
        os.remove("gone.py")
        return ()


@hookimpl
def guard_rules():
    return (Sweep(),)
"""


def test_a_file_that_vanishes_during_the_run(place: Place, tmp_path: Path) -> None:
    site = Place(tmp_path / "site")
    site.write("sweep.py", VANISHING.encode())
    site.write("sweep-1.dist-info/METADATA", b"Metadata-Version: 2.1\nName: sweep\nVersion: 1\n")
    site.write("sweep-1.dist-info/entry_points.txt", b"[guard]\nsweep = sweep\n")
    place.write("gone.py")
    place.write("stays.py")
    place.add()
    answer = place.check(path=(site.top,))
    assert answer.found == {"stays.py": 4}
    assert answer.unverified == {"gone.py": "vanished during the check"}


def test_pipes_and_folders_with_the_name_of_a_module(place: Place) -> None:
    place.write("pipe.py")
    place.write("folder.py/x.py")
    place.add()
    (place.top / "pipe.py").unlink()
    os.mkfifo(place.top / "pipe.py")
    answer = place.check()
    assert answer.found == {"folder.py/x.py": 4}
    assert answer.unverified == {"pipe.py": "not a regular file"}
    # What git has recorded is a file still.
    assert place.check("--staged").found == {"folder.py/x.py": 4, "pipe.py": 4}
    (place.top / ".git").rename(place.top / ".nothing")
    answer = place.check()
    assert answer.found == {"folder.py/x.py": 4}
    assert answer.unverified == {"pipe.py": "not a regular file"}
    # Named, it is not waited for either.
    assert place.check("pipe.py").unverified == {"pipe.py": "not a regular file"}
