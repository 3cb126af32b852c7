"""How alike two agents are: equal up to names and layout, or alike in most of their parts.

`Likeness.structure` is a hash of the syntax tree in which names are numbered by first use and comments, docstrings,
annotations and layout do not occur: a renamed or reformatted copy has the same one.
`Likeness.prints` are winnowed fingerprints of the tree's shape (Schleimer, Wilkerson, Aiken 2003), which survive
reordered functions, changed constants and padding.
Neither proves a copy; two authors who start from one template are alike as well.
"""

import ast
import hashlib
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

GRAM_TOKENS = 16  # shorter shapes are common to most programs
WINDOW_GRAMS = 8  # a copied stretch of GRAM_TOKENS + WINDOW_GRAMS - 1 tokens is sure to be seen
COMPARED_PRINTS = 40  # smaller programs are alike by chance

_IGNORED_FIELDS = {"annotation", "returns", "type_comment", "type_params", "ctx", "kind", "simple"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Likeness:
    """What remains of an agent for comparison; says nothing about names, texts or layout."""

    structure: str
    prints: frozenset[int]


def likeness(tree: ast.AST) -> Likeness:
    """Reduce a syntax tree to what a copy keeps."""
    tokens = list(_tokens(tree))
    spelled = "".join([f"{len(detail)}:{kind}:{detail};" for kind, detail in tokens])
    codes = {kind: zlib.crc32(kind.encode()) & 0xFF for kind, _ in tokens}
    shape = bytes([codes[kind] for kind, _ in tokens])
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


def _tokens(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """Walk the tree in reading order, without recursion, as (kind, detail) pairs."""
    numbers: dict[str, int] = {}
    waiting: list[object] = [tree]
    while waiting:
        part = waiting.pop()
        if isinstance(part, ast.AST):
            yield type(part).__name__, ""
            waiting.extend(reversed(_parts(part, numbers)))
        elif isinstance(part, list):
            yield "list", str(len(part))
            waiting.extend(reversed(part))
        elif isinstance(part, _Detail):
            yield part.kind, part.text


@dataclass(frozen=True, slots=True)
class _Detail:
    kind: str
    text: str


def _parts(node: ast.AST, numbers: dict[str, int]) -> list[object]:
    if isinstance(node, ast.Constant):
        return [_constant(node.value)]
    if isinstance(node, ast.alias):
        return [_Detail("import", node.name), _number(node.asname or node.name.split(".")[0], numbers)]
    if isinstance(node, ast.ImportFrom):
        return [_Detail("from", f"{node.level}{node.module or ''}"), node.names]
    return [_field(getattr(node, field), numbers) for field in node._fields if field not in _IGNORED_FIELDS]


def _field(value: object, numbers: dict[str, int]) -> object:
    if isinstance(value, str):
        return _number(value, numbers)
    if isinstance(value, list):
        return [_field(item, numbers) for item in value if not _says_nothing(item)]
    return _assignment(value) if isinstance(value, ast.AST) else _constant(value)


def _number(name: str, numbers: dict[str, int]) -> _Detail:
    return _Detail("name", str(numbers.setdefault(name, len(numbers))))


def _constant(value: object) -> _Detail:
    text = hex(value) if isinstance(value, int) else repr(value)  # repr of a huge int is refused by Python
    return _Detail(type(value).__name__, text)


def _says_nothing(item: object) -> bool:
    """Docstrings, `pass` and bare annotations can be added to a copy for nothing."""
    if isinstance(item, ast.Expr):
        return isinstance(item.value, ast.Constant)
    return isinstance(item, ast.Pass) or (isinstance(item, ast.AnnAssign) and item.value is None)


def _assignment(node: ast.AST) -> ast.AST:
    """An annotated assignment is the same program as a plain one."""
    if isinstance(node, ast.AnnAssign) and node.value is not None:
        return ast.Assign(targets=[node.target], value=node.value)
    return node


def _gram_hashes(shape: bytes) -> list[int]:
    return [zlib.crc32(shape[at : at + GRAM_TOKENS]) for at in range(len(shape) - GRAM_TOKENS + 1)]


def _winnowed(hashes: list[int]) -> Iterator[int]:
    for at in range(len(hashes) - WINDOW_GRAMS + 1):
        yield min(hashes[at : at + WINDOW_GRAMS])
