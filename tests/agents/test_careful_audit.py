"""The careful agent's audit understands the code: it finds each of its two faults in any guise, and nothing else."""

import importlib.util
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SPEC = importlib.util.spec_from_file_location("careful", ROOT / "agents" / "careful.py")
careful = importlib.util.module_from_spec(SPEC)
sys.modules["careful"] = careful
SPEC.loader.exec_module(careful)


@pytest.fixture
def audited(tmp_path):
    """Return a function that audits sources and returns where it found something."""

    def audit(**sources):
        for name, source in sources.items():
            (tmp_path / f"{name}.sol").write_text(source, encoding="utf-8")
        return [finding["location"] for finding in careful.audit(tmp_path)]

    return audit


def contract(functions):
    """Return a contract around functions, in which GO opens a function and PULL spends from its parameter a."""
    functions = functions.replace("GO", "function go(address a, uint n) public")
    functions = functions.replace("PULL", "coin.transferFrom(a, owner, n);")
    return f"contract Till {{ IERC20 coin; address owner; mapping(address => bool) staff; {functions} }}"


SPENDS = {
    "of a parameter": "GO { coin.transferFrom(a, msg.sender, n); }",
    "of a library's kind": "GO { SafeERC20.safeTransferFrom(coin, a, owner, n); }",
    "of an attached kind": "function go(address a, uint n) external { coin.safeTransferFrom(a, owner, n); }",
    "through a local": "GO { address p = a; coin.transferFrom(p, owner, n); }",
    "through a cast": "function go(Wallet a, uint n) public { coin.transferFrom(address(a), owner, n); }",
    "of an array": """function go(address[] calldata a, uint n) public {
        for (uint i; i < a.length; ++i) { coin.transferFrom(a[i], owner, n); } }""",
    "of a struct": "function go(Order memory o) public { coin.transferFrom(o.buyer, owner, o.price); }",
    "through a helper": """GO { pull(a, n); }
        function pull(address x, uint n) internal { coin.transferFrom(x, owner, n); }""",
    "through two helpers": """function go(uint n, address a) public { one(a, n); }
        function one(address x, uint n) private { two(n, x); }
        function two(uint n, address y) private { coin.transferFrom(y, owner, n); }""",
    "in a low-level call": """GO {
        address(coin).call(abi.encodeWithSelector(IERC20.transferFrom.selector, a, owner, n)); }""",
    "in an encoded call": """GO {
        address(coin).call(abi.encodeCall(IERC20.transferFrom, (a, owner, n))); }""",
    "by signature": """GO {
        address(coin).call(abi.encodeWithSignature("transferFrom(address,address,uint256)", a, owner, n)); }""",
    "with named arguments": "GO { coin.transferFrom({from: a, to: owner, n: n}); }",
    "or else of the caller": """GO {
        coin.transferFrom(a == address(0) ? msg.sender : a, owner, n); }""",
    "in one branch": """GO {
        if (n > 5) { require(a == msg.sender); } else { PULL } }""",
    "after an idle check": """GO {
        require(a != address(0) && n > 0 && msg.sender != address(0)); PULL }""",
    "after the wrong check": """function go(address a, address b, uint n) public {
        require(b == msg.sender); PULL }""",
    "after half a check": """GO {
        require(a == msg.sender || n < 100); PULL }""",
    "but for the banned": """GO {
        require(!staff[msg.sender]); PULL }""",
    "by outsiders only": "GO { require(msg.sender == tx.origin); PULL }",
    "behind a lock": """modifier lock() { require(!busy); busy = true; _; busy = false; } bool busy;
        GO lock { PULL }""",
    "in a try": "GO { try coin.transferFrom(a, owner, n) {} catch {} }",
    "unchecked": "GO { unchecked { PULL } }",
}  # fmt: skip


@pytest.mark.parametrize("case", SPENDS)
def test_finds_an_open_spend(case, audited):
    assert audited(a=contract(SPENDS[case])) == ["Till.go"]


