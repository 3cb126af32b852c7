"""One run as values: what is to be done, and what came of it."""

from collections.abc import Callable
from dataclasses import dataclass, field

from bitsec_eval.core.answers.answer import Answer
from bitsec_eval.core.errors import InferenceError, SandboxError
from bitsec_eval.core.tasks.llm import LLM
from bitsec_eval.core.tasks.task import Limits
from bitsec_eval.sandbox.execution.agent_run import AgentOrder
from bitsec_eval.sandbox.execution.llm_bridge import LLMTransport


@dataclass(frozen=True, slots=True, order=True)
class RunKey:
    """The agent and the task of a run, by name, and which of its repeats it is, from 0."""

    agent: str
    task: str
    repeat: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class RunSpec:
    """One run to do: the agent, once for each order (a task's workspace, and its twin if it has one).

    `orders` is called when the run starts, so that no more workspaces are held in memory than runs are going on.
    `image` is the sandbox image that the task asks for, as NAME@sha256:DIGEST; empty for the evaluation's.
    `service` wraps what the agent asks an LLM through, to answer something of it otherwise.
    """

    key: RunKey
    orders: Callable[[], tuple[AgentOrder, ...]]
    limits: Limits
    calls: bool = False
    llm: LLM = field(default_factory=LLM)
    image: str = ""
    service: Callable[[LLMTransport], LLMTransport] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunResult:
    """What came of a run: one answer for each order, or the failure of ours that makes it void.

    `waited_seconds` is how long it stood in the queue and `took_seconds` how long it was after that until it was
    done; `reused` names the evaluation its answers come from, if it was an earlier one.
    """

    answers: tuple[Answer, ...] = ()
    attempts: int = 1
    waited_seconds: float = 0.0
    took_seconds: float = 0.0
    reused: str = ""
    failure: SandboxError | InferenceError | None = None
