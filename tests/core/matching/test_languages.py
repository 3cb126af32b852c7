"""Paths, modules and functions are read as the communities of each language write them."""

import pytest

from bitsec_eval.core.matching.expected import ExpectedFinding
from bitsec_eval.core.matching.places import EXTENSIONS, SOURCE
from bitsec_eval.core.matching.structured import StructuredMatcher
from bitsec_eval.core.reports.finding import Finding


def expected(file, function, contract="", neighbours=()):
    return ExpectedFinding(
        file=file, contract=contract, function=function, kinds=("access-control",), neighbours=neighbours
    )


PROJECTS = {
    "Solidity": (
        expected("src/Pool.sol", "setOwner", "Pool", ("payIn",)),
        ["src/Pool.sol", "Pool.sol", "./src/Pool.sol", "contracts/src/Pool.sol", "Pool", "src\\Pool.sol:42",
         "Pool.sol#L3"],
        ["setOwner", "Pool.setOwner", "Pool.setOwner(address)", "setOwner()", "Pool::setOwner", "function setOwner"],
    ),
    "Vyper": (
        expected("contracts/pool.vy", "set_owner", "", ("pay_in",)),
        ["contracts/pool.vy", "pool.vy", "pool", "./pool.vy", "pool.vy (line 12)", "`contracts/pool.vy`"],
        ["set_owner", "self.set_owner", "pool.set_owner(address)", "@external def set_owner()",
         "set_owner(_owner: address)"],
    ),
    "Rust": (
        expected("src/lib.rs", "set_owner", "Pool", ("pay_in",)),
        ["src/lib.rs", "lib.rs", "pool/src/lib.rs", "src/lib.rs:12:5", "src/lib.rs::set_owner", "Pool",
         "crate::Pool"],
        ["set_owner", "Pool::set_owner", "crate::Pool::set_owner", "<Pool as Owned>::set_owner",
         "impl Pool { fn set_owner }",
         "self.set_owner()", "pub fn set_owner(&mut self, owner: u64)"],
    ),
    "Anchor": (
        expected("programs/pool/src/instructions/set_owner.rs", "set_owner", "pool", ("pay_in",)),
        ["programs/pool/src/instructions/set_owner.rs", "set_owner.rs", "instructions/set_owner.rs", "pool",
         "pool::instructions"],
        ["set_owner", "pool::set_owner", "pool::instructions::set_owner::handler in set_owner", "SetOwner",
         "Context<SetOwner>", "setOwner", "set_owner(ctx: Context<SetOwner>)", "program.methods.setOwner()"],
    ),
    "CosmWasm": (
        expected("contracts/pool/src/contract.rs", "set_owner", "pool", ("pay_in",)),
        ["contracts/pool/src/contract.rs", "contract.rs", "src/contract.rs", "pool", "pool::contract"],
        ["set_owner", "contract::set_owner", "ExecuteMsg::SetOwner", "ExecuteMsg::SetOwner {}",
         "execute -> set_owner"],
    ),
    "Soroban": (
        expected("contracts/pool/src/lib.rs", "set_owner", "PoolContract", ("pay_in",)),
        ["contracts/pool/src/lib.rs", "lib.rs", "PoolContract", "pool"],
        ["set_owner", "PoolContract::set_owner", "PoolContractClient::set_owner", "PoolTrait::set_owner",
         "#[contractimpl] set_owner"],
    ),
    "Stylus": (
        expected("src/lib.rs", "set_owner", "Pool", ("pay_in",)),
        ["src/lib.rs", "Pool"],
        ["set_owner", "setOwner(address)", "Pool::set_owner", "#[public] impl Pool: set_owner"],
    ),
    "Move": (
        expected("sources/pool.move", "set_owner", "", ("pay_in",)),
        ["sources/pool.move", "pool.move", "0x1::pool", "pool", "module pool", "my_addr::pool"],
        ["set_owner", "pool::set_owner", "0xcafe::pool::set_owner", "set_owner<T>", "pool::set_owner<CoinType>()",
         "public entry fun set_owner", "public(friend) fun set_owner(account: &signer)"],
    ),
    "Cairo": (
        expected("src/pool.cairo", "set_owner", "Pool", ("pay_in",)),
        ["src/pool.cairo", "pool.cairo", "Pool", "pool", "contracts::pool"],
        ["set_owner", "PoolImpl::set_owner", "IPool::set_owner", "Pool::PoolImpl::set_owner", "self.set_owner(owner)",
         "#[external(v0)] fn set_owner", "IPoolDispatcher.set_owner"],
    ),
    "Go": (
        expected("x/pool/keeper/msg_server.go", "SetOwner", "Keeper", ("PayIn",)),
        ["x/pool/keeper/msg_server.go", "msg_server.go", "keeper/msg_server.go", "Keeper", "msg_server.go:88"],
        ["SetOwner", "Keeper.SetOwner", "(k Keeper) SetOwner", "(*Keeper).SetOwner", "k.SetOwner(ctx, msg)",
         "func (k msgServer) SetOwner", "keeper.Keeper.SetOwner"],
    ),
    "FunC": (
        expected("contracts/pool.fc", "set_owner", "", ("pay_in",)),
        ["contracts/pool.fc", "pool.fc", "pool"],
        ["set_owner", "set_owner()", "() set_owner(slice owner) impure"],
    ),
    "Circom": (
        expected("circuits/pool.circom", "SetOwner", "", ("PayIn",)),
        ["circuits/pool.circom", "pool.circom", "pool"],
        ["SetOwner", "template SetOwner", "SetOwner()"],
    ),
}  # fmt: skip
WRITTEN = [
    (name, file, function)
    for name, (_, files, functions) in PROJECTS.items()
    for file in files
    for function in functions
]


