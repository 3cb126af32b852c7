"""Moves money, but calls everything that is wrong a ValueError and looks at the amount last."""


class InsufficientFundsError(Exception):
    pass


def transfer(balances, source, target, amount):
    if balances[source] < amount:
        raise InsufficientFundsError(f"{source} has {balances[source]}, needs {amount}")
    if amount <= 0:
        raise ValueError(f"amount must be positive, not {amount}")
    balances[source] -= amount
    balances[target] += amount
    return balances


def settle(balances, transfers):
    for source, target, amount in transfers:
        balances = transfer(balances, source, target, amount)
    return balances, []