SOUND = {
    "of the caller": "function go(uint n) public { coin.transferFrom(msg.sender, owner, n); }",
    "of the caller's alias": "function go(uint n) public { address p = msg.sender; coin.transferFrom(p, owner, n); }",
    "of the contract": "function go(uint n) public { coin.transferFrom(address(this), owner, n); }",
    "in another's code": "GO { coin.transfer(a, n); }",
    "of the caller after all": "GO { a = msg.sender; PULL }",
    "of nobody's call": "function go(address a, uint n) internal { PULL }",
    "of the compared": "GO { require(a == msg.sender, 'no'); PULL }",
    "of the compared later": "GO { PULL require(msg.sender == a); }",
    "of the refused": """GO {
        if (a != msg.sender) revert(); PULL }""",
    "of the refused, in words": """GO {
        if (n == 0 || msg.sender != a && !staff[msg.sender]) { revert No(); } PULL }""",
    "in the right branch": """GO {
        if (msg.sender == a) { PULL } }""",
    "by delegates": """mapping(address => mapping(address => bool)) may; GO {
        require(may[a][msg.sender]); PULL }""",
    "by the owner": "GO { require(msg.sender == owner); PULL }",
    "by a modifier": """modifier onlyUs() { require(staff[msg.sender]); _; }
        GO onlyUs { PULL }""",
    "by a modifier's helper": """modifier ours() { check(); _; }
        function check() internal view { if (msg.sender != owner) revert(); }
        GO ours { PULL }""",
    "by a modifier's argument": """modifier self(address x) { require(x == msg.sender); _; }
        GO self(a) { PULL }""",
    "by an inherited modifier": "GO onlyOwner { PULL }",
    "by a called check": """function check(address x) internal view { require(x == msg.sender); }
        GO { check(a); PULL }""",
    "by a called answer": """
        function may(address x) internal view returns (bool) { return x == msg.sender || staff[msg.sender]; }
        GO { require(may(a)); PULL }""",
    "by signature": """function go(address a, uint n, bytes memory s) public {
        require(ECDSA.recover(keccak256(abi.encode(a, n)), s) == a); PULL }""",
    "by what was stored": """mapping(uint => address) payers;
        function go(uint id, uint n) public { coin.transferFrom(payers[id], owner, n); }""",
    "through a helper": """function go(uint n) public { pull(msg.sender, n); }
        function pull(address x, uint n) internal { coin.transferFrom(x, owner, n); }""",
    "in words only": "GO { /* PULL */ emit Said('PULL'); }",
}  # fmt: skip


@pytest.mark.parametrize("case", SOUND)
def test_leaves_a_sound_spend_alone(case, audited):
    assert audited(a=contract(SOUND[case])) == []


def test_a_helper_that_is_inherited_and_public_is_an_entry(audited):
    base = "abstract contract Base { function go(address a, uint n) public { coin.transferFrom(a, a, n); } }"
    heir = "import './base.sol'; contract Heir is Base { function pay(uint n) external { go(msg.sender, n); } }"

    assert audited(base=base, heir=heir) == ["Base.go"]


def test_a_helper_that_is_inherited_and_internal_is_none(audited):
    base = "abstract contract Base { function go(address a, uint n) internal { coin.transferFrom(a, a, n); } }"
    heir = "import './base.sol'; contract Heir is Base { function pay(uint n) external { go(msg.sender, n); } }"

    assert audited(base=base, heir=heir) == []


def test_an_override_that_checks_mends_what_it_overrides(audited):
    base = "abstract contract Base { function go(address a) public virtual { coin.transferFrom(a, a, 1); } }"
    heir = """contract Heir is Base {
        function go(address a) public override { require(a == msg.sender); super.go(a); } }"""

    assert audited(base=base, heir=heir) == []


