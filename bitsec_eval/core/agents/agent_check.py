"""Static check of a submitted agent: UTF-8 Python for the sandbox, standard library only, that does something.

This is a fairness check and early feedback, not the wall: the sandbox has no other package and no network, so what a
static check cannot see (`exec("import " + name)`) fails there.
Everything here is a pure function of the bytes, never runs them, and reads the syntax tree rather than the text:
encodings, continued lines, full-width letters and docstrings all mislead a regular expression.
Parsing hostile source can exhaust memory or time, so a server calls `examine` in a limited child process.
"""

import ast
import codecs
import io
import re
import tokenize
import warnings
from collections.abc import Iterator
from dataclasses import dataclass

from bitsec_eval.core.agents.entry_point import runs_nothing
from bitsec_eval.core.agents.fstrings import newer_fstring
from bitsec_eval.core.agents.stdlib_modules import STDLIB_MODULES
from bitsec_eval.core.agents.syntax_nodes import Nodes, nodes_by_kind, of_kind
from bitsec_eval.core.tasks.task import AGENT_MAIN
from bitsec_eval.core.text import one_line

AGENT_BYTES = 256 * 1024
SANDBOX_PYTHON = (3, 11)
SHOWN_CAUTIONS = 20
SHOWN_LIBRARIES = 20

_DYNAMIC_CODE = {"exec", "eval", "compile"}
_DYNAMIC_IMPORT = {"__import__", "import_module"}
_UNUSUAL_MODULES = {"ctypes", "socket", "subprocess"}
_ARGUMENTS = {"argv", "orig_argv"}
_TASK_OPTION = re.compile(r"--task(?![\w-])")


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """Why an agent is not accepted: a reason for programs, a sentence for people and what to do about it."""

    reason: str
    sentence: str
    remedy: str
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Caution:
    """Something about an agent that was accepted, and that its author may want to know."""

    reason: str
    sentence: str
    line: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Examination:
    """What `examine` found; `tree` is None where there is a refusal."""

    refusal: Refusal | None = None
    cautions: tuple[Caution, ...] = ()
    tree: ast.Module | None = None


def examine(source: bytes, libraries: frozenset[str] = frozenset()) -> Examination:
    """Check one agent's bytes, cheapest rule first; the first refusal is the answer.

    `libraries` are top-level modules that may be imported beside the standard library's.
    A newer interpreter than the sandbox's refuses what the sandbox's would not understand.
    """
    tree = refused_bytes(source) or parsed(source)
    if isinstance(tree, Refusal):
        return Examination(refusal=tree)
    nodes = nodes_by_kind(tree)  # not by a NodeVisitor, which recurses where the parser did not
    is_called = defines_agent_main(tree)
    refusal = foreign_import(nodes, libraries) or (None if is_called else no_entry_point(tree, nodes))
    if refusal is not None:
        return Examination(refusal=refusal)
    return Examination(cautions=cautions(nodes, is_called=is_called), tree=tree)


def refused_bytes(source: bytes) -> Refusal | None:
    """Refuse what is too large, holds NUL, declares another encoding than UTF-8 or is not UTF-8."""
    return _too_large(source) or _nul_byte(source) or _foreign_encoding(source) or _invalid_utf8(source)


def _too_large(source: bytes) -> Refusal | None:
    if len(source) <= AGENT_BYTES:
        return None
    return Refusal(
        reason="too_large",
        sentence=f"The agent has {len(source):,} bytes; at most {AGENT_BYTES:,} are accepted.",
        remedy="Shorten the file; tables and data count as well.",
    )


def _not_utf8(sentence: str, line: int | None = None) -> Refusal:
    return Refusal(
        reason="not_utf8", sentence=sentence, remedy="Save the file as UTF-8 without a coding line.", line=line
    )


def _nul_byte(source: bytes) -> Refusal | None:
    at = source.find(b"\0")
    if at < 0:
        return None
    line = _line_of(source, at)
    return _not_utf8(f"Line {line} holds a NUL byte; the file is binary, UTF-16 or damaged.", line)


