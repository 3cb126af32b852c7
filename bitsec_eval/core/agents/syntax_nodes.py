"""The nodes of a syntax tree by their kind, found in one pass and without recursion."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, TypeVar, cast

Nodes = Mapping[type[ast.AST], list[ast.AST]]
"""Every node of a tree by its class; of one class they are in no order to rely on."""

T = TypeVar("T", bound=ast.AST)


_NO_NODES = {"id", "attr", "arg", "name", "asname", "module", "level", "kind", "type_comment", "simple", "is_async"}
"""Fields of Python 3.11's nodes that hold text or numbers."""

_NAMED_BY_CLASS = {"ctx", "op", "ops"}
"""Fields whose nodes say nothing but their class, such as Load and Add."""


def nodes_by_kind(tree: ast.AST) -> Nodes:
    """Return the nodes of a tree, the tree itself among them; contexts and operators are left out."""
    found: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
    nodes: list[Any] = [tree]
    for node in nodes:
        kind = node.__class__
        found[kind].append(node)
        for field in _fields(kind):
            value = getattr(node, field, None)
            if value.__class__ is list:
                nodes += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST):
                nodes.append(value)
    return found


@cache
def _fields(kind: Any) -> tuple[str, ...]:
    """Return the fields of a class of nodes in which others may stand."""
    skipped = _NO_NODES | _NAMED_BY_CLASS
    return () if kind is ast.Constant else tuple(field for field in kind._fields if field not in skipped)


def of_kind(nodes: Nodes, kind: type[T]) -> Iterator[T]:
    """Yield the nodes of one class, not of its subclasses."""
    return iter(cast("list[T]", nodes.get(kind, ())))
