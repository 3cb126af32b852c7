// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {IERC20} from "./interfaces/IERC20.sol";

/// @notice Releases granted tokens in equal steps; what is not yet released can be sold on one market.
contract StepVesting {
    struct Grant {
        uint256 stepsClaimed;
        uint256 claimed;
        uint256 perStep;
        uint256 total;
    }

    IERC20 public immutable token;
    address public immutable issuer;
    uint256 public immutable start;
    uint256 public immutable stepLength;
    uint256 public immutable steps;
    address public market;
    mapping(address => Grant) public grants;

    error NotAllowed();
    error TooMuch();
    error Nothing();
    error Behind();

    modifier onlyMarket() {
        if (msg.sender != market) revert NotAllowed();
        _;
    }

    constructor(IERC20 token_, uint256 stepLength_, uint256 steps_) {
        token = token_;
        issuer = msg.sender;
        start = block.timestamp;
        stepLength = stepLength_;
        steps = steps_;
    }

    function setMarket(address market_) external {
        if (msg.sender != issuer || market != address(0)) revert NotAllowed();
        market = market_;
    }

    /// @notice Grants `amount` of the issuer's tokens to `to`, released from the start on.
    function issue(address to, uint256 amount) external {
        if (msg.sender != issuer) revert NotAllowed();
        _add(to, amount, 0);
        if (!token.transferFrom(msg.sender, address(this), amount)) revert NotAllowed();
    }

    function stepsPassed() public view returns (uint256) {
        uint256 passed = (block.timestamp - start) / stepLength;
        return passed < steps ? passed : steps;
    }

    function claimable(address account) public view returns (uint256) {
        Grant storage grant = grants[account];
        uint256 passed = stepsPassed();
        if (grant.total == 0 || passed <= grant.stepsClaimed) return 0;
        if (passed == steps) return grant.total - grant.claimed;
        return (passed - grant.stepsClaimed) * grant.perStep;
    }

    function available(address account) external view returns (uint256) {
        return grants[account].total - grants[account].claimed;
    }

    /// @notice Pays out what has been released to the caller.
    function claim() external returns (uint256 amount) {
        amount = claimable(msg.sender);
        if (amount == 0) revert Nothing();
        Grant storage grant = grants[msg.sender];
        grant.stepsClaimed = stepsPassed();
        grant.claimed += amount;
        if (!token.transfer(msg.sender, amount)) revert NotAllowed();
    }

    /// @notice Takes what somebody offers for sale into the market's keeping.
    function park(address from, uint256 amount) external onlyMarket returns (uint256 stepsClaimed) {
        stepsClaimed = _take(from, amount);
    }

    /// @notice Hands out what the market has in its keeping.
    function unpark(address to, uint256 amount, uint256 stepsClaimed) external onlyMarket {
        _add(to, amount, stepsClaimed);
    }

    function _take(address from, uint256 amount) internal returns (uint256) {
        Grant storage grant = grants[from];
        if (amount == 0 || amount > grant.total - grant.claimed) revert TooMuch();
        grant.total -= amount;
        _spread(grant);
        return grant.stepsClaimed;
    }

    function _add(address to, uint256 amount, uint256 stepsClaimed) internal {
        Grant storage grant = grants[to];
        if (grant.total == grant.claimed) {
            grant.stepsClaimed = stepsClaimed;
        }
        if (grant.stepsClaimed < stepsClaimed) revert Behind();
        grant.total += amount;
        _spread(grant);
    }

    function _spread(Grant storage grant) internal {
        uint256 left = steps - grant.stepsClaimed;
        grant.perStep = left == 0 ? 0 : (grant.total - grant.claimed) / left;
    }
}
