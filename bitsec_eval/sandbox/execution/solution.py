"""A code answer as checks see it: names to call and handles to use, every value plain data made on this side.

Nothing of the solution's runs here. Comparison happens between the host's own values, so there is no `__eq__` to lie,
no subclass and no pickle.
"""

from collections.abc import Iterator
from typing import Any

from bitsec_eval.core.answers.values import HandleRef
from bitsec_eval.core.errors import SolutionError
from bitsec_eval.sandbox.execution.solution_rpc import SolutionRpc, encoded_arguments

MODULE = 0


class Handle:
    """An object that stayed in the sandbox: call it, read its attributes, index, measure or iterate it."""

    __slots__ = ("_calls", "_known", "_number", "_type_name")
    __hash__ = object.__hash__

    def __init__(self, calls: SolutionRpc, reference: HandleRef) -> None:
        self._calls = calls
        self._number = reference.number
        self._type_name = reference.type_name
        self._known: dict[str, RemoteFunction] = {}

    def __repr__(self) -> str:
        return f"<the solution's {self._type_name!r} object>"

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        if name in self._known:
            return self._known[name]
        doing = f"reading {name}"
        reply = self._calls.ask({"op": "get", "on": self._number, "name": name}, doing)
        if "callable" in reply:
            self._known[name] = RemoteFunction(self._calls, self._number, name)
            return self._known[name]
        return self._local(reply, doing)

    def __call__(self, *arguments: object, **named: object) -> Any:
        return _call(self._calls, {"on": self._number}, "it", arguments, named)

    def __len__(self) -> int:
        try:
            length = self._special("len")
        except SolutionError as error:
            if error.type == "TypeError":  # so that list(), which only asks for a hint, can do without
                raise TypeError(error.message) from None
            raise
        if type(length) is not int or length < 0:
            raise TypeError(f"len() of {self!r} is {length!r}")
        return length

    def __bool__(self) -> bool:
        return True

    def __getitem__(self, key: object) -> Any:
        return self._special("item", key)

    def __contains__(self, key: object) -> bool:
        return self._special("contains", key) is True

    def __iter__(self) -> Iterator[Any]:
        iterator = self._special("iter")
        if not isinstance(iterator, Handle):
            raise TypeError(f"{self!r} gave no iterator")
        while True:
            doing = "iterating"
            request = {"op": "special", "name": "next", "on": iterator._number, "args": []}
            reply = self._calls.ask(request, doing)
            if "stop" in reply:
                return
            yield self._local(reply, doing)

    def _special(self, name: str, *arguments: object) -> Any:
        fields = encoded_arguments([_reference(each) for each in arguments], {})
        del fields["kwargs"]
        reply = self._calls.ask({"op": "special", "name": name, "on": self._number, **fields}, name)
        return self._local(reply, name)

    def _local(self, reply: dict[str, Any], doing: str) -> Any:
        return _wrapped(self._calls, self._calls.value(reply, doing))


class RemoteFunction:
    """A function, method or class of the solution's, by the name it is found under."""

    __slots__ = ("_calls", "_name", "_on")

    def __init__(self, calls: SolutionRpc, on: int, name: str) -> None:
        self._calls = calls
        self._on = on
        self._name = name

    def __repr__(self) -> str:
        return f"<the solution's {self._name!r}>"

    def __call__(self, *arguments: object, **named: object) -> Any:
        return _call(self._calls, {"on": self._on, "name": self._name}, self._name, arguments, named)


class RemoteSolution(Handle):
    """The module of a code answer: `solution.reverse_string("hello")`."""

    __slots__ = ()

    def __init__(self, calls: SolutionRpc) -> None:
        super().__init__(calls, HandleRef(MODULE, "module"))

    def __repr__(self) -> str:
        return "<the solution>"


def _call(
    calls: SolutionRpc, target: dict[str, Any], name: str, arguments: tuple[object, ...], named: dict[str, object]
) -> Any:
    passed = encoded_arguments(
        [_reference(each) for each in arguments], {key: _reference(value) for key, value in named.items()}
    )
    doing = f"calling {name}"
    reply = calls.ask({"op": "call", **target, **passed}, doing)
    return _wrapped(calls, calls.value(reply, doing))


def _reference(value: object) -> object:
    """Return what stands for a handle in the sandbox; other values, at the top level, as they are."""
    return HandleRef(value._number, "") if isinstance(value, Handle) else value


def _wrapped(calls: SolutionRpc, value: Any) -> Any:
    """Put a `Handle` wherever a value, however deep, stands for an object of the sandbox."""
    kind = type(value)
    if kind is HandleRef:
        return Handle(calls, value)
    if kind in (list, tuple, set, frozenset):
        return kind(_wrapped(calls, item) for item in value)
    if kind is dict:
        return {_wrapped(calls, key): _wrapped(calls, item) for key, item in value.items()}
    return value
