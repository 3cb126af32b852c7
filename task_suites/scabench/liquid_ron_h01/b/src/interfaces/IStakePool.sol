// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @notice A validator's pool: stakes one token and pays rewards in the same token.
interface IStakePool {
    function stake(uint256 amount) external;

    function unstake(uint256 amount) external;

    function claim() external;

    function staked(address account) external view returns (uint256);

    function pending(address account) external view returns (uint256);
}
