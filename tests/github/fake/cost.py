"""What a query may ask for, and how many points it costs.

docs.github.com, "Rate limits and query limits for the GraphQL API": each connection has ``first``
or ``last`` of 1 to 100; a call asks for 500 000 nodes at most; the points are the requests that it
takes to fill each connection, divided by 100 and rounded, and one at least.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from graphql import (
    DocumentNode,
    FieldNode,
    FragmentDefinitionNode,
    FragmentSpreadNode,
    GraphQLSchema,
    InlineFragmentNode,
    IntValueNode,
    ListValueNode,
    OperationDefinitionNode,
    SelectionSetNode,
    VariableNode,
    get_named_type,
)

from tests.github.fake.paging import Problem

MOST = 100
MOST_NODES = 500_000


@dataclass
class Cost:
    requests: int = 0
    nodes: int = 0

    @property
    def points(self) -> int:
        return max(1, (self.requests + 50) // 100)


class Meter:
    """Measures one operation of a valid document."""

    def __init__(
        self, schema: GraphQLSchema, document: DocumentNode, asked: dict[str, Any]
    ) -> None:
        self.schema = schema
        self.fragments: dict[str, FragmentDefinitionNode] = {}
        for each in document.definitions:
            if isinstance(each, FragmentDefinitionNode):
                self.fragments[each.name.value] = each
        self.variables: dict[str, Any] = {}
        self.document = document
        self.asked = asked
        self.cost = Cost()

    def measure(self, operation: OperationDefinitionNode) -> Cost:
        """Raises ``Problem`` where GitHub would refuse."""
        for each in operation.variable_definitions or ():
            name = each.variable.name.value
            default = self._value(each.default_value) if each.default_value else None
            self.variables[name] = self.asked.get(name, default)
        root = self.schema.get_root_type(operation.operation)
        assert root is not None
        self._walk(operation.selection_set, root, 1)
        if self.cost.nodes > MOST_NODES:
            text = (
                f"By the time this query traverses to its last connection, it is requesting up to "
                f"{self.cost.nodes:,} possible nodes which exceeds the maximum limit of 500,000."
            )
            raise Problem("MAX_NODE_LIMIT_EXCEEDED", text)
        return self.cost

    def _walk(self, selections: SelectionSetNode | None, parent: Any, times: int) -> None:
        for each in selections.selections if selections else ():
            if self._is_left_out(each):
                continue
            if isinstance(each, FragmentSpreadNode):
                fragment = self.fragments[each.name.value]
                within = self.schema.type_map[fragment.type_condition.name.value]
                self._walk(fragment.selection_set, within, times)
            elif isinstance(each, InlineFragmentNode):
                condition = each.type_condition
                within = self.schema.type_map[condition.name.value] if condition else parent
                self._walk(each.selection_set, within, times)
            elif isinstance(each, FieldNode) and not each.name.value.startswith("__"):
                self._field(each, parent, times)

    def _is_left_out(self, node: Any) -> bool:
        """``@skip`` and ``@include``: what is not resolved costs nothing."""
        for each in node.directives or ():
            wanted = {"include": True, "skip": False}[each.name.value]
            (argument,) = each.arguments
            if bool(self._value(argument.value)) is not wanted:
                return True
        return False

    def _field(self, node: FieldNode, parent: Any, times: int) -> None:
        name = node.name.value
        within: Any = get_named_type(parent.fields[name].type)
        arguments = {each.name.value: self._value(each.value) for each in node.arguments or ()}
        if within.name.endswith("Connection"):
            size = _size(name, arguments)
            self.cost.requests += times
            self.cost.nodes += times * size
            times *= size
        elif name == "nodes" and "ids" in arguments:
            count = len(arguments["ids"] or ())
            if count > MOST:
                text = f"You may not provide more than {MOST} node ids; you provided {count}."
                raise Problem("ARGUMENT_LIMIT", text)
            times *= max(1, count)
        self._walk(node.selection_set, within, times)

    def _value(self, node: Any) -> Any:
        if isinstance(node, VariableNode):
            return self.variables.get(node.name.value)
        if isinstance(node, IntValueNode):
            return int(node.value)
        if isinstance(node, ListValueNode):
            return [self._value(each) for each in node.values]
        return getattr(node, "value", None)


def _size(name: str, arguments: dict[str, Any]) -> int:
    sizes = {key: arguments[key] for key in ("first", "last") if arguments.get(key) is not None}
    if not sizes:
        text = (
            "You must provide a `first` or `last` value to properly paginate the "
            f"`{name}` connection."
        )
        raise Problem("MISSING_PAGINATION_BOUNDARIES", text)
    if len(sizes) > 1:
        text = (
            f"Passing both `first` and `last` to paginate the `{name}` connection is not supported."
        )
        raise Problem("INVALID_PAGINATION", text)
    ((key, size),) = sizes.items()
    if size > MOST:
        text = (
            f"Requesting {size} records on the `{name}` connection exceeds the `{key}` "
            f"limit of {MOST} records."
        )
        raise Problem("EXCESSIVE_PAGINATION", text)
    if size < 1:
        text = f"`{key}` on the `{name}` connection cannot be less than one."
        raise Problem("INVALID_PAGINATION", text)
    return size
