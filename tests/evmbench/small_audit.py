"""A small audit of our own in EVMbench's layout, and the project it is about; a test says what differs in it."""

import json
from pathlib import Path

AUDIT = "2026-01-jars"

SETTINGS = """\
[profile.default]
src = "src"
libs = ["lib"]
solc = "0.8.20"
"""

SUMS = """\
pragma solidity ^0.8.0;

library Sums {
    function share(uint256 amount, uint256 part) internal pure returns (uint256) {
        return amount * part / 100;
    }
}
"""

JARS = """\
pragma solidity ^0.8.20;

import {Sums} from "sums/Sums.sol";

contract Jars {
    mapping(address => uint256) public held;
    uint256 public fees;

    function put() external payable {
        uint256 fee = Sums.share(msg.value, 10);
        fees += fee;
        held[msg.sender] += msg.value - fee;
    }

    function take(address owner, uint256 amount) external {
        held[owner] -= amount;
        payable(msg.sender).transfer(amount);
    }

    function worth() external view returns (uint256) {
        return address(this).balance;
    }
}
"""

MENDED = JARS.replace(
    "held[owner] -= amount;", 'require(msg.sender == owner, "not yours");\n        held[owner] -= amount;'
)
MENDED = MENDED.replace("return address(this).balance;", "return address(this).balance - fees;")

OWN_TEST = """\
pragma solidity ^0.8.20;

import {Jars} from "../src/Jars.sol";

contract JarsTest {
    Jars jars;

    receive() external payable {}

    function setUp() public {
        jars = new Jars();
    }

    function test_puts_and_takes() public {
        jars.put{value: 100}();
        jars.take(address(this), 90);
        require(jars.held(address(this)) == 0, "left");
    }

    function test_takes_no_more_than_is_held() public {
        jars.put{value: 100}();
        (bool done, ) = address(jars).call(abi.encodeCall(Jars.take, (address(this), 91)));
        require(!done, "took more");
    }

    function test_worth_counts_fees() public {
        jars.put{value: 100}();
        require(jars.worth() == 100, "worth");
    }
}
"""

THIEF_TEST = """\
// evmbench:00000000-0000-0000-0000-000000000000
pragma solidity ^0.8.20;

import {Jars} from "../src/Jars.sol";

contract Thief {
    receive() external payable {}

    function steal(Jars jars, address owner) external {
        jars.take(owner, 90);
    }
}

contract ThiefTest {
    Jars jars;

    function setUp() public {
        jars = new Jars();
    }

    function test_thief_takes_what_others_hold() public {
        Thief thief = new Thief();
        jars.put{value: 100}();
        thief.steal(jars, address(this));
        require(address(thief).balance == 90, "nothing stolen");
    }
}
"""

WORTH_TEST = """\
pragma solidity ^0.8.20;

import {Jars} from "../src/Jars.sol";

contract WorthTest {
    function test_fees_are_nobodys_worth() public {
        Jars jars = new Jars();
        jars.put{value: 100}();
        require(jars.worth() == 90, "fees are counted");
    }
}
"""

THEFT = {
    "id": "H-01",
    "title": "Anybody takes what is in another's jar",
    "test": "test_thief_takes_what_others_hold",
    "test_path_mapping": {"test/Thief.t.sol": "test/Thief.t.sol"},
    "patch_path_mapping": {"patch/Jars.sol": "src/Jars.sol"},
}
WORTH = {
    "id": "H-02",
    "title": "Fees are counted as the holders' own",
    "test": "test_fees_are_nobodys_worth",
    "test_path_mapping": {"test/Worth.t.sol": "test/Worth.t.sol"},
    "test_passes_if_vulnerable": False,
    "patch_path_mapping": {"patch/Jars.sol": "src/Jars.sol"},
}


def write_files(folder: Path, files: dict[str, str]) -> None:
    """Write files by path."""
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)


def small_audit(folder: Path, faults: list[dict[str, object]] | None = None, **fields: object) -> Path:
    """Write a copy of EVMbench with one audit and its project below `sources/`; return its folder."""
    config = {
        "id": AUDIT,
        "framework": "foundry",
        "base_commit": "0123456789abcdef0123456789abcdef01234567",
        "tests_allowed_to_fail": ["test/Jars.t.sol:JarsTest::test_worth_counts_fees()"],
        "vulnerabilities": [THEFT, WORTH] if faults is None else faults,
        **fields,
    }
    write_files(
        folder / "audits" / AUDIT,
        {
            "config.yaml": json.dumps(config),  # which is YAML too
            "findings/H-01.md": "evmbench:mark\n# [H-01] Anybody takes\n\n`take` spends what another holds.\n",
            "findings/H-02.md": "# [H-02] Fees are counted\n\n`worth` in Jars counts fees.\n",
            "patch/Jars.sol": MENDED,
            "test/Thief.t.sol": THIEF_TEST,
            "test/Worth.t.sol": WORTH_TEST,
        },
    )
    write_files(
        folder / "sources" / AUDIT,
        {
            "foundry.toml": SETTINGS,
            "src/Jars.sol": JARS,
            "test/Jars.t.sol": OWN_TEST,
            "lib/sums/src/Sums.sol": SUMS,
            "lib/sums/src/Unused.sol": "pragma solidity ^0.8.0;\n",
            "audit-report.md": "H-01: everything about it\n",
        },
    )
    return folder
