// attack: memory grows until the host has none
// ends: NO_GAIN
// size: 1000000000
// control: 1000
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept;

    function run(address market, address token, address customer) external {
        market; token; customer;
        bytes memory grown = new bytes(SIZE); kept = grown.length;
    }
}
