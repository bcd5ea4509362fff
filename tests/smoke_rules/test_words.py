"""The small tables and readers behind what is said of a failure."""

from __future__ import annotations

import pytest

from guard.observed import Failure, Frame, Interpreter, Requirement, SmokeRun
from guard_rules._startup import distributions, versions
from guard_rules._startup.failures import Lack, lack_of, root, text_of

RUN = SmokeRun(
    "working tree",
    Interpreter("python", (3, 11, 0), "PATH"),
    (),
    requirements=(
        Requirement("PyYAML"),
        Requirement("google-cloud-storage", "gcs"),
        Requirement("torch", "ml"),
        Requirement("torch", "all"),
    ),
    distributions=(("google.cloud.storage", "google-cloud-storage"), ("attr", "attrs")),
)


@pytest.mark.parametrize(
    ("specifier", "version", "allowed"),
    [
        (">=3.9", (3, 9, 0), True),
        (">=3.9", (3, 8, 18), False),
        (">=3.9,<3.12", (3, 12, 0), False),
        (">=3.9, <3.12", (3, 11, 9), True),
        (">3.9", (3, 9, 1), True),
        ("<=3.9", (3, 9, 0), True),
        ("<=3.9", (3, 9, 1), False),
        ("==3.9.*", (3, 9, 7), True),
        ("==3.9.*", (3, 10, 0), False),
        ("!=3.9.*", (3, 9, 7), False),
        ("!=3.9.1", (3, 9, 7), True),
        ("==3.9.7", (3, 9, 7), True),
        ("~=3.9", (3, 12, 0), True),
        ("~=3.9", (4, 0, 0), False),
        ("~=3.9.2", (3, 9, 7), True),
        ("~=3.9.2", (3, 10, 0), False),
        ("~=3.9.2", (3, 9, 1), False),
        ("", (3, 9, 0), True),
        ("===weird", (3, 9, 0), True),
    ],
)
def test_what_requires_python_lets_in(
    specifier: str, version: tuple[int, int, int], allowed: bool
) -> None:
    assert versions.allows(specifier, version) is allowed


@pytest.mark.parametrize(
    ("module", "version", "why"),
    [
        ("tomllib", (3, 10), "new in Python 3.11"),
        ("tomllib", (3, 11), ""),
        ("asyncio.taskgroups", (3, 10), "new in Python 3.11"),
        ("asyncio", (3, 8), ""),
        ("distutils.core", (3, 12), "gone since Python 3.12"),
        ("distutils.core", (3, 11), ""),
        ("imp", (3, 14), "gone since Python 3.12"),
    ],
)
def test_which_python_has_a_standard_module(
    module: str, version: tuple[int, int], why: str
) -> None:
    assert versions.history(module, version) == why


def test_names_of_distributions_are_normalized() -> None:
    for brought in distributions.KNOWN.values():
        assert brought == tuple(map(distributions.normalized, brought))


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("yaml", ("pyyaml", ())),
        ("yaml.cyaml", ("pyyaml", ())),
        ("google.cloud.storage", ("google-cloud-storage", ("gcs",))),
        ("google.cloud.storage.blob", ("google-cloud-storage", ("gcs",))),
        ("torch.nn", ("torch", ("all", "ml"))),
        ("other", None),
    ],
)
def test_what_the_metadata_asks_for(
    module: str, expected: tuple[str, tuple[str, ...]] | None
) -> None:
    assert distributions.asked(RUN, module) == expected


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("attr.validators", "attrs"),
        ("google.cloud.storage.blob", "google-cloud-storage"),
        ("google.cloud", ""),
    ],
)
def test_what_is_installed(module: str, expected: str) -> None:
    assert distributions.installed(RUN, module) == expected


@pytest.mark.parametrize(
    ("kind", "message", "lack"),
    [
        ("NameError", "name 'X' is not defined", Lack("name", "X")),
        (
            "NameError",
            "name 'X' is not defined. Did you mean: 'Y'?",
            Lack("name", "X"),
        ),
        (
            "UnboundLocalError",
            "local variable 'x' referenced before assignment",
            Lack("name", "x"),
        ),
        (
            "UnboundLocalError",
            "cannot access local variable 'x' where it is not associated with a value",
            Lack("name", "x"),
        ),
        (
            "NameError",
            "cannot access free variable 'x' where it is not associated with a value in "
            "enclosing scope",
            Lack("name", "x"),
        ),
        ("ModuleNotFoundError", "No module named 'a.b'", Lack("module", module="a.b")),
        (
            "ModuleNotFoundError",
            "No module named 'a.b'; 'a' is not a package",
            Lack("module", module="a.b"),
        ),
        ("ImportError", "No module named a", Lack("module", module="a")),
        (
            "ImportError",
            "cannot import name 'X' from 'a.b' (/x/a/b.py)",
            Lack("member", "X", "a.b"),
        ),
        (
            "ImportError",
            "cannot import name 'X' from partially initialized module 'a' (most likely due to a "
            "circular import) (/x/a.py)",
            Lack("member", "X", "a", partial=True),
        ),
        ("AttributeError", "module 'a' has no attribute 'X'", Lack("member", "X", "a")),
        (
            "AttributeError",
            "partially initialized module 'a' has no attribute 'X' (most likely due to ...)",
            Lack("member", "X", "a", partial=True),
        ),
        (
            "AttributeError",
            "partially initialized module 'a' from '/x/a.py' has no attribute 'X' (most ...)",
            Lack("member", "X", "a", partial=True),
        ),
        ("AttributeError", "'str' object has no attribute 'X'", Lack()),
        ("ValueError", "No module named 'a'", Lack()),
        ("ImportError", "libcuda.so.1: cannot open shared object file", Lack()),
    ],
)
def test_what_an_exception_says_is_missing(kind: str, message: str, lack: Lack) -> None:
    assert lack_of(Failure(kind, message)) == lack


def test_an_import_error_may_quote_what_was_missing() -> None:
    said = "aiohttp is not installed: No module named 'aiohttp'. Install black[d]"
    assert lack_of(Failure("ImportError", said)) == Lack("module", module="aiohttp")
    assert lack_of(Failure("RuntimeError", said)) == Lack()


def test_an_import_error_without_a_message_still_names_its_module() -> None:
    assert lack_of(Failure("ModuleNotFoundError", "", module="a")) == Lack("module", module="a")


def frame(line: int) -> Frame:
    return Frame("a.py", line, "<module>", "", own=True)


def test_the_root_has_the_whole_way() -> None:
    inner = Failure("KeyError", "'x'", (frame(2), frame(9)))
    outer = Failure("ValueError", "bad", (frame(1), frame(4)), cause=inner, raised_from=True)
    assert root(outer).type == "KeyError"
    assert [item.line for item in root(outer).frames] == [1, 2, 9]


def test_without_from_the_last_exception_is_the_root() -> None:
    inner = Failure("KeyError", "'x'", (frame(2),))
    outer = Failure("ValueError", "bad", (frame(1), frame(4)), cause=inner)
    assert root(outer) == outer


def test_a_text_without_end_is_cut() -> None:
    assert len(text_of(Failure("E", "x" * 100_000))) < 2000
    assert text_of(Failure("SystemExit", "")) == "SystemExit"