def vault(**changes):
    """Return a vault that pays a manager's fee out of the balance behind its shares, with parts exchanged."""
    parts = {
        "worth": "return coin.balanceOf(address(this));",
        "grow": "pool.claim(); fees += gain / 10;",
        "pay": "uint256 due = fees; fees = 0; coin.transfer(manager, due);",
        "price": "return a * supply / worth();",
        "more": "",
    } | changes
    return f"""contract Vault {{ IERC20 coin; IERC20 other; IPool pool; address manager; uint256 fees; uint256 supply;
        mapping(address => uint256) owned;
        function worth() public view returns (uint256) {{ {parts["worth"]} }}
        function price(uint256 a) public view returns (uint256) {{ {parts["price"]} }}
        function enter(uint256 a) external {{ uint256 s = price(a); supply += s; owned[msg.sender] += s;
            coin.transferFrom(msg.sender, address(this), a); }}
        function exit(uint256 s) external {{ owned[msg.sender] -= s; uint256 a = s * worth() / supply; supply -= s;
            coin.transfer(msg.sender, a); }}
        function grow(uint256 gain) external {{ {parts["grow"]} }}
        function pay() external {{ {parts["pay"]} }}
        {parts["more"]} }}"""


COUNTED = {
    "a fee": {},
    "a fee beside other assets": {"worth": "return coin.balanceOf(address(this)) + pool.staked(address(this));"},
    "a fee paid by part": {"pay": "uint256 n = 5; fees -= n; coin.transfer(manager, n);"},
    "a fee paid by a helper": {
        "pay": "send(manager, fees); fees = 0;",
        "more": "function send(address to, uint256 n) internal { coin.safeTransfer(to, n); }",
    },
    "a fee written out": {"grow": "fees = fees + gain / 10;"},
    "a fee priced by a library": {"price": "return Math.mulDiv(a, supply, worth());"},
    "a fee priced in steps": {"price": "uint256 w = worth(); return a * supply / w;"},
    "a fee counted further down": {
        "worth": "return held();",
        "more": "function held() internal view returns (uint) { return IERC20(coin).balanceOf(address(this)); }",
    },
}  # fmt: skip


@pytest.mark.parametrize("case", COUNTED)
def test_finds_a_debt_among_the_assets(case, audited):
    assert audited(a=vault(**COUNTED[case])) in (["Vault.worth"], ["Vault.held"])


NOT_COUNTED = {
    "a fee subtracted": {"worth": "return coin.balanceOf(address(this)) - fees;"},
    "a fee subtracted on the way": {
        "price": "return a * supply / net();",
        "more": "function net() public view returns (uint256) { return worth() - fees; }",
    },
    "a fee subtracted in the price": {"price": "return a * supply / (worth() - fees);"},
    "a fee in another token": {"pay": "uint256 due = fees; fees = 0; other.transfer(manager, due);"},
    "a fee paid at once": {"grow": "coin.transfer(manager, gain / 10);", "pay": ""},
    "a mere statistic": {"pay": ""},
    "a debt of leavers, whose shares are gone": {
        "grow": "owned[msg.sender] -= gain; supply -= gain; fees += gain;",
    },
    "no shares": {"price": "return a;", "worth": "return 1;"},
}  # fmt: skip


@pytest.mark.parametrize("case", NOT_COUNTED)
def test_leaves_sound_accounting_alone(case, audited):
    assert audited(a=vault(**NOT_COUNTED[case])) == []


def test_a_vault_of_a_library_converts_at_its_total_assets(audited):
    source = """contract V is ERC4626 { uint256 fees; address manager;
        function totalAssets() public view override returns (uint256) { return super.totalAssets() + extra(); }
        function take(uint256 n) external { fees += n; }
        function pay() external { uint256 n = fees; fees = 0; IERC20(asset()).transfer(manager, n); } }"""

    assert audited(a=source) == ["V.totalAssets"]
    assert audited(a=source.replace("+ extra()", "+ extra() - fees")) == []


@pytest.mark.parametrize(
    "source", ["", "contract", "contract A is A {}", "contract A { function", "{" * 500, "import 'x"]
)
def test_broken_sources_are_read_to_their_end(source, audited):
    assert audited(a=source) == []
