"""Move money between accounts: a contract about exceptions, their types, messages and order."""

import pytest

from bitsec_eval import SolutionError, Task

TASK = Task(
    prompt="""\
Implement money transfers between accounts. Balances are whole numbers and never negative.

class InsufficientFundsError(Exception)

transfer(balances: dict[str, int], source: str, target: str, amount: int) -> dict[str, int]
    New balances after `amount` moved from `source` to `target`. What is wrong is looked for in this order:
    1. amount is not an int, or is a bool: TypeError("amount must be an int, not str"), naming its type
    2. amount is not positive: ValueError("amount must be positive, not -5")
    3. source and target are the same: ValueError("source and target are both ann")
    4. source, or else target, is unknown: KeyError of that name, as in KeyError("zoe")
    5. source has too little: InsufficientFundsError("ann has 5, needs 7")

settle(balances: dict[str, int], transfers: list[tuple[str, str, int]])
        -> tuple[dict[str, int], list[tuple[int, str]]]
    Carry out transfers (source, target, amount) one after another.
    One that is refused changes nothing, and is listed: its place, counted from 0, and the exception's type.
    Return the balances and the list of refusals.

Examples:
    transfer({"ann": 5, "bob": 1}, "ann", "bob", 2) == {"ann": 3, "bob": 3}
    settle({"ann": 5, "bob": 1}, [("bob", "ann", 2)]) == ({"ann": 5, "bob": 1}, [(0, "InsufficientFundsError")])
""",
    timeout=10,
)

BALANCES = {"eve": 20, "dan": 8, "pam": 0}


def _refuses(solution, *cases):
    """Check that every case is refused in its own words, and that a transfer without fault is not."""
    assert solution.transfer(BALANCES, "eve", "pam", 6) == {"eve": 14, "dan": 8, "pam": 6}
    for source, target, amount, complaint in cases:
        with pytest.raises(SolutionError, match=f"^{complaint}$"):
            solution.transfer(BALANCES, source, target, amount)


def test_moves_money(solution):
    assert solution.transfer(BALANCES, "dan", "pam", 3) == {"eve": 20, "dan": 5, "pam": 3}


def test_moves_the_last_coin(solution):
    assert solution.transfer(BALANCES, "eve", "dan", 20) == {"eve": 0, "dan": 28, "pam": 0}


def test_refuses_to_overdraw(solution):
    _refuses(
        solution,
        ("dan", "eve", 9, "InsufficientFundsError: dan has 8, needs 9"),
        ("pam", "eve", 1, "InsufficientFundsError: pam has 0, needs 1"),
    )


def test_refuses_unknown_accounts(solution):
    _refuses(
        solution,
        ("ivy", "eve", 1, "KeyError: 'ivy'"),
        ("eve", "joe", 1, "KeyError: 'joe'"),
        ("kim", "lee", 1, "KeyError: 'kim'"),
    )


def test_refuses_amounts_that_are_not_positive(solution):
    _refuses(
        solution,
        ("eve", "dan", 0, "ValueError: amount must be positive, not 0"),
        ("eve", "dan", -8, "ValueError: amount must be positive, not -8"),
    )


def test_refuses_amounts_that_are_not_integers(solution):
    _refuses(
        solution,
        ("eve", "dan", 2.0, "TypeError: amount must be an int, not float"),
        ("eve", "dan", None, "TypeError: amount must be an int, not NoneType"),
        ("eve", "dan", True, "TypeError: amount must be an int, not bool"),
    )


def test_refuses_transfers_to_oneself(solution):
    _refuses(solution, ("dan", "dan", 1, "ValueError: source and target are both dan"))


@pytest.mark.weight(2)
def test_complains_in_the_order_agreed(solution):
    _refuses(
        solution,
        ("ivy", "ivy", "9", "TypeError: amount must be an int, not str"),
        ("ivy", "ivy", -1, "ValueError: amount must be positive, not -1"),
        ("ivy", "ivy", 99, "ValueError: source and target are both ivy"),
        ("pam", "joe", 99, "KeyError: 'joe'"),
    )


def test_settles_transfers_one_after_another(solution):
    moves = [("eve", "pam", 15), ("pam", "dan", 10), ("dan", "eve", 18)]

    assert solution.settle(BALANCES, moves) == ({"eve": 23, "dan": 0, "pam": 5}, [])


def test_lists_what_it_refused_and_goes_on(solution):
    moves = [("pam", "eve", 1), ("eve", "pam", 4), ("pam", "z", 1), ("dan", "eve", 9.5), ("pam", "dan", 4)]
    refusals = [(0, "InsufficientFundsError"), (2, "KeyError"), (3, "TypeError")]

    assert solution.settle(BALANCES, moves) == ({"eve": 16, "dan": 12, "pam": 0}, refusals)
