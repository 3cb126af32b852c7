// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {IERC20} from "./interfaces/IERC20.sol";
import {TokenMover} from "./libraries/TokenMover.sol";
import {Controlled} from "./Controlled.sol";
import {Payment} from "./Payment.sol";

/// @notice Hosts offer agents for rent by the day; tenants pay ahead, in tokens or from a prepaid balance.
contract AgentMarket is Controlled, Payment {
    using TokenMover for IERC20;

    struct Offer {
        address host;
        IERC20 token;
        uint256 dailyPrice;
        bool open;
    }

    Offer[] public offers;
    mapping(IERC20 => bool) public accepted;
    mapping(uint256 => mapping(address => uint256)) public rentedUntil;
    mapping(address => mapping(IERC20 => uint256)) public prepaid;
    mapping(IERC20 => uint256) public prepaidTotal;
    mapping(address => mapping(address => bool)) public delegates;
    mapping(address => mapping(uint256 => uint256)) public autoRenewLimit;

    error Unaccepted();
    error Closed();
    error TooMuch();

    constructor(address treasury_, uint256 commission_) {
        setTerms(treasury_, commission_);
    }

    function setTerms(address treasury_, uint256 commission_) public onlyOwner {
        if (treasury_ == address(0) || commission_ > WHOLE / 10) revert NotAllowed();
        treasury = treasury_;
        commission = commission_;
    }

    function accept(IERC20 token, bool allowed) external onlyOwner {
        accepted[token] = allowed;
    }

    function sweep(IERC20 token, address to) external onlyOwner {
        token.safeTransfer(to, token.balanceOf(address(this)) - prepaidTotal[token]);
    }

    function publish(IERC20 token, uint256 dailyPrice) external returns (uint256 id) {
        if (!accepted[token]) revert Unaccepted();
        id = offers.length;
        offers.push(Offer(msg.sender, token, dailyPrice, true));
    }

    function close(uint256 id) external {
        if (offers[id].host != msg.sender) revert NotAllowed();
        offers[id].open = false;
    }

    function rent(uint256 id, uint256 numDays) external {
        uint256 price = _extend(id, msg.sender, numDays);
        payWithERC20(offers[id].token, msg.sender, offers[id].host, price);
    }

    /// @notice Rents for `tenant`, who pays and must have made the caller a delegate.
    function rentFor(address tenant, uint256 id, uint256 numDays) public {
        if (msg.sender != tenant && !delegates[tenant][msg.sender]) revert NotAllowed();
        uint256 price = _extend(id, tenant, numDays);
        payWithERC20(offers[id].token, tenant, offers[id].host, price);
    }

    function setDelegate(address account, bool allowed) external {
        delegates[msg.sender][account] = allowed;
    }

    function setAutoRenewLimit(uint256 id, uint256 limit) external {
        autoRenewLimit[msg.sender][id] = limit;
    }

    /// @notice Renews a running rental by a day, within the limit that its tenant has set.
    function renew(address tenant, uint256 id) public onlyOperator {
        if (rentedUntil[id][tenant] < block.timestamp) revert Closed();
        uint256 price = _extend(id, tenant, 1);
        if (autoRenewLimit[tenant][id] < price) revert TooMuch();
        autoRenewLimit[tenant][id] -= price;
        payWithERC20(offers[id].token, tenant, offers[id].host, price);
    }

    function prepay(IERC20 token, uint256 amount) public {
        if (!accepted[token]) revert Unaccepted();
        prepaid[msg.sender][token] += amount;
        prepaidTotal[token] += amount;
        _takeIn(token, msg.sender, amount);
    }

    function rentPrepaid(uint256 id, uint256 numDays) public {
        IERC20 token = offers[id].token;
        uint256 price = _extend(id, msg.sender, numDays);
        _useUp(token, price);
        uint256 kept = (price * commission) / WHOLE;
        token.safeTransfer(treasury, kept);
        token.safeTransfer(offers[id].host, price - kept);
    }

    function takeBack(IERC20 token, uint256 amount) public {
        _useUp(token, amount);
        token.safeTransfer(msg.sender, amount);
    }

    function quote(uint256 id, uint256 numDays) public view returns (uint256) {
        return offers[id].dailyPrice * numDays;
    }

    function isRunning(uint256 id, address tenant) external view returns (bool) {
        return rentedUntil[id][tenant] >= block.timestamp;
    }

    function _useUp(IERC20 token, uint256 amount) internal {
        prepaid[msg.sender][token] -= amount;
        prepaidTotal[token] -= amount;
    }

    function _extend(uint256 id, address tenant, uint256 numDays) internal returns (uint256) {
        if (!offers[id].open) revert Closed();
        uint256 start = rentedUntil[id][tenant];
        if (start < block.timestamp) start = block.timestamp;
        rentedUntil[id][tenant] = start + numDays * 1 days;
        return quote(id, numDays);
    }
}
