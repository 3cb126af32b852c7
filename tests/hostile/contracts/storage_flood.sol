// attack: state that the host keeps, slot by slot
// ends: NO_GAIN
// size: 10000000
// control: 20
pragma solidity ^0.8.20;

contract Exploit {
    uint256 private kept;
    mapping(uint256 => uint256) private slots;
    function run(address market, address token, address customer) external {
        market; token; customer;
        for (uint256 i; i < SIZE; i++) slots[i] = i + 1;
    }
}
