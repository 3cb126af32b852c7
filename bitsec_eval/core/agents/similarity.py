"""Similarity of two agents: equal up to names and layout, or alike in most of their parts.

`Likeness.structure` is a hash of the syntax tree in which names are numbered by first use and comments, docstrings,
annotations and layout do not occur: a renamed or reformatted copy has the same one.
`Likeness.prints` are winnowed fingerprints of the tree's shape (Schleimer, Wilkerson, Aiken 2003), which survive
reordered functions, changed constants and padding.
Neither proves a copy; two authors who start from one template are alike as well.
"""

import ast
import hashlib
import zlib
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from operator import attrgetter
from typing import Any

GRAM_TOKENS = 16  # shorter shapes are common to most programs
WINDOW_GRAMS = 8  # a power of two; a copied stretch of GRAM_TOKENS + WINDOW_GRAMS - 1 tokens is sure to be seen
COMPARED_PRINTS = 40  # smaller programs are alike by chance

_IGNORED_FIELDS = {"annotation", "returns", "type_comment", "type_params", "ctx", "kind", "simple"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What remains of an agent for comparison; says nothing about names, texts or layout."""

    structure: str
    prints: frozenset[int]


def likeness(tree: ast.AST) -> Likeness:
    """Reduce a syntax tree to what a copy keeps."""
    spelled, shape = _spelled(tree)
    return Likeness(
        structure=hashlib.sha256(spelled.encode("utf-8", "surrogatepass")).hexdigest(),
        prints=frozenset(_winnowed(_gram_hashes(shape))),
    )


def resemblance(one: frozenset[int], other: Iterable[int], other_size: int) -> float:
    """The share, 0..1, of the smaller program's fingerprints that the other has too; 0 for very small programs."""
    smaller = min(len(one), other_size)
    if smaller < COMPARED_PRINTS:
        return 0.0
    return len(one.intersection(other)) / smaller


_Token = tuple[str, int]
"""What a token adds to the text of a tree, and the byte that stands for its kind in the tree's shape."""


class _Names(dict[str, _Token]):
    """Numbers names by their first use, and returns their tokens."""

    def __missing__(self, name: str) -> _Token:
        self[name] = token = _token("name", str(len(self)))
        return token


def _spelled(tree: ast.AST) -> tuple[str, bytes]:
    """Return the tree in reading order as text, and its shape as one byte for each token.

    Without recursion, as a tree may be deeper than the stack; this loop is a good part of what an upload costs.
    """
    names = _Names()
    tokens: list[_Token] = []
    waiting: list[Any] = [tree]
    while waiting:
        part = waiting.pop()
        kind = part.__class__
        if kind is tuple:
            tokens.append(part)
        elif kind is list:
            tokens.append(_list_head(len(part)))
            waiting += part[::-1]
        elif kind is ast.Name:
            tokens += _head(kind), names[part.id]
        elif kind is ast.Constant:
            tokens += _head(kind), _constant(part.value)
        elif kind is ast.Attribute:
            tokens.append(_head(kind))
            waiting += names[part.attr], part.value
        else:
            tokens.append(_head(kind))
            waiting += _parts(part, names)[::-1]
    texts, codes = zip(*tokens, strict=True)
    return "".join(texts), bytes(codes)


def _token(kind: str, detail: str) -> _Token:
    return f"{len(detail)}:{kind}:{detail};", _code(kind)


@cache
def _head(kind: Any) -> _Token:
    return _token(kind.__name__, "")


@cache
def _code(kind: str) -> int:
    return zlib.crc32(kind.encode()) & 0xFF


@cache
def _list_head(length: int) -> _Token:
    return _token("list", str(length))


@cache
def _fields(kind: Any) -> Callable[[Any], tuple[Any, ...]]:
    """Return what reads the compared fields of a node of this kind."""
    compared = tuple(field for field in kind._fields if field not in _IGNORED_FIELDS)
    if len(compared) > 1:
        return attrgetter(*compared)
    return lambda node: tuple(getattr(node, field) for field in compared)


def _parts(node: Any, names: _Names) -> list[object]:
    """Return what a node is made of: nodes, lists and tokens."""
    if node.__class__ is ast.alias:
        return [_token("import", node.name), names[node.asname or node.name.split(".")[0]]]
    if node.__class__ is ast.ImportFrom:
        return [_token("from", f"{node.level}{node.module or ''}"), node.names]
    values = _fields(node.__class__)(node)
    return [value if isinstance(value, ast.AST) else _field(value, names) for value in values]


def _field(value: Any, names: _Names) -> object:
    kind = value.__class__
    if kind is list:
        return _items(value, names) if not _PLAIN.issuperset(map(type, value)) else value
    if kind is str:
        return names[value]
    if kind is ast.AnnAssign and value.value is not None:  # the same program as a plain assignment
        return ast.Assign(targets=[value.target], value=value.value)
    return value if isinstance(value, ast.AST) else _constant(value)


def _items(values: list[Any], names: _Names) -> list[object]:
    return [_field(item, names) if item.__class__ in _RARE else item for item in values if not _says_nothing(item)]


_PLAIN = {
    ast.arg,
    ast.alias,
    ast.keyword,
    ast.Call,
    ast.Name,
    ast.Constant,
    ast.Attribute,
    ast.Assign,
    ast.If,
    ast.Return,
}
"""Usual items of lists, which stay as they are."""

_RARE = {ast.AnnAssign, str, type(None), list}
"""What may stand in a list beside nodes that stay as they are."""

_QUIET = {ast.Expr, ast.Pass, ast.AnnAssign}


def _constant(value: object) -> _Token:
    text = hex(value) if isinstance(value, int) else repr(value)  # repr of a huge int is refused by Python
    return _token(type(value).__name__, text)


def _says_nothing(item: Any) -> bool:
    """Docstrings, `pass` and bare annotations can be added to a copy for nothing."""
    kind = item.__class__
    if kind not in _QUIET:
        return False
    if kind is ast.Expr:
        return isinstance(item.value, ast.Constant)
    return kind is ast.Pass or item.value is None


def _gram_hashes(shape: bytes) -> list[int]:
    crc32 = zlib.crc32
    return [crc32(shape[at : at + GRAM_TOKENS]) for at in range(len(shape) - GRAM_TOKENS + 1)]


def _winnowed(hashes: list[int]) -> Iterable[int]:
    """The least hash of every window of WINDOW_GRAMS; each round doubles what a minimum spans."""
    least, spanned = hashes, 1
    while spanned < WINDOW_GRAMS:
        least = [one if one < other else other for one, other in zip(least, least[spanned:], strict=False)]
        spanned *= 2
    return least
