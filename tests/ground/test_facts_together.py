"""What two extractors want of the same files is read once, and never mixed up."""

from __future__ import annotations

from pathlib import Path

from guard.project import SourceProject, WorkTree
from guard.rule import Extractor


def size(data: bytes) -> int:
    return len(data)


def first(data: bytes, count: int) -> bytes:
    if data.startswith(b"broken"):
        raise ValueError("no first bytes")
    return data[:count]


SIZE: Extractor[int] = Extractor("test.size", "1", size)
FIRST: Extractor[bytes] = Extractor("test.first", "1", first, (3,))


def tree(top: Path, files: int) -> SourceProject:
    (top / "setup.cfg").touch()
    for number in range(files):
        text = "broken" if number == 7 else f"x{number} = {number}\n"
        (top / f"m{number}.py").write_text(text)
    return SourceProject(WorkTree(str(top)), cache_dir=str(top / "cache"), together=FIRST)


def test_the_second_extractor_needs_no_file_any_more(tmp_path: Path) -> None:
    project = tree(tmp_path, 400)
    sizes = project.facts(SIZE)
    assert sizes["m399.py"] == len("x399 = 399\n")
    for number in range(400):
        if number != 7:
            (tmp_path / f"m{number}.py").unlink()
    found = project.facts(FIRST)
    assert len(found) == 399
    assert found["m399.py"] == b"x39"


def test_what_the_second_cannot_tell_is_said_to_who_asks(tmp_path: Path) -> None:
    project = tree(tmp_path, 400)
    assert project.facts(SIZE)["m7.py"] == len("broken")
    assert not project.unreadable()
    assert "m7.py" not in project.facts(FIRST)
    assert "no first bytes" in project.unreadable()["m7.py"]


def test_what_is_known_already_stays_as_it_was(tmp_path: Path) -> None:
    tree(tmp_path, 400).facts(SIZE)
    (tmp_path / "m1.py").write_text("changed = 1\n")
    again = SourceProject(
        WorkTree(str(tmp_path)), cache_dir=str(tmp_path / "cache"), together=FIRST
    )
    assert again.facts(SIZE)["m1.py"] == len("changed = 1\n")
    assert again.facts(FIRST)["m1.py"] == b"cha"
    assert again.facts(FIRST)["m2.py"] == b"x2 "
