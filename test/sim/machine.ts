/**
 * One machine as it really is: power, the phases of its boot, what is on its disk and who was on it. It knows nothing of
 * what anybody believes about it.
 */
import type { BeaconBody, BootPlan, CapturePlan } from "../../lib/contracts/boot.ts";
import type { BootDevice, ImageContent } from "../../lib/core/command.ts";
import { nodeFault } from "../../lib/core/fault.ts";
import type { RevisionId } from "../../lib/core/ids.ts";
import type { Random } from "./random.ts";
import type { World } from "./world.ts";

/** The boot service of a lab controller; null and false: nobody answered. */
export interface BootServer {
  script(mac: string, passedOn: boolean): Promise<string | null>;
  plan(token: string): BootPlan | CapturePlan | null;
  /** All of the disk was sent; null: with another checksum than was read. False: nobody answered. */
  captured(token: string, content: ImageContent | null): Promise<boolean>;
  serve(token: string, from: number, to: number): Promise<void>;
  beacon(token: string, body: BeaconBody): Promise<boolean>;
}

export interface Disk {
  readonly installation: string;
  readonly revision: RevisionId;
  readonly token: string;
  readonly server: BootServer;
  /** Who may log in, and who did, since this was written. */
  readonly granted: Set<string>;
  readonly entered: Set<string>;
}

type Place = "firmware" | "build" | "kernel" | "init" | "run";

export class Machine {
  readonly id: string;
  readonly mac: string;
  power: "on" | "off" = "off";
  disk: Disk | null = null;
  /** The boot of the operating system that runs now. */
  running: string | null = null;
  logins = 0;
  place: Place | null = null;
  nextBoot: BootDevice | null = null;
  /** Hangs there at every boot, until somebody repairs it. */
  broken: Place | null;
  /** Until then the BMC says this, whatever is true. */
  lie: { readonly power: "on" | "off"; readonly until: number } | null = null;
  /** The PDU that it hangs on, with others; null: it has a BMC of its own. */
  readonly domain: string | null;
  private boots = 0;
  /** Counts what ends everything that was under way. */
  private turn = 0;
  private readonly world: World;
  private readonly servers: readonly BootServer[];
  private readonly luck: Random;
  private readonly networkFirst: boolean;

  constructor(
    world: World,
    id: string,
    mac: string,
    { domain, servers }: { readonly domain: string | null; readonly servers: readonly BootServer[] },
  ) {
    this.world = world;
    this.domain = domain;
    this.id = id;
    this.mac = mac;
    this.servers = servers;
    this.luck = world.luck(`machine ${id}`);
    this.networkFirst = this.luck.chance(0.5);
    const broken = world.faults.strike("machine-broken", id);
    this.broken = broken?.pick(["firmware", "build", "kernel", "init", "run"]) ?? null;
  }

  /** What the BMC says. */
  get reading(): "on" | "off" {
    return this.lie !== null && this.world.now < this.lie.until ? this.lie.power : this.power;
  }

  switch(to: "on" | "off" | "reset"): void {
    if (to === "reset" && this.power === "off") return;
    this.lie = null;
    if (to === this.power) return;
    this.turn += 1;
    this.running = null;
    this.place = null;
    this.power = to === "off" ? "off" : "on";
    this.world.tell(() => `   machine ${this.id} is ${to === "reset" ? "reset" : `switched ${to}`}`);
    if (this.power === "on") this.firmware();
  }

  /** Somebody comes in; false: nobody is let in. */
  login(user: string): boolean {
    if (this.running === null || this.disk === null || !this.disk.granted.has(user)) return false;
    this.disk.entered.add(user);
    this.logins += 1;
    this.world.tell(() => `   ${user} logs in on ${this.id}`);
    this.say({ phase: "run", login: { user } });
    return true;
  }

  private proceed(ms: number, place: Place, call: () => void): void {
    const { turn } = this;
    this.world.schedule.after(ms, () => {
      if (turn !== this.turn) return;
      if (this.broken === place || this.world.faults.strike("machine-hangs", this.id) !== null) {
        this.world.tell(() => `   machine ${this.id} hangs in ${place}`);
        return;
      }
      this.place = place;
      call();
    });
  }

  private firmware(): void {
    this.proceed(this.luck.between(20_000, 90_000), "firmware", () => {
      const asked = this.nextBoot;
      this.nextBoot = null;
      const network = this.networkFirst || asked === "network";
      if (!network || this.world.faults.strike("wrong-boot-device", this.id) !== null) return this.bootDisk();
      this.ask(3);
    });
  }

  /** The boot service answers with a ramdisk or with the disk; who gets no answer asks again, and at last boots the disk. */
  private ask(tries: number): void {
    const { turn } = this;
    const asking = async (): Promise<void> => {
      let answered = false;
      for (const [index, server] of this.servers.entries()) {
        const script = await server.script(this.mac, index > 0);
        if (turn !== this.turn) return;
        if (script === null) continue;
        answered = true;
        const token = /rackwright[.]token=(\S+)/.exec(script)?.[1];
        if (token !== undefined) return this.ramdisk(server, token);
      }
      if (answered || tries <= 1) this.bootDisk();
      else this.world.schedule.after(10_000, () => turn === this.turn && this.ask(tries - 1));
    };
    asking().catch(() => {});
  }

