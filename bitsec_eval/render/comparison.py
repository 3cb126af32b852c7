"""A comparison of two boards on a terminal and as a page."""

import textwrap
from collections.abc import Iterator, Sequence

from markupsafe import Markup

from bitsec_eval.core.scoring.comparison import MovedAgent, MovedTask
from bitsec_eval.core.text import one_line
from bitsec_eval.render.figures import points
from bitsec_eval.render.html import content_policy, environment, stylesheet

SMALLEST_P = 0.001


def comparison_lines(moved: Sequence[MovedAgent], width: int = 80, conditions: Sequence[str] = ()) -> list[str]:
    """Return what moved, as lines of at most `width` columns; first the `conditions` that are not the same."""
    lines = [one_line(line, 2000) for line in conditions]
    lines += [line for agent in moved if agent.tasks for line in _agent(agent)]
    lines += [f"{verdict}: {', '.join(map(one_line, names))}" for verdict, names in unmoved(moved).items()]
    lines = lines if moved else [*lines, "no agents on either side"]
    return [part for line in lines for part in _fitting(line, max(width, 40))]


def comparison_html(moved: Sequence[MovedAgent], before: str, after: str, conditions: Sequence[str] = ()) -> str:
    """Return what moved as one self-contained page; `before` and `after` name the sides, `conditions` differ."""
    page = environment().get_template("comparison.html")
    style = stylesheet()
    return page.render(
        title="What moved",
        moved=[agent for agent in moved if agent.tasks],
        unmoved=unmoved(moved),
        chance=chance,
        conditions=conditions,
        before=before,
        after=after,
        signed=signed,
        csp=content_policy(style),
        style=Markup(style),  # noqa: S704 - our own file
    )


def unmoved(moved: Sequence[MovedAgent]) -> dict[str, list[str]]:
    """Return the names of agents without a task that moved, by the verdict on them."""
    told: dict[str, list[str]] = {}
    for agent in moved:
        if not agent.tasks:
            told.setdefault(agent.verdict, []).append(agent.agent)
    return dict(sorted(told.items(), reverse=True))


def chance(p: float | None) -> str:
    """Return a p-value as readers know it, "" for none.

    >>> chance(0.0312), chance(0.0002), chance(None)
    ('p = 0.031', 'p < 0.001', '')
    """
    if p is None:
        return ""
    return "p < 0.001" if p < SMALLEST_P else f"p = {p:.3f}"


def signed(before: float | None, after: float | None) -> str:
    """Return the difference of two scores with its sign, "" where there is none.

    >>> signed(50.0, 62.5), signed(50.0, 50.0), signed(None, 1.0)
    ('+12.5', '0.0', '')
    """
    if before is None or after is None:
        return ""
    return f"{after - before:+.1f}" if after != before else "0.0"


def _agent(agent: MovedAgent) -> Iterator[str]:
    version = "" if agent.same_version or agent.before is None or agent.after is None else ", another version"
    scores = f"{points(agent.before)} -> {points(agent.after)}"
    told = agent.verdict if agent.p is None else f"{agent.verdict} ({chance(agent.p)})"
    yield f"{one_line(agent.agent)}  {scores}  {signed(agent.before, agent.after)}  {told}{version}"
    for task in agent.tasks:
        yield from _task(agent, task)


def _task(agent: MovedAgent, task: MovedTask) -> Iterator[str]:
    yield f"  {one_line(task.task)}  {points(task.before)} -> {points(task.after)}  {agent.cause(task)}"
    for what, names in (("passes now", task.mended), ("fails now", task.broken)):
        if names:
            yield f"    {what}: {', '.join(map(one_line, names))}"


def _fitting(line: str, width: int) -> list[str]:
    indent = " " * (len(line) - len(line.lstrip()))
    return textwrap.wrap(line.strip(), width, initial_indent=indent, subsequent_indent=f"{indent}  ")
