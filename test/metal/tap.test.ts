/** The same on a network as a lab has it: a bridge, taps, dnsmasq with the configuration that the agent makes. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, afterEach, expect, test } from "vitest";
import type { ReservationView } from "../../lib/contracts/reservation-views.ts";
import { labNetworkOf, networkMissing } from "../../lib/local/rack/qemu/network.ts";
import { Place } from "../stack/main-job.ts";
import { consoleOf, endMachines, requireBuilt, ssh } from "./support.ts";

requireBuilt();
const patienceMs = 540_000;
const place = new Place();
const permitted = networkMissing().length === 0;
const start = () => place.start("--rack", "qemu", "--net", "tap", "--count", "1");

afterEach(({ task }) => {
  if (task.result?.state === "fail") place.explain();
});
afterAll(async () => {
  if (permitted) endMachines(place.data);
  await place.clean();
}, 60_000);

test.runIf(permitted)(
  "a machine that gets its address and its boot script by DHCP is loaded, and logged in to at its own address",
  { timeout: patienceMs },
  async () => {
    const run = await start();
    const { reservation } = await run.until(({ event, to }) => event === "reservation" && to === "reserved");
    const { connections } = await place.get<ReservationView>(`/v1/reservations/${reservation ?? ""}`);
    const [connection] = connections;
    const net = labNetworkOf(place.data).host.replace(/1$/, "");
    expect(connection?.address).toMatch(new RegExp(`^${net.replaceAll(".", "\\.")}\\d+(:22)?$`));
    const key = join(place.data, "user-key");
    expect(await ssh(connection?.address ?? "", "student", key, "hostname")).toBe("node-01\n");
    expect(consoleOf(place.data, "node-01")).toContain("verified");
    const told = readFileSync(join(place.data, "rack/dnsmasq.log"), "utf8");
    // The ROM, the ramdisk, the system: each asked who it is, and was given what it boots.
    expect(told.match(/DHCPACK\(/g)?.length).toBeGreaterThanOrEqual(3);
    expect(told).toMatch(/bootfile-name +http:\/\/198\.1[89]\.\d+\.1:\d+\/boot\/ipxe\?mac=\$\{netX\/mac\}/);
    run.child.kill("SIGTERM");
    await run.ended;
    expect(existsSync(`/run/netns/${labNetworkOf(place.data).namespace}`)).toBe(false);
  },
);

test.runIf(!permitted)(
  "where that is not permitted, it says what is missing, and starts nothing",
  async () => {
    const run = await start();
    const { code, stderr } = await run.ended;
    expect(code).toBe(2);
    expect(stderr).toContain("--net tap wants ");
  },
);
