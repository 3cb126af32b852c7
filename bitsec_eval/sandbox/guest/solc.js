// The Solidity compiler's process: standard JSON in, standard JSON out, without a file system to import from.
//
// Both ways a message is a 4-byte big-endian length and its bytes. A request is "VERSION\0" and the input; the first
// message of this process is "ready". Compilers lie in /opt/solc/VERSION/soljson.js, as npm's `solc` packages have them.

const fs = require("fs");
const compilers = {};

function compiler(version) {
  if (!compilers[version]) {
    const module = require(`/opt/solc/${version}/soljson.js`);
    const compile = module.cwrap("solidity_compile", "string", ["string", "number", "number"]);
    compilers[version] = (input) => {
      const output = compile(input, 0, 0); // no callback: an import that is not among the sources is an error
      if (module._solidity_reset) module._solidity_reset();
      return output;
    };
  }
  return compilers[version];
}

function take(count) {
  const taken = Buffer.alloc(count);
  let have = 0;
  while (have < count) {
    const got = fs.readSync(0, taken, have, count - have, null);
    if (got === 0) process.exit(0);
    have += got;
  }
  return taken;
}

function send(text) {
  const payload = Buffer.from(text, "utf8");
  const header = Buffer.alloc(4);
  header.writeUInt32BE(payload.length);
  const whole = Buffer.concat([header, payload]);
  let sent = 0;
  while (sent < whole.length) sent += fs.writeSync(1, whole, sent);
}

const SMALL = { "S.sol": { content: "pragma solidity >=0.4.0;contract S{function f() public pure returns(uint256){return 1;}}" } };
const WARM = {
  language: "Solidity",
  sources: SMALL,
  settings: { outputSelection: { "*": { "*": ["abi", "evm.bytecode.object"] } } },
};

for (const version of process.argv.slice(2)) compiler(version)(JSON.stringify(WARM)); // the first compile is the slowest
send("ready");
for (;;) {
  const request = take(take(4).readUInt32BE());
  const end = request.indexOf(0);
  send(compiler(request.toString("utf8", 0, end))(request.toString("utf8", end + 1)));
}
