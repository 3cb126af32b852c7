// attack: asks for a compiler that checks less
// ends: PRAGMA
// size: 1
// control: 0
pragma solidity PRAGMA;

contract Exploit {
    function run(address, address, address) external {}
}
