#!/opt/node/bin/node
// npm's Solidity compiler behind the part of solc's command line that forge uses: --version, and standard JSON from
// standard input to standard output. Its version is the end of its own name, as in solc-0.8.20.

"use strict";
const fs = require("fs");
const path = require("path");

const version = path.basename(process.argv[1]).split("-")[1];

function write(text) {
  const whole = Buffer.from(text, "utf8");
  let sent = 0;
  while (sent < whole.length) sent += fs.writeSync(1, whole, sent);
}

if (process.argv.includes("--version")) {
  write(`solc, the solidity compiler commandline interface\nVersion: ${version}\n`);
} else {
  const module = require(`/opt/solc/${version}/soljson.js`);
  write(module.cwrap("solidity_compile", "string", ["string", "number", "number"])(fs.readFileSync(0, "utf8"), 0, 0));
}