  private ramdisk(server: BootServer, token: string): void {
    this.proceed(this.luck.between(5_000, 20_000), "build", () => {
      const plan = server.plan(token);
      if (plan === null) return;
      if (plan.schema === "rackwright.capture-plan/1") return this.read(server, token, plan);
      const total = plan.image.sizeBytes;
      const half = Math.floor(total / 2);
      const send = (body: BeaconBody): void => this.sendTo(server, token, body);
      send({ phase: "build" });
      // From the first byte on there is nothing whole on the disk any more.
      this.disk = null;
      this.write(server, token, 0, half);
      this.proceed(this.luck.between(5_000, 60_000), "build", () => {
        send({ phase: "build", progress: { doneBytes: half, totalBytes: total } });
        this.write(server, token, half, total);
        this.proceed(this.luck.between(5_000, 60_000), "build", () => this.verify(server, token, plan));
      });
    });
  }

  /** The disk stays as it is, but for the token of its system. */
  private read(server: BootServer, token: string, { os, installation }: CapturePlan): void {
    this.sendTo(server, token, { phase: "build" });
    // Somebody's permission from long ago: this disk is not the one that was meant.
    if (this.disk?.installation !== installation) {
      const fault = nodeFault("other-installation", "the disk holds something else");
      return this.sendTo(server, token, { phase: "build", fault });
    }
    const half = { phase: "build", progress: { doneBytes: 500, totalBytes: 1000 } } as const;
    this.proceed(this.luck.between(5_000, 60_000), "build", () => {
      this.sendTo(server, token, half);
      this.proceed(this.luck.between(5_000, 60_000), "build", () => {
        const bad = this.world.faults.strike("bad-image", this.id) !== null;
        if (this.disk !== null) this.disk = { ...this.disk, token: os.token, server };
        this.sendWhole(server, token, bad ? null : { sha256: "cd".repeat(32), sizeBytes: 1000 });
      });
    });
  }

  /** Said again until somebody has heard it. */
  private sendWhole(server: BootServer, token: string, content: ImageContent | null): void {
    const { turn } = this;
    server
      .captured(token, content)
      .then((heard) => {
        if (turn !== this.turn || (heard && content === null)) return;
        if (heard) this.bootDisk();
        else
          this.world.schedule.after(
            10_000,
            () => turn === this.turn && this.sendWhole(server, token, content),
          );
      })
      .catch(() => {});
  }

  private write(server: BootServer, token: string, from: number, to: number): void {
    server.serve(token, from, to).catch(() => {});
  }

  private verify(server: BootServer, token: string, plan: BootPlan): void {
    const bad = this.world.faults.strike("bad-image", this.id) !== null;
    const sha256 = bad ? "00".repeat(32) : plan.image.sha256;
    if (!bad) {
      const { installation, os } = plan;
      const contents = { installation, revision: os.revision, token: os.token, server };
      this.disk = { ...contents, granted: new Set(), entered: new Set() };
      this.world.tell(() => `   machine ${this.id} has written ${installation}`);
    }
    this.sendTo(server, token, { phase: "build", verified: { sha256 } });
    const { turn } = this;
    if (bad) return;
    this.world.schedule.after(2000, () => {
      if (turn === this.turn) this.bootDisk();
    });
  }

  private bootDisk(): void {
    const { disk } = this;
    if (disk === null) return;
    this.proceed(this.luck.between(2_000, 20_000), "kernel", () => {
      this.say({ phase: "kernel" });
      this.proceed(this.luck.between(2_000, 30_000), "init", () => {
        this.say({ phase: "init" });
        this.proceed(this.luck.between(2_000, 60_000), "run", () => {
          this.boots += 1;
          this.logins = 0;
          this.running = `${this.id}.${this.boots}`;
          const hostKey = `key-${disk.installation}`;
          this.say({ phase: "run", osBoot: this.running, address: `10.0.0.${this.id.slice(-2)}`, hostKey });
          this.reboot();
        });
      });
    });
  }

  /** A user, or a kernel, may restart the system at any time; nobody is asked. */
  private reboot(): void {
    const sudden = this.world.faults.strike("machine-reboots", this.id);
    if (sudden === null) return;
    const { turn } = this;
    this.world.schedule.after(sudden.between(1_000, 1_800_000), () => {
      if (turn === this.turn) this.switch("reset");
    });
  }

  /** The installed system speaks with its own token; what is not heard is said again, a few times. */
  private say(body: BeaconBody, tries = 3): void {
    const { disk, turn } = this;
    if (disk === null) return;
    disk.server
      .beacon(disk.token, body)
      .then((heard) => {
        if (heard || tries <= 1) return;
        this.world.schedule.after(10_000, () => turn === this.turn && this.say(body, tries - 1));
      })
      .catch(() => {});
  }

  private sendTo(server: BootServer, token: string, body: BeaconBody): void {
    server.beacon(token, body).catch(() => {});
  }
}
