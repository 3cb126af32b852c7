// attack: code that says it is the code of another account
// ends: NOT_DEPLOYED
// size: 1
// control: 0
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept;

    constructor() {
        if (SIZE == 0) return;
        bytes memory code = abi.encodePacked(hex"ef0100", msg.sender);
        assembly { return(add(code, 32), mload(code)) }
    }

    function run(address market, address token, address customer) external {
        market; token; customer;

    }
}
