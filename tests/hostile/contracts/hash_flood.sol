// attack: hashes of long memory
// ends: NO_GAIN
// size: 1000000
// control: 3
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept;

    function run(address market, address token, address customer) external {
        market; token; customer;
        bytes memory long = new bytes(200_000);
        for (uint256 i; i < SIZE; i++) kept ^= uint256(keccak256(long));
    }
}
