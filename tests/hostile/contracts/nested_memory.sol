// attack: every level of a recursion grows memory of its own
// ends: NO_GAIN
// size: 100000
// control: 3
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept;
    function down(uint256 depth) external {
        bytes memory grown = new bytes(100_000);
        kept = grown.length;
        if (depth > 0) this.down(depth - 1);
    }
    function run(address market, address token, address customer) external {
        market; token; customer;
        this.down(SIZE);
    }
}
