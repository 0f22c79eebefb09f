/** Time-outs are data: a lab's file changes them while everything runs, with no deployment in between. */
import { expect, test } from "vitest";
import { importLab } from "../../lib/app/import-lab.ts";
import { registerImage } from "../../lib/app/register-image.ts";
import { labFile } from "../../lib/contracts/lab-file.ts";
import { defaultOsProfiles } from "../../lib/core/correction/os-profiles.ts";
import { branded, isImageId } from "../../lib/core/ids.ts";
import { jobOf } from "../../lib/core/node/node.ts";
import { minutes } from "../../lib/core/time.ts";
import { controller, MemoryLab } from "./lab.ts";

const operator = { kind: "operator", name: "grace" } as const;
const raised = minutes(90);

/** Nodes that are not named stay as they are. */
const raise = (lab: MemoryLab) =>
  importLab(
    lab.app,
    labFile.parse({
      schema: "rackwright.lab/1",
      lab: "blue",
      controllers: [controller],
      correction: { policy: { os: { "windows/2008": { init: [raised] } } } },
      nodes: [
        {
          id: "node-01",
          macs: ["52:54:00:00:00:00"],
          bmc: { driver: "redfish", address: "https://node-01", credential: "bmc/blue" },
        },
      ],
    }),
    operator,
  );

/** How long a node with this version may be in mini-setup without a sign, once it is there. */
async function miniSetupMs(lab: MemoryLab, osVersion: string, reservation = osVersion): Promise<number> {
  const id = branded(isImageId, `windows-${osVersion}`);
  const content = { sha256: "ab".repeat(32), sizeBytes: 1000 };
  await registerImage(lab.app, {
    id,
    buildSystem: "netboot-image",
    osModule: "windows",
    osVersion,
    ...content,
  });
  await lab.job({ kind: "reserve", id: reservation, owner: "ada", image: id, minutes: 600 });
  let found = 0;
  await lab.until(async () => {
    const node = (await lab.nodes()).find(
      ({ provision, operation }) =>
        operation.phase === "init" && "reservation" in provision && provision.reservation === reservation,
    );
    found = (node === undefined ? null : jobOf(node))?.clocks.noProgressMs ?? 0;
    return found > 0;
  });
  return found;
}

test("R11: raised in the lab's file, the mini-setup of one version has its new time from the next look on, every other its old", async () => {
  const lab = await new MemoryLab().open(4);
  const shipped = (name: string): number | undefined => defaultOsProfiles[name]?.init[0];
  expect(await miniSetupMs(lab, "2008")).toBe(shipped("windows/2008"));
  await raise(lab);
  expect(await miniSetupMs(lab, "2008", "again")).toBe(raised);
  expect(await miniSetupMs(lab, "vista")).toBe(shipped("windows/vista"));
  expect(await miniSetupMs(lab, "2019")).toBe(shipped("windows/2019"));
});
