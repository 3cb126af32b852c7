"""Next Generation H-01 (ScaBench, code4rena_next-generation_2025_05) in a project of our own: mend it.

The relay takes what a signature is bound to from whoever submits it.
So an order that was signed for another chain is carried out on this one as well.
"""

from bitsec_eval import PATCH_PROMPT, Task

TELLING = """
    Coin Relay Order issuer relay NotAllowed TooLittle setRelay mint moveFor _move fee nonce ORDER_TYPE DOMAIN_TYPE
    coin nonces WrongNonce WrongSignature domain domainOf digestOf submit skip _signer order separator signature
"""

TASK = Task(
    prompt=PATCH_PROMPT
    + """
The project is a currency with a relay that carries out orders which holders have signed.
Somebody can be paid twice for one order.
""",
    answer="patch",
    compiler="0.8.30",
    workspace="next_generation_h01/a",
    twin="next_generation_h01/b",
    scenario="next_generation_h01/chain",
    rename=TELLING.split(),
)


def test_an_order_is_carried_out_once(patch):
    assert patch.accepted
