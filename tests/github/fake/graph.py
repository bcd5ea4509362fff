"""GraphQL over the world: queries and answers are both held to GitHub's schema."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    GraphQLError,
    GraphQLResolveInfo,
    GraphQLSchema,
    OperationDefinitionNode,
    OperationType,
    build_schema,
    execute_sync,
    parse,
    validate,
)

from tests.github.fake.cost import Cost, Meter
from tests.github.fake.fields import CONNECTION, FIELDS
from tests.github.fake.mutations import mutate
from tests.github.fake.paging import Page, Problem
from tests.github.fake.resolve import Context, name_of

SCHEMA = Path(__file__).resolve().parents[1] / "schemas" / "graphql.graphql"


@functools.cache
def schema() -> GraphQLSchema:
    return build_schema(SCHEMA.read_text(), assume_valid=True)


@functools.lru_cache(maxsize=256)
def _checked(query: str) -> tuple[DocumentNode | None, tuple[GraphQLError, ...]]:
    try:
        document = parse(query)
    except GraphQLError as error:
        return None, (error,)
    return document, tuple(validate(schema(), document))


@dataclass(frozen=True)
class Asked:
    """A query with what was found out without executing it."""

    document: DocumentNode
    operation: OperationDefinitionNode
    variables: dict[str, Any]
    cost: Cost

    @property
    def name(self) -> str:
        """Its own name, or that of its first field."""
        if self.operation.name:
            return self.operation.name.value
        first = self.operation.selection_set.selections[0]
        return first.name.value if isinstance(first, FieldNode) else "query"

    @property
    def is_mutation(self) -> bool:
        return self.operation.operation is OperationType.MUTATION


def read(body: Any) -> Asked | dict[str, Any]:
    """A request's body as a query, or the answer that refuses it."""
    if not isinstance(body, dict) or not isinstance(body.get("query"), str):
        return {
            "errors": [{"message": "A query attribute must be specified and must be a string."}]
        }
    unknown = set(body) - {"query", "variables", "operationName"}
    assert not unknown, f"a request has no {unknown}"
    document, errors = _checked(body["query"])
    if document is None or errors:
        return {"errors": [_formatted(error) for error in errors]}
    operations = [e for e in document.definitions if isinstance(e, OperationDefinitionNode)]
    (operation,) = operations
    variables = body.get("variables") or {}
    unused = set(variables) - {e.variable.name.value for e in operation.variable_definitions or ()}
    assert not unused, f"the query does not declare the variables {unused}"
    try:
        cost = Meter(schema(), document, variables).measure(operation)
    except Problem as problem:
        return {"errors": [{"type": problem.kind, "message": str(problem)}]}
    return Asked(document, operation, variables, cost)


def answer(asked: Asked, context: Context) -> dict[str, Any]:
    """The JSON body. A fault of the fake itself is raised, never answered."""
    done = execute_sync(
        schema(),
        asked.document,
        context_value=replace(context, cost=asked.cost),
        variable_values=asked.variables,
        operation_name=asked.operation.name.value if asked.operation.name else None,
        field_resolver=_resolve,
        type_resolver=lambda value, *_: name_of(value),
    )
    for error in done.errors or ():
        cause = error.original_error
        is_answer = cause is None or isinstance(cause, (Problem, GraphQLError))
        # Without a cause it is the library's: of a wrong variable, or of a wrong answer of ours.
        if not is_answer or (cause is None and done.data is not None):
            raise AssertionError(f"the fake is at fault: {error}") from cause
    made: dict[str, Any] = {"data": done.data}
    if done.errors:
        made["errors"] = [_formatted(error) for error in done.errors]
    return made


def _resolve(source: Any, info: GraphQLResolveInfo, **asked: Any) -> Any:
    parent, name, context = info.parent_type.name, info.field_name, info.context
    if parent == "Mutation":
        return mutate(name, context, asked["input"])
    if isinstance(source, dict):
        return source[name]
    if parent == "Query" and name == "nodes":
        return [_node_or_problem(context, each) for each in asked["ids"]]
    is_page = isinstance(source, Page) and parent != "PageInfo"
    table = CONNECTION if is_page else FIELDS.get(parent, {})
    if name not in table:
        raise LookupError(f"the fake knows no {parent}.{name}")
    return table[name](source, context, asked)


def _node_or_problem(context: Context, name: str) -> Any:
    """An unknown node is null, with an error of its own; the others are answered."""
    try:
        return FIELDS["Query"]["node"](None, context, {"id": name})
    except Problem as problem:
        return problem


def _formatted(error: GraphQLError) -> dict[str, Any]:
    cause = error.original_error
    made: dict[str, Any] = {"message": error.message}
    if isinstance(cause, Problem):
        made["type"] = cause.kind
    if error.path:
        made["path"] = error.path
    if error.locations:
        made["locations"] = [{"line": e.line, "column": e.column} for e in error.locations]
    return made
