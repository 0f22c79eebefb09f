import { beforeEach, describe, expect, test } from "vitest";
import { registerImage } from "../../lib/app/register-image.ts";
import { imageBody } from "../../lib/contracts/api.ts";
import { MemoryLab } from "./lab.ts";

let lab: MemoryLab;
beforeEach(async () => {
  lab = await new MemoryLab().open(1);
});

const sha256 = "cd".repeat(32);
const wrapped = {
  id: "rocky",
  buildSystem: "external",
  osModule: "generic",
  revision: "9.4-1",
  settings: { system: "xcat", osimage: "rocky $(reboot) {{x}} ü" },
};
const register = (body: unknown) => registerImage(lab.app, imageBody.parse(body));
const faultOf = async (body: unknown): Promise<string> => {
  const registered = await register(body);
  return registered.ok ? "it was registered" : registered.fault.message;
};

describe("an image", () => {
  test("R86: of another build system keeps its settings as they are: nobody else reads them", async () => {
    const registered = await register(wrapped);
    expect(registered).toMatchObject({ ok: true, revision: { revision: "rocky:9.4-1", content: null } });
    const stored = await lab.store.revisions("rocky");
    expect(stored.map(({ settings }) => settings)).toEqual([wrapped.settings]);
  });

  test("that its build system cannot use is refused with what it lacks", async () => {
    expect(await faultOf({ ...wrapped, settings: {} })).toContain("wants the setting system");
    expect(await faultOf({ ...wrapped, settings: { system: "../sh" } })).toContain("must be the name of");
    expect(await faultOf({ id: "demo", revision: "1" })).toContain("wants an image's checksum and size");
    expect(await faultOf({ id: "demo", sha256, sizeBytes: 1, settings: { colour: "red" } })).toContain(
      "knows no setting colour",
    );
    expect(await faultOf({ ...wrapped, buildSystem: "cfengine" })).toContain(
      "there is no build system cfengine",
    );
  });

  test("has revisions that never change: the same again is the same, other settings want another revision", async () => {
    await register(wrapped);
    expect(await register(wrapped)).toMatchObject({ ok: true });
    const other = { ...wrapped, settings: { system: "xcat", osimage: "rocky-9.5" } };
    expect(await faultOf(other)).toContain("give this one a revision of its own");
    expect(await register({ ...other, revision: "9.5-1" })).toMatchObject({ ok: true });
  });

  test("has a checksum and a size, or a name for its revision", () => {
    expect(imageBody.safeParse({ id: "demo" }).success).toBe(false);
    expect(imageBody.safeParse({ id: "demo", sha256 }).success).toBe(false);
    expect(imageBody.safeParse({ id: "demo", sha256, sizeBytes: 1 }).success).toBe(true);
    expect(imageBody.safeParse({ id: "demo", revision: "1" }).success).toBe(true);
  });
});
