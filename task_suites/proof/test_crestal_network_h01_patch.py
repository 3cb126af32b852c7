"""Crestal Network H-01 (ScaBench, sherlock_crestal-network_2025_03) by execution: mend it.

The helper that collects payments is public and takes the payer as an argument.
"""

from bitsec_eval import PATCH_PROMPT, Task

TELLING = """
    AgentMarket Controlled Payment TokenMover Offer Collected NotAllowed Unaccepted Closed TooMuch MoveFailed
    payWithERC20 _takeIn _useUp _extend rent rentFor rentPrepaid renew prepay takeBack publish close accept sweep
    quote isRunning setTerms setDelegate setAutoRenewLimit handOver setOperator
    payer payee price kept giver tenant commission treasury offers accepted rentedUntil prepaid prepaidTotal
    delegates autoRenewLimit host dailyPrice
"""

TASK = Task(
    prompt=PATCH_PROMPT
    + """
The project is a market where agents are rented by the day, paid in ERC-20 tokens that its users approve to it.
Somebody who rents nothing can take what the users have approved.
""",
    answer="patch",
    compiler="0.8.30",
    workspace="../scabench/crestal_network_h01/a",
    twin="../scabench/crestal_network_h01/b",
    scenario="crestal_network_h01/chain",
    rename=TELLING.split(),
)


def test_users_keep_what_they_approved(patch):
    assert patch.accepted
