"""The transactions an exploit's answer may list: sent as the attacker, before its entry function is called."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bitsec_eval.core.errors import AnswerFault
from bitsec_eval.core.proof.contract import Contract
from bitsec_eval.core.proof.machine import CallOutcome
from bitsec_eval.core.proof.public import Public
from bitsec_eval.core.proof.scenario import Scenario

MOST_TRANSACTIONS = 16
MOST_DATA_BYTES = 1 << 17
ATTACKER, EXPLOIT = "attacker", "exploit"

_DATA = re.compile(r"0x(?:[0-9a-fA-F]{2})*\Z")
_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}\Z")
_KEYS = {"from", "to", "value", "data", "function", "arguments"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Transaction:
    """One transaction: to "exploit", a name of the prompt or an address; wei; data or a function's call."""

    to: str
    value: int = 0
    data: bytes = b""
    function: str = ""
    arguments: tuple[Any, ...] = ()


def transactions_of(told: object) -> tuple[Transaction, ...]:
    """Return the transactions an answer lists.

    Raises:
        AnswerFault: it is no list of them, or one is to be sent by somebody else than the attacker.
    """
    if not isinstance(told, list) or len(told) > MOST_TRANSACTIONS:
        raise AnswerFault(f"calls must be a list of at most {MOST_TRANSACTIONS}", Public.BAD_CALLS)
    return tuple(_transaction(each) for each in told)


def _transaction(told: object) -> Transaction:
    if not isinstance(told, dict) or not told.keys() <= _KEYS:
        raise AnswerFault(f"a call is an object of {', '.join(sorted(_KEYS))}", Public.BAD_CALLS)
    if told.get("from", ATTACKER) != ATTACKER:
        raise AnswerFault(f"a call from {told.get('from')!r:.60}", Public.NOT_YOURS)
    to, value, data = told.get("to", EXPLOIT), told.get("value", 0), told.get("data", "0x")
    function, arguments = told.get("function", ""), told.get("arguments", [])
    if type(value) is str and value.isascii() and value.isdecimal() and len(value) < 79:
        value = int(value)
    fits = type(to) is str and type(value) is int and 0 <= value < 1 << 256 and type(function) is str
    if not fits or type(data) is not str or not _DATA.match(data) or type(arguments) is not list:
        raise AnswerFault("a call has a field of the wrong kind", Public.BAD_CALLS)
    if len(data) > 2 * MOST_DATA_BYTES:
        raise AnswerFault("the data of a call is too long", Public.TOO_LARGE)
    return Transaction(
        to=to, value=value, data=bytes.fromhex(data[2:]), function=function, arguments=tuple(arguments)
    )


def send(transactions: Sequence[Transaction], scenario: Scenario, exploit: Contract) -> list[tuple[str, CallOutcome]]:
    """Send transactions as the attacker and return what came of each; one that is undone is left at that.

    Raises:
        AnswerFault: one names a contract or function that is not there, or its arguments do not fit.
    """
    named = {**scenario.targets(), EXPLOIT: exploit}
    sent = []
    for each in transactions:
        address, data = _addressed(each, scenario, named)
        outcome = scenario.chain.transact(scenario.attacker, address, data, each.value)
        sent.append((f"{each.to}.{each.function}" if each.function else f"{each.to} (data)", outcome))
    return sent


def _addressed(each: Transaction, scenario: Scenario, named: dict[str, Contract]) -> tuple[str, bytes]:
    if _ADDRESS.match(each.to) and not each.function:
        return each.to.lower(), each.data
    target = named.get(each.to)
    if target is None:
        raise AnswerFault(f"a call to {each.to!r:.60}, which is nobody here", Public.BAD_CALLS)
    if not each.function:
        return target.address, each.data
    arguments = [_resolved(argument, scenario, named) for argument in each.arguments]
    try:
        return target.address, target.function(each.function, len(arguments)).data(*arguments)
    except (AttributeError, KeyError, TypeError) as wrong:
        raise AnswerFault(f"a call of {each.function!r:.60}: {wrong!r:.200}", Public.BAD_CALLS) from None


def _resolved(value: Any, scenario: Scenario, named: dict[str, Contract]) -> Any:
    """Return what an argument stands for: a name for its address, digits for a number, the rest as it is."""
    if isinstance(value, list):
        return [_resolved(each, scenario, named) for each in value]
    if value == ATTACKER:
        return scenario.attacker.address
    if isinstance(value, str) and value in named:
        return named[value].address
    if isinstance(value, str) and value.isascii() and value.isdecimal() and len(value) < 79:
        return int(value)
    return value
