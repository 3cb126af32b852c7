class InsufficientFundsError(Exception):
    pass


def transfer(balances, source, target, amount):
    if not isinstance(amount, int) or isinstance(amount, bool):
        raise TypeError(f"amount must be an int, not {type(amount).__name__}")
    if amount <= 0:
        raise ValueError(f"amount must be positive, not {amount}")
    if source == target:
        raise ValueError(f"source and target are both {source}")
    for name in (source, target):
        if name not in balances:
            raise KeyError(name)
    if balances[source] < amount:
        raise InsufficientFundsError(f"{source} has {balances[source]}, needs {amount}")
    return {**balances, source: balances[source] - amount, target: balances[target] + amount}


def settle(balances, transfers):
    refused = []
    for place, order in enumerate(transfers):
        try:
            balances = transfer(balances, *order)
        except (InsufficientFundsError, KeyError, TypeError, ValueError) as error:
            refused.append((place, type(error).__name__))
    return balances, refused
