// attack: calls back into its own entry and the project until the gas is gone
// ends: NO_GAIN
// size: 100000
// control: 3
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept;
    function again(uint256 depth, address token) external {
        (bool done,) = token.call(abi.encodeWithSignature("approve(address,uint256)", msg.sender, depth));
        require(done);
        if (depth > 0) this.again(depth - 1, token);
    }
    function run(address market, address token, address customer) external {
        market; token; customer;
        this.again(SIZE, token);
    }
}
