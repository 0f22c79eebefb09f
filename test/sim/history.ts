/** One history: two labs, a few hours, people, faults; then faults stop, time passes, and everything must come to rest. */
import { importLab } from "../../lib/app/import-lab.ts";
import { registerImage } from "../../lib/app/register-image.ts";
import { labFile } from "../../lib/contracts/lab-file.ts";
import { branded, type ControllerId, isControllerId, isImageId, isLabId } from "../../lib/core/ids.ts";
import { after } from "../../lib/core/time.ts";
import { Cloud } from "./cloud.ts";
import { Controller } from "./controller.ts";
import type { Defect } from "./defect.ts";
import type { FaultKind, FaultLevel } from "./faults.ts";
import { Invariants } from "./invariants.ts";
import { Machine } from "./machine.ts";
import { People } from "./people.ts";
import { SimStore } from "./store.ts";
import { Truth } from "./truth.ts";
import { type Found, start, World } from "./world.ts";

const hour = 3_600_000;
const spanMs = 6 * hour;
/** After the last fault: loads that fail three times, budgets that refill, nodes that are given back. */
const patienceMs = 24 * hour;
/** The watchdogs come every minute; almost half of their ticks may be skipped, and almost half of their wakes lost. */
const overdueMs = 60 * 60_000;

const disturbEveryMs = 5 * 60_000;

const labs = [
  {
    id: "blue",
    controllers: ["mi-0000000000000b1e1", "mi-0000000000000b1e2"],
    nodes: ["b-01", "b-02", "b-03", "b-04"],
  },
  { id: "green", controllers: ["mi-00000000000009ee1"], nodes: ["g-01", "g-02", "g-03", "g-04"] },
] as const;
const nodes = ["b-01", "b-02", "b-03", "b-04", "g-01", "g-02", "g-03", "g-04"] as const;
const imageIds = [branded(isImageId, "demo"), branded(isImageId, "other")] as const;

export interface HistorySettings {
  readonly seed: number;
  readonly level: FaultLevel;
  readonly without?: ReadonlySet<string>;
  readonly defect: Defect;
  readonly tells?: boolean;
}

export interface History {
  readonly seed: number;
  readonly found: Found | null;
  readonly hash: number;
  readonly events: number;
  readonly transitions: number;
  readonly struck: readonly string[];
  readonly faults: Readonly<Partial<Record<FaultKind, number>>>;
  readonly checks: readonly number[];
  readonly story: readonly string[];
}

/** Runs in one go: whoever calls it must not be inside a promise (schedule.ts empties their queue itself). */
export function runHistory({
  seed,
  level,
  without = new Set(),
  defect,
  tells = false,
}: HistorySettings): History {
  const world = new World({ seed, level, without, defect, tells });
  const invariants = new Invariants(world);
  const store = new SimStore(world, invariants);
  const truth = new Truth(world, store);
  invariants.truth = truth;
  const cloud = new Cloud(world, store);
  const { machines } = invariants;
  const run = (ms: number, until: () => boolean = () => false): void => {
    const end = after(world.now, ms);
    while (world.found === null && !until() && world.schedule.step(end)) invariants.look(store);
  };

  build(world, cloud, truth, machines);
  run(60_000);
  const people = new People({
    world,
    cloud,
    store,
    machines,
    nodes,
    labs: ["blue", "green"],
    images: imageIds,
    spanMs,
  });
  people.plan();
  invariants.onNode = people.nodeChanged;
  invariants.onReservation = people.reservationChanged;
  cloud.tick();
  world.schedule.after(60_000, () => disturb(world, cloud));
  world.schedule.after(60_000, () => patrol(world, store));
  run(spanMs);

  calm(world, cloud, machines);
  repeat(world, () => restore(store, cloud, people));
  run(patienceMs, () => isAtRest(store, cloud));
  if (world.found === null) concluded(world, store, cloud);

  const { found, hash, transitions, checks, story, faults, schedule } = world;
  const { struck, counts } = faults;
  return {
    seed,
    found,
    hash,
    events: schedule.events,
    transitions,
    struck,
    faults: counts,
    checks,
    story: story ?? [],
  };
}

/** So many nodes of each lab hang on one PDU. */
const outlets = 2;
const pduOf = (lab: string): string => `pdu-${lab}`;

function build(world: World, cloud: Cloud, truth: Truth, machines: Map<string, Machine>): void {
  const machine = (node: string): Machine => {
    const found = machines.get(node);
    if (found === undefined) throw new Error(`there is no machine ${node}`);
    return found;
  };
  for (const lab of labs) {
    const own: Controller[] = [];
    const peers = lab.controllers.map((id) => `http://${id}`);
    for (const name of lab.controllers) {
      const id: ControllerId = branded(isControllerId, name);
      const others = peers.filter((url) => !url.endsWith(name));
      const site = { world, truth, machine, post: cloud.post, peers: others };
      const controller = new Controller(id, branded(isLabId, lab.id), site);
      own.push(controller);
      cloud.controllers.set(name, controller);
    }
    const file = labFile.parse({
      schema: "rackwright.lab/1",
      lab: lab.id,
      controllers: lab.controllers,
      nodes: lab.nodes.map((id, index) => ({
        id,
        macs: [macOf(id)],
        bmc: {
          driver: "redfish",
          address: `https://${id}`,
          credential: `bmc/${lab.id}`,
          quiescentSeconds: index % 2 === 0 ? 0 : 5,
          ...(index < outlets ? { domain: pduOf(lab.id) } : {}),
        },
      })),
    });
    for (const [index, id] of lab.nodes.entries()) {
      const domain = index < outlets ? pduOf(lab.id) : null;
      machines.set(id, new Machine(world, id, macOf(id), { domain, servers: own }));
    }
    world.faults.on = false;
    const actor = { kind: "operator", name: "import" } as const;
    cloud.functions.invoke(`import ${lab.id}`, (app) => importLab(app, file, actor), true);
    world.faults.on = true;
    for (const controller of own) world.schedule.after(100, () => controller.start());
  }
  for (const [index, id] of imageIds.entries()) {
    const sha256 = ["ab", "cd"][index % 2]?.repeat(32) ?? "";
    const body = {
      id,
      buildSystem: "netboot-image",
      osModule: index === 0 ? "linux" : "generic",
      sha256,
      sizeBytes: 1000,
    };
    cloud.functions.invoke(`register ${id}`, (app) => registerImage(app, body), true);
  }
}

