#!/usr/bin/env node
// A switch driver (docs/network.md) that keeps its ports in a JSON file: SWITCH_PORTS, or switch-ports.json beside it.
// `set` and `read` are where a real one speaks to its switch: over SSH, NETCONF, or its HTTP API.
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const file = process.env.SWITCH_PORTS ?? join(import.meta.dirname, "switch-ports.json");
const all = () => (existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : {});
const read = (name) => all()[name] ?? null;
function set(name, wish) {
  writeFileSync(`${file}.new`, JSON.stringify({ ...all(), [name]: wish }, null, 2));
  renameSync(`${file}.new`, file);
}

const answer = (applied, why = null) =>
  process.stdout.write(`${JSON.stringify({ schema: "rackwright.network-answer/1", applied, why })}\n`);

const request = JSON.parse(readFileSync(0, "utf8"));
if (request.schema !== "rackwright.network-request/1") {
  answer(false, `this driver does not know ${request.schema}`);
} else {
  const name = `${request.switch} ${request.port}`;
  const before = read(name);
  if (JSON.stringify(before) !== JSON.stringify(request.wish)) set(name, request.wish);
  const after = read(name);
  if (JSON.stringify(after) === JSON.stringify(request.wish)) answer(true);
  else answer(false, `port ${name} is still ${JSON.stringify(after)}`);
}
