/** What the virtual firmware makes of a boot script. */
import { expect, test } from "vitest";
import { type IpxeHost, type IpxeOutcome, runIpxe } from "../../lib/local/rack/ipxe.ts";

const host = (scripts: Readonly<Record<string, string>>): IpxeHost => ({
  kernel: async () => true,
  initrd: async () => true,
  script: async (url) => scripts[url] ?? null,
  hasDisk: () => true,
  sleep: async () => {},
});
const passedOn = "#!ipxe\nchain http://b/x ||\nsanboot --drive 0x80 || exit\n";

test.each<[what: string, scripts: Readonly<Record<string, string>>, outcome: IpxeOutcome]>([
  [
    "has allowed it the boot",
    { "http://b/x": "#!ipxe\nkernel k a=1\ninitrd r\nboot\n" },
    { kind: "boot", args: ["a=1"] },
  ],
  ["says: your disk", { "http://b/x": "#!ipxe\nsanboot --drive 0x80 || exit\n" }, { kind: "disk" }],
  ["does not answer", {}, { kind: "disk" }],
  ["answers nonsense", { "http://b/x": "<html>" }, { kind: "disk" }],
])("a boot that is passed on to another controller, which %s", async (_what, scripts, outcome) => {
  expect(await runIpxe(passedOn, host(scripts))).toEqual(outcome);
});
