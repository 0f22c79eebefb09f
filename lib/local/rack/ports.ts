/**
 * Which loopback ports the rack's machines have. They lie below the range from which the kernel takes ports for outgoing
 * connections (32768 and up on Linux), so that a machine's port is still free when it comes back.
 */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

const lowest = 20_000;
const highest = 32_000;
const tries = 500;

/** Whether the port can be listened on now. */
export function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen({ port, host: "127.0.0.1" }, () => probe.close(() => resolve(true)));
  });
}

/** A free port that nobody in `taken` has; adds it there. */
export async function pickPort(taken: Set<number>): Promise<number> {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const port = randomInt(lowest, highest);
    if (taken.has(port) || !(await isFree(port))) continue;
    taken.add(port);
    return port;
  }
  throw new Error(
    `no free loopback port found between ${lowest} and ${highest}; stop what is listening there`,
  );
}

/** The wanted port; or the one from last time, when that is free; or any free one. */
export async function choosePort(
  wanted: number,
  lastTime: number | undefined,
  taken: Set<number>,
): Promise<number> {
  const port = wanted !== 0 ? wanted : lastTime;
  if (port !== undefined && !taken.has(port) && (await isFree(port))) {
    taken.add(port);
    return port;
  }
  if (wanted !== 0) throw new Error(`port ${wanted} is taken; give the rack another one, or 0 for any`);
  return pickPort(taken);
}
