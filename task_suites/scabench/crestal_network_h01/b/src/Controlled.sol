// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @notice Who may set the terms, and who may run the daily business.
abstract contract Controlled {
    address public owner;
    mapping(address => bool) public operators;

    error NotAllowed();

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotAllowed();
        _;
    }

    modifier onlyOperator() {
        if (!operators[msg.sender]) revert NotAllowed();
        _;
    }

    constructor() {
        owner = msg.sender;
    }

    function handOver(address newOwner) external onlyOwner {
        if (newOwner == address(0)) revert NotAllowed();
        owner = newOwner;
    }

    function setOperator(address account, bool allowed) external onlyOwner {
        operators[account] = allowed;
    }
}
