/** Machines made and unmade by the real virsh, on libvirt's simulated hypervisor; each connection to it begins anew. */
import { describe, expect, test } from "vitest";
import type { Fault } from "../../lib/core/fault.ts";
import { DriverFault } from "../../lib/drivers/driver-fault.ts";
import type { BmcAccess } from "../../lib/drivers/power/driver.ts";
import { createMachine, domainXml, type MachinePlan, removeDisk } from "../../lib/drivers/vm/libvirt.ts";
import { copyDisk, volumeXml } from "../../lib/drivers/vm/libvirt-copy.ts";
import { bmc } from "./bmc.ts";

const sha256 = "ab".repeat(32);
const base = `rackwright-${sha256}`;
const plan: MachinePlan = {
  installation: "res-1.vm-01.v3.1",
  image: { sha256, sizeBytes: 1_000_000, file: "/nowhere/image" },
  memoryMib: 512,
  cpus: 2,
  diskGib: 4,
  macs: ["52:54:00:00:00:01"],
  told: { "rackwright.token": "a<b'&" },
};

/** The pool holds the base, and in one connection all that is asked: `first` is what the host had before. */
const host = (first: readonly string[] = [], hasBase = true): BmcAccess & { readonly asked: string[] } => {
  const asked: string[] = [];
  const access = bmc("test:///default", { domain: "vm-01", pool: "default-pool", type: "test" });
  return {
    ...access,
    asked,
    tool: (program, args, input, signal) => {
      const before = [
        ...(hasBase ? [`vol-create-as default-pool ${base} 1MiB --format qcow2`] : []),
        ...first,
      ];
      const mark = hasBase ? [`vol-create-as default-pool ${base}.whole 1b --format raw`] : [];
      asked.push(args.at(-1) ?? "");
      return access.tool(
        program,
        [...args.slice(0, -1), [...before, ...mark, args.at(-1) ?? ""].join("; ")],
        input,
        signal,
      );
    },
  };
};
const faultOf = (work: Promise<unknown>): Promise<Fault | null> =>
  work.then(
    () => null,
    (error: unknown) => {
      if (error instanceof DriverFault) return error.fault;
      throw error;
    },
  );

describe("a virtual machine", () => {
  test("R15: is made anew from the image, on a disk of its own, and what was there before is gone", async () => {
    const fresh = host();
    await createMachine(fresh, plan);
    expect(fresh.asked.at(-1)).toContain(`--backing-vol ${base} --backing-vol-format qcow2`);
    const old = host(["vol-create-as default-pool rackwright-disk-vm-01 1GiB --format qcow2"]);
    await createMachine(old, { ...plan, installation: "res-2.vm-01.v9.1" });
    const running = host();
    await createMachine({ ...running, options: { ...running.options, domain: "test" } }, plan);
    expect(running.asked.at(-1)).toMatch(/^destroy test; undefine test .*domstate test$/);
  });

  test("that libvirt did not make is a fault with its reason, and nothing is believed", async () => {
    const clash = host();
    expect(await faultOf(createMachine(clash, { ...plan, macs: ["not-a-mac"] }))).toMatchObject({
      class: "node",
      code: "machine-not-made",
    });
  });

  test("is not made of an image that the pool does not take: the node is not blamed", async () => {
    expect(await faultOf(createMachine(host([], false), plan))).toMatchObject({
      class: "infrastructure",
      code: "image-not-uploaded",
    });
  });

  test("R44: is given up by deleting its disk; it stays defined, and off", async () => {
    const running = ["vol-create-as default-pool rackwright-disk-test 1GiB --format qcow2"];
    const access = host(running);
    await removeDisk({ ...access, options: { ...access.options, domain: "test" } });
    expect(await faultOf(removeDisk(host()))).toMatchObject({ code: "machine-not-removed" });
  });

  test("that is not off, or has no disk of ours, is not copied, and why is said", async () => {
    const disk = ["vol-create-as default-pool rackwright-disk-test 1GiB --format qcow2"];
    const running = host(disk);
    const test = { ...running, options: { ...running.options, domain: "test" } };
    expect(await faultOf(copyDisk(test, "/nowhere/copy"))).toMatchObject({
      code: "disk-not-copied",
      message: expect.stringContaining("test is not off"),
    });
    expect(await faultOf(copyDisk(host(), "/nowhere/copy"))).toMatchObject({ code: "disk-not-copied" });
  });

  test("is copied whole and without what it was made from, and a copy that did not arrive is none", async () => {
    const off = host(["vol-create-as default-pool rackwright-disk-test 1GiB --format qcow2", "destroy test"]);
    const access = { ...off, options: { ...off.options, domain: "test" } };
    // The simulated hypervisor makes volumes, and gives none away.
    expect(await faultOf(copyDisk(access, "/nowhere/copy"))).toMatchObject({ code: "disk-not-copied" });
    expect(off.asked.at(-1)).toMatch(
      /vol-create-from default-pool \S+ rackwright-disk-test .*vol-download rackwright-copy-test \/nowhere\/copy/,
    );
    expect(volumeXml("copy", "1024")).not.toContain("backingStore");
  });

  test("is told its token where only the guest reads it, and no value ends its element", () => {
    const place = { domain: "vm-01", pool: "default", network: "default", type: "kvm" } as const;
    expect(domainXml(place, plan)).toContain("<entry>rackwright.token=a&lt;b&apos;&amp;</entry>");
  });
});
