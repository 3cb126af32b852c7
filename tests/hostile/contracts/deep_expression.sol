// attack: an expression nested deeper than the compiler's stack
// ends: NOT_COMPILED COMPILER
// size: 60000
// control: 20
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept = REPEAT(()1REPEAT());

    function run(address, address, address) external {}
}
