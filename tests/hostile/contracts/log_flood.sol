// attack: a million logs
// ends: NO_GAIN
// size: 1000000
// control: 100
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept;
    event Noise(uint256 number, string words);
    function run(address market, address token, address customer) external {
        market; token; customer;
        for (uint256 i; i < SIZE; i++) emit Noise(i, "noise noise noise noise noise noise noise noise");
    }
}
