/** The daemon as a process, with an executable in the place of another build system. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { buildRequest } from "../../lib/contracts/build.ts";
import { command } from "../../lib/contracts/command.ts";
import type { Command } from "../../lib/core/command.ts";
import { type AgentPlace, agentPlace } from "../support/agent-place.ts";
import { aCommand } from "./support.ts";

const places: AgentPlace[] = [];
afterEach(async () => {
  for (const place of places.splice(0)) await place.remove();
});

async function aPlace(script: (dir: string) => string): Promise<AgentPlace> {
  const place = await agentPlace();
  places.push(place);
  place.secret("bmc/blue", { username: "admin", password: "x" });
  place.builder("fake", `#!/bin/sh\n${script(place.dir)}\n`);
  await place.start();
  return place;
}

const call = async (place: AgentPlace): Promise<Command> => {
  const action = {
    verb: "build.call",
    system: "fake",
    call: "load",
    installation: "job.1",
    attempt: 1,
    image: "rocky",
    revision: "rocky:9.4",
    settings: { osimage: "rocky-9.4" },
  };
  return place.addressed(command.parse({ ...aCommand(), actions: [action] }));
};

test("a wrapped build system is asked once for a command that is delivered twice, and its answer is reported; its token is kept to itself", async () => {
  const place = await aPlace(
    (dir) =>
      `cat > ${dir}/heard; echo asked >> ${dir}/times; cat ${dir}/heard >&2; echo '{"schema":"rackwright.build-answer/1","installation":"job.1","result":"waiting","sign":"begun"}'`,
  );
  const asked = await call(place);
  await place.take(asked, asked);
  const result = await place.ended(asked.id);
  expect(result).toMatchObject({
    status: "completed",
    results: [
      { observed: { build: { installation: "job.1", result: "waiting", sign: "begun", fault: null } } },
    ],
  });
  await place.take(asked);
  expect(readFileSync(join(place.dir, "times"), "utf8")).toBe("asked\n");
  const heard = buildRequest.parse(JSON.parse(readFileSync(join(place.dir, "heard"), "utf8")));
  expect(heard).toMatchObject({ call: "load", node: "node-01", settings: { osimage: "rocky-9.4" } });
  const token = heard.beacon?.token ?? "none";
  expect(token.length).toBeGreaterThan(20);
  expect(place.bodies.join()).not.toContain(token);
  const said = await fetch(`${place.url}/beacon`, {
    method: "POST",
    headers: { authorization: `Bearer ${token}` },
    body: JSON.stringify({ phase: "run", address: "10.0.0.7" }),
  });
  expect(said.status).toBe(204);
});
