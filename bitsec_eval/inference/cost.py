"""Costs of calls, in whole numbers: budgets are held to the token and to the million-millionth of a dollar."""

from dataclasses import dataclass

PICO = 10**12
"""Money is counted in units of 1e-12 US dollars, so that a price per million tokens is a whole number per token."""

TERMS = ("calls", "prompt_tokens", "completion_tokens", "cost")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """Calls, tokens and money, spent or allowed."""

    calls: int = 0
    prompt_tokens: int = 0
    completion_tokens: int = 0
    pico_dollars: int = 0

    def __add__(self, other: "Cost") -> "Cost":
        return Cost.of(*(one + more for one, more in zip(self.terms, other.terms, strict=True)))

    def __sub__(self, other: "Cost") -> "Cost":
        return Cost.of(*(one - less for one, less in zip(self.terms, other.terms, strict=True)))

    def subtracted_from(self, whole: "Cost") -> "Cost":
        """Return what is left of `whole`, nothing where this is more."""
        return Cost.of(*(max(0, term) for term in (whole - self).terms))

    def part(self, numerator: int, denominator: int) -> "Cost":
        """Return so many of so many equal parts of this, rounded down."""
        return Cost.of(*(term * numerator // denominator for term in self.terms))

    @staticmethod
    def least(one: "Cost", other: "Cost") -> "Cost":
        """Return the lower of each of the terms."""
        return Cost.of(*(min(pair) for pair in zip(one.terms, other.terms, strict=True)))

    @staticmethod
    def of(*terms: int) -> "Cost":
        """Return the cost of these terms, in the order of `TERMS`."""
        calls, prompt, completion, money = terms
        return Cost(calls=calls, prompt_tokens=prompt, completion_tokens=completion, pico_dollars=money)

    @property
    def terms(self) -> tuple[int, int, int, int]:
        """All four numbers, in the order of `TERMS`."""
        return self.calls, self.prompt_tokens, self.completion_tokens, self.pico_dollars

    @property
    def cost(self) -> float:
        """The money in US dollars."""
        return self.pico_dollars / PICO

    def first_over(self, most: "Cost") -> str | None:
        """Return which of `TERMS` is above `most`, or None.

        >>> Cost(calls=3).first_over(Cost(calls=2))
        'calls'
        """
        pairs = zip(TERMS, self.terms, most.terms, strict=True)
        return next((name for name, term, limit in pairs if term > limit), None)

    def told(self) -> dict[str, int | float]:
        """Return the numbers by name, money in US dollars."""
        return dict(zip(TERMS, (*self.terms[:3], self.cost), strict=True))


NO_COST = Cost()


def pico_of(dollars: float) -> int:
    """Return an amount of US dollars in whole units."""
    return round(dollars * PICO)
