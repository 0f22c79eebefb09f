/** `rackwright import` and `export` against an API over a store in memory. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { largeLab } from "../../bench/large-lab.ts";
import { exits } from "../../clients/command-line/exit.ts";
import { runProgram } from "../../clients/command-line/program.ts";
import { importPart } from "../../lib/app/import-lab.ts";
import { viewClaims, viewInventory } from "../../lib/app/inventory.ts";
import { claimsBody } from "../../lib/contracts/inventory-views.ts";
import { labPart } from "../../lib/contracts/lab-file.ts";
import { branded, isLabId } from "../../lib/core/ids.ts";
import { MemoryLab } from "../app/lab.ts";

const example = readFileSync(join(import.meta.dirname, "../../examples/lab.yaml"), "utf8");
const { app } = new MemoryLab();
const actor = { kind: "operator", name: "grace" } as const;
const asked: string[] = [];

/** The three routes, without what a token is for. */
const api: typeof fetch = async (input, init) => {
  const url = new URL(String(input));
  const [, , , lab = "", what = ""] = url.pathname.split("/");
  const body: unknown = typeof init?.body === "string" ? JSON.parse(init.body) : null;
  asked.push(`${init?.method} ${what}`);
  const answer = async () => {
    if (what === "inventory") return viewInventory(app, lab, 3, url.searchParams.get("next"));
    if (what === "claims") return viewClaims(app, claimsBody.parse(body).claims);
    return importPart(app, branded(isLabId, lab), labPart.parse(body), actor);
  };
  const said = await answer();
  const status = said === null ? 404 : 200;
  return new Response(JSON.stringify(said ?? { type: "x", title: "Not found", status, detail: "no lab" }), {
    status,
    headers: { "content-type": "application/json" },
  });
};

async function rackwright(
  line: string,
  files: Readonly<Record<string, string>> = {},
  { isTerminal = false }: { readonly isTerminal?: boolean } = {},
) {
  let [out, error] = ["", ""];
  asked.length = 0;
  const code = await runProgram(line.split(" "), {
    env: { RACKWRIGHT_API: "http://127.0.0.1:1", USER: "grace" },
    fetch: api,
    isTerminal,
    columns: () => 80,
    out: (text) => {
      out += text;
    },
    error: (text) => {
      error += text;
    },
    now: () => 0,
    sleep: async () => undefined,
    readFile: (path) => {
      const text = files[path];
      if (text === undefined) throw new Error(`there is no file ${path}`);
      return text;
    },
    runProgram: async () => 0,
  });
  return { code, out, error };
}

const files = { "lab.yaml": example };

test("a plan shows what would be done, changes nothing, and says by its exit code that there is something", async () => {
  const { code, out } = await rackwright("import lab.yaml --plan", files);
  expect(code).toBe(exits.changes);
  expect(out).toMatch(/^DO +WHAT +FIELD +FROM +TO$/m);
  expect(out).toMatch(/^add +node g-101 /m);
  expect(out).toContain("lab green is new: 4 to enrol, 0 to change, 0 as they are");
  expect(asked).toEqual(["GET inventory", "POST claims"]);
  expect(await app.store.read("lab", "green")).toBeNull();
});

test("an import does it, and a second one finds nothing to do", async () => {
  expect(await rackwright("import lab.yaml", files)).toMatchObject({
    code: exits.done,
    out: "lab green: 4 enrolled, 0 changed, 0 as they were\n",
  });
  expect(await rackwright("import lab.yaml", files)).toMatchObject({
    code: exits.done,
    out: "lab green is as the file has it\n",
  });
  expect(asked.filter((each) => each === "POST import")).toEqual([]);
  expect(await rackwright("import lab.yaml --plan", files)).toMatchObject({ code: exits.done });
});

test.each(["yaml", "json"])("importing what %s export has written changes nothing", async (format) => {
  const { out, code } = await rackwright(`export green --format ${format}`);
  expect(code).toBe(exits.done);
  const { code: planned, out: plan } = await rackwright("import copy --plan --json", { copy: out });
  expect(JSON.parse(plan)).toMatchObject({ settings: [], added: [], changed: [], unchanged: 4, missing: [] });
  expect(planned).toBe(exits.done);
});

test("a change is shown with what it was and what it is to be, then made", async () => {
  const changed = { "lab.yaml": example.replace("GX7K003", "GX7K033") };
  const { code, out } = await rackwright("import lab.yaml --plan", changed);
  expect(code).toBe(exits.changes);
  expect(out).toMatch(/^change +node g-003 +serial +"GX7K003" +"GX7K033"$/m);
  await rackwright("import lab.yaml", changed);
  expect((await app.store.read("node-spec", "g-003"))?.serial).toBe("GX7K033");
});

test("a node that is not in the file stays, and is told of", async () => {
  const without = example.slice(0, example.indexOf("  - id: g-101"));
  const { out } = await rackwright("import lab.yaml", { "lab.yaml": without });
  expect(out).toContain(
    "node g-101 is not in the file, and stays as it is: take it offline or retire it yourself",
  );
  expect(await app.store.read("node-spec", "g-101")).not.toBeNull();
});

test("a file that contradicts itself is refused with both places before anything is asked", async () => {
  const { code, error } = await rackwright("import lab.yaml", {
    "lab.yaml": example.replace("b2:00:03", "b2:00:01"),
  });
  expect(code).toBe(exits.usage);
  expect(error).toMatch(
    /lab\.yaml:\d+:12: nodes\.2\.macs\.0: MAC 52:54:00:b2:00:01 is already that of node g-001 \(lab\.yaml:\d+:12\)/,
  );
  expect(asked).toEqual([]);
});

test("one that contradicts another lab is refused with the place, before anything is written", async () => {
  const text = example.replace("lab: green", "lab: red").replaceAll("g-0", "r-0").replaceAll("g-1", "r-1");
  const { code, error } = await rackwright("import red.yaml", { "red.yaml": text });
  expect(code).toBe(exits.failed);
  expect(error).toMatch(/red\.yaml:\d+:12: MAC 52:54:00:b2:00:01 is already that of node g-001 of lab green/);
  expect(await app.store.read("lab", "red")).toBeNull();
});

test("a lab that is not there, a file that is not there, a format that is none", async () => {
  expect(await rackwright("export none")).toMatchObject({ code: exits.missing });
  expect(await rackwright("import nowhere.yaml")).toMatchObject({ code: exits.usage });
  expect(await rackwright("export green --format xml")).toMatchObject({ code: exits.usage });
});

test("whoever sits at a terminal sees how far a large lab has got; what reads a pipe does not", async () => {
  const many = { "many.yaml": largeLab(450) };
  const shown = await rackwright("import many.yaml", many, { isTerminal: true });
  expect(shown).toMatchObject({
    code: exits.done,
    out: "lab large: 450 enrolled, 0 changed, 0 as they were\n",
  });
  const figures = [...shown.error.matchAll(/(\d+) of 450 nodes/g)].map(([, done]) => Number(done));
  expect(figures).toHaveLength(3);
  expect(figures.at(-1)).toBe(450);
  const piped = await rackwright("import many.yaml", many);
  expect(piped).toMatchObject({ code: exits.done, error: "" });
});
