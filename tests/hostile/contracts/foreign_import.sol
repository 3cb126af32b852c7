// attack: reads a file of the machine that compiles
// ends: IMPORT
// size: 1
// control: 0
pragma solidity ^0.8.20;
IMPORTS

contract Exploit {
    function run(address, address, address) external {}
}
