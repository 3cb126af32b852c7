"""The nodes of a syntax tree by their kind, found in one pass and without recursion."""

import ast
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import TypeVar, cast

Nodes = Mapping[type[ast.AST], list[ast.AST]]
"""Every node of a tree by its class; of one class they are in no order to rely on."""

T = TypeVar("T", bound=ast.AST)


def nodes_by_kind(tree: ast.AST) -> Nodes:
    """Return the nodes of a tree, the tree itself among them."""
    found: dict[type[ast.AST], list[ast.AST]] = defaultdict(list)
    nodes = [tree]
    for node in nodes:
        found[node.__class__].append(node)
        for field in node._fields:
            value = getattr(node, field, None)
            if value.__class__ is list:
                nodes += [item for item in value if isinstance(item, ast.AST)]
            elif isinstance(value, ast.AST):
                nodes.append(value)
    return found


def of_kind(nodes: Nodes, kind: type[T]) -> Iterator[T]:
    """Yield the nodes of one class, not of its subclasses."""
    return iter(cast("list[T]", nodes.get(kind, ())))
