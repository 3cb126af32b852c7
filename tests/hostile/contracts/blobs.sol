// attack: asks for the blobs of a transaction without any
// ends: NO_GAIN
// size: 1000000000
// control: 3
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept;

    function run(address market, address token, address customer) external {
        market; token; customer;
        for (uint256 i; i < SIZE; i++) kept += uint256(blobhash(i)) + block.blobbasefee;
    }
}
