"""One tree of errors, named for who must act.

What an agent did is never one of the `BitsecError`s: it is a value (an `Ending`, an outcome) or, inside a check,
an `AnswerFault` or `SolutionError`, and costs the agent points.
A `BitsecError` is somebody else's to mend and never costs an agent anything.
Every message is one line: what was found, then what to do.
"""


class BitsecError(Exception):
    """Something that is not the agent's doing."""


class TaskError(BitsecError):
    """A task is written wrongly; its author must act."""


class SettingsError(BitsecError):
    """An option, path or environment is wrong; the operator must act."""


class ResultsError(BitsecError):
    """A junit or board file cannot be read; whoever made it must act."""


class SandboxError(BitsecError):
    """The engine, its image or this machine failed; the run is void and is tried again.

    `attempts` is how often it was tried before this error was final.
    """

    attempts: int = 1


class EngineLostError(SandboxError):
    """A sandbox was lost with its engine, which does not answer any more; another engine may take the run at once."""


class UnprovenError(SandboxError):
    """Something failed while untrusted code ran, and no evidence that a guest could not have made says it was ours.

    It is tried again like any other; if it stays, it counts as ours only where a sandbox of our own meets it as well.
    """


class KilledError(UnprovenError):
    """A sandbox was killed, and the engine knows of no reason: by this machine most likely, but nobody can tell."""


class InferenceError(BitsecError):
    """The LLM behind the gateway or the judge could not be reached; the run is void."""

    attempts: int = 1


class AnswerFault(Exception):  # noqa: N818 - it is a fault of the answer, not an error of ours
    """The agent's answer cannot be checked: late, crashed, malformed, or lacking what the task asks for.

    Raised inside a check, it fails the check, even where the check expects an exception.
    `public` is what everybody may read: one of a fixed list of reasons, which may name what was asked for and never
    tells what came back.
    """

    def __init__(self, message: str, public: str = "the answer cannot be checked") -> None:
        super().__init__(message)
        self.public = public


class LackingNameFault(AnswerFault, AttributeError):  # noqa: N818 - as AnswerFault
    """The solution lacks a name that was looked up; to `hasattr` and `getattr` a lack like any other.

    A check whose own file looks the name up fails, even where it expects an exception.
    """


class SolutionError(Exception):
    """An exception the solution raised when it was called.

    `type` is the exception's class name and `message` its text, both as the solution's container reported them.
    Expect it with `pytest.raises(SolutionError, match="ValueError")`.
    """

    def __init__(self, type: str, message: str) -> None:  # noqa: A002 - reads as error.type in checks
        super().__init__(f"{type}: {message}" if message else type)
        self.type = type
        self.message = message
