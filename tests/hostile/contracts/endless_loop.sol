// attack: a loop that ends with its gas only
// ends: NO_GAIN
// size: 10000000000
// control: 10
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept;

    function run(address market, address token, address customer) external {
        market; token; customer;
        for (uint256 i; i < SIZE; i++) kept = i;
    }
}
