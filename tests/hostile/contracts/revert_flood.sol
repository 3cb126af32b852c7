// attack: a revert with a million bytes
// ends: NO_GAIN
// size: 1000000
// control: 10
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept;

    function run(address market, address token, address customer) external {
        market; token; customer;
        if (SIZE > 100) assembly { revert(0, SIZE) }
    }
}
