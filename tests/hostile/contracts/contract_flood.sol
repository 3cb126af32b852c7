// attack: contracts that make contracts
// ends: NO_GAIN
// size: 1000000
// control: 5
pragma solidity ^0.8.20;
contract Seed {
    uint256 private one = 1;
}
contract Exploit {
    uint256 private kept;

    function run(address market, address token, address customer) external {
        market; token; customer;
        for (uint256 i; i < SIZE; i++) new Seed();
    }
}
