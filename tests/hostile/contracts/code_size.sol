// attack: more code than a contract may have
// ends: NOT_DEPLOYED
// size: 25000
// control: 100
pragma solidity ^0.8.20;

contract Exploit {
    function run(address, address, address) external pure returns (bytes memory) {
        return hex"REPEAT(ab)";
    }
}
