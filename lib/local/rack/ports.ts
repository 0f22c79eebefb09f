/**
 * Which loopback ports the programs of a stack and the rack's machines have. They lie below the range from which the
 * kernel takes ports for outgoing connections (32768 and up on Linux), so that a machine's port is still free when it
 * comes back.
 *
 * Stacks run side by side, and a port that was picked is listened on only seconds later. So ports are picked out of
 * blocks: who holds a block listens on its first port, for as long as the process lives, and no other picks from it.
 */
import { randomInt } from "node:crypto";
import { createServer } from "node:net";

const lowest = 20_000;
const blockSize = 50;
const blocks = 240;
const tries = 2_000;

/** Listens on the port until `release`; undefined where somebody else does. */
function listenOn(port: number): Promise<{ release: () => Promise<void> } | undefined> {
  return new Promise((resolve) => {
    const server = createServer((socket) => socket.destroy());
    server.once("error", () => resolve(undefined));
    server.listen({ port, host: "127.0.0.1" }, () => {
      server.unref();
      resolve({ release: () => new Promise((released) => server.close(() => released())) });
    });
  });
}

/** Whether the port can be listened on now. */
export async function isFree(port: number): Promise<boolean> {
  const probe = await listenOn(port);
  await probe?.release();
  return probe !== undefined;
}

const held = new Set<number>();
/** What this process may still pick. */
const left: number[] = [];

/** Whether the block is ours, now or already. */
async function hold(block: number): Promise<boolean> {
  if (held.has(block)) return true;
  if ((await listenOn(lowest + block * blockSize)) === undefined) return false;
  held.add(block);
  return true;
}

async function holdAnother(): Promise<void> {
  for (let attempt = 0; attempt < tries; attempt += 1) {
    const block = randomInt(blocks);
    if (held.has(block) || !(await hold(block))) continue;
    for (let port = 1; port < blockSize; port += 1) left.push(lowest + block * blockSize + port);
    return;
  }
  throw new Error(
    `no free loopback port found between ${lowest} and ${lowest + blocks * blockSize}; stop what is listening there`,
  );
}

/** A free port that no process picked that lives, and nobody in `taken` has; adds it there. */
export async function pickPort(taken: Set<number>): Promise<number> {
  while (true) {
    const port = left.shift();
    if (port === undefined) await holdAnother();
    else if (!taken.has(port) && (await isFree(port))) {
      taken.add(port);
      return port;
    }
  }
}

/** Ports that were picked by a process that has ended are ours again: nobody else picks them, unless one already did. */
export async function pickAgain(ports: readonly number[]): Promise<void> {
  for (const port of ports) {
    const block = Math.floor((port - lowest) / blockSize);
    if (block >= 0 && block < blocks) await hold(block);
  }
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
    await pickAgain([port]);
    return port;
  }
  if (wanted !== 0) throw new Error(`port ${wanted} is taken; give the rack another one, or 0 for any`);
  return pickPort(taken);
}
