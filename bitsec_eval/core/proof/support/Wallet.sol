// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

/// @notice A user's contract account: a project that turns contracts away turns this user away.
/// An attacker's looks the same from outside: it has taken on a module, whose code it runs as its own.
contract Wallet {
    bytes32 private constant MODULE = keccak256("wallet.module");
    address private immutable holder;

    constructor() {
        holder = msg.sender;
    }

    receive() external payable {
        _act(false);
    }

    fallback() external payable {
        _act(true);
    }

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

    function takeOn(address module) external {
        require(msg.sender == holder, "not the holder");
        bytes32 slot = MODULE;
        assembly {
            sstore(slot, module)
        }
    }

    function _act(bool must) private {
        bytes32 slot = MODULE;
        address module;
        assembly {
            module := sload(slot)
        }
        if (module == address(0)) {
            require(!must, "no such function");
            return;
        }
        (bool done, bytes memory answer) = module.delegatecall(msg.data);
        assembly {
            if done { return(add(answer, 32), mload(answer)) }
            revert(add(answer, 32), mload(answer))
        }
    }
}
