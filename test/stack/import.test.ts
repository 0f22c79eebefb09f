/** A lab file through `npx rackwright`, on the stack that `npm start` runs: over HTTP, with tokens, into the real table. */
import { spawn } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tokenFrom } from "../../lib/local/issuer.ts";
import { usePlaces } from "./main-job.ts";

const place = usePlaces();
const root = join(import.meta.dirname, "../..");
const example = readFileSync(join(root, "examples/lab.yaml"), "utf8");

test("a lab is planned, imported, exported and changed; what another lab has is refused", {
  timeout: 120_000,
}, async () => {
  const here = place();
  const stack = await here.start("--count", "1");
  await stack.until(({ event, to }) => event === "reservation" && to === "reserved");
  const fileWith = (name: string, text: string): string => {
    const path = join(here.data, name);
    writeFileSync(path, text);
    return path;
  };
  const as = async (name: string, groups: string[]) => {
    const env = {
      PATH: process.env["PATH"],
      HOME: process.env["HOME"],
      RACKWRIGHT_API: here.api,
      RACKWRIGHT_TOKEN: await tokenFrom(here.api, name, groups),
    };
    return async (...words: readonly string[]) => {
      const child = spawn(process.execPath, ["clients/command-line/main.ts", ...words], { cwd: root, env });
      let [out, error] = ["", ""];
      child.stdout.on("data", (chunk) => {
        out += String(chunk);
      });
      child.stderr.on("data", (chunk) => {
        error += String(chunk);
      });
      const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
      return { code, out, error };
    };
  };
  const operator = await as("grace", ["operator"]);
  const user = await as("ada", []);

  expect(await user("import", "examples/lab.yaml", "--plan")).toMatchObject({ code: 4 });
  const planned = await operator("import", "examples/lab.yaml", "--plan");
  expect(planned).toMatchObject({ code: 7 });
  expect(planned.out).toContain("lab green is new: 4 to enrol, 0 to change, 0 as they are");
  expect(await operator("node", "g-001")).toMatchObject({ code: 3 });
  expect(await operator("import", "examples/lab.yaml")).toMatchObject({ code: 0 });
  expect(await operator("import", "examples/lab.yaml", "--plan")).toMatchObject({ code: 0 });
  expect((await operator("labs")).out).toMatch(/\ngreen +4 +act /);

  const exported = await operator("export", "green");
  expect(exported).toMatchObject({ code: 0 });
  expect(await operator("import", fileWith("copy.yaml", exported.out), "--plan")).toMatchObject({ code: 0 });

  const changed = fileWith("changed.yaml", example.replace("b2:00:01", "b2:00:0a"));
  expect((await operator("import", changed)).out).toContain("0 enrolled, 1 changed, 3 as they were");
  const taken = fileWith("red.yaml", example.replace("lab: green", "lab: red").replaceAll("g-", "r-"));
  const refused = await operator("import", taken);
  expect(refused).toMatchObject({ code: 1 });
  expect(refused.error).toMatch(/red\.yaml:\d+:\d+: MAC 52:54:00:b2:00:02 is already that of node g-002/);

  const asked = ["--image", "demo", "--class", "compute", "--min-memory", "2048", "--id", "res-large"];
  expect(await user("reserve", ...asked)).toMatchObject({ code: 0 });
  expect((await user("explain", "res-large")).out).toContain(
    "no node of class compute has 2097152 MiB of memory",
  );
});
