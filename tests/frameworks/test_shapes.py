"""The facts of one file: exact places, old and new syntax, nothing that cannot be cached."""

from __future__ import annotations

import marshal

from guard_rules._annotations.guard_only import words
from guard_rules._annotations.shapes import Shape, extract
from guard_rules._annotations.sites import sites


def shape(text: str) -> Shape:
    found = extract(text.encode("utf-8"))
    assert found is not None
    return found


def places(
    text: str, *, whole: bool = True, inside: bool = True
) -> list[tuple[str, int, int, int]]:
    field = shape(text)["classes"][0]["fields"][0]
    return [
        (name, *spot) for name, _, spot in words(field["annotation"], whole=whole, inside=inside)
    ]


def test_a_column_counts_characters_and_not_bytes() -> None:
    assert places('class A:\n    x: dict["ключ", Имя]\n')[-1] == ("Имя", 2, 21, 24)


def test_a_name_in_quotes_has_its_own_place() -> None:
    assert places('class A:\n    x: "list[Name]"\n') == [("list", 2, 9, 13), ("Name", 2, 14, 18)]


def test_a_name_in_a_string_of_several_lines_has_the_place_of_the_string() -> None:
    assert places('class A:\n    x: """list[\n    Name]"""\n')[-1][1:3] == (2, 8)


def test_only_quoted_names_wait_for_a_resolver() -> None:
    text = 'class A:\n    x: Outer["Inner"]\n'
    assert [name for name, *_ in places(text, whole=False)] == ["Inner"]
    assert places(text, whole=False, inside=False) == []


def test_literals_and_metadata_are_no_code() -> None:
    text = 'class A:\n    x: Literal["Name"]\n'
    assert [name for name, *_ in places(text)] == ["Literal"]
    text = 'class A:\n    x: Annotated["Name", "Other", f(Third)]\n'
    assert [name for name, *_ in places(text)] == ["Annotated", "Name", "f", "Third"]


def test_newer_syntax_is_read_on_any_python() -> None:
    found = shape(
        "type Pair[T] = tuple[\n    T, T]\n"
        "class Box[T: (int,\n    str)](Base[T]):\n    x: Name\n"
        'def f[T](x: T) -> str:\n    return f"{d["k"]}"\n'
    )
    assert found["classes"][0]["fields"][0]["annotation"][2] == (5, 8, 12)
    assert found["functions"][0]["params"][0]["annotation"][1] == "T"
    assert "Pair" in found["binds"][""]


def test_what_is_no_python_has_no_shape() -> None:
    assert extract(b"def f(:\n") is None
    assert extract(b"x = 1\0\n") is None


def test_facts_can_be_cached() -> None:
    found = shape("import a.b as c\nclass A(c.B, k=1):\n    x: 'D' = f(*a, **{'k': 1})\n")
    assert marshal.loads(marshal.dumps(found)) == found


def test_code_for_type_checkers_defines_nothing() -> None:
    found = shape(
        "from typing import TYPE_CHECKING as T\nif T:\n    import a\n    class B: ...\n"
        "if not T:\n    class C: ...\nelse:\n    d = 1\n"
    )
    assert [klass["name"] for klass in found["classes"]] == ["C"]
    assert [entry["name"] for entry in found["guarded"]] == ["a", "B", "d"]


def test_sites_are_found_in_heads_and_fields_alone() -> None:
    text = (
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from m import Name\n"
        "class A(Base):\n    x: Optional[\n        Name\n    ]\n"
        "    @app.get('/')\n    def f(self,\n          n: Name) -> None:\n        y: Name = n\n"
        "def g(): return cast('Name', 1)\n"
    )
    assert sites(text.encode()) == (
        ("class", "A", "", frozenset({"Base"})),
        ("def", "f", "A", frozenset({"app.get"})),
    )
