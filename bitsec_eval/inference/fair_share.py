"""The budget of an evaluation, shared between its agents: nobody can spend what others' runs still need.

Each agent has the same share, which is held back for it until the last of its runs has ended; what is left then is
free for everybody. So an agent that is refused has used its share up, whatever others did.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping

from bitsec_eval.inference.cost import NO_COST, Cost

LOST = "(lost)"
"""Who is charged where a provider failed and may have billed for it: nobody, but the evaluation."""


class FairShares:
    """What everybody has spent of a `total`, and what is held back for whom; not safe from several threads.

    An agent's claim is what it has spent and what is held back for it. The sum of all claims is kept up to date, so
    asking what one agent may spend takes no longer where there are many.
    """

    def __init__(self, total: Cost) -> None:
        self._total = total
        self._runs: dict[str, int] = {}
        self._ended: Counter[str] = Counter()
        self._spent: defaultdict[str, Cost] = defaultdict(Cost)
        self._claims: defaultdict[str, Cost] = defaultdict(Cost)
        self._claimed = NO_COST
        self._share = total

    def plan(self, runs: Mapping[str, int]) -> None:
        """Say how many runs each agent has; without a plan nothing is held back."""
        self._runs = dict(runs)
        self._divide()

    def end_run(self, agent: str) -> None:
        """Take note that a run of an agent has ended."""
        self._ended[agent] += 1
        self._claim(agent)

    def add(self, agent: str, cost: Cost) -> None:
        """Charge an agent, or give back where the cost is negative."""
        self._spent[agent] += cost
        if agent == LOST:
            self._divide()
        self._claim(agent)

    def spent(self, agent: str) -> Cost:
        """Return what an agent has spent."""
        return self._spent[agent]

    @property
    def all_spent(self) -> Cost:
        """What everybody has spent."""
        return sum(self._spent.values(), NO_COST)

    def most_for(self, agent: str) -> Cost:
        """Return the most that an agent may have spent in all."""
        return (self._claimed - self._claims[agent]).subtracted_from(self._total)

    def left_for(self, agent: str) -> Cost:
        """Return what an agent may still spend; what providers lost is not taken off, as it is nobody's doing."""
        share = self._total.part(1, len(self._runs) or 1)
        left = (self._spent[agent].subtracted_from(most) for most in (share, self.most_for(agent)))
        return Cost.of(*map(max, *(each.terms for each in left)))

    def is_own_doing(self, agent: str, more: Cost) -> bool:
        """Whether an agent that wants so much more is refused by its share, whatever others did."""
        share = self._total.part(1, len(self._runs) or 1)
        return (self._spent[agent] + more).first_over(share) is not None

    def _divide(self) -> None:
        self._share = self._spent[LOST].subtracted_from(self._total).part(1, len(self._runs) or 1)
        for agent in self._runs:
            self._claim(agent)

    def _claim(self, agent: str) -> None:
        claim = self._spent[agent] + self._held(agent)
        self._claimed += claim - self._claims[agent]
        self._claims[agent] = claim

    def _held(self, agent: str) -> Cost:
        if self._ended[agent] >= self._runs.get(agent, 0):
            return NO_COST
        return self._spent[agent].subtracted_from(self._share)
