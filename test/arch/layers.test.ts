/** Chiba City's layers, read from the code itself: what one of them alone may do, and what none but one may know. */
import { describe, expect, test } from "vitest";
import { trackedFiles } from "./tracked.ts";

const code = trackedFiles().filter(({ path }) => /^(lib|functions|clients|infra)\/.*\.ts$/.test(path));
const withText = (pattern: RegExp): string[] =>
  code.filter(({ text }) => pattern.test(text)).map(({ path }) => path);
const outside = (paths: readonly string[], ...rooms: readonly string[]): string[] =>
  paths.filter((path) => !rooms.some((room) => path.startsWith(room)));

/** The machines of the local stack, which BMCs are part of. */
const rack = "lib/local/rack/";

describe("R80: the infrastructure layer owns wiring and power", () => {
  test("nobody but its drivers speaks to a BMC or a PDU", () => {
    const protocols = withText(/"\/redfish\/v1|(spawn|tool|run)\w*\(\s*"(ipmitool|fence_\w+|virsh)"/i);
    expect(protocols.length).toBeGreaterThanOrEqual(2);
    expect(outside(protocols, "lib/drivers/", rack)).toEqual([]);
  });

  test("nobody but the agent on the lab's controller calls these drivers", () => {
    const callers = withText(/from "[^"]*drivers\/power\//);
    expect(callers.length).toBeGreaterThanOrEqual(3);
    expect(outside(callers, "lib/agent/", "lib/drivers/")).toEqual([]);
  });
});

test("R88: packages and where they come from are the build systems' own business: nobody else has a word for them", () => {
  const words = /\b(apt|dnf|yum|rpm|zypper|pacman|repositor(y|ies)|packages?)\b/i;
  const above = code.filter(({ path }) => /^(lib\/(core|contracts|ports|app)|functions)\//.test(path));
  expect(above.length).toBeGreaterThan(150);
  const named = above.filter(({ text }) => words.test(text)).map(({ path }) => path);
  expect(outside(named, "lib/core/provisioning/build-systems/")).toEqual([]);
});
