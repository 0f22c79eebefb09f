/** A whole reservation through `npx rackwright`, on the stack that `npm start` runs. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { tokenFrom } from "../../lib/local/issuer.ts";
import { usePlaces } from "./main-job.ts";

const place = usePlaces();
const root = join(import.meta.dirname, "../..");

const program = [process.execPath, "clients/command-line/main.ts"];
/** As a person who has only done `npm ci`. */
const npx = ["npx", "--offline", "--no-update-notifier", "rackwright"];

interface Access {
  readonly api: string;
  readonly token: string;
}

/** The Node that is first on the path may be any. */
async function run(
  [file = "", ...first]: readonly string[],
  { api, token }: Access,
  words: readonly string[],
) {
  const child = spawn(file, [...first, ...words], {
    cwd: root,
    env: {
      PATH: "/usr/local/bin:/usr/bin:/bin",
      HOME: process.env["HOME"],
      USER: "ada",
      RACKWRIGHT_API: api,
      RACKWRIGHT_TOKEN: token,
    },
  });
  let [out, error] = ["", ""];
  child.stdout.on("data", (chunk) => {
    out += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    error += String(chunk);
  });
  const code = await new Promise<number | null>((resolve) => child.once("close", resolve));
  return { code, out, error };
}

test("a reservation is made, watched, shown, explained, extended and ended from the command line", {
  timeout: 120_000,
}, async () => {
  const here = place();
  const stack = await here.start("--count", "1");
  await stack.until(({ event, to }) => event === "reservation" && to === "reserved");
  const key = join(here.data, "cli.pub");
  writeFileSync(key, "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAbcdefgh ada@home\n");
  const access = { api: here.api, token: await tokenFrom(here.api, "ada", []) };
  const operating = { api: here.api, token: await tokenFrom(here.api, "grace", ["operator"]) };
  const operate = (...words: readonly string[]) => run(program, operating, words);
  const ask = (...words: readonly string[]) => run(program, access, words);

  const reserved = await run(npx, access, [
    "reserve",
    "--image",
    "demo",
    "--id",
    "res-cli",
    "--key",
    key,
    "--watch",
  ]);
  expect(reserved).toMatchObject({ code: 0 });
  expect(reserved.out).toMatch(/^res-cli {2}reserved {2}1 of 1 nodes, image demo$/m);
  const sshLine = /ssh -o HostKeyAlias=(node-\d\d)[.]res-cli .* -p \d+ student@127[.]0[.]0[.]1\n$/;
  expect(reserved.out).toMatch(sshLine);
  const [, node = ""] = sshLine.exec(reserved.out) ?? [];

  expect((await ask("ls")).out).toMatch(/\nres-cli +(reserved|in-use) +ada +demo +1\/1 /);
  expect((await ask("connect", "res-cli")).out).toMatch(sshLine);
  expect((await operate("node", node)).out).toMatch(/reservation +res-cli\n/);
  expect((await ask("explain", "res-cli")).out).toMatch(/is it ready[?]\n {2}yes/);
  expect((await operate("explain", node)).code).toBe(0);
  expect((await ask("images")).out).toMatch(/\ndemo /);
  expect((await operate("labs")).out).toMatch(/\nblue +12 +act /);

  const before: { end: number } = await here.get("/v1/reservations/res-cli");
  const extended = await ask("extend", "res-cli", "--by", "30", "--json");
  expect(JSON.parse(extended.out)).toMatchObject({ id: "res-cli", end: before.end + 1_800_000 });

  expect(await ask("end", "res-cli", "--watch")).toMatchObject({ code: 0 });
  expect((await ask("ls", "--all")).out).toMatch(/\nres-cli +complete /);
  expect(await ask("extend", "res-cli", "--by", "30")).toMatchObject({ code: 6 });
  expect(await ask("watch", "res-cli")).toMatchObject({ code: 1 });
  expect(await ask("nodes")).toMatchObject({ code: 4 });
  expect(await ask("watch", "res-gone")).toMatchObject({ code: 3 });
  expect(await ask("reserve", "--image", "none")).toMatchObject({ code: 6 });
});
