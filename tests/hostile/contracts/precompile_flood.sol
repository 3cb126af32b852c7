// attack: pairings and exponentiations, which cost most time for their gas
// ends: NO_GAIN
// size: 1000000
// control: 2
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept;

    function run(address market, address token, address customer) external {
        market; token; customer;
        for (uint256 i; i < SIZE; i++) {
            (bool done,) = address(8).staticcall(new bytes(192 * 4));
            (bool also,) = address(5).staticcall(abi.encode(uint256(32), uint256(32), uint256(32), type(uint256).max, type(uint256).max, type(uint256).max - 58));
            require(done && also);
        }
    }
}