const macOf = (node: string): string => `52:54:00:00:0${node.startsWith("b") ? 1 : 2}:${node.slice(-2)}`;

/** Controllers that lose their way to the cloud, clocks that are set, and PDUs that fail. */
function disturb(world: World, cloud: Cloud): void {
  world.schedule.after(disturbEveryMs, () => disturb(world, cloud));
  for (const { id } of labs) {
    const domain = pduOf(id);
    const silent = world.faults.strike("domain-silent", domain);
    if (silent === null) continue;
    const ms = silent.between(60_000, silent.chance(0.5) ? 20 * 60_000 : 3 * hour);
    world.silentDomains.set(domain, world.now + ms);
    world.tell(() => `   ${domain} answers nobody for ${Math.round(ms / 60_000)} min`);
  }
  for (const controller of cloud.controllers.values()) {
    const gone = world.faults.strike("controller-away", controller.id);
    if (gone !== null && !controller.away) {
      controller.leaves();
      world.tell(() => `   ${controller.id} is away`);
      world.schedule.after(gone.between(30_000, gone.chance(0.5) ? 15 * 60_000 : 4 * hour), () => {
        controller.isBack();
        world.tell(() => `   ${controller.id} is back`);
      });
    }
    const stepped = world.faults.strike("clock-stepped", controller.id);
    if (stepped !== null) {
      controller.offsetMs = stepped.between(-90_000, 90_000);
      world.tell(() => `   the clock of ${controller.id} is set ${controller.offsetMs} ms off`);
      world.schedule.after(stepped.between(60_000, hour), () => {
        controller.offsetMs = 0;
      });
    }
  }
}

/** Nobody may be overdue for long: that is what the watchdogs are for. The nodes of a silent lab wait for the lab. */
function patrol(world: World, store: SimStore, silentAt = new Map<string, number>()): void {
  world.schedule.after(10 * 60_000, () => patrol(world, store, silentAt));
  for (const { id, controllers } of store.all("lab")) {
    const known = [...store.all("controller")].filter((each) => controllers.includes(each.id));
    if (known.length > 0 && known.every(({ reachable }) => !reachable)) silentAt.set(id, world.now);
  }
  for (const each of [...store.all("node"), ...store.all("reservation")]) {
    const { id, due } = each;
    const from = Math.max(due ?? 0, silentAt.get(each.lab ?? "") ?? 0);
    const lateMs = due === null ? 0 : world.now - from;
    world.holds(
      3,
      lateMs <= overdueMs,
      () => `${id} was due ${Math.round(lateMs / 60_000)} minutes ago, and nobody has looked`,
    );
  }
}

function calm(world: World, cloud: Cloud, machines: ReadonlyMap<string, Machine>): void {
  world.tell(() => "== faults stop");
  world.faults.on = false;
  world.silentDomains.clear();
  for (const controller of cloud.controllers.values()) {
    controller.isBack();
    controller.offsetMs = 0;
    controller.secrets += 1;
  }
  for (const machine of machines.values()) {
    machine.broken = null;
    machine.lie = null;
  }
}

function repeat(world: World, work: () => void): void {
  work();
  world.schedule.after(15 * 60_000, () => repeat(world, work));
}

function restore(store: SimStore, cloud: Cloud, people: People): void {
  for (const { id, administrative } of [...store.all("node")]) {
    if (administrative.state === "offline") cloud.operate(id, "online");
  }
  people.giveBack();
}

const restingStates = ["available", "in-use"];

function unrest(store: SimStore): string[] {
  const restless: string[] = [];
  for (const { id, state, due } of store.all("reservation")) {
    if (state !== "complete" && state !== "failed")
      restless.push(`${id} is ${state}, due ${due === null ? "never" : due - start}`);
  }
  for (const { id, provision, due, administrative } of store.all("node")) {
    if (provision.state !== "available" || due !== null || administrative.state !== "online") {
      restless.push(
        `${id} is ${provision.state} (${administrative.state}), due ${due === null ? "never" : due - start}`,
      );
    }
  }
  for (const { id, state } of store.all("job"))
    if (state === "accepted") restless.push(`job ${id} is ${state}`);
  return restless;
}

const isAtRest = (store: SimStore, cloud: Cloud): boolean => {
  for (const { due, provision } of store.all("node")) {
    if (due !== null || !restingStates.includes(provision.state)) return false;
  }
  return cloud.functions.open === 0 && unrest(store).length === 0;
};

function concluded(world: World, store: SimStore, cloud: Cloud): void {
  const restless = unrest(store);
  const { open } = cloud.functions;
  world.holds(4, restless.length === 0, () => `a day after the last fault: ${restless.join("; ")}`);
  world.holds(4, open === 0, () => `a day after the last fault ${open} messages still come back`);
  for (const { id, state, cause } of store.all("job")) {
    world.holds(4, state !== "failed" || cause !== null, () => `job ${id} failed without a cause`);
  }
}
