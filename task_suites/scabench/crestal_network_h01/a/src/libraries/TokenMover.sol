// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {IERC20} from "../interfaces/IERC20.sol";

/// @notice Moves tokens and reverts where a token only says that it did not.
library TokenMover {
    error MoveFailed();

    function safeTransfer(IERC20 token, address to, uint256 amount) internal {
        _call(token, abi.encodeCall(IERC20.transfer, (to, amount)));
    }

    function safeTransferFrom(IERC20 token, address from, address to, uint256 amount) internal {
        _call(token, abi.encodeCall(IERC20.transferFrom, (from, to, amount)));
    }

    function _call(IERC20 token, bytes memory data) private {
        if (address(token).code.length == 0) revert MoveFailed();
        (bool done, bytes memory answer) = address(token).call(data);
        if (!done || (answer.length != 0 && !abi.decode(answer, (bool)))) revert MoveFailed();
    }
}