def verdict(truth, **fields):
    reported = Finding(
        title="Anyone can set the owner", vulnerability_type="access control", severity="high", **fields
    )
    (decision,) = StructuredMatcher().match([truth], [reported])
    return decision.verdict


@pytest.mark.parametrize(("name", "file", "function"), WRITTEN)
def test_a_place_is_read_as_its_community_writes_it(name, file, function):
    assert verdict(PROJECTS[name][0], file=file, location=function) == "match"


@pytest.mark.parametrize(
    ("name", "file"), [(name, file) for name, (_, files, _) in PROJECTS.items() for file in files]
)
def test_a_path_may_stand_in_the_location_or_in_the_text(name, file):
    truth = PROJECTS[name][0]

    assert verdict(truth, location=f"{truth.function} in {file}") == "match"
    assert verdict(truth, location=truth.function, description=f"In {file} the caller is not checked.") == "match"


@pytest.mark.parametrize("name", PROJECTS)
def test_another_file_or_function_is_another_place(name):
    truth, (path, *_), _ = PROJECTS[name]
    suffix = path.rsplit(".", 1)[-1]

    assert verdict(truth, file=f"src/other.{suffix}", location=truth.function) == "none"
    assert verdict(truth, file=f"src/pool.{'vy' if suffix != 'vy' else 'sol'}", location=truth.function) == "none"
    assert verdict(truth, file=path, location=truth.neighbours[0]) == "none"
    assert verdict(truth, file=path, location=f"{truth.function}_later") == "none"
    assert verdict(truth, file=path, location=truth.function.upper()) == "none"
    assert verdict(truth, file=path) == "none"
    assert verdict(truth, location=truth.function) == "none"


def test_a_spelling_that_is_another_function_is_that_function():
    truth = expected("src/lib.rs", "set_owner", "Pool", ("setOwner",))

    assert verdict(truth, file="src/lib.rs", location="setOwner") == "none"
    assert verdict(truth, file="src/lib.rs", location="SetOwner") == "match"


@pytest.mark.parametrize("suffix", EXTENSIONS)
def test_a_path_of_every_language_is_found(suffix):
    assert SOURCE.findall(f"see a/b-c/pool.{suffix}:12, ./x.{suffix} and (y.{suffix})") == [
        f"a/b-c/pool.{suffix}", f"./x.{suffix}", f"y.{suffix}",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text", ["token.move(x)", "pool.solve", "a.rsa", "x.go-live", "Pool.sol.bak/x", "move", ".sol"]
)
def test_what_is_no_path_is_none(text):
    assert not [found for found in SOURCE.findall(text) if found != "Pool.sol"]
