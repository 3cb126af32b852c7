// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {IERC20} from "./interfaces/IERC20.sol";
import {StepVesting} from "./StepVesting.sol";

/// @notice Sells what is not yet released of a vesting, lot by lot, for a currency.
contract VestingMarket {
    struct Lot {
        address seller;
        uint256 amount;
        uint256 price;
        bool open;
        uint256 stepsClaimed;
    }

    StepVesting public immutable vesting;
    IERC20 public immutable currency;
    Lot[] public lots;

    error Closed();
    error NotSeller();
    error Unpaid();

    constructor(StepVesting vesting_, IERC20 currency_) {
        vesting = vesting_;
        currency = currency_;
    }

    function offer(uint256 amount, uint256 price) external returns (uint256 id) {
        uint256 stepsClaimed = vesting.park(msg.sender, amount);
        id = lots.length;
        lots.push(Lot(msg.sender, amount, price, true, stepsClaimed));
    }

    function withdraw(uint256 id) external {
        Lot storage lot = lots[id];
        if (lot.seller != msg.sender) revert NotSeller();
        _close(lot);
        vesting.unpark(msg.sender, lot.amount, lot.stepsClaimed);
    }

    function buy(uint256 id) external {
        Lot storage lot = lots[id];
        _close(lot);
        if (!currency.transferFrom(msg.sender, lot.seller, lot.price)) revert Unpaid();
        vesting.unpark(msg.sender, lot.amount, lot.stepsClaimed);
    }

    function count() external view returns (uint256) {
        return lots.length;
    }

    function _close(Lot storage lot) internal {
        if (!lot.open) revert Closed();
        lot.open = false;
    }
}
