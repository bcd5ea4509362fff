"""Definitions and names in the bytes of a file, found without a parser."""

from __future__ import annotations

import re

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

# Each pattern begins with plain letters, which the regex engine finds ten times faster.
_CLASS = re.compile(rb"class[ \t]+(\w+)[ \t]*([:(\[\\])")
_HEAD = re.compile(rb"[^:#]*+:")
_DEF = re.compile(rb"def[ \t]+(\w+)")
_DECORATOR = re.compile(rb"(?:^|\n)[ \t]*@[ \t]*([\w.]+)")
_DOTTED = re.compile(rb"[^\W\d][\w.]*")
_VALUE = re.compile(
    rb"\n[ \t]*+(?:\w++\.)?+(\w++)[ \t]*+(?::[^\n=]*+)?+=[ \t]*+\(?\s*+([^\W\d][\w.]*+)"
)
_CHAINED = re.compile(rb"=[ \t]*+(\w++)[ \t]*+=[ \t]*+\(?\s*+([^\W\d][\w.]*+)")
_DECLARED = re.compile(rb"[(,][ \t]*+\n?[ \t]*+(\w++)[ \t]*+:=?+[ \t]*+[\"']?([^\W\d][\w.]*+)")
_LOOP = re.compile(rb"for (\w++) in ([^\n]*+)")
_ENTERED = re.compile(rb" as (\w++)[ \t]*+[:,)]")
_RETURNS = re.compile(rb"->([^\n:]*+):")
_CONSTANTS = frozenset({b"None", b"True", b"False", b"not", b"lambda", b"yield", b"await"})
COMMENT = re.compile(rb"#[^\n]*")
_FIELD = re.compile(rb"\n[ \t]+\w+[ \t]*:(?=[ \t]*[^\s#])")
_WORD = re.compile(rb"[^\W\d]\w*")
_FAR = 4000
_OPENING = re.compile(rb"[(\[]")
_CLOSING = re.compile(rb"[)\]]")
_BRACKET = re.compile(rb"[()\[\]{}\n]")
WORD_BYTES = frozenset(bytes((b,)) for b in range(256) if chr(b).isalnum() or b in b"_")

Class = tuple[int, int, str, frozenset[str]]
"""Where it begins, its indent, its name, the dotted names of its head and its decorators."""
Classes = dict[str, frozenset[str]]
"""By name, the dotted names in the heads and the decorators of the classes of that name."""
Values = dict[str, frozenset[str]]
"""By name, the dotted names with which a value begins that a statement gives to a variable or an

attribute of that name, those that a parameter of that name is annotated with, and those that a
function of that name says it returns.
"""


def normal(data: bytes) -> bytes:
    """The text with plain line ends, and one at either end."""
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    return b"\n" + data + b"\n"


def text(data: bytes) -> str:
    """A name as a string."""
    return data.decode("utf-8", "replace")


def places(data: bytes, word: bytes) -> Iterator[int]:
    """Where ``word`` stands as a name of its own."""
    at = data.find(word)
    while at >= 0:
        end = at + len(word)
        if data[at - 1 : at] not in WORD_BYTES and data[end : end + 1] not in WORD_BYTES:
            yield at
        at = data.find(word, end)


def logical_end(data: bytes, start: int) -> int:
    """The end of the line, or of the brackets that are open at its end or closed too often."""
    depth = 0
    for match in _BRACKET.finditer(data, start):
        if match[0] in b"([{":
            depth += 1
        elif match[0] in b")]}":
            depth -= 1
            if depth < 0:
                return match.start()
        elif not depth:
            return match.start()
    return len(data)


def class_list(data: bytes) -> list[Class]:
    """The class statements of a normal text, in order."""
    found = []
    for match in _CLASS.finditer(data):
        indent = _indent(data, match.start())
        if indent is None:
            continue
        inside = b"" if match[2] == b":" else _class_head(data, match.start(2))
        words = frozenset(text(word) for word in _DOTTED.findall(inside))
        start = match.start() - indent - 1
        found.append((start, indent, text(match[1]), words | decorators(data, start)))
    return found


