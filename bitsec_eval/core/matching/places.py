"""Parses a finding's location in the notation of each language's community: paths, modules, qualified functions.

A path is a path whatever language its file is in. What holds a function may be named instead of the file: a contract,
a Vyper module, a Rust module, impl or program, a Move module (`0x1::pool`), a Cairo impl, a Go package or type.
A function is its last name, however it is qualified: `Pool::set_owner`, `self.set_owner`, `(k Keeper) SetOwner`.
A name in snake_case is also written as messages, clients and interfaces made of it are: `SetOwner`, `setOwner`.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import PurePosixPath

EXTENSIONS = (
    *("sol", "vy", "vyi", "yul", "huff", "fe", "rs", "move", "cairo", "go", "sw", "fc", "func", "tact", "tolk", "nr"),
    *("circom", "clar", "teal", "py", "ts", "tsx", "js", "jsligo", "mligo", "ligo", "rell", "ak", "hs", "scilla"),
)
"""Suffixes of source files in which audited code is written."""

SOURCE = re.compile(rf"(?<![\w$./\\-])[\w$./\\@-]+?\.(?:{'|'.join(EXTENSIONS)})\b(?![\w/\\(-])")
"""A path of a source file within a text; `token.move(x)` is none."""

WORD = re.compile(r"(?<![A-Za-z0-9_$])[A-Za-z_$][A-Za-z0-9_$]*")

_ROOTS = {"lib", "mod", "main", "index", "contract", "program", "__init__"}
"""Names of files that say nothing: there the folder is the module."""

_SNAKE = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)+\Z")


def same_file(one: str, other: str) -> bool:
    """Whether one path ends in the other, so that both can mean the same file.

    >>> same_file("programs/pool/src/lib.rs", "./src/lib.rs"), same_file("a/pool.vy", "b/pool.vy")
    (True, False)
    """
    first, second = (path.replace("\\", "/").lstrip("./").split("/") for path in (one, other))
    short = min(len(first), len(second))
    return first[-short:] == second[-short:]


def holders(file: str, contract: str) -> frozenset[str]:
    """Return what may be named instead of `file`: the contract, and the module that the file is, where it is one.

    >>> sorted(holders("sources/pool.move", "")), sorted(holders("programs/pool/src/lib.rs", "Pool"))
    (['pool'], ['Pool', 'pool'])
    """
    path = PurePosixPath(file.replace("\\", "/"))
    folders = [part for part in path.parts[:-1] if part not in ("src", "sources", "contracts", ".")]
    stem = path.stem if path.stem not in _ROOTS else folders[-1] if folders else ""
    module = stem.replace("-", "_") if path.suffix != ".sol" or not contract else ""
    return frozenset(filter(None, (contract, module)))


def names_any(holders: Iterable[str], text: str) -> bool:
    """Whether `text` holds one of the names as a whole word."""
    return not set(holders).isdisjoint(WORD.findall(text))


def spellings(functions: Iterable[str]) -> Mapping[str, str]:
    """Return every way `functions` are written, each with the function it means; their own names come first.

    >>> sorted(spellings({"set_owner"}))
    ['SetOwner', 'setOwner', 'set_owner']
    """
    exact = {name: name for name in functions}
    other: dict[str, str] = {}
    for name in sorted(exact):
        if _SNAKE.match(name):
            pascal = "".join(part.capitalize() for part in name.split("_"))
            other |= {pascal: name, pascal[0].lower() + pascal[1:]: name}
    return other | exact


def functions_in(text: str, written: Mapping[str, str]) -> frozenset[str]:
    """Return the functions that `text` names, in whole words and exact case."""
    return frozenset(written[word] for word in WORD.findall(text) if word in written)
