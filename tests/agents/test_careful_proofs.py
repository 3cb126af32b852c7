"""The careful agent's proofs hold for projects it has never seen: its exploit takes, and stops where its patch is."""

import importlib.util
import json
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from bitsec_eval.core.proof.accounts import Reverted
from bitsec_eval.core.proof.build import compiler_input, read_build
from bitsec_eval.core.proof.chain import Chain
from bitsec_eval.sandbox.evm.places import EvmSandboxes

SPEC = importlib.util.spec_from_file_location("careful", Path(__file__).parents[2] / "agents" / "careful.py")
careful = importlib.util.module_from_spec(SPEC)
sys.modules["careful"] = careful
SPEC.loader.exec_module(careful)

TOKEN = files("bitsec_eval.core.proof").joinpath("support/Token.sol").read_text()
EXPLOIT_TASK = "A contract named Exploit with `run(address shop, address coin, address customer)`."
PATCH_TASK = "Print a unified diff."
HEAD = """pragma solidity ^0.8.20;
interface Coin {
    function transferFrom(address from, address to, uint256 amount) external returns (bool);
}
contract Till {
    Coin private coin;
    constructor(Coin coin_) { coin = coin_; }
"""
TILLS = {
    "with its token in its storage": """
    function collect(uint256 amount, address to, address from) external { coin.transferFrom(from, to, amount); }
    function pay(uint256 amount, address to) external { coin.transferFrom(msg.sender, to, amount); }
""",
    "with a helper and a token that is named": """
    function collect(Coin which, address payable from, bool note, address to, uint256 amount) public {
        if (note) _move(which, amount, from, to);
    }
    function _move(Coin which, uint256 amount, address from, address to) private {
        which.transferFrom(from, to, amount - amount / 100);
    }
    function pay(uint256 amount, address to) external { collect(coin, payable(msg.sender), true, to, amount); }
""",
}


@pytest.fixture(scope="module")
def places(evm_engine):
    """Compilers and EVMs."""
    opened = EvmSandboxes(evm_engine)
    yield opened
    opened.close()


def written(folder: Path, source: str, task: str) -> str:
    (folder / "Till.sol").write_text(source)
    return careful.answer(task, folder)


def taken(places, till: str, exploit: str) -> tuple[int, bool]:
    """Return what an exploit takes of the customer's 1,000, and whether the customer can still pay."""
    build = read_build(places.compile_task("0.8.30", compiler_input({"Till.sol": till, "Token.sol": TOKEN})))
    written = read_build(places.compile_task("0.8.30", compiler_input({"Exploit.sol": exploit}))).named("Exploit")

    def attack(machine):
        chain = Chain(machine, build, "seed")
        owner, customer, attacker = (chain.account(name) for name in ("owner", "customer", "attacker"))
        coin = chain.deploy("Token", sender=owner)
        shop = chain.deploy("Till", coin, sender=owner)
        coin.mint(customer, 1000, sender=owner)
        coin.approve(shop, 10**9, sender=customer)
        shop.pay(100, owner, sender=customer)
        thief = chain.deploy_artifact(written, sender=attacker)
        thief.run(shop, coin, customer, sender=attacker)
        left = coin.balanceOf(customer)
        try:
            shop.pay(left, owner, sender=customer)
        except Reverted:
            return coin.balanceOf(thief), False
        return coin.balanceOf(thief), coin.balanceOf(customer) < left or not left

    return places.run("agent", attack)


@pytest.mark.parametrize("name", TILLS)
def test_the_exploit_takes_until_the_patch_is_there(places, tmp_path, name):
    till = f"{HEAD}{TILLS[name]}}}\n"
    exploit = written(tmp_path, till, EXPLOIT_TASK)
    patched = json.loads(written(tmp_path, till, PATCH_TASK))["Till.sol"]

    assert taken(places, till, exploit)[0] >= 890
    assert taken(places, patched, exploit) == (0, True)


@pytest.mark.parametrize(
    ("till", "why"),
    [
        ("function collect(address from) external { coin.transferFrom(from, address(this), 5); }", "no payee"),
        ("struct A { address a; } function collect(A memory x, address to) external {"
         " coin.transferFrom(x.a, to, 5); }", "a struct"),
    ],
)  # fmt: skip
def test_no_exploit_is_printed_that_could_not_gain(tmp_path, till, why):
    assert written(tmp_path, f"{HEAD}{till} }}", EXPLOIT_TASK) == "", why


def test_no_exploit_is_printed_for_an_entry_it_cannot_declare(tmp_path):
    till = f"{HEAD}{TILLS['with its token in its storage']}}}\n"

    assert written(tmp_path, till, "A contract named Exploit with `run(Till.Order calldata order)`.") == ""
    assert written(tmp_path, till, "A contract named Exploit.") == ""


def test_a_patch_of_a_patched_project_is_none(tmp_path):
    till = f"{HEAD}{TILLS['with its token in its storage']}}}\n"
    patched = json.loads(written(tmp_path, till, PATCH_TASK))["Till.sol"]

    assert written(tmp_path, patched, PATCH_TASK) == ""
