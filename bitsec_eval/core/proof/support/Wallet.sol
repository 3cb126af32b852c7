// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @notice An honest user's contract account: a project that turns contracts away turns this user away.
contract Wallet {
    address private immutable holder;

    constructor() {
        holder = msg.sender;
    }

    receive() external payable {}

    function execute(address to, uint256 value, bytes calldata data) external payable returns (bytes memory) {
        require(msg.sender == holder, "not the holder");
        (bool done, bytes memory answer) = to.call{value: value}(data);
        if (!done) {
            assembly {
                revert(add(answer, 32), mload(answer))
            }
        }
        return answer;
    }
}
