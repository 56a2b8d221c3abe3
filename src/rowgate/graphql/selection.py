"""Selections → the fields they select: fragments spread, @skip and @include applied, equal keys merged.

The rules, their order and the texts are those of pg_graphql's parser_util.rs and merge.rs.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from graphql.language import (
    ArgumentNode,
    BooleanValueNode,
    DirectiveNode,
    FieldNode,
    FloatValueNode,
    FragmentSpreadNode,
    InlineFragmentNode,
    ListValueNode,
    ObjectValueNode,
    SelectionNode,
    StringValueNode,
    ValueNode,
    VariableNode,
)

from rowgate.graphql.errors import GraphQLError
from rowgate.graphql.given import Given
from rowgate.graphql.schema import InterfaceType, ObjectType
from rowgate.graphql.scope import Scope, Selected


def select(selections: Sequence[SelectionNode], of: ObjectType | InterfaceType, scope: Scope) -> tuple[Selected, ...]:
    """The fields that selections on a type select, in order, known to the type or not. Raises GraphQLError."""
    return tuple(_fields(selections, of.name, scope))


def _fields(selections: Sequence[SelectionNode], type_name: str, scope: Scope) -> list[Selected]:
    found: list[Selected] = []
    for each in selections:
        if each.directives and _left_out(each.directives, scope):
            continue
        if isinstance(each, FieldNode):
            found.append(_field(each))
        else:
            found += _fields(_spread(each, type_name, scope), type_name, scope)
    return _merged(found, scope)


def _field(node: FieldNode) -> Selected:
    name = node.name.value
    return Selected(
        key=name if node.alias is None else node.alias.value,
        name=name,
        arguments=_arguments(node.arguments) if node.arguments else {},
        selections=node.selection_set.selections if node.selection_set is not None else (),
    )


def _arguments(nodes: Sequence[ArgumentNode]) -> Mapping[str, ValueNode]:
    """By name; of several with one name the first counts."""
    arguments: dict[str, ValueNode] = {}
    for each in nodes:
        arguments.setdefault(each.name.value, each.value)
    return arguments


def _spread(node: SelectionNode, type_name: str, scope: Scope) -> Sequence[SelectionNode]:
    """What a fragment selects on exactly this type: interfaces are matched by name like any other."""
    if isinstance(node, FragmentSpreadNode):
        fragment = scope.fragments.get(node.name.value)
        if fragment is None or fragment.type_condition.name.value != type_name:
            raise GraphQLError(f"no fragment named {node.name.value} on type {type_name}")
        return fragment.selection_set.selections
    assert isinstance(node, InlineFragmentNode), "there is no fourth kind of selection"
    if node.type_condition is not None and node.type_condition.name.value != type_name:
        return ()
    return node.selection_set.selections


def _left_out(directives: Sequence[DirectiveNode], scope: Scope) -> bool:
    for each in directives:
        name = each.name.value
        if name not in ("skip", "include"):
            raise GraphQLError(f"Unknown directive {name}")
        arguments = each.arguments or ()
        if len(arguments) != 1:
            raise GraphQLError(f"Incorrect arguments to directive @{name}")
        argument = arguments[0]
        if argument.name.value != "if":
            raise GraphQLError(f"Unknown argument to @{name}: {argument.name.value}")
        condition = _condition(argument.value, name, scope)
        if condition is (name == "skip"):
            return True
    return False


def _condition(value: ValueNode, directive: str, scope: Scope) -> bool | None:
    """The value of `if`; None for a literal of another type, which upstream passes over. Defaults do not count."""
    if isinstance(value, BooleanValueNode):
        return value.value
    if not isinstance(value, VariableNode):
        return None
    name = value.name.value
    condition = scope.variables.get(name)
    if type(condition) is not bool:
        raise GraphQLError(f'Value for "if" in @{directive} directive is required')
    scope.trace.value(Given(condition, (name,)))
    return condition


def _merged(fields: list[Selected], scope: Scope) -> list[Selected]:
    merged: dict[str, Selected] = {}
    for each in fields:
        earlier = merged.setdefault(each.key, each)
        if earlier is each:
            continue
        if each.name != earlier.name:
            raise GraphQLError(f"Fields `{each.name}` and `{earlier.name}` are different")
        if not _same_arguments(each.arguments, earlier.arguments, scope):
            raise GraphQLError(f"Two fields named `{each.name}` have different arguments")
        merged[each.key] = Selected(
            earlier.key, earlier.name, earlier.arguments, (*earlier.selections, *each.selections)
        )
    return list(merged.values())


def _same_arguments(left: Mapping[str, ValueNode], right: Mapping[str, ValueNode], scope: Scope) -> bool:
    return left.keys() == right.keys() and all(_same(value, right[name], scope) for name, value in left.items())


def _same(left: ValueNode, right: ValueNode, scope: Scope) -> bool:
    """Whether two values are written to the same effect: numbers by value, objects whatever the order of their keys."""
    if left is right:
        return True
    scope.allowance.read(1, scope.variables)
    if type(left) is not type(right):
        return False
    if isinstance(left, ObjectValueNode):
        assert isinstance(right, ObjectValueNode)
        ours = {each.name.value: each.value for each in left.fields}
        theirs = {each.name.value: each.value for each in right.fields}
        return _same_arguments(ours, theirs, scope)
    if isinstance(left, ListValueNode):
        assert isinstance(right, ListValueNode)
        pairs = zip(left.values, right.values, strict=False)
        return len(left.values) == len(right.values) and all(_same(ours, theirs, scope) for ours, theirs in pairs)
    if isinstance(left, StringValueNode):
        assert isinstance(right, StringValueNode)
        return left.value == right.value
    if isinstance(left, FloatValueNode):
        assert isinstance(right, FloatValueNode)
        return float(left.value) == float(right.value)
    return left == right
