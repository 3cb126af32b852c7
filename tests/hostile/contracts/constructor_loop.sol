// attack: a constructor that never ends
// ends: NOT_DEPLOYED
// size: 10000000000
// control: 10
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept;

    constructor() {
        for (uint256 i; i < SIZE; i++) kept = i;
    }

    function run(address, address, address) external {}
}
