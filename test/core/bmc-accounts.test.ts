/** What a user can leave where no load reaches: an account of his own on the BMC, another boot order. */
import { expect, test } from "vitest";
import { branded, isInstallationId } from "../../lib/core/ids.ts";
import { isFree } from "../../lib/core/scheduling/allocate.ts";
import { accountsIn } from "../../lib/drivers/power/ipmi.ts";
import { World } from "./world.ts";

/** Handed over, somebody logs in, and it is over. */
function used(bmcAccounts: readonly string[]): World {
  const world = new World().inUse();
  expect(world.node.bmcAccounts).toEqual(["rackwright"]);
  world.pass(1000).beacon("run", { login: { user: "student" } });
  world.bmcAccounts = bmcAccounts;
  world.endReservation();
  return world;
}

test("after a use the BMC's accounts are read before the load; the same ones as before: it goes on", () => {
  const world = used(["rackwright"]);
  expect(world.verbsSent.slice(0, world.verbsSent.lastIndexOf("power.off"))).toContain("bmc.accounts");
  world.write().bootDisk();
  while (world.state === "configuring") world.pass(5).answer();
  expect(world.state).toBe("available");
});

test.each([
  ["a new one", ["mallory", "rackwright"], "mallory has an account on the BMC now"],
  ["one that is gone", [], "rackwright has none any more"],
])("%s keeps the node out, with an issue that says who", (_what, accounts, said) => {
  const world = used(accounts);
  world.answer();
  expect(world.state).toBe("quarantined");
  expect(world.issues.at(-1)?.fault).toMatchObject({ code: "bmc-accounts-changed", class: "node" });
  expect(world.issues.at(-1)?.fault.message).toContain(said);
});

test("given back by an operator, it is loaded anew, and what its BMC says now is what is right from then on", () => {
  const world = used(["night-shift", "rackwright"]);
  world.answer();
  world.tell({
    kind: "give-back",
    reason: "the new shift's account",
    actor: { kind: "operator", name: "eve" },
  });
  world.write().bootDisk();
  while (world.state === "configuring") world.pass(5).answer();
  expect(world.state).toBe("available");
  expect(world.node.bmcAccounts).toEqual(["night-shift", "rackwright"]);
});

test("of a BMC's list those count who may come in over the network", () => {
  const list = [
    "ID  Name             Callin  Link Auth  IPMI Msg   Channel Priv Limit",
    "1                    true    false      true       ADMINISTRATOR",
    "2   ADMIN            true    true       true       ADMINISTRATOR",
    "3   mallory jr       true    true       true       OPERATOR",
    "4   old              true    false      false      NO ACCESS",
    "5   asleep           true    true       true       NO ACCESS",
    "",
  ].join("\n");
  expect(accountsIn(list)).toEqual(["ADMIN", "mallory jr"]);
});

test("after a use the boot order is proved by booting: only the system that was written can say that the machine boots its disk", () => {
  const world = used(["rackwright"]);
  world.write();
  expect(world.job).toMatchObject({ program: "reload", step: "boot-disk" });
  // Whatever else boots there has not the token that this very load has left on the disk.
  const installation = branded(isInstallationId, "res-0.provision.1");
  expect(world.pass(10).beacon("run", { installation })).toBe(false);
  for (let round = 0; round < 60 && world.state === "loading"; round += 1) {
    if (world.job.command === null) world.waitUntilDue();
    else world.answer();
    expect(isFree(world.node)).toBe(false);
  }
  expect(world.state).toBe("quarantined");
  expect(isFree(world.node)).toBe(false);
});

test("what a BMC was told for the boots to come is overwritten by each load: once from the network, then by itself", () => {
  const world = used(["rackwright"]);
  const load = world.sent.at(-1)?.actions ?? [];
  expect(load.find(({ verb }) => verb === "boot.set")).toEqual({
    verb: "boot.set",
    device: "network",
    persistence: "once",
  });
});
