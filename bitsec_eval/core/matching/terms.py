"""Words and names of a text on Solidity, Rust or Move code, in forms that can be compared.

A *word* is a stem: identifiers are split at their humps, so `withdrawAll` and "withdraws all" share both.
A *name* is an identifier as a whole, squeezed to its letters and digits: `pay_With ERC 20` still is `paywitherc20`.
"""

import re
from collections.abc import Iterator
from functools import lru_cache

_TOKEN = re.compile(r"[A-Za-z_$][A-Za-z0-9_$]*")
_HUMP = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_NAMED = re.compile(r"([A-Za-z_$][A-Za-z0-9_$]*)(\s*\()?")
_ONE_NAME = re.compile(r"[\w$.:#]+")
_LOOKS_LIKE_CODE = re.compile(r"^_|[a-z0-9][A-Z]|[A-Za-z]\d|[A-Za-z0-9]_[A-Za-z0-9]")
_NO_LETTER = re.compile(r"[^a-z0-9]+")
_SHORTEST_STEM = 4
_SHORTEST_WORD = 3
_SHORTEST_NAME = 4
_LONGEST_KEPT = 64  # characters of a token whose stems are kept: reports are somebody else's


def _listed(text: str) -> tuple[str, ...]:
    return tuple(text.split())


_SUFFIXES = _listed("ations ation ating ated ates ate ions ion ings ing edly ed es s ly e")  # longest first
_COMMON = frozenset(
    _listed("""
    a about above after again all also an and any are as at be because been before being below between both but by
    can cannot could did do does doesn doing done down during each etc every few following for from further had has
    have having he her here his how if in into is it its just more most must no nor not of off on once one only or
    other our out over own per same she should so some such than that the their them then there these they this those
    through to too under up upon us very via was we were what when where which while who whom whose why will with
    would you your
    address assert bool bytes bytes32 call called caller calling calls code const contract contracts description emit
    example external fallback false file fn following function functionality functions high impact import internal
    issue let line lines log low map mapping may medium memory might mitigation mut note potential pragma private pub
    public recommended recommendation require return returns revert self severity solidity struct test true uint
    uint256 use used uses using view
    virtual vulnerability
    """)
)


def stems(text: str) -> list[str]:
    """Return the words of `text` that say something, stemmed, in order; words common to all findings are left out.

    >>> stems("The withdrawAll() function reverts")
    ['withdraw', 'revert']
    """
    return [stem for token in _TOKEN.findall(text) for stem in token_stems(token)]


def tokens(text: str) -> Iterator[tuple[str, int]]:
    """Yield every identifier or word of `text` with the character it begins at."""
    return ((match.group(), match.start()) for match in _TOKEN.finditer(text))


def token_stems(token: str) -> tuple[str, ...]:
    """Return the stems of one token's humps."""
    return _stems_of(token) if len(token) <= _LONGEST_KEPT else _stems_of.__wrapped__(token)


@lru_cache(maxsize=1 << 15)
def _stems_of(token: str) -> tuple[str, ...]:
    if token.lower() in _COMMON:
        return ()
    humps = (hump.lower() for hump in _HUMP.findall(token))
    return tuple(_stem(hump) for hump in humps if len(hump) >= _SHORTEST_WORD and hump not in _COMMON)


def _stem(word: str) -> str:
    for suffix in _SUFFIXES:
        if word.endswith(suffix) and len(word) - len(suffix) >= _SHORTEST_STEM:
            return word.removesuffix(suffix)
    return word


def squeezed(text: str) -> str:
    """Return the letters and digits of `text`, in lower case, and nothing between them.

    >>> squeezed("pay With ERC 20")
    'paywitherc20'
    """
    return _NO_LETTER.sub("", text.lower())


def names(text: str) -> frozenset[str]:
    """Return the identifiers `text` names, squeezed: what is written like code, or is followed by a parenthesis.

    >>> sorted(names("_deployedAmount stays, harvest() does not"))
    ['deployedamount', 'harvest']
    """
    return frozenset(_names(text))


def names_code(text: str) -> bool:
    """Whether `text` names any identifier."""
    return next(_names(text), None) is not None


def _names(text: str) -> Iterator[str]:
    for match in _NAMED.finditer(text):
        name, called_with = match.groups()
        if called_with or _LOOKS_LIKE_CODE.search(name):
            bare = squeezed(name)
            if len(bare) >= _SHORTEST_NAME and bare not in _COMMON:
                yield bare


def called(location: str) -> tuple[str, ...]:
    """Return the functions that `location` names: what is followed by a parenthesis, or all of it if it is one name.

    >>> called("Vault.withdrawAll(), where shares are counted")
    ('withdrawAll',)
    >>> called("Vault.withdrawAll")
    ('Vault.withdrawAll',)
    """
    whole = location.strip()
    if _ONE_NAME.fullmatch(whole):
        return (whole,)
    return tuple(match.group(1) for match in _NAMED.finditer(location) if match.group(2))


def file_stems(files: str) -> frozenset[str]:
    """Return the squeezed names of the source files in `files`, without folders and suffixes.

    >>> sorted(file_stems("src/Vault.sol, core/VaultBase.sol:12"))
    ['vault', 'vaultbase']
    """
    parts = (part.split(":")[0].rsplit("/", 1)[-1].rsplit("\\", 1)[-1] for part in re.split(r"[,;\s]+", files))
    return frozenset(filter(None, (squeezed(part.rsplit(".", 1)[0]) for part in parts)))
