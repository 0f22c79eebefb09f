/** The configuration for network boots, judged by the program that it is for. */
import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, expect, test } from "vitest";
import { dnsmasqConfiguration, dnsmasqSettings } from "../../lib/agent/dnsmasq.ts";
import { temporaryFolder } from "../support/stack.ts";

const folder = temporaryFolder();
afterAll(folder.remove);

test.each([
  ["gives addresses", { range: "10.20.1.10,10.20.1.250" }],
  ["stands beside the site's own DHCP", { proxy: "10.20.1.0" }],
])("dnsmasq takes the configuration with which it %s", (_what, given) => {
  const file = join(folder.path, "dnsmasq.conf");
  const settings = dnsmasqSettings("http://10.20.0.2:8750", { interface: "lo", ...given });
  writeFileSync(file, dnsmasqConfiguration(settings));
  const { status, stderr } = spawnSync("dnsmasq", ["--test", `--conf-file=${file}`], {
    encoding: "utf8",
    env: { PATH: `${process.env["PATH"] ?? ""}:/usr/sbin` },
  });
  expect(stderr).toContain("syntax check OK");
  expect(status).toBe(0);
});
