// SPDX-License-Identifier: MIT
pragma solidity ^0.8.20;

import {Coin} from "./Coin.sol";

/// @notice Carries out signed orders, so that holders need no ether; whoever submits one gets its fee.
contract Relay {
    struct Order {
        address from;
        address to;
        uint256 amount;
        uint256 fee;
        uint256 nonce;
    }

    bytes32 private constant ORDER_TYPE =
        keccak256("Order(address from,address to,uint256 amount,uint256 fee,uint256 nonce)");
    bytes32 private constant DOMAIN_TYPE = keccak256("EIP712Domain(uint256 chainId,address verifyingContract)");

    Coin public immutable coin;
    mapping(address => uint256) public nonces;

    error WrongNonce();
    error WrongSignature();

    constructor(Coin coin_) {
        coin = coin_;
    }

    /// @notice What signatures for this relay on this chain are bound to.
    function domain() public view returns (bytes32) {
        return domainOf(block.chainid, address(this));
    }

    function domainOf(uint256 chainId, address relay) public pure returns (bytes32) {
        return keccak256(abi.encode(DOMAIN_TYPE, chainId, relay));
    }

    function digestOf(Order calldata order, bytes32 separator) public pure returns (bytes32) {
        bytes32 content =
            keccak256(abi.encode(ORDER_TYPE, order.from, order.to, order.amount, order.fee, order.nonce));
        return keccak256(abi.encodePacked("\x19\x01", separator, content));
    }

    /// @notice Carries out an order that its holder has signed for `separator`.
    function submit(Order calldata order, bytes32 separator, bytes calldata signature) external {
        if (order.nonce != nonces[order.from]) revert WrongNonce();
        if (_signer(digestOf(order, separator), signature) != order.from) revert WrongSignature();
        nonces[order.from] += 1;
        coin.moveFor(order.from, order.to, order.amount);
        coin.moveFor(order.from, msg.sender, order.fee);
    }

    /// @notice Makes the caller's next order void.
    function skip() external {
        nonces[msg.sender] += 1;
    }

    function _signer(bytes32 digest, bytes calldata signature) private pure returns (address found) {
        if (signature.length != 65) revert WrongSignature();
        bytes32 r = bytes32(signature[0:32]);
        bytes32 s = bytes32(signature[32:64]);
        if (uint256(s) > 0x7FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF5D576E7357A4501DDFE92F46681B20A0) revert WrongSignature();
        found = ecrecover(digest, uint8(signature[64]), r, s);
        if (found == address(0)) revert WrongSignature();
    }
}
