"""Whether starting a Python file does anything, decided from its syntax tree.

Code at the top level runs, as do class bodies, decorators and default values; bodies of functions do not.
A branch on `__name__` runs where the name is "__main__".
`runs_nothing` is True only where that is certain: a file with a call, an exception, a decorator, a metaclass or an
assignment into another object among what runs is given the benefit of the doubt.
"""

import ast
from collections.abc import Iterable, Iterator

from bitsec_eval.core.agents.syntax_nodes import Nodes, of_kind

_PRINT_ON_IMPORT = {"this", "antigravity"}
_ACTING = (ast.Call, ast.Await, ast.Raise, ast.Assert, ast.AsyncFor, ast.AsyncWith)


def runs_nothing(tree: ast.Module, nodes: Nodes) -> bool:
    """Whether a file, started as a program, only defines functions, classes and values; `nodes` are the tree's."""
    name_is_known = not any(_stores_name(node) for node in of_kind(nodes, ast.Name))
    return not any(_acts(node) for node in _evaluated(tree, name_is_known=name_is_known))


def _evaluated(tree: ast.Module, *, name_is_known: bool) -> Iterator[ast.AST]:
    """Every node that starting the file evaluates; without recursion, as the tree may be deeper than the stack."""
    waiting: list[ast.AST] = [tree]
    while waiting:
        node = waiting.pop()
        yield node
        waiting.extend(_parts(node, name_is_known=name_is_known))


def _stores_name(node: ast.Name) -> bool:
    return node.id == "__name__" and not isinstance(node.ctx, ast.Load)


def _parts(node: ast.AST, *, name_is_known: bool) -> Iterable[ast.AST]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return (*node.decorator_list, node.args)
        case ast.Lambda():
            return (node.args,)
        case ast.If() if name_is_known and (holds := _holds(node.test)) is not None:
            return node.body if holds else node.orelse
    return ast.iter_child_nodes(node)


def _holds(test: ast.expr) -> bool | None:
    """What a comparison of `__name__` with a constant is in a started file; None for any other test."""
    match test:
        case ast.Compare(left=left, ops=[ast.Eq() | ast.NotEq() as operator], comparators=[right]):
            names = [side for side in (left, right) if isinstance(side, ast.Name) and side.id == "__name__"]
            texts = [side.value for side in (left, right) if isinstance(side, ast.Constant)]
            if names and texts:
                return (texts[0] == "__main__") == isinstance(operator, ast.Eq)
        case ast.BoolOp(op=ast.And(), values=values) if any(_holds(value) is False for value in values):
            return False
    return None


def _acts(node: ast.AST) -> bool:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            return bool(node.decorator_list) or node.name == "__init_subclass__"
        case ast.ClassDef():
            return bool(node.decorator_list or node.keywords)
        case ast.Attribute(ctx=ast.Store()) | ast.Subscript(ctx=ast.Store()):
            return True
        case ast.Import(names=names):
            return any(alias.name.split(".")[0] in _PRINT_ON_IMPORT for alias in names)
        case ast.ImportFrom(module=module):
            return (module or "").split(".")[0] in _PRINT_ON_IMPORT
    return isinstance(node, _ACTING)