def _foreign_encoding(source: bytes) -> Refusal | None:
    r"""Refuse a coding line other than UTF-8; a bare \r ends a line for Python, though not for `tokenize`."""
    lines = io.BytesIO(source.replace(b"\r\n", b"\n").replace(b"\r", b"\n"))
    try:
        encoding, _ = tokenize.detect_encoding(lines.readline)
    except (SyntaxError, LookupError, ValueError) as error:
        return _not_utf8(f"The file's encoding cannot be read: {one_line(str(error))}.")
    if codecs.lookup(encoding).name in {"utf-8", "utf-8-sig"}:
        return None
    return _not_utf8(f"The file declares the encoding {one_line(encoding)}; only UTF-8 is accepted.")


def _invalid_utf8(source: bytes) -> Refusal | None:
    try:
        source.decode("utf-8")
    except UnicodeDecodeError as error:
        line = _line_of(source, error.start)
        return _not_utf8(f"Line {line} is not valid UTF-8 (byte {error.start}).", line)
    return None


def _line_of(source: bytes, at: int) -> int:
    return source.count(b"\n", 0, at) + 1


def parsed(source: bytes) -> ast.Module | Refusal:
    """Parse bytes as Python, or say why they do not.

    `ast.parse` and never `compile`: nested comprehensions that parse well crash the compiler itself.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(source, feature_version=SANDBOX_PYTHON)
        newer = newer_fstring(source)
        return tree if newer is None else _syntax_error(newer[1], newer[0])
    except (RecursionError, MemoryError):
        return TOO_COMPLEX
    except SyntaxError as error:
        return _syntax_error(one_line(error.msg), error.lineno)
    except ValueError as error:
        return _syntax_error(one_line(str(error)), None)


TOO_COMPLEX = Refusal(
    reason="too_complex",
    sentence="The file is nested too deeply or takes too long to parse.",
    remedy="Split long expressions and chains; put big tables into plain lists or strings.",
)


def _syntax_error(message: str, line: int | None) -> Refusal:
    where = f"Line {line}" if line else "The file"
    return Refusal(
        reason="syntax_error",
        sentence=f"{where} is not Python {_version()}: {message}.",
        remedy=f"Run it with Python {_version()}, the sandbox's version, and mend what it reports.",
        line=line,
    )


def _version() -> str:
    return ".".join(map(str, SANDBOX_PYTHON))


def foreign_import(nodes: Nodes, libraries: frozenset[str] = frozenset()) -> Refusal | None:
    """Refuse the first import, wherever it stands, that neither the standard library nor `libraries` can serve."""
    known = STDLIB_MODULES | libraries
    foreign = [(line, name) for line, name in imported(nodes) if name.split(".")[0] not in known]
    if not foreign:
        return None
    line, name = min(foreign)
    shown = one_line(name, 80)
    if name.startswith("."):
        sentence = f"Line {line} imports {shown} relatively, but an agent is one file."
    else:
        nor = ", nor in an image of a task" if libraries else ""
        sentence = f"Line {line} imports {shown}, which is not in Python {_version()}'s standard library{nor}."
    return Refusal(reason="not_stdlib", sentence=sentence, remedy=_import_remedy(libraries), line=line)


def _import_remedy(libraries: frozenset[str]) -> str:
    if not libraries:
        return "Use the standard library only, also inside try, if and functions; nothing else is installed."
    shown = sorted(libraries)[:SHOWN_LIBRARIES]
    more = f" and {len(libraries) - len(shown)} more" if len(libraries) > len(shown) else ""
    named = f"{', '.join(shown)}{more}"
    return f"Use the standard library, and in tasks whose image has it {named}; nothing else is installed."


def imported(nodes: Nodes) -> Iterator[tuple[int, str]]:
    """Every module named by an import statement or by a literal given to an import function, with its line.

    A relative import begins with its dots.
    """
    for plain in of_kind(nodes, ast.Import):
        yield from ((plain.lineno, alias.name) for alias in plain.names)
    for named in of_kind(nodes, ast.ImportFrom):
        yield named.lineno, "." * named.level + (named.module or "")
    for call in of_kind(nodes, ast.Call):
        if isinstance(name := _dynamic_import(call), str):
            yield call.lineno, name


def _dynamic_import(call: ast.Call) -> str | bool:
    """Return the literal module an import function is called with, True for any other argument, else False."""
    if _called(call) not in _DYNAMIC_IMPORT:
        return False
    named = [keyword.value for keyword in call.keywords if keyword.arg == "name"]
    match [*call.args[:1], *named]:
        case [ast.Constant(value=str(name)), *_]:
            return name
    return True


def _called(call: ast.Call) -> str:
    return getattr(call.func, "id", "") or getattr(call.func, "attr", "")


def no_entry_point(tree: ast.Module, nodes: Nodes) -> Refusal | None:
    """Refuse a file that only defines things: starting it prints nothing, whatever the task."""
    if not runs_nothing(tree, nodes):
        return None
    return Refusal(
        reason="no_entry_point",
        sentence="Starting the file does nothing: it only defines functions, classes and values.",
        remedy='End it with `if __name__ == "__main__": main()`, where main reads `--task` and prints the answer.',
    )


def defines_agent_main(tree: ast.Module) -> bool:
    """Whether a file has an agent_main() for tasks that call it instead of starting the file."""
    functions = (node for node in tree.body if isinstance(node, ast.FunctionDef))
    return any(function.name == AGENT_MAIN for function in functions)


def _names_task(text: str) -> bool:
    return text == "task=" or _TASK_OPTION.search(text) is not None  # "task=" is how getopt spells it


def _strings(nodes: Nodes) -> Iterator[str]:
    """Every string the code uses: docstrings and other bare string statements are not used."""
    bare = {id(node.value) for node in of_kind(nodes, ast.Expr)}
    for node in of_kind(nodes, ast.Constant):
        if isinstance(node.value, str) and id(node) not in bare:
            yield node.value


def cautions(nodes: Nodes, *, is_called: bool) -> tuple[Caution, ...]:
    """The first few things, by line, that are accepted but will probably not work in the sandbox.

    An agent that `is_called` by its agent_main() is handed the task and need not read it.
    """
    calls = (caution for call in of_kind(nodes, ast.Call) for caution in _call_cautions(call))
    by_line = sorted((*calls, *_unusual_imports(nodes)), key=lambda caution: caution.line or 0)
    unread = () if is_called else _task_unread(nodes)
    return (*unread, *by_line)[:SHOWN_CAUTIONS]


def _task_unread(nodes: Nodes) -> Iterator[Caution]:
    """Warn of an agent in which neither a string names `--task` nor anything is called `argv`."""
    if not any(_names_task(text) for text in _strings(nodes)) and not _names(nodes) & _ARGUMENTS:
        sentence = (
            "The file names neither --task nor sys.argv; if it reads no argument, every task has the same answer."
        )
        yield Caution(reason="task_not_read", sentence=sentence)


def _names(nodes: Nodes) -> set[str]:
    """Every name that the code uses, attributes and imported ones included."""
    imported_names = {alias.name for alias in of_kind(nodes, ast.alias)}
    attributes = {node.attr for node in of_kind(nodes, ast.Attribute)}
    return imported_names | attributes | {node.id for node in of_kind(nodes, ast.Name)}


def _unusual_imports(nodes: Nodes) -> Iterator[Caution]:
    statements: Nodes = {kind: nodes.get(kind, []) for kind in (ast.Import, ast.ImportFrom)}
    for line, name in imported(statements):
        if (top := name.split(".")[0]) in _UNUSUAL_MODULES:
            sentence = f"Line {line} imports {top}; the sandbox has no network and few system calls."
            yield Caution(reason="unusual_import", sentence=sentence, line=line)


def _call_cautions(call: ast.Call) -> Iterator[Caution]:
    if isinstance(call.func, ast.Name) and call.func.id in _DYNAMIC_CODE:
        sentence = f"Line {call.lineno} calls {call.func.id}; what it runs cannot be checked here."
        yield Caution(reason="dynamic_code", sentence=sentence, line=call.lineno)
    elif _dynamic_import(call) is True:
        sentence = f"Line {call.lineno} imports a module by a computed name; only the standard library is there."
        yield Caution(reason="dynamic_import", sentence=sentence, line=call.lineno)
