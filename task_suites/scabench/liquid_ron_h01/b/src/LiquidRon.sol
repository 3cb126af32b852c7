// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {IERC20} from "./interfaces/IERC20.sol";
import {IStakePool} from "./interfaces/IStakePool.sol";

/// @notice Pools stakes behind shares whose price grows with the rewards; the operator gets a cut of the rewards.
contract LiquidRon {
    uint256 private constant WHOLE = 10_000;
    uint256 private constant OFFSET = 1_000;

    IERC20 public immutable asset;
    IStakePool public immutable pool;
    address public operator;
    uint256 public operatorFee;
    uint256 public operatorFeeAmount;
    uint256 public reserved;
    uint256 public totalSupply;
    mapping(address => uint256) public balanceOf;
    mapping(address => uint256) public leaving;

    error NotOperator();
    error Refused();

    modifier onlyOperator() {
        if (msg.sender != operator) revert NotOperator();
        _;
    }

    constructor(IERC20 asset_, IStakePool pool_, uint256 fee) {
        asset = asset_;
        pool = pool_;
        operator = msg.sender;
        operatorFee = fee;
        asset_.approve(address(pool_), type(uint256).max);
    }

    /// @notice What all shares together are worth.
    function totalAssets() public view returns (uint256) {
        uint256 rewards = pool.pending(address(this));
        uint256 held = asset.balanceOf(address(this)) + pool.staked(address(this));
        return held + rewards - _cut(rewards) - reserved - operatorFeeAmount;
    }

    function convertToShares(uint256 assets) public view returns (uint256) {
        return (assets * (totalSupply + OFFSET)) / (totalAssets() + 1);
    }

    function convertToAssets(uint256 shares) public view returns (uint256) {
        return (shares * (totalAssets() + 1)) / (totalSupply + OFFSET);
    }

    function deposit(uint256 assets) external returns (uint256 shares) {
        shares = convertToShares(assets);
        if (shares == 0) revert Refused();
        totalSupply += shares;
        balanceOf[msg.sender] += shares;
        _receive(msg.sender, assets);
    }

    /// @notice Gives shares up for their worth of now, to be paid out by `leave`.
    function requestExit(uint256 shares) external returns (uint256 assets) {
        assets = convertToAssets(shares);
        balanceOf[msg.sender] -= shares;
        totalSupply -= shares;
        leaving[msg.sender] += assets;
        reserved += assets;
    }

    function leave() external {
        uint256 assets = leaving[msg.sender];
        leaving[msg.sender] = 0;
        reserved -= assets;
        _send(msg.sender, assets);
    }

    /// @notice Turns the pool's rewards into balance and notes the operator's cut of them.
    function harvest() public onlyOperator {
        uint256 before = asset.balanceOf(address(this));
        pool.claim();
        operatorFeeAmount += _cut(asset.balanceOf(address(this)) - before);
    }

    function fetchOperatorFee() external onlyOperator {
        uint256 amount = operatorFeeAmount;
        operatorFeeAmount = 0;
        _send(operator, amount);
    }

    function stakeIdle(uint256 amount) external onlyOperator {
        if (amount + reserved > asset.balanceOf(address(this))) revert Refused();
        pool.stake(amount);
    }

    function unstake(uint256 amount) external onlyOperator {
        pool.unstake(amount);
    }

    function setOperatorFee(uint256 fee) external onlyOperator {
        if (fee > WHOLE / 5) revert Refused();
        harvest();
        operatorFee = fee;
    }

    function setOperator(address account) external onlyOperator {
        if (account == address(0)) revert Refused();
        operator = account;
    }

    function _cut(uint256 rewards) internal view returns (uint256) {
        return (rewards * operatorFee) / WHOLE;
    }

    function _receive(address from, uint256 amount) private {
        if (!asset.transferFrom(from, address(this), amount)) revert Refused();
    }

    function _send(address to, uint256 amount) private {
        if (!asset.transfer(to, amount)) revert Refused();
    }
}