def classes(data: bytes) -> Classes:
    """The class heads of one file, as written."""
    found: Classes = {}
    if b"class" in data:
        for _, _, name, words in class_list(normal(data)):
            found[name] = found.get(name, frozenset()) | words
    return found


def held(data: bytes) -> Classes:
    """By class, the first names in its head and in its annotated fields, and perhaps some more."""
    found: Classes = {}
    data = normal(data)
    listed = class_list(data)
    for number, (start, indent, name, words) in enumerate(listed):
        end = next((at for at, deep, _, _ in listed[number + 1 :] if deep <= indent), len(data))
        names = {word.partition(".")[0] for word in words}
        for match in _FIELD.finditer(data, start, end):
            annotation = data[match.end() : logical_end(data, match.end())]
            names.update(text(word) for word in _WORD.findall(annotation))
        found[name] = found.get(name, frozenset()) | names
    return found


def values(data: bytes) -> Values:
    """What the variables, attributes, parameters and functions of a file may stand for."""
    data = normal(data)
    found: dict[bytes, set[bytes]] = {name: set() for name in _DEF.findall(data)}
    pairs = _VALUE.findall(data) + _CHAINED.findall(data) + _DECLARED.findall(data)
    for name, word in pairs:
        if word not in _CONSTANTS:
            found.setdefault(name, set()).add(word)
    for match in _RETURNS.finditer(data):
        define = _DEF.match(data, data.rfind(b"def ", 0, match.start()))
        if define is not None:
            found[define[1]].update(_DOTTED.findall(match[1]))
    for name, listed in _LOOP.findall(data):
        found.setdefault(name, set()).update(_DOTTED.findall(listed))
    for match in _ENTERED.finditer(data):
        line = data[data.rfind(b"\n", 0, match.start()) : match.start()]
        found.setdefault(match[1], set()).update(_DOTTED.findall(line))
    return {text(name): frozenset(map(text, words)) for name, words in found.items()}


def functions(data: bytes) -> list[tuple[int, int, int, str]]:
    """The functions of a normal text: start of the line, indent, end of the name, name."""
    found = []
    for match in _DEF.finditer(data):
        at = match.start()
        start = data.rfind(b"\n", 0, at)
        before = data[start + 1 : at]
        if not before or before.isspace():
            found.append((start, len(before), match.end(), text(match[1])))
        elif before.strip() == b"async":
            found.append((start, before.index(b"async"), match.end(), text(match[1])))
    return found


def decorators(data: bytes, start: int) -> frozenset[str]:
    """The dotted names of the decorators above a definition, perhaps of some more."""
    before = data[data.rfind(b"\n", 0, start) + 1 : start].strip()
    if before[:1] not in (b"@", b"#") and b")" not in before:
        return frozenset()
    at = start
    while True:  # blank lines may stand in the arguments of the last decorator
        at = data.rfind(b"\n\n", 0, at)
        found = _DECORATOR.findall(data, max(at, 0), start)
        if found or at < 0 or start - at > _FAR:
            return frozenset(text(name) for name in found)


def _class_head(data: bytes, start: int) -> bytes:
    """What stands between the name of a class and the colon of its head."""
    plain = _HEAD.match(data, start)
    if plain is not None and len(_OPENING.findall(plain[0])) == len(_CLOSING.findall(plain[0])):
        return plain[0]
    near = data[start : start + _FAR]
    return COMMENT.sub(b"", near[: logical_end(near, 0)])


def _indent(data: bytes, at: int) -> int | None:
    """How far a statement is indented; ``None`` where the word begins no statement."""
    start = data.rfind(b"\n", 0, at) + 1
    return None if data[start:at].strip(b" \t") else at - start
