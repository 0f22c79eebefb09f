/** What a person gets who calls `npm start` wrongly. */
import { execFile } from "node:child_process";
import { createServer } from "node:net";
import { promisify } from "node:util";
import { describe, expect, test } from "vitest";
import { start, usePlaces } from "./main-job.ts";

const place = usePlaces();

describe("what is wrong on the command line is one clear line and exit code 2", () => {
  test.each([
    [["--nonsense"], "Unknown option '--nonsense'"],
    [["--lab", "/nowhere/lab.json"], "--lab: there is no file /nowhere/lab.json"],
    [["--image", "/nowhere.img"], "--image: there is no file /nowhere.img"],
    [["--count", "many"], '--count: a whole number from 1 to 500 is wanted, not "many"'],
    [["--count", "13"], "--count: lab blue has 12 nodes, 13 are wanted"],
    [["--hang", "node-02:breakfast"], "--hang: NODE:PHASE is wanted"],
    [["--dead-bmc", "node-99"], "--dead-bmc: lab blue has no node node-99"],
    [["--lab", "package.json"], "package.json: "],
    [["--lab", "README.md"], "--lab: README.md:3:1: "],
  ])("%j", { timeout: 30_000 }, async (parameters, text) => {
    const { code, stderr } = await start([...parameters, "--data", place().data]).ended;
    expect(stderr).toContain(text);
    expect(stderr.trimEnd().split("\n")).toHaveLength(1);
    expect(code).toBe(2);
  });

  test("a taken port", { timeout: 30_000 }, async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const port = typeof address === "object" && address !== null ? address.port : 0;
    const { code, stderr } = await start(["--port", String(port), "--data", place().data]).ended;
    server.close();
    expect(stderr.trimEnd()).toBe(`rackwright: --port: ${port} is taken: name another one`);
    expect(code).toBe(2);
  });

  test("--help explains every option and exits 0", { timeout: 30_000 }, async () => {
    const { stdout } = await promisify(execFile)(process.execPath, ["lib/local/main.ts", "--help"]);
    for (const option of [
      "lab",
      "image",
      "count",
      "port",
      "data",
      "once",
      "json",
      "hang",
      "dead-bmc",
      "bad-image",
    ]) {
      expect(stdout).toContain(`--${option}`);
    }
  });
});
