// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {IERC20} from "src/interfaces/IERC20.sol";
import {IStakePool} from "src/interfaces/IStakePool.sol";

/// @notice A pool whose rewards are what its maker hands out.
contract StakePool is IStakePool {
    IERC20 private immutable token;
    address private immutable maker;
    mapping(address => uint256) public staked;
    mapping(address => uint256) public pending;

    constructor(IERC20 token_) {
        token = token_;
        maker = msg.sender;
    }

    function reward(address account, uint256 amount) external {
        require(msg.sender == maker, "not the maker");
        pending[account] += amount;
        require(token.transferFrom(msg.sender, address(this), amount), "unpaid");
    }

    function stake(uint256 amount) external {
        staked[msg.sender] += amount;
        require(token.transferFrom(msg.sender, address(this), amount), "unpaid");
    }

    function unstake(uint256 amount) external {
        staked[msg.sender] -= amount;
        require(token.transfer(msg.sender, amount), "unpaid");
    }

    function claim() external {
        uint256 amount = pending[msg.sender];
        pending[msg.sender] = 0;
        require(token.transfer(msg.sender, amount), "unpaid");
    }
}
