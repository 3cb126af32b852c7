// attack: more nested calls than an EVM may have
// ends: NO_GAIN
// size: 100000
// control: 20
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept;
    function down(uint256 depth) external {
        if (depth > 0) this.down(depth - 1);
    }
    function run(address market, address token, address customer) external {
        market; token; customer;
        this.down(SIZE);
    }
}
