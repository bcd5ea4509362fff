"""The JSON Schema of a file of facts, made from the dataclasses and what stands beside them."""

from __future__ import annotations

import ast
import inspect
import json
import types
from dataclasses import fields, is_dataclass
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

from guard.change import Change, Unknown
from guard.forge.facts import VERSION, may_lack

_PLAIN = {str: "string", int: "integer", bool: "boolean", float: "number"}


def render_facts_schema() -> str:
    """The schema as a file."""
    definitions: dict[str, Any] = {"Unknown": _unknown()}
    top = _object(Change, definitions)
    version = {"const": VERSION, "description": "The version of this format."}
    top["properties"] = {"version": version, **top["properties"]}
    top["required"] = ["version", *top["required"]]
    schema = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "The facts of a change",
        **top,
        "$defs": dict(sorted(definitions.items())),
    }
    return json.dumps(schema, indent=2) + "\n"


def _unknown() -> dict[str, Any]:
    return {
        "description": "A fact that could not be had, and why.",
        "type": "object",
        "properties": {"unknown": {"type": "string"}},
        "required": ["unknown"],
        "additionalProperties": False,
    }


def _object(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    hints, docs = get_type_hints(kind), _docs(kind)
    properties = {}
    for each in fields(kind):
        properties[each.name] = _type(hints[each.name], definitions)
        if docs.get(each.name):
            properties[each.name]["description"] = docs[each.name]
    return {
        "description": " ".join((inspect.getdoc(kind) or "").replace("``", "`").split()),
        "type": "object",
        "properties": properties,
        "required": [each.name for each in fields(kind) if not may_lack(kind, each.name)],
        "additionalProperties": False,
    }


def _type(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    origin, inner = get_origin(kind), get_args(kind)
    if origin in (Union, types.UnionType):
        return {"anyOf": [_type(each, definitions) for each in inner]}
    if origin is tuple:
        return {"type": "array", "items": _type(inner[0], definitions)}
    if kind is type(None):
        return {"type": "null"}
    if kind is Unknown:
        return {"$ref": "#/$defs/Unknown"}
    if is_dataclass(kind):
        name = kind.__name__  # type: ignore[union-attr]
        if name not in definitions:
            definitions[name] = {}  # it may hold itself
            definitions[name] = _object(kind, definitions)
        return {"$ref": f"#/$defs/{name}"}
    if issubclass(kind, Enum):
        return {"enum": [each.value for each in kind]}
    return {"type": _PLAIN[kind]}


def _docs(kind: Any) -> dict[str, str]:
    """The text below each field in the source, of the class and those that it extends."""
    found: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if each is object:
            continue
        (body,) = ast.parse(inspect.getsource(each)).body
        assert isinstance(body, ast.ClassDef)
        for field, text in zip(body.body, body.body[1:], strict=False):
            if not (isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)):
                continue
            if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
                words = str(text.value.value).replace("``", "`")
                found[field.target.id] = " ".join(words.split())
    return found
