// attack: more code in a constructor than a transaction may carry
// ends: NOT_DEPLOYED
// size: 50000
// control: 100
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept;

    constructor() {
        bytes memory long = hex"REPEAT(ab)";
        kept = long.length;
    }

    function run(address market, address token, address customer) external {
        market; token; customer;

    }
}
