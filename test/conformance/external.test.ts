/**
 * The executables that wrap other build systems, called as the agent calls them: the adapters in examples/external with
 * programs that answer as xCAT's manual pages and Cobbler's reports show, and programs that misbehave.
 */
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { buildRequest } from "../../lib/contracts/build.ts";
import type { BuildReport } from "../../lib/core/command.ts";
import type { Fault } from "../../lib/core/fault.ts";
import { branded, isImageId, isNodeId } from "../../lib/core/ids.ts";
import { callBuilder } from "../../lib/drivers/build/external.ts";
import { DriverFault } from "../../lib/drivers/driver-fault.ts";
import { toolRoom } from "../../lib/drivers/tool.ts";
import { eventually } from "../support/stack.ts";

const folder = mkdtempSync(join(tmpdir(), "rackwright-external-"));
const builders = join(folder, "builders");
const programs = join(folder, "bin");
const room = toolRoom({ atOnce: 4, mark: "external-test" });
const path = process.env["PATH"] ?? "";

const script = (dir: string, name: string, text: string): void => {
  writeFileSync(join(dir, name), `#!/bin/sh\n${text}\n`);
  chmodSync(join(dir, name), 0o755);
};
const kept = (name: string): string =>
  existsSync(join(folder, name)) ? readFileSync(join(folder, name), "utf8").trim() : "";
const keep = (name: string, text: string): void => writeFileSync(join(folder, name), text);
const calls = (): string[] =>
  kept("calls")
    .split("\n")
    .filter((line) => line !== "");

beforeAll(() => {
  mkdirSync(builders);
  mkdirSync(programs);
  for (const name of ["answer.mjs", "background.mjs", "xcat", "cobbler"])
    copyFileSync(join(import.meta.dirname, "../../examples/external", name), join(builders, name));
  process.env["PATH"] = `${programs}:${path}`;
  const say = `echo "$(basename "$0") $*" >> ${folder}/calls`;
  script(
    programs,
    "lsdef",
    `case "$1" in -t) cat ${folder}/osimages;; *) echo "$1: usercomment=$(cat ${folder}/comment 2>/dev/null)";; esac`,
  );
  script(
    programs,
    "imgcapture",
    `${say}; case "$1" in node-01) ;; *) echo "Error: The node $1 is not ready." >&2; exit 1;; esac
echo "node-01: Transferring the files"; while [ ! -e ${folder}/captured ]; do sleep 0.05; done; echo "$5  (osimage)" >> ${folder}/osimages`,
  );
  script(
    programs,
    "chdef",
    `${say}; echo "$4" | sed s/usercomment=// > ${folder}/comment; echo "1 object definitions have been created or modified."`,
  );
  script(
    programs,
    "rinstall",
    `${say}; case "$3" in rocky*) echo "Provision node(s): $1";; *) echo "Error: [mn]: Cannot find the OS image $3 in the osimage table." >&2; exit 1;; esac`,
  );
  script(programs, "nodeset", `echo "$1: $(cat ${folder}/nodeset)"`);
  script(programs, "nodestat", `printf '%s\\t%s\\n' "$1" "$(cat ${folder}/nodestat)"`);
  script(programs, "rpower", `${say}; echo "$1: off"`);
  script(
    programs,
    "cobbler",
    `${say}; case "$2" in
report) printf 'Name                           : node-01\\nComment                        : %s\\nNetboot Enabled                : %s\\n' "$(cat ${folder}/comment 2>/dev/null)" "$(cat ${folder}/netboot 2>/dev/null)";;
edit) for each in "$@"; do case "$each" in --comment=*) echo "$each" | cut -d= -f2 > ${folder}/comment;; esac; done; echo True > ${folder}/netboot;;
esac`,
  );
});
afterAll(() => {
  process.env["PATH"] = path;
});

/** A zombie that nobody has reaped yet runs no more. */
const runs = (pid: string): boolean => {
  expect(pid).not.toBe("");
  const file = `/proc/${pid}/stat`;
  return existsSync(file) && !/\) [ZX] /.test(readFileSync(file, "utf8"));
};

const request = (
  call: string,
  settings: Readonly<Record<string, string>> = {},
  installation = "res-1.node-01.v3.1",
) =>
  buildRequest.parse({
    schema: "rackwright.build-request/1",
    call,
    node: "node-01",
    macs: ["52:54:00:00:00:01"],
    installation,
    attempt: 1,
    image: "rocky",
    revision: "rocky:9.4",
    settings,
    beacon: { url: "http://10.0.0.1/beacon", token: "t".repeat(24) },
    managementKey: "ssh-ed25519 AAAA",
  });
const ask = (system: string, asked: ReturnType<typeof request>, timeoutMs = 60_000): Promise<BuildReport> =>
  callBuilder(
    system,
    asked,
    { buildersDir: builders, tool: room.run, signal: AbortSignal.timeout(90_000), guard: () => {} },
    timeoutMs,
  );
const faultOf = async (work: Promise<unknown>): Promise<Fault> => {
  const error: unknown = await work.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (error instanceof DriverFault) return error.fault;
  throw error;
};

const course = branded(isImageId, "course");
const other = branded(isNodeId, "node-02");

