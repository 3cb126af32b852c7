// attack: destroys itself, and with it what is asked about it
// ends: NO_GAIN
// size: 1
// control: 0
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept;

    function run(address market, address token, address customer) external {
        market; token; customer;
        if (SIZE == 1) selfdestruct(payable(msg.sender));
    }
}
