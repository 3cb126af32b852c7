// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @notice A currency that a trusted relay may move for holders who have signed an order.
contract Coin {
    address public immutable issuer;
    address public relay;
    uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;

    error NotAllowed();
    error TooLittle();

    constructor() {
        issuer = msg.sender;
    }

    function setRelay(address relay_) external {
        if (msg.sender != issuer) revert NotAllowed();
        relay = relay_;
    }

    function mint(address to, uint256 amount) external {
        if (msg.sender != issuer) revert NotAllowed();
        totalSupply += amount;
        balanceOf[to] += amount;
    }

    function transfer(address to, uint256 amount) external returns (bool) {
        _move(msg.sender, to, amount);
        return true;
    }

    function moveFor(address from, address to, uint256 amount) external {
        if (msg.sender != relay) revert NotAllowed();
        _move(from, to, amount);
    }

    function _move(address from, address to, uint256 amount) private {
        if (balanceOf[from] < amount || to == address(0)) revert TooLittle();
        balanceOf[from] -= amount;
        balanceOf[to] += amount;
    }
}
