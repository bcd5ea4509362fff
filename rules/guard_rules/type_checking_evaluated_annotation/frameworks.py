"""The libraries that resolve annotations at run time, as data.

Each entry was found by running the library, and ``tests/frameworks`` runs it again: pydantic 2,
FastAPI, Typer, SQLAlchemy 2, SQLModel, attrs, cattrs, msgspec, strawberry, beartype, typeguard,
dacite, dataclasses-json, mashumaro, litestar and the standard library on Python 3.11 and 3.13.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from guard_rules._annotations.frameworks import ATTRS, CLASSVAR, DATACLASSES, Argument, Reads, Table


def _each(names: Iterable[str], *modules: str) -> list[str]:
    """Every name in every module that offers it."""
    return [f"{module}.{name}" for name in names for module in modules]


# The standard library: https://docs.python.org/3/library/typing.html#typing.get_type_hints

_HINTS = Reads(
    by="typing.get_type_hints",
    moment="when it is called",
    fields=True,
    params=True,
    returns=True,
    parts=False,
    off=frozenset({"format"}),
    unchecked=frozenset(_each(("no_type_check",), "typing", "typing_extensions")),
)
_EVAL_STR = replace(
    _HINTS,
    by="inspect.get_annotations",
    inherited=False,
    quoted_inside=False,
    off=frozenset(),
)
_SIGNATURE = replace(_EVAL_STR, by="inspect.signature", fields=False, init=True)
_LAZY = replace(
    _EVAL_STR, by="annotationlib", lazy_only=True, since=(3, 14), off=frozenset({"format"})
)
_LAZY_SIGNATURE = replace(
    _SIGNATURE,
    lazy_only=True,
    since=(3, 14),
    off=frozenset({"annotation_format"}),
)
_DISPATCH = Reads(
    by="functools.singledispatch",
    moment="when the implementation is registered",
    params=True,
    returns=True,
    until=(3, 14),
)
_DISPATCH_LAZY = replace(
    _DISPATCH,
    returns=False,
    first_only=True,
    since=(3, 14),
    until=None,
    raises="TypeError: Invalid annotation for ",
)
_EVAL_NAMESPACES = ((-1, "globals"), (-1, "locals"))

# pydantic: https://docs.pydantic.dev/latest/internals/resolving_annotations/

_UNDEFINED = (
    "PydanticUserError: `{owner}` is not fully defined; you should define `{name}`, "
    "then call `{owner}.model_rebuild()`."
)
_COLLECTORS = frozenset({"dataclasses.dataclass", "pydantic.dataclasses.dataclass"})
_MODEL = Reads(
    by="pydantic",
    moment="when the model is first used",
    raises=_UNDEFINED,
    fields=True,
    skip_wrappers=CLASSVAR,
    public_only=True,
    skip_fields=frozenset({"model_config"}),
    extra_fields=frozenset({"__pydantic_extra__"}),
    sees_locals=True,
    nested=True,
    records=DATACLASSES,
    shadowed=False,
    collects=_COLLECTORS,
    rebuilt=True,
    retries=True,
)
_MODEL_V1 = replace(
    _MODEL,
    retries=False,
    raises='ConfigError: field "{field}" not yet prepared so type is still a ForwardRef, '
    "you might need to call {owner}.update_forward_refs().",
)
_MODEL_RETURN = replace(
    _MODEL,
    raises="PydanticUserError: `{class}` is not fully defined; you should define `{name}`, "
    "then call `{class}.model_rebuild()`.",
    fields=False,
    returns=True,
    within=frozenset(
        {
            *_each(("BaseModel",), "pydantic", "pydantic.main"),
            *_each(("RootModel",), "pydantic", "pydantic.root_model"),
            *_each(("BaseSettings",), "pydantic_settings", "pydantic_settings.main"),
            *_each(("SQLModel",), "sqlmodel", "sqlmodel.main"),
            "pydantic.dataclasses.dataclass",
        }
    ),
    off=frozenset({"return_type"}),
)
_SERIALIZER = replace(_MODEL_RETURN, raises="PydanticUserError: ", within=frozenset())
_PYDANTIC_DATACLASS = replace(
    _MODEL,
    moment="when the dataclass is first used",
    raises="PydanticUserError: `{owner}` is not fully defined; you should define `{name}`, "
    "then call `pydantic.dataclasses.rebuild_dataclass({owner})`.",
    public_only=False,
)
_ADAPTER = replace(
    _PYDANTIC_DATACLASS,
    by="pydantic.TypeAdapter",
    moment="when the adapter is first used",
    raises="PydanticUserError: `TypeAdapter[",
    params=True,
    returns=True,
)
_VALIDATED = Reads(
    by="pydantic.validate_call",
    moment="when the function is decorated",
    params=True,
    returns=True,
    sees_locals=True,
    nested=True,
    records=DATACLASSES,
    shadowed=False,
    collects=_COLLECTORS,
    off=frozenset({"config"}),
)

# FastAPI resolves at decoration, keeps what it cannot resolve, and fails when the route is used.

_INJECTED = frozenset(
    _each(("Depends", "Security"), "fastapi", "fastapi.params", "fastapi.param_functions")
)
_ROUTE = Reads(
    by="FastAPI",
    moment="when the route is first used",
    raises="PydanticUserError: `TypeAdapter[typing.Annotated[",
    params=True,
    returns=True,
    nested=True,
    records=DATACLASSES,
    shadowed=False,
    collects=_COLLECTORS,
    skip_defaults=_INJECTED,
    skip_quoted_metadata=_INJECTED,
    returns_off=frozenset({"response_model"}),
)
_SOCKET = replace(
    _ROUTE,
    moment="when a client connects",
    raises="WebSocketDisconnect",
    returns=False,
    nested=False,
)
_RESPONSE = replace(_ROUTE, params=False, returns=False, fields=True)
_DEPENDENCY = replace(_ROUTE, returns=False, init=True, moment="when a route that needs it is used")
_APPS = (
    "fastapi.FastAPI()",
    "fastapi.applications.FastAPI()",
    "fastapi.APIRouter()",
    "fastapi.routing.APIRouter()",
)
_VERBS = ("get", "put", "post", "delete", "options", "head", "patch", "trace", "api_route")

# Typer reads the hints of commands, callbacks and the callbacks of options when the app runs.

_COMMAND = Reads(by="Typer", moment="when the app runs", params=True, returns=True)
_TYPERS = ("typer.Typer()", "typer.main.Typer()")
_OPTIONS = _each(("Option", "Argument"), "typer", "typer.params")

# SQLAlchemy: https://docs.sqlalchemy.org/en/20/orm/declarative_tables.html

_MAPPED = Reads(
    by="SQLAlchemy",
    moment="when the class is defined",
    raises="MappedAnnotationError: Could not resolve all types within mapped annotation: ",
    fields=True,
    mapped=True,
    skip_wrappers=CLASSVAR,
)
_DECLARATIVE = replace(_MAPPED, direct=False)
_REGISTRIES = ("sqlalchemy.orm.registry()", "sqlalchemy.orm.decl_api.registry()")
_BASE_MAKERS = (
    *_each(("declarative_base()",), "sqlalchemy.orm", "sqlalchemy.orm.decl_api"),
    *_each(("declarative_base()",), "sqlalchemy.ext.declarative"),
    *(f"{registry}.generate_base()" for registry in _REGISTRIES),
)

# msgspec resolves when a decoder, a converter or a schema is made for the type.

_STRUCT = Reads(
    by="msgspec",
    moment="when the type is inspected",
    fields=True,
    nested=True,
    records=DATACLASSES | ATTRS | {"msgspec.Struct"},
)

# strawberry resolves when the schema is built.

_GRAPHQL = Reads(
    by="strawberry",
    moment="when the schema is built",
    raises="UnresolvedFieldTypeError: Could not resolve the type of '{field}'.",
    fields=True,
    skip_wrappers=CLASSVAR,
    skip_metadata=frozenset({"strawberry.lazy", "strawberry.types.lazy_type.lazy"}),
    inherited=True,
)
_GRAPHQL_TYPES = _each(("type", "input", "interface"), "strawberry", "strawberry.types.object_type")
_GRAPHQL_FIELD = replace(
    _GRAPHQL,
    within=frozenset(_GRAPHQL_TYPES),
    raises="TypeError: {class} fields cannot be resolved. name '{name}' is not defined",
    fields=False,
    params=True,
    returns=True,
)
_GRAPHQL_RESOLVER = replace(
    _GRAPHQL_FIELD,
    raises="TypeError: ",
    returns=False,
    within=frozenset(),
)

_BEARTYPE = Reads(
    by="beartype",
    moment="when the function is called",
    raises="BeartypeCallHintPep484ForwardRefStrException: ",
    params=True,
    returns=True,
    methods=True,
    off=frozenset({"conf"}),
)
_TYPEGUARD = Reads(
    by="typeguard",
    moment="when the function is called",
    params=True,
    returns=True,
    methods=True,
    knows_plain_guards=True,
)

_ATTRS = Reads(by="attrs.resolve_types", moment="when it is called", fields=True)
_CATTRS = Reads(
    by="cattrs",
    moment="when it meets the class",
    fields=True,
    nested=True,
    records=DATACLASSES | ATTRS,
)
_CONVERTERS = (
    "cattrs.Converter()",
    "cattrs.BaseConverter()",
    "cattrs.GenConverter()",
    "cattrs.converters.Converter()",
    "cattrs.global_converter",
    *(
        f"cattrs.preconf.{kind}.{made}()"
        for kind in (
            "bson",
            "cbor2",
            "json",
            "msgpack",
            "msgspec",
            "orjson",
            "pyyaml",
            "tomlkit",
            "ujson",
        )
        for made in ("make_converter", f"{kind.capitalize()}Converter")
    ),
)
_DACITE = Reads(
    by="dacite",
    moment="when it is called",
    raises="ForwardReferenceError: can not resolve forward reference: name '{name}' is not defined",
    fields=True,
    nested=True,
    records=DATACLASSES,
)
_JSON = Reads(
    by="dataclasses-json",
    moment="when the class is decoded",
    fields=True,
    nested=True,
    records=DATACLASSES,
)
_MASHUMARO = Reads(
    by="mashumaro",
    moment="when the class is encoded or decoded",
    raises="UnresolvedTypeReferenceError: Class {owner} has unresolved type reference {name}",
    fields=True,
    nested=True,
    records=DATACLASSES,
)
_LITESTAR = Reads(
    by="Litestar",
    moment="when the application is made",
    params=True,
    returns=True,
    off=frozenset({"signature_namespace", "signature_types"}),
    skip_types=frozenset(
        {
            *_each(
                ("Request", "WebSocket", "Response"),
                "litestar",
                "litestar.connection",
                "litestar.response",
            ),
            "litestar.Litestar",
            "litestar.app.Litestar",
            "litestar.datastructures.State",
            "litestar.datastructures.ImmutableState",
            "litestar.datastructures.Cookie",
        }
    ),
)

BASES: dict[str, Reads] = {
    **dict.fromkeys(
        (
            *_each(("BaseModel",), "pydantic", "pydantic.main"),
            *_each(("RootModel",), "pydantic", "pydantic.root_model"),
            "pydantic.generics.GenericModel",
            *_each(("BaseSettings",), "pydantic", "pydantic_settings", "pydantic_settings.main"),
            *_each(("SQLModel",), "sqlmodel", "sqlmodel.main"),
        ),
        _MODEL,
    ),
    **dict.fromkeys(
        (
            *_each(("BaseModel",), "pydantic.v1", "pydantic.v1.main"),
            *_each(("BaseSettings",), "pydantic.v1", "pydantic.v1.env_settings"),
            "pydantic.v1.generics.GenericModel",
        ),
        _MODEL_V1,
    ),
    **dict.fromkeys(
        _each(
            ("DeclarativeBase", "DeclarativeBaseNoMeta"),
            "sqlalchemy.orm",
            "sqlalchemy.orm.decl_api",
        ),
        _DECLARATIVE,
    ),
    **dict.fromkeys(_BASE_MAKERS, _MAPPED),
    "flask_sqlalchemy.SQLAlchemy().Model": _MAPPED,
    **dict.fromkeys(
        (
            *_each(("DataClassDictMixin",), "mashumaro", "mashumaro.mixins.dict"),
            *(
                f"mashumaro.mixins.{kind}.DataClass{name}Mixin"
                for kind, name in (
                    ("json", "JSON"),
                    ("orjson", "ORJSON"),
                    ("msgpack", "MessagePack"),
                    ("yaml", "YAML"),
                    ("toml", "TOML"),
                )
            ),
        ),
        _MASHUMARO,
    ),
}
for _name in _each(("SQLModel",), "sqlmodel", "sqlmodel.main"):
    BASES[_name] = replace(
        _MODEL,
        by="SQLModel",
        skip_defaults=frozenset(_each(("Relationship",), "sqlmodel", "sqlmodel.main")),
    )

DECORATORS: dict[str, Reads] = {
    "pydantic.dataclasses.dataclass": _PYDANTIC_DATACLASS,
    **dict.fromkeys(
        (
            *_each(("validate_call",), "pydantic", "pydantic.validate_call_decorator"),
            "pydantic.validate_arguments",
        ),
        _VALIDATED,
    ),
    **dict.fromkeys(
        (
            *_each(("computed_field",), "pydantic", "pydantic.fields"),
            *_each(
                ("field_serializer", "model_serializer"),
                "pydantic",
                "pydantic.functional_serializers",
            ),
        ),
        _MODEL_RETURN,
    ),
    **{f"{app}.{verb}": _ROUTE for app in _APPS for verb in _VERBS},
    **{f"{app}.{name}": _SOCKET for app in _APPS for name in ("websocket", "websocket_route")},
    **{f"{app}.{name}": _COMMAND for app in _TYPERS for name in ("command", "callback")},
    **{
        f"{registry}.{name}": _MAPPED
        for registry in _REGISTRIES
        for name in ("mapped", "mapped_as_dataclass")
    },
    **dict.fromkeys(_GRAPHQL_TYPES, _GRAPHQL),
    **dict.fromkeys(_each(("field", "mutation", "subscription"), "strawberry"), _GRAPHQL_FIELD),
    **dict.fromkeys(("beartype.beartype", "beartype.typing.beartype"), _BEARTYPE),
    "typeguard.typechecked": _TYPEGUARD,
    **dict.fromkeys(
        _each(
            ("get", "post", "put", "patch", "delete", "head", "route", "websocket"),
            "litestar",
            "litestar.handlers",
        ),
        _LITESTAR,
    ),
}

FUNCTIONS: dict[str, tuple[Argument, ...]] = {
    **dict.fromkeys(
        _each(("get_type_hints",), "typing", "typing_extensions"),
        (Argument(_HINTS, 0, "obj", ((1, "globalns"), (2, "localns"))),),
    ),
    "inspect.get_annotations": (
        Argument(_EVAL_STR, 0, "obj", _EVAL_NAMESPACES, requires="eval_str"),
        Argument(_LAZY, 0, "obj", _EVAL_NAMESPACES),
    ),
    "annotationlib.get_annotations": (
        Argument(_EVAL_STR, 0, "obj", _EVAL_NAMESPACES, requires="eval_str"),
        Argument(_LAZY, 0, "obj", _EVAL_NAMESPACES),
    ),
    "typing_extensions.get_annotations": (
        Argument(_EVAL_STR, 0, "obj", _EVAL_NAMESPACES, requires="eval_str"),
    ),
    "inspect.signature": (
        Argument(_SIGNATURE, 0, "obj", _EVAL_NAMESPACES, requires="eval_str"),
        Argument(_LAZY_SIGNATURE, 0, "obj", _EVAL_NAMESPACES),
    ),
    "inspect.Signature.from_callable": (
        Argument(_SIGNATURE, 0, "obj", _EVAL_NAMESPACES, requires="eval_str"),
    ),
    "functools.singledispatch().register": (
        Argument(_DISPATCH, 0, "cls"),
        Argument(_DISPATCH_LAZY, 0, "cls"),
    ),
    "functools.singledispatchmethod().register": (
        Argument(_DISPATCH, 0, "cls"),
        Argument(_DISPATCH_LAZY, 0, "cls"),
    ),
    **dict.fromkeys(
        _each(("TypeAdapter",), "pydantic", "pydantic.type_adapter"),
        (Argument(_ADAPTER, 0, "type", catches=False),),
    ),
    **dict.fromkeys(
        _each(("validate_call",), "pydantic", "pydantic.validate_call_decorator"),
        (Argument(_VALIDATED, 0, "func"),),
    ),
    **dict.fromkeys(
        _each(("PlainSerializer", "WrapSerializer"), "pydantic", "pydantic.functional_serializers"),
        (Argument(_SERIALIZER, 0, "func", catches=False, general=False),),
    ),
    **dict.fromkeys(
        sorted(_INJECTED), (Argument(_DEPENDENCY, 0, "dependency", catches=False, general=False),)
    ),
    **{
        f"{app}.add_api_route": (Argument(_ROUTE, 1, "endpoint", catches=False, general=False),)
        for app in _APPS
    },
    **{
        f"{app}.add_api_websocket_route": (
            Argument(_SOCKET, 1, "endpoint", catches=False, general=False),
        )
        for app in _APPS
    },
    **{
        f"{app}.{verb}": (Argument(_RESPONSE, -1, "response_model", catches=False, general=False),)
        for app in _APPS
        for verb in _VERBS
    },
    "typer.run": (Argument(_COMMAND, 0, "function", general=False),),
    **dict.fromkeys(
        ("typer.Typer", "typer.main.Typer"),
        (Argument(_COMMAND, -1, "callback", catches=False, general=False),),
    ),
    **dict.fromkeys(
        _OPTIONS,
        (
            Argument(_COMMAND, -1, "callback", catches=False, general=False),
            Argument(_COMMAND, -1, "autocompletion", catches=False, general=False),
        ),
    ),
    **dict.fromkeys(
        ("attrs.resolve_types", "attr.resolve_types"),
        (Argument(_ATTRS, 0, "cls", ((1, "globalns"), (2, "localns"))),),
    ),
    **dict.fromkeys(
        ("cattrs.structure", *(f"{made}.structure" for made in _CONVERTERS)),
        (Argument(_CATTRS, 1, "cl"),),
    ),
    **dict.fromkeys(
        ("cattrs.unstructure", *(f"{made}.unstructure" for made in _CONVERTERS)),
        (Argument(_CATTRS, 0, "obj", of_type=False), Argument(_CATTRS, 1, "unstructure_as")),
    ),
    **dict.fromkeys([f"{made}.loads" for made in _CONVERTERS], (Argument(_CATTRS, 1, "cl"),)),
    **dict.fromkeys(
        ("cattrs.gen.make_dict_structure_fn", "cattrs.gen.make_dict_unstructure_fn"),
        (Argument(_CATTRS, 0, "cl"),),
    ),
    **dict.fromkeys(
        [
            f"msgspec.{kind}.{name}"
            for kind in ("json", "msgpack", "yaml", "toml")
            for name in ("decode",)
        ],
        (Argument(_STRUCT, -1, "type"),),
    ),
    **dict.fromkeys(
        ("msgspec.json.Decoder", "msgspec.msgpack.Decoder"), (Argument(_STRUCT, 0, "type"),)
    ),
    "msgspec.convert": (Argument(_STRUCT, 1, "type"),),
    **dict.fromkeys(
        (
            "msgspec.json.schema",
            "msgspec.json.schema_components",
            "msgspec.inspect.type_info",
            "msgspec.inspect.multi_type_info",
            "msgspec.structs.fields",
        ),
        (Argument(_STRUCT, 0, "type"), Argument(_STRUCT, 0, "types")),
    ),
    "strawberry.field": (Argument(_GRAPHQL_RESOLVER, 0, "resolver", catches=False, general=False),),
    "strawberry.mutation": (
        Argument(_GRAPHQL_RESOLVER, 0, "resolver", catches=False, general=False),
    ),
    "strawberry.subscription": (
        Argument(_GRAPHQL_RESOLVER, 0, "resolver", catches=False, general=False),
    ),
    "dacite.from_dict": (Argument(_DACITE, 0, "data_class", ((2, "config"),)),),
    "dacite.core.from_dict": (Argument(_DACITE, 0, "data_class", ((2, "config"),)),),
    **{
        f"mashumaro.codecs.{kind}.{name}": (Argument(_MASHUMARO, position, "shape_type"),)
        for kind, made in (("json", "json"), ("basic", ""), ("yaml", "yaml"), ("toml", "toml"))
        for name, position in (
            (f"{made}_decode".lstrip("_"), 1),
            (f"{made}_encode".lstrip("_"), 1),
        )
    },
    **dict.fromkeys(
        _each(("Provide",), "litestar.di", "litestar"),
        (
            Argument(
                replace(_LITESTAR, moment="when a handler that needs it is registered"),
                0,
                "dependency",
                general=False,
            ),
        ),
    ),
}

METHODS: dict[str, Reads] = {
    f"{owner}.{method}": _JSON
    for owner in (
        *_each(("DataClassJsonMixin",), "dataclasses_json", "dataclasses_json.api"),
        *_each(("dataclass_json()",), "dataclasses_json", "dataclasses_json.api"),
    )
    for method in ("from_json", "from_dict", "schema")
}

CLAW = dict.fromkeys(
    _each(("beartype_this_package", "beartype_package", "beartype_packages"), "beartype.claw"),
    replace(_BEARTYPE, moment="when the code runs, by the package's import hook"),
)

TABLE = Table(
    bases=BASES,
    decorators=DECORATORS,
    functions=FUNCTIONS,
    methods=METHODS,
    rebuilds=frozenset(
        {
            "model_rebuild",
            "update_forward_refs",
            "rebuild_dataclass",
            "pydantic.dataclasses.rebuild_dataclass",
        }
    ),
    asks=frozenset(
        {"model_validate", "model_validate_json", "model_validate_strings", "model_json_schema"}
        | {"parse_obj", "parse_raw", "parse_file", "from_orm", "schema", "schema_json", "validate"}
    ),
    packages=CLAW,
)
