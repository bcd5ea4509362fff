"""Where reports go: streams, files, colours, progress."""

from __future__ import annotations

import io
import json
import os
import stat
from xml.etree import ElementTree as ET

import pytest

from guard.cli._output import OutputError, wants_color, write
from guard.cli._progress import Progress
from guard.reporters import FORMATS


@pytest.fixture
def broken(repo):
    repo.write(c="# use pear\n")
    return repo


class TestFormats:
    def test_several_at_once(self, broken) -> None:
        wanted = [f"--format={name}=out.{name}" for name in FORMATS if name != "text"]
        result = broken.run("check", "--format", "text", *wanted)
        assert result.exit_code == 1
        assert "c.py:1:7: error[lost-word]" in result.stdout
        json.loads((broken.top / "out.json").read_text())
        json.loads((broken.top / "out.sarif").read_text())
        ET.parse(broken.top / "out.junit")
        assert "::error file=c.py" in (broken.top / "out.github").read_text()
        assert (broken.top / "out.markdown").read_text().startswith("## guard: fail")

    def test_sarif_carries_the_documentation_of_each_rule(self, broken) -> None:
        log = json.loads(broken.run("check", "--format", "sarif").stdout)
        rules = {rule["id"]: rule for rule in log["runs"][0]["tool"]["driver"]["rules"]}
        assert rules["lost-word"]["help"]["markdown"].startswith("# lost-word")

    def test_text_and_annotations_share_a_log(self, broken) -> None:
        result = broken.run("check", "--format", "text", "--format", "github")
        assert "::error file=c.py" in result.stdout
        assert "= fix:" in result.stdout

    def test_the_output_option(self, broken) -> None:
        result = broken.run("check", "--format", "json", "--output", "out.json")
        assert result.exit_code == 1
        assert result.stdout == ""
        # A run that prints nothing at all would look like one that did nothing.
        assert "1 error in 1 file" in result.stderr
        assert json.loads((broken.top / "out.json").read_text())["verdict"] == "fail"
        assert broken.run("check", "-q", "-o", "out.txt").stderr == ""

    def test_jsonl_can_be_opened_from_where_it_was_asked(self, broken) -> None:
        lines = broken.run("check", "--format", "jsonl", "c.py").stdout.splitlines()
        first = json.loads(lines[0])
        assert (broken.top / first["path"]).exists()
        assert list(json.loads(lines[-1])) == ["report"]

    def test_quiet_prints_nothing_for_a_pass(self, repo) -> None:
        result = repo.run("check", "-q")
        assert (result.exit_code, result.stdout, result.stderr) == (0, "", "")

    def test_an_output_that_cannot_be_written_is_no_verdict(self, broken) -> None:
        result = broken.run("check", "--output", "nowhere/out.txt")
        assert result.exit_code == 3
        assert "cannot write nowhere/out.txt" in result.stderr


class TestWrite:
    def test_a_new_file_gets_the_usual_mode_and_an_old_one_keeps_its_own(self, tmp_path) -> None:
        target = tmp_path / "out"
        before = os.umask(0o027)
        try:
            write(str(target), "a")
            assert stat.S_IMODE(target.stat().st_mode) == 0o640
            target.chmod(0o604)
            write(str(target), "b")
        finally:
            os.umask(before)
        assert stat.S_IMODE(target.stat().st_mode) == 0o604
        assert target.read_text() == "b"
        assert [path.name for path in tmp_path.iterdir()] == ["out"]

    def test_a_link_stays_a_link(self, tmp_path) -> None:
        (tmp_path / "real").write_text("old")
        (tmp_path / "link").symlink_to("real")
        write(str(tmp_path / "link"), "new")
        assert (tmp_path / "link").is_symlink()
        assert (tmp_path / "real").read_text() == "new"

    def test_a_pipe_is_written_to(self, tmp_path) -> None:
        pipe = tmp_path / "pipe"
        os.mkfifo(pipe)
        reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
        write(str(pipe), "text")
        assert os.read(reader, 100) == b"text"
        os.close(reader)
        assert stat.S_ISFIFO(pipe.stat().st_mode)

    def test_a_folder_is_an_error(self, tmp_path) -> None:
        with pytest.raises(OutputError):
            write(str(tmp_path), "x")
        assert list(tmp_path.iterdir()) == []

    def test_an_unpaired_surrogate_does_not_crash(self, tmp_path) -> None:
        write(str(tmp_path / "out"), "\udc80")
        assert (tmp_path / "out").read_text() == "\\udc80"


@pytest.mark.parametrize(
    ("choice", "environ", "terminal", "expected"),
    [
        ("auto", {}, True, True),
        ("auto", {}, False, False),
        ("auto", {"NO_COLOR": "1"}, True, False),
        ("auto", {"NO_COLOR": ""}, True, True),
        ("auto", {"FORCE_COLOR": "1"}, False, True),
        ("auto", {"FORCE_COLOR": "1", "NO_COLOR": "1"}, True, False),
        ("auto", {"TERM": "dumb"}, True, False),
        ("always", {"NO_COLOR": "1"}, False, True),
        ("never", {"FORCE_COLOR": "1"}, True, False),
    ],
)
def test_colour(choice, environ, terminal, expected) -> None:
    assert wants_color(choice, environ, lambda: terminal) is expected


def test_a_file_gets_no_colour(broken) -> None:
    broken.run("check", "--color", "always", "-o", "out.txt")
    assert "\x1b" not in (broken.top / "out.txt").read_text()
    assert "\x1b" in broken.run("check", "--color", "always").stdout


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


class TestProgress:
    def test_it_waits_then_shows_then_clears(self) -> None:
        now = [0.0]
        stream = Terminal()
        progress = Progress(stream, lambda: now[0])
        progress(1, 1000)
        assert stream.getvalue() == ""
        now[0] = 0.6
        progress(500, 1000)
        progress(501, 1000)  # too soon after the last
        assert stream.getvalue() == "\r\x1b[Kguard: 500 of 1,000 files"
        progress.clear()
        assert stream.getvalue().endswith("\r\x1b[K")

    def test_a_pipe_and_a_closed_stream_see_nothing(self) -> None:
        now = [0.0]
        stream = io.StringIO()
        for target in (stream, None):
            progress = Progress(target, lambda: now[0])
            now[0] += 1
            progress(1, 2)
            progress.clear()
        assert stream.getvalue() == ""
