// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {IERC20} from "./interfaces/IERC20.sol";
import {TokenMover} from "./libraries/TokenMover.sol";

/// @notice Collects prices and keeps the house's commission apart.
abstract contract Payment {
    using TokenMover for IERC20;

    uint256 internal constant WHOLE = 10_000;

    address public treasury;
    uint256 public commission;

    event Collected(address indexed payer, address indexed payee, uint256 price, uint256 kept);

    /// @notice Collects `price` from `payer`: the commission for the treasury, the rest for `payee`.
    function payWithERC20(IERC20 token, address payer, address payee, uint256 price) public returns (uint256 kept) {
        kept = (price * commission) / WHOLE;
        if (kept != 0) {
            token.safeTransferFrom(payer, treasury, kept);
        }
        token.safeTransferFrom(payer, payee, price - kept);
        emit Collected(payer, payee, price, kept);
    }

    /// @notice Takes tokens into this contract's own keeping.
    function _takeIn(IERC20 token, address giver, uint256 amount) internal {
        token.safeTransferFrom(giver, address(this), amount);
    }
}
