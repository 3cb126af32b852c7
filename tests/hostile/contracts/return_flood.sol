// attack: a revert with megabytes of data
// ends: NO_GAIN
// size: 900000
// control: 100
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept;

    function run(address market, address token, address customer) external {
        market; token; customer;
        uint256 size = SIZE;
        if (size < 1000) return;
        assembly {
            revert(0, size)
        }
    }
}
