// attack: a type whose encoder doubles with every level, so that compiling takes minutes and gigabytes
// ends: NOT_COMPILED COMPILER
// size: 24
// control: 3
pragma solidity ^0.8.20;
pragma abicoder v2;

contract Exploit {
    struct S0 { uint256[] a; string b; }
    LEVELS

    function take(SLAST memory value) external pure returns (bytes memory) {
        return abi.encode(value);
    }

    function run(address, address, address) external {}
}