describe("xCAT, by its own commands", () => {
  const settings = { osimage: "rocky9.4-x86_64-install-compute" };

  test("R85, R89: a load begins an installation, and is done when the installer has ended and the new system answers", async () => {
    keep("comment", "");
    keep("calls", "");
    keep("nodeset", "install rocky9.4-x86_64-compute");
    keep("nodestat", "sshd");
    expect(await ask("xcat", request("load", settings))).toMatchObject({ result: "waiting", fault: null });
    expect(calls()[0]).toBe("rinstall node-01 -O rocky9.4-x86_64-install-compute");
    // The system before it still answers: that is no proof.
    expect(await ask("xcat", request("status", settings))).toMatchObject({ result: "waiting" });
    keep("nodestat", "installing post scripts");
    expect(await ask("xcat", request("status", settings))).toMatchObject({
      result: "waiting",
      sign: "install rocky9.4-x86_64-compute; installing post scripts",
    });
    keep("nodeset", "boot");
    keep("nodestat", "sshd");
    expect(await ask("xcat", request("status", settings))).toMatchObject({ result: "done" });
  });

  test("asked twice for the same installation it begins nothing twice; for the next one it begins anew", async () => {
    keep("calls", "");
    await ask("xcat", request("load", settings));
    expect(calls()).toEqual([]);
    await ask("xcat", request("load", settings, "res-1.node-01.v3.2"));
    expect(calls().filter((line) => line.startsWith("rinstall"))).toHaveLength(1);
    expect(await ask("xcat", request("status", settings))).toMatchObject({ result: "retry" });
  });

  test("R5: an image that xCAT does not have is a fault of the configuration, and fatal", async () => {
    expect(await ask("xcat", request("load", { osimage: "none" }, "other.1"))).toMatchObject({
      result: "fatal",
      fault: { class: "configuration" },
    });
    expect(await ask("cobbler", request("capture"))).toMatchObject({
      result: "fatal",
      fault: { code: "not-supported" },
    });
  });

  test("R22, R89: a capture is one imgcapture, however often it is asked for, and is found again by its osimage", async () => {
    keep("calls", "");
    keep("osimages", "");
    const asked = { ...request("capture", settings), capture: { image: course, comment: "compiled" } };
    const begun = () => ask("xcat", asked);
    await eventually(async () => (await begun()).sign?.includes("Transferring") === true, "its progress");
    expect(calls()).toEqual(["imgcapture node-01 -t sysclone -o course-res-1-node-01-v3-1"]);
    keep("captured", "");
    await eventually(async () => (await begun()).result === "done", "the end of imgcapture");
    expect(await begun()).toMatchObject({
      captured: { content: null, settings: { osimage: "course-res-1-node-01-v3-1" } },
    });
    expect(calls()).toHaveLength(1);
    keep("osimages", "");
    expect(await begun()).toMatchObject({ result: "retry", fault: { code: "not-captured" } });
  });

  test("R22: a capture that xCAT refuses is told with its reason, and the next attempt is another", async () => {
    const capture = { image: course, comment: "" };
    const asked = { ...request("capture", settings, "res-2.node-02.v3.1"), node: other, capture };
    await eventually(async () => (await ask("xcat", asked)).result === "retry", "its refusal");
    expect((await ask("xcat", asked)).fault?.message).toContain("The node node-02 is not ready");
  });

  test("R44: a node is given up by switching it off, and only what is read back counts", async () => {
    expect(await ask("xcat", request("unload"))).toMatchObject({ result: "done" });
    expect(calls().slice(-2)).toEqual(["rpower node-01 off", "rpower node-01 stat"]);
  });
});

test("R89: a Cobbler-like build system does the same by other means: network boot on, until its installer turns it off", async () => {
  keep("comment", "");
  keep("calls", "");
  const settings = { profile: "rocky-9" };
  expect(await ask("cobbler", request("load", settings))).toMatchObject({ result: "waiting" });
  expect(calls()).toContain("cobbler system reboot --name=node-01");
  expect(await ask("cobbler", request("status", settings))).toMatchObject({ result: "waiting" });
  keep("netboot", "False");
  expect(await ask("cobbler", request("status", settings))).toMatchObject({ result: "done" });
});

describe("an executable that does not keep to the contract", () => {
  test("R57: one that hangs is ended with all that it started, and nobody's attempt is spent", async () => {
    script(builders, "hangs", `sleep 600 & echo $! > ${folder}/child; wait`);
    let fault: Fault | null = null;
    // On a busy machine it may be ended before it has begun: then it is given longer.
    for (let limitMs = 1_000; kept("child") === "" && limitMs < 20_000; limitMs *= 2)
      fault = await faultOf(ask("hangs", request("load"), limitMs));
    expect(fault).toMatchObject({ class: "infrastructure", code: "build-system-timeout" });
    expect(runs(kept("child"))).toBe(false);
  });

  test("one that fails, says nothing that can be read, speaks for another installation or is not there is told apart", async () => {
    script(builders, "fails", "echo database is down >&2; exit 3");
    script(builders, "mumbles", "echo all is well");
    script(
      builders,
      "strays",
      `echo '{"schema":"rackwright.build-answer/1","installation":"another.1","result":"done"}'`,
    );
    expect(await faultOf(ask("fails", request("load")))).toMatchObject({
      class: "infrastructure",
      code: "build-system-failed",
      message: expect.stringContaining("database is down"),
    });
    for (const system of ["mumbles", "strays"])
      expect(await faultOf(ask(system, request("status")))).toMatchObject({
        class: "configuration",
        code: "build-answer-invalid",
      });
    expect(await faultOf(ask("nowhere", request("load")))).toMatchObject({ code: "build-system-missing" });
  });

  test("it is told everything on standard input, and nothing by arguments", async () => {
    script(
      builders,
      "listens",
      `cat > ${folder}/heard; echo $# > ${folder}/count; echo '{"schema":"rackwright.build-answer/1","installation":"res-1.node-01.v3.1","result":"done"}'`,
    );
    await ask("listens", request("load", { anything: "opaque: $(reboot)" }));
    expect(buildRequest.parse(JSON.parse(kept("heard")))).toEqual(
      request("load", { anything: "opaque: $(reboot)" }),
    );
    expect(kept("count")).toBe("0");
  });
});
