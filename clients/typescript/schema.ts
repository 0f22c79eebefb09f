// Generated from docs/openapi.json by `npm run docs`: change the schemas of the API (lib/contracts), not this file.

export type Answer = {
  readonly question: string;
  readonly answer: string;
  /** What it is known by */
  readonly evidence: string | null;
  /** When it will be looked at again, or given up, at the latest */
  readonly until: number | null;
};

export type Availability = {
  readonly classes: readonly ({
    readonly class: string;
    /** So many nodes the caller can have at once for that long: not lent to others, nor promised to them. Counted up to 20, of a class that is named up to 100 */
    readonly free: number;
    /** From when on there are as many as were asked for; null: no class was named, or there never are as many */
    readonly soonest: number | null;
  })[];
  readonly images: readonly string[];
};

export type Block = {
  readonly id: string;
  readonly version: number;
  readonly owner: string;
  readonly starts: readonly number[];
  /** So many of its times have a reservation; those that are left are not near enough yet, or were refused */
  readonly made: number;
  /** Its times that could not be reserved when they came near, in order, and why */
  readonly refused: readonly ({
    /** The id that its reservation would have had */
    readonly reservation: string;
    readonly start: number;
    /** When it was refused */
    readonly at: number;
    readonly code: string;
    readonly reason: string;
  })[];
  /** Why it makes no more; null: it does */
  readonly ended: string | null;
};

export type Claims = {
  readonly held: readonly ({
    readonly claim: string;
    readonly node: string;
    readonly lab: string;
  })[];
};

export type Connect = {
  /** How to reach the nodes, only while it holds them, with an address that was read since the last load */
  readonly connections: readonly ({
    readonly node: string;
    readonly role: string | null;
    readonly address: string;
    readonly user: string;
  })[];
  /** When it ends */
  readonly until: number;
};

export type Console = {
  readonly node: string;
  /** In order; control characters are left out */
  readonly lines: readonly ({
    /** Milliseconds since 1970 */
    readonly at: number;
    readonly text: string;
  })[];
  /** When the lab controller told lines last; null: not yet */
  readonly readAt: number | null;
  /** For the next question */
  readonly after: number;
};

export type FlightRecord = {
  /** `rackwright.record/1` */
  readonly schema: string;
  /** Milliseconds since 1970 */
  readonly at: number;
  /** The latest entries, oldest first */
  readonly timeline: readonly (Readonly<Record<string, unknown>>)[];
  /** So many came before those */
  readonly earlierEntries: number;
  readonly [other: string]: unknown;
};

export type Image = {
  readonly id: string;
  readonly version: number;
  /** The revision that is loaded */
  readonly production: string;
  /** Why nobody can reserve it any more; null: everybody can */
  readonly retired: string | null;
  /** Which old revisions are kept; null: all of them */
  readonly keep?: {
    /** So many of the newest */
    readonly revisions: number;
    /** All that are younger than so many days */
    readonly days: number;
  } | null | undefined;
};

export type Inventory = {
  readonly lab: string;
  readonly settings: {
    readonly controllers: readonly string[];
    readonly correction?: {
      /** observe: correction says what it would do, and does nothing. */
      readonly mode?: "act" | "observe" | undefined;
      /** What is different in this lab: installAttempts, build, os, osOverallMs, ladder, budget, blind. */
      readonly policy?: {
        readonly installAttempts?: number | undefined;
        readonly build?: {
          readonly firmwareMs: number;
          readonly noProgressMs: number;
          readonly overallMs: number;
          readonly diskBootMs: number;
        } | undefined;
        readonly os?: Readonly<Record<string, {
            readonly firmware?: readonly number[] | undefined;
            readonly kernel?: readonly number[] | undefined;
            readonly init?: readonly number[] | undefined;
            readonly channel?: readonly number[] | undefined;
            readonly overall?: readonly number[] | undefined;
          }>> | undefined;
        readonly osOverallMs?: number | undefined;
        readonly ladder?: {
          readonly inspect?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
          readonly check?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
          readonly load?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
          readonly "build-post-load"?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
          readonly "post-load"?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
          readonly address?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
          readonly reserve?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
          readonly sanitize?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
          readonly unload?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
          readonly "pre-capture"?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
          readonly capture?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
          readonly "post-capture"?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
        } | undefined;
        readonly budget?: {
          readonly capacity: number;
          readonly refillMs: number;
          readonly windowMs: number;
          readonly suspectShare: number;
          readonly suspectAtLeast: number;
          readonly intervalMs: number;
        } | undefined;
        readonly blind?: {
          readonly retryMs: number;
          readonly giveUpMs: number;
          readonly atMostMs?: number | undefined;
        } | undefined;
      } | null | undefined;
    } | undefined;
    readonly identification?: {
      /** Tried in this order; what is left out is not tried. */
      readonly strategies?: readonly ("mac" | "uuid" | "serial" | "asset-tag" | "bmc-address" | "switch-port" | "order")[] | undefined;
      /** Nodes that machines which nothing else tells apart become, as they appear. */
      readonly order?: readonly string[] | undefined;
      /** Machines that nobody knows become new nodes; the first rule that fits decides. */
      readonly rules?: readonly ({
        readonly name: string;
        /** The machine has at least this. */
        readonly minimum?: {
          /** Logical processors. */
          readonly cpus?: number | undefined;
          /** Memory, in MiB. */
          readonly memoryMiB?: number | undefined;
          /** On the largest disk, in GiB. */
          readonly diskGiB?: number | undefined;
          /** Network interfaces. */
          readonly nics?: number | undefined;
          /** All of these. */
          readonly features?: readonly string[] | undefined;
        } | undefined;
        /** Its manufacturer's name begins like this. */
        readonly manufacturer?: string | undefined;
        /** Its product's name begins like this. */
        readonly product?: string | undefined;
        readonly class: string;
        readonly tags?: readonly string[] | undefined;
        /** What the new node is called: {mac}, {serial} or {uuid} stand for the machine's. */
        readonly nodeName: string;
        /** driver, address, credential of the new node's BMC. */
        readonly power: {
          readonly driver: string;
          /** Where its BMC is: {bmc} stands for the address that the machine tells */
          readonly address: string;
          readonly credential: string;
        };
      })[] | undefined;
      /** A machine that becomes a node is tested first: minutes, and test where it is not our ramdisk's (docs/maintenance.md). */
      readonly burnIn?: {
        readonly minutes: number;
        readonly test?: string | null | undefined;
      } | undefined;
      /** What is done about hardware that is not as it was, where it differs from the usual. */
      readonly drift?: Readonly<Record<string, "block" | "log" | "ignore">> | undefined;
    } | undefined;
    /** Its racks by name: units (42), location. */
    readonly racks?: Readonly<Record<string, {
        readonly units?: number | undefined;
        readonly location?: string | undefined;
      }>> | undefined;
    /** What switches several nodes, such as a PDU or a chassis, by name: address, outlets (how many), rack. */
    readonly powerDomains?: Readonly<Record<string, {
        readonly address?: string | undefined;
        readonly outlets?: number | undefined;
        readonly rack?: string | undefined;
      }>> | undefined;
    /** Its network switches by name: address, ports (how many), rack; driver, options and credential; provisioning and reserved (docs/network.md). */
    readonly switches?: Readonly<Record<string, {
        readonly driver?: string | undefined;
        readonly address?: string | undefined;
        readonly options?: Readonly<Record<string, string>> | undefined;
        readonly credential?: string | undefined;
        readonly provisioning?: Readonly<Record<string, string>> | undefined;
        readonly reserved?: Readonly<Record<string, string>> | undefined;
        readonly ports?: number | undefined;
        readonly rack?: string | undefined;
      }>> | undefined;
    /** What the BIOS of its nodes is to be set to, by name: attributes, as the machine calls them; driver (docs/maintenance.md). */
    readonly biosProfiles?: Readonly<Record<string, {
        readonly driver?: string | undefined;
        readonly attributes: Readonly<Record<string, string | number | boolean>>;
      }>> | undefined;
    /** Its classes of nodes by name: is (in words), minimum (hardware). Once there is one, a node can be of no other. */
    readonly classes?: Readonly<Record<string, {
        readonly is?: string | undefined;
        readonly minimum?: {
          /** Logical processors. */
          readonly cpus?: number | undefined;
          /** Memory, in MiB. */
          readonly memoryMiB?: number | undefined;
          /** On the largest disk, in GiB. */
          readonly diskGiB?: number | undefined;
          /** Network interfaces. */
          readonly nics?: number | undefined;
          /** All of these. */
          readonly features?: readonly string[] | undefined;
        } | undefined;
      }>> | undefined;
  };
  readonly nodes: readonly ({
    readonly id: string;
    readonly class?: string | undefined;
    readonly tags?: readonly string[] | undefined;
    readonly macs: readonly string[];
    readonly bmc: {
      /** Power driver: redfish, ipmi, fence, libvirt or exec */
      readonly driver: string;
      /** Where the driver finds the BMC: https://10.20.0.11 */
      readonly address: string;
      /** What else the driver wants to know (docs/lab-controller.md): {"agent": "fence_apc", "plug": "7"} */
      readonly options?: Readonly<Record<string, string>> | undefined;
      /** Name of a secret that the lab controller holds; the secret itself never travels. */
      readonly credential: string;
      /** Nodes that share a BMC or PDU share a power domain; default: the address. */
      readonly domain?: string | undefined;
      /** Least time between two power commands. */
      readonly quiescentSeconds?: number | undefined;
    };
    /** Where it stands: name (of racks), unit (the lowest that it takes up), height (in units; 1). */
    readonly rack?: {
      readonly name: string;
      readonly unit: number;
      readonly height?: number | undefined;
    } | undefined;
    /** What its power supplies are plugged into: domain (of powerDomains) and outlet of each. */
    readonly outlets?: readonly ({
      readonly domain: string;
      readonly outlet: string;
    })[] | undefined;
    /** How its serial console is reached (docs/consoles.md): driver, address, options, credential. */
    readonly console?: {
      readonly driver: string;
      readonly address: string;
      readonly options?: Readonly<Record<string, string>> | undefined;
      readonly credential?: string | undefined;
    } | undefined;
    /** What its network cable is plugged into: switch (of switches) and port. */
    readonly switchPort?: {
      readonly switch: string;
      readonly port: string;
    } | undefined;
    /** What its BIOS is to be set to: one of biosProfiles. */
    readonly biosProfile?: string | undefined;
    /** Its system UUID, as its firmware tells it (DMI). Two nodes cannot have the same. */
    readonly uuid?: string | undefined;
    /** Its serial number. Two nodes cannot have the same. */
    readonly serial?: string | undefined;
    /** What its owner has glued onto it. */
    readonly assetTag?: string | undefined;
    /** What it is made of, where its people know: cpus, memoryMiB, disks, nics, features, firmware, system. */
    readonly hardware?: {
      /** Logical processors. */
      readonly cpus: number;
      /** Memory, in MiB. */
      readonly memoryMiB: number;
      /** name, sizeBytes, and serial where it is known. */
      readonly disks?: readonly ({
        readonly name: string;
        readonly sizeBytes: number;
        readonly serial?: string | undefined;
      })[] | undefined;
      /** mac; name, speedMbps and link where they are known. */
      readonly nics?: readonly ({
        readonly mac: string;
        readonly name?: string | undefined;
        readonly speedMbps?: number | undefined;
        readonly link?: "up" | "down" | undefined;
      })[] | undefined;
      /** What a reservation may ask for besides numbers: [gpu, nvme]. */
      readonly features?: readonly string[] | undefined;
      /** vendor, version. */
      readonly firmware?: {
        readonly vendor: string;
        readonly version: string;
      } | undefined;
      /** manufacturer, product, uuid, serial, assetTag, as its firmware tells them (DMI). */
      readonly system?: {
        readonly manufacturer?: string | undefined;
        readonly product?: string | undefined;
        readonly uuid?: string | undefined;
        readonly serial?: string | undefined;
        readonly assetTag?: string | undefined;
      } | undefined;
      /** What its neighbours on the cable say: mac of the interface, chassis, port, systemName. */
      readonly lldp?: readonly ({
        readonly mac: string;
        readonly chassis: string;
        readonly port: string;
        readonly systemName?: string | undefined;
      })[] | undefined;
    } | undefined;
  })[];
  readonly next: string | null;
};

export type Issue = {
  readonly id: string;
  readonly node: string;
  readonly lab: string;
  readonly version: number;
  readonly state: "open" | "closed";
  readonly blocking: boolean;
  readonly fault: {
    readonly class: "node" | "infrastructure" | "configuration";
    readonly code: string;
    readonly message: string;
  };
  readonly evidence: readonly string[];
  /** Milliseconds since 1970 */
  readonly openedAt: number;
  readonly openedBy: {
    readonly kind: "user" | "operator" | "message" | "watchdog" | "timer" | "agent" | "node" | "engine";
    readonly name: string;
  };
  readonly closedAt: number | null;
  readonly closedBecause: string | null;
};

export type Job = {
  readonly id: string;
  readonly kind: string;
  readonly node: string | null;
  readonly requestedBy: {
    readonly kind: "user" | "operator" | "message" | "watchdog" | "timer" | "agent" | "node" | "engine";
    readonly name: string;
  };
  /** Milliseconds since 1970 */
  readonly requestedAt: number;
  readonly state: "accepted" | "done" | "failed" | "abandoned";
  readonly cause: {
    readonly class: "node" | "infrastructure" | "configuration";
    readonly code: string;
    readonly message: string;
  } | null;
  readonly endedAt: number | null;
  /** What a capture has made */
  readonly revision?: string | undefined;
};

export type Lab = {
  readonly id: string;
  readonly nodes: number;
  /** act or observe */
  readonly correction: string;
  readonly controllers: readonly ({
    readonly id: string;
    readonly state: "reachable" | "silent" | "never reported";
  })[];
  /** Nodes found late within the window of docs/correction.md */
  readonly late: readonly string[];
  /** Corrections that it has left */
  readonly tokens: number;
  /** The lab is taken for the cause of its nodes' lateness */
  readonly suspect: {
    /** Milliseconds since 1970 */
    readonly since: number;
    readonly allowance: number;
    readonly onProbation: readonly string[];
  } | null;
};

export type Machine = {
  readonly id: string;
  readonly lab: string;
  readonly state: "held" | "identified";
  /** Why it is held: unknown, ambiguous, duplicate, moved, replaced */
  readonly reason: string | null;
  /** In plain words: what it was known by, or why it is held and what to do */
  readonly why: string;
  /** Who it is */
  readonly node: string | null;
  readonly candidates: readonly string[];
  /** Of the interface that it booted from */
  readonly mac: string;
  readonly bmcAddress: string | null;
  readonly hardware: {
    readonly cpus: number;
    readonly memoryMiB: number;
    readonly disks: readonly ({
      readonly name: string;
      readonly sizeBytes: number;
      readonly serial?: string | undefined;
    })[];
    readonly nics: readonly ({
      readonly mac: string;
      readonly name?: string | undefined;
      readonly speedMbps?: number | undefined;
      readonly link?: "up" | "down" | undefined;
    })[];
    readonly features?: readonly string[] | undefined;
    readonly firmware?: {
      readonly vendor: string;
      readonly version: string;
    } | undefined;
    readonly system?: {
      readonly manufacturer?: string | undefined;
      readonly product?: string | undefined;
      readonly uuid?: string | undefined;
      readonly serial?: string | undefined;
      readonly assetTag?: string | undefined;
    } | undefined;
    readonly lldp?: readonly ({
      readonly mac: string;
      readonly chassis: string;
      readonly port: string;
      readonly systemName?: string | undefined;
    })[] | undefined;
  };
  /** Milliseconds since 1970 */
  readonly firstSeen: number;
  readonly lastSeen: number;
  readonly boots: number;
};

export type Node = {
  readonly id: string;
  readonly lab: string;
  readonly class: string;
  readonly tags: readonly string[];
  /** What it has to offer; null: nobody knows */
  readonly capacity?: {
    readonly cpus: number;
    readonly memoryMiB: number;
    readonly diskGiB: number;
    readonly nics: number;
    readonly features: readonly string[];
  } | null | undefined;
  readonly version: number;
  /** docs/states.md */
  readonly state: "unidentified" | "enrolled" | "available" | "reserved" | "loading" | "configuring" | "in-use" | "capturing" | "reclaiming" | "maintenance" | "retired" | "quarantined";
  /** The state before this one */
  readonly last: "unidentified" | "enrolled" | "available" | "reserved" | "loading" | "configuring" | "in-use" | "capturing" | "reclaiming" | "maintenance" | "retired" | "quarantined" | null;
  /** Milliseconds since 1970 */
  readonly since: number;
  readonly administrative: {
    /** online or offline */
    readonly state: string;
    readonly reason: string | null;
    /** Who set it: operator ada */
    readonly by: string;
    /** Milliseconds since 1970 */
    readonly since: number;
    /** Of an offline node: since when no hand is on it; null while what ran is being ended */
    readonly handsOffAt: number | null;
  };
  readonly phase: {
    readonly name: string;
    /** Milliseconds since 1970 */
    readonly since: number;
  };
  readonly power: {
    readonly observed: string;
    /** Milliseconds since 1970 */
    readonly at: number;
  };
  readonly image: string | null;
  readonly revision: string | null;
  /** What proved it clean last, before its user got it; null: nothing that still holds */
  readonly certificate: {
    /** written: its whole disk image, read back; sanitized: nobody had been in, and that is proved */
    readonly how: "written" | "sanitized";
    readonly image: string;
    readonly revision: string;
    /** Milliseconds since 1970 */
    readonly at: number;
    readonly job: string;
    /** The lab controller that did it */
    readonly controller: string | null;
    readonly proved: readonly string[];
  } | null;
  readonly reservation: string | null;
  readonly job: {
    readonly id: string;
    readonly program: string;
    readonly attempt: number;
    readonly step: string;
    /** The evidence that the step awaits */
    readonly awaits: string;
    /** Milliseconds since 1970 */
    readonly since: number;
    /** Milliseconds since 1970 */
    readonly until: number;
    readonly command: string | null;
    readonly correcting: string | null;
    readonly doneBytes: number | null;
    readonly totalBytes: number | null;
  } | null;
  /** Only this owner or project can reserve it; null: anybody */
  readonly loan: {
    readonly to: string;
    readonly until: number | null;
    readonly reason: string;
  } | null;
  /** Nobody new gets it: it is kept out, or will be as soon as whoever has it is done */
  readonly upkeep: {
    /** maintenance or retired */
    readonly to: string;
    readonly reason: string;
    readonly until: number | null;
    readonly by: string;
    /** Milliseconds since 1970 */
    readonly since: number;
  } | null;
  /** What was read of its firmware last, against its profile; null: nothing was */
  readonly bios: {
    readonly profile: string;
    /** Milliseconds since 1970 */
    readonly at: number;
    /** Attributes that are not as the profile wants them; `found` is null where the firmware knows none of that name */
    readonly drift: readonly ({
      readonly name: string;
      readonly wanted: string | number | boolean;
      readonly found: string | number | boolean | null;
    })[];
  } | null;
  readonly correctiveReboots: number;
  /** While there is one, nobody gets the node */
  readonly openIssues: readonly string[];
  readonly fault: string | null;
};

export type Problem = {
  /** Stable: urn:rackwright:problem:<code> */
  readonly type: string;
  readonly title: string;
  readonly status: number;
  /** What is wrong, where, and what to do */
  readonly detail: string;
  /** Each field that is not as it should be */
  readonly errors?: readonly ({
    /** The field of the body, as a JSON pointer: #/roles/0/image */
    readonly pointer?: string | undefined;
    /** The parameter of the query */
    readonly parameter?: string | undefined;
    readonly detail: string;
  })[] | undefined;
};

export type Progress = {
  readonly reservation: string;
  /** new: it waits for nodes, or for its time. loading: its nodes are made ready. reserved: they are handed over. in-use: somebody has logged in. reclaim: it is over, and its nodes are taken back. complete, failed: over; `cause` says why, where it is not its time */
  readonly state: "new" | "loading" | "reserved" | "in-use" | "reclaim" | "complete" | "failed";
  /** Milliseconds since 1970 */
  readonly since: number;
  /** Milliseconds since 1970 */
  readonly end: number;
  /** When all its nodes will be ready, by what loads of its images took on nodes of its class; null: it is ready or over, has no place yet, or too few loads were seen */
  readonly expected: {
    /** As a rule */
    readonly at: number;
    /** But for one in fifty */
    readonly latest: number;
  } | null;
  readonly cause: {
    readonly code: string;
    readonly message: string;
  } | null;
  /** The nodes that it holds */
  readonly nodes: readonly ({
    readonly id: string;
    readonly state: "unidentified" | "enrolled" | "available" | "reserved" | "loading" | "configuring" | "in-use" | "capturing" | "reclaiming" | "maintenance" | "retired" | "quarantined";
    readonly phase: string;
    /** What is being done to it; `null`: nothing */
    readonly step: string | null;
    /** The evidence that the step awaits */
    readonly awaits: string | null;
    /** When the step is looked at again, or given up, at the latest */
    readonly until: number | null;
    /** Of the image that is on its disk, while it is written */
    readonly percent: number | null;
  })[];
  /** To be passed on with the next request, which then waits for what comes after this */
  readonly after: number;
};

export type Project = {
  readonly id: string;
  readonly version: number;
  readonly members: readonly string[];
  readonly quota: {
    /** Never more nodes at any one time. */
    readonly nodesAtOnce: number;
    /** No reservation begins later than in so many hours. */
    readonly hoursAhead: number;
    readonly longestMinutes: number;
  };
  /** Its reservations that may not be over yet */
  readonly live: readonly string[];
};

export type Proposal = {
  readonly node: string;
  /** Milliseconds since 1970 */
  readonly at: number;
  readonly phase: string | null;
  readonly would: string;
  readonly times: number;
  readonly outcome: string;
  readonly afterMs: number | null;
};

export type Readiness = {
  readonly class: string;
  /** Nodes handed over */
  readonly handedOver: number;
  /** Among them: the image was running already */
  readonly withoutLoad: number;
  /** The hit rate: the one by the other */
  readonly share: number | null;
  readonly images: readonly ({
    readonly image: string;
    /** Nodes handed over */
    readonly handedOver: number;
    /** Among them: the image was running already */
    readonly withoutLoad: number;
    /** The hit rate: the one by the other */
    readonly share: number | null;
    /** A load, as a rule; null: too few were seen */
    readonly readyWithinMs: number | null;
    readonly stages: Readonly<Record<string, {
        readonly count: number;
        readonly meanMs: number;
        readonly deviationMs: number;
      }>>;
  })[];
};

export type Reservation = {
  readonly id: string;
  readonly version: number;
  readonly owner: string;
  readonly project: string | null;
  readonly image: string;
  readonly revision: string;
  /** Of a cluster; empty: all its nodes are for the same */
  readonly roles: readonly ({
    readonly name: string;
    readonly image: string;
    readonly revision: string;
    readonly count: number;
  })[];
  readonly class: string;
  /** What each node must have, its images' needs included */
  readonly needs?: {
    /** Logical processors. */
    readonly cpus?: number | undefined;
    /** Memory, in MiB. */
    readonly memoryMiB?: number | undefined;
    /** On the largest disk, in GiB. */
    readonly diskGiB?: number | undefined;
    /** Network interfaces. */
    readonly nics?: number | undefined;
    readonly features?: readonly string[] | undefined;
  } | undefined;
  readonly count: number;
  /** new: it waits for nodes, or for its time. loading: its nodes are made ready. reserved: they are handed over. in-use: somebody has logged in. reclaim: it is over, and its nodes are taken back. complete, failed: over; `cause` says why, where it is not its time */
  readonly state: "new" | "loading" | "reserved" | "in-use" | "reclaim" | "complete" | "failed";
  /** The state before this one */
  readonly last: "new" | "loading" | "reserved" | "in-use" | "reclaim" | "complete" | "failed" | null;
  /** Milliseconds since 1970 */
  readonly since: number;
  /** Milliseconds since 1970 */
  readonly createdAt: number;
  /** When its user gets the nodes; of one that waits: as far as is known now */
  readonly start: number;
  /** Milliseconds since 1970 */
  readonly end: number;
  /** Nodes that are kept free for it, before it has them */
  readonly placed: readonly string[];
  /** Its place in the line of those who wait for nodes of its class; `start` is when it is served, as far as is known now */
  readonly position: number | null;
  /** When all its nodes will be ready, by what loads of its images took on nodes of its class; null: it is ready or over, has no place yet, or too few loads were seen */
  readonly expected: {
    /** As a rule */
    readonly at: number;
    /** But for one in fifty */
    readonly latest: number;
  } | null;
  readonly readyAt: number | null;
  readonly endedAt: number | null;
  readonly cause: {
    readonly code: string;
    readonly message: string;
  } | null;
  readonly correctiveReboots: number;
  readonly nodes: readonly Node[];
  /** How to reach the nodes, only while it holds them, with an address that was read since the last load */
  readonly connections: readonly ({
    readonly node: string;
    readonly role: string | null;
    readonly address: string;
    readonly user: string;
  })[];
};

export type ReservationSummary = {
  readonly id: string;
  readonly version: number;
  readonly owner: string;
  readonly project: string | null;
  readonly image: string;
  readonly revision: string;
  /** Of a cluster; empty: all its nodes are for the same */
  readonly roles: readonly ({
    readonly name: string;
    readonly image: string;
    readonly revision: string;
    readonly count: number;
  })[];
  readonly class: string;
  /** What each node must have, its images' needs included */
  readonly needs?: {
    /** Logical processors. */
    readonly cpus?: number | undefined;
    /** Memory, in MiB. */
    readonly memoryMiB?: number | undefined;
    /** On the largest disk, in GiB. */
    readonly diskGiB?: number | undefined;
    /** Network interfaces. */
    readonly nics?: number | undefined;
    readonly features?: readonly string[] | undefined;
  } | undefined;
  readonly count: number;
  /** new: it waits for nodes, or for its time. loading: its nodes are made ready. reserved: they are handed over. in-use: somebody has logged in. reclaim: it is over, and its nodes are taken back. complete, failed: over; `cause` says why, where it is not its time */
  readonly state: "new" | "loading" | "reserved" | "in-use" | "reclaim" | "complete" | "failed";
  /** The state before this one */
  readonly last: "new" | "loading" | "reserved" | "in-use" | "reclaim" | "complete" | "failed" | null;
  /** Milliseconds since 1970 */
  readonly since: number;
  /** Milliseconds since 1970 */
  readonly createdAt: number;
  /** When its user gets the nodes; of one that waits: as far as is known now */
  readonly start: number;
  /** Milliseconds since 1970 */
  readonly end: number;
  /** Nodes that are kept free for it, before it has them */
  readonly placed: readonly string[];
  readonly readyAt: number | null;
  readonly endedAt: number | null;
  readonly cause: {
    readonly code: string;
    readonly message: string;
  } | null;
  readonly correctiveReboots: number;
  /** Those that it holds */
  readonly nodes: readonly string[];
};

export type Revision = {
  readonly image: string;
  readonly revision: string;
  readonly buildSystem: string;
  readonly osModule: string;
  readonly osVersion?: string | undefined;
  readonly content: {
    readonly sha256: string;
    readonly sizeBytes: number;
  };
  /** What a machine must at least have for it */
  readonly minimum?: {
    /** Logical processors. */
    readonly cpus?: number | undefined;
    /** Memory, in MiB. */
    readonly memoryMiB?: number | undefined;
    /** On the largest disk, in GiB. */
    readonly diskGiB?: number | undefined;
    /** Network interfaces. */
    readonly nics?: number | undefined;
    readonly features?: readonly string[] | undefined;
  } | undefined;
  /** Milliseconds since 1970 */
  readonly registeredAt: number;
  /** It was made of a node */
  readonly captured?: {
    readonly node: string;
    readonly job: string;
    /** The revision that the node had been loaded with */
    readonly from: string;
    readonly by: string;
    readonly comment: string;
  } | undefined;
  /** The first other node that came up with it: it may become production */
  readonly tried?: {
    readonly node: string;
    /** Milliseconds since 1970 */
    readonly at: number;
  } | undefined;
  /** Nobody can have it any more: the labs whose image store has removed its bytes */
  readonly collected?: {
    /** Milliseconds since 1970 */
    readonly at: number;
    readonly askedAt: number | null;
    readonly removedFrom: readonly string[];
  } | undefined;
};

export type TimelineEntry = {
  /** 1, 2, 3 … without a gap */
  readonly sequence: number;
  /** Milliseconds since 1970 */
  readonly at: number;
  readonly actor: {
    readonly kind: "user" | "operator" | "message" | "watchdog" | "timer" | "agent" | "node" | "engine";
    readonly name: string;
  };
  readonly from: string;
  readonly to: string;
  readonly phase: string | null;
  readonly why: string;
  readonly evidence: string | null;
  readonly reservation: string | null;
  readonly job: string | null;
  readonly attempt: number | null;
  readonly command: string | null;
  readonly correction: string | null;
  /** What correction would have done, in a lab that only observes */
  readonly proposed: string | null;
  /** What its user is to be told, where the state has not changed */
  readonly notice?: "ending-soon" | "extended" | undefined;
  /** The code of the fault that it ended with */
  readonly cause?: string | undefined;
};

export type UpkeepBody = {
  /** Which nodes: all that is given must fit. */
  readonly of: {
    readonly node?: string | undefined;
    readonly lab?: string | undefined;
    readonly class?: string | undefined;
    readonly rack?: string | undefined;
    readonly powerDomain?: string | undefined;
  };
  readonly reason: string;
  /** What the answer before gave as `next`: a large group is gone through some nodes at a time. */
  readonly next?: string | null | undefined;
  readonly action: "drain";
  /** When the maintenance is over, in milliseconds since 1970. */
  readonly until: number;
  /** return: checked, and handed out again. remind: kept out, and its hardware log says so. */
  readonly atEnd?: "return" | "remind" | undefined;
} | {
  /** Which nodes: all that is given must fit. */
  readonly of: {
    readonly node?: string | undefined;
    readonly lab?: string | undefined;
    readonly class?: string | undefined;
    readonly rack?: string | undefined;
    readonly powerDomain?: string | undefined;
  };
  readonly reason: string;
  /** What the answer before gave as `next`: a large group is gone through some nodes at a time. */
  readonly next?: string | null | undefined;
  readonly action: "return";
} | {
  /** Which nodes: all that is given must fit. */
  readonly of: {
    readonly node?: string | undefined;
    readonly lab?: string | undefined;
    readonly class?: string | undefined;
    readonly rack?: string | undefined;
    readonly powerDomain?: string | undefined;
  };
  readonly reason: string;
  /** What the answer before gave as `next`: a large group is gone through some nodes at a time. */
  readonly next?: string | null | undefined;
  readonly action: "retire";
};

/** By operation: what it takes, and what it gives when it succeeds. */
export interface Operations {
  /** This document */
  readonly getOpenapi: {
    readonly input: Readonly<Record<never, never>>;
    readonly answer: Readonly<Record<string, unknown>>;
  };
  /** What can be had: classes with their free nodes, and the images for them */
  readonly getAvailability: {
    readonly input: {
      /** Of this class only, and from when on there is enough of it */
      readonly class?: string | undefined;
      /** So many nodes */
      readonly count?: number | undefined;
      /** For so long */
      readonly minutes?: number | undefined;
      /** Of this lab only */
      readonly lab?: string | undefined;
      /** With all of these tags, separated by commas */
      readonly tags?: string | undefined;
      /** In the name of this project: what is lent to it counts */
      readonly project?: string | undefined;
      /** With so many CPUs */
      readonly cpus?: number | undefined;
      /** With so much memory */
      readonly memoryMiB?: number | undefined;
      /** With a disk of that size */
      readonly diskGiB?: number | undefined;
      /** With so many network interfaces */
      readonly nics?: number | undefined;
      /** With all of these, separated by commas */
      readonly features?: string | undefined;
    };
    readonly answer: Availability;
  };
  /** All labs */
  readonly getLabs: {
    readonly input: {
      /** Where to go on: what the page before gave as `next` */
      readonly next?: string | undefined;
    };
    readonly answer: {
      readonly labs: readonly Lab[];
      readonly next: string | null;
    };
  };
  /** Import a lab: what is new is enrolled, what has changed is updated, what is the same is left alone */
  readonly postLabs: {
    readonly input: {
      readonly body: {
        readonly schema: "rackwright.lab/1";
        readonly lab: string;
        readonly controllers: readonly string[];
        readonly correction?: {
          /** observe: correction says what it would do, and does nothing. */
          readonly mode?: "act" | "observe" | undefined;
          /** What is different in this lab: installAttempts, build, os, osOverallMs, ladder, budget, blind. */
          readonly policy?: {
            readonly installAttempts?: number | undefined;
            readonly build?: {
              readonly firmwareMs: number;
              readonly noProgressMs: number;
              readonly overallMs: number;
              readonly diskBootMs: number;
            } | undefined;
            readonly os?: Readonly<Record<string, {
                readonly firmware?: readonly number[] | undefined;
                readonly kernel?: readonly number[] | undefined;
                readonly init?: readonly number[] | undefined;
                readonly channel?: readonly number[] | undefined;
                readonly overall?: readonly number[] | undefined;
              }>> | undefined;
            readonly osOverallMs?: number | undefined;
            readonly ladder?: {
              readonly inspect?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
              readonly check?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
              readonly load?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
              readonly "build-post-load"?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
              readonly "post-load"?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
              readonly address?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
              readonly reserve?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
              readonly sanitize?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
              readonly unload?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
              readonly "pre-capture"?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
              readonly capture?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
              readonly "post-capture"?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
            } | undefined;
            readonly budget?: {
              readonly capacity: number;
              readonly refillMs: number;
              readonly windowMs: number;
              readonly suspectShare: number;
              readonly suspectAtLeast: number;
              readonly intervalMs: number;
            } | undefined;
            readonly blind?: {
              readonly retryMs: number;
              readonly giveUpMs: number;
              readonly atMostMs?: number | undefined;
            } | undefined;
          } | null | undefined;
        } | undefined;
        readonly identification?: {
          /** Tried in this order; what is left out is not tried. */
          readonly strategies?: readonly ("mac" | "uuid" | "serial" | "asset-tag" | "bmc-address" | "switch-port" | "order")[] | undefined;
          /** Nodes that machines which nothing else tells apart become, as they appear. */
          readonly order?: readonly string[] | undefined;
          /** Machines that nobody knows become new nodes; the first rule that fits decides. */
          readonly rules?: readonly ({
            readonly name: string;
            /** The machine has at least this. */
            readonly minimum?: {
              /** Logical processors. */
              readonly cpus?: number | undefined;
              /** Memory, in MiB. */
              readonly memoryMiB?: number | undefined;
              /** On the largest disk, in GiB. */
              readonly diskGiB?: number | undefined;
              /** Network interfaces. */
              readonly nics?: number | undefined;
              /** All of these. */
              readonly features?: readonly string[] | undefined;
            } | undefined;
            /** Its manufacturer's name begins like this. */
            readonly manufacturer?: string | undefined;
            /** Its product's name begins like this. */
            readonly product?: string | undefined;
            readonly class: string;
            readonly tags?: readonly string[] | undefined;
            /** What the new node is called: {mac}, {serial} or {uuid} stand for the machine's. */
            readonly nodeName: string;
            /** driver, address, credential of the new node's BMC. */
            readonly power: {
              readonly driver: string;
              /** Where its BMC is: {bmc} stands for the address that the machine tells */
              readonly address: string;
              readonly credential: string;
            };
          })[] | undefined;
          /** A machine that becomes a node is tested first: minutes, and test where it is not our ramdisk's (docs/maintenance.md). */
          readonly burnIn?: {
            readonly minutes: number;
            readonly test?: string | null | undefined;
          } | undefined;
          /** What is done about hardware that is not as it was, where it differs from the usual. */
          readonly drift?: Readonly<Record<string, "block" | "log" | "ignore">> | undefined;
        } | undefined;
        /** Its racks by name: units (42), location. */
        readonly racks?: Readonly<Record<string, {
            readonly units?: number | undefined;
            readonly location?: string | undefined;
          }>> | undefined;
        /** What switches several nodes, such as a PDU or a chassis, by name: address, outlets (how many), rack. */
        readonly powerDomains?: Readonly<Record<string, {
            readonly address?: string | undefined;
            readonly outlets?: number | undefined;
            readonly rack?: string | undefined;
          }>> | undefined;
        /** Its network switches by name: address, ports (how many), rack; driver, options and credential; provisioning and reserved (docs/network.md). */
        readonly switches?: Readonly<Record<string, {
            readonly driver?: string | undefined;
            readonly address?: string | undefined;
            readonly options?: Readonly<Record<string, string>> | undefined;
            readonly credential?: string | undefined;
            readonly provisioning?: Readonly<Record<string, string>> | undefined;
            readonly reserved?: Readonly<Record<string, string>> | undefined;
            readonly ports?: number | undefined;
            readonly rack?: string | undefined;
          }>> | undefined;
        /** What the BIOS of its nodes is to be set to, by name: attributes, as the machine calls them; driver (docs/maintenance.md). */
        readonly biosProfiles?: Readonly<Record<string, {
            readonly driver?: string | undefined;
            readonly attributes: Readonly<Record<string, string | number | boolean>>;
          }>> | undefined;
        /** Its classes of nodes by name: is (in words), minimum (hardware). Once there is one, a node can be of no other. */
        readonly classes?: Readonly<Record<string, {
            readonly is?: string | undefined;
            readonly minimum?: {
              /** Logical processors. */
              readonly cpus?: number | undefined;
              /** Memory, in MiB. */
              readonly memoryMiB?: number | undefined;
              /** On the largest disk, in GiB. */
              readonly diskGiB?: number | undefined;
              /** Network interfaces. */
              readonly nics?: number | undefined;
              /** All of these. */
              readonly features?: readonly string[] | undefined;
            } | undefined;
          }>> | undefined;
        readonly nodes: readonly ({
          readonly id: string;
          readonly class?: string | undefined;
          readonly tags?: readonly string[] | undefined;
          /** The network interfaces that it may boot from. Two nodes cannot have the same. Without any, the machine has yet to be found. */
          readonly macs?: readonly string[] | undefined;
          readonly bmc: {
            /** Power driver: redfish, ipmi, fence, libvirt or exec */
            readonly driver: string;
            /** Where the driver finds the BMC: https://10.20.0.11 */
            readonly address: string;
            /** What else the driver wants to know (docs/lab-controller.md): {"agent": "fence_apc", "plug": "7"} */
            readonly options?: Readonly<Record<string, string>> | undefined;
            /** Name of a secret that the lab controller holds; the secret itself never travels. */
            readonly credential: string;
            /** Nodes that share a BMC or PDU share a power domain; default: the address. */
            readonly domain?: string | undefined;
            /** Least time between two power commands. */
            readonly quiescentSeconds?: number | undefined;
          };
          /** Where it stands: name (of racks), unit (the lowest that it takes up), height (in units; 1). */
          readonly rack?: {
            readonly name: string;
            readonly unit: number;
            readonly height?: number | undefined;
          } | undefined;
          /** What its power supplies are plugged into: domain (of powerDomains) and outlet of each. */
          readonly outlets?: readonly ({
            readonly domain: string;
            readonly outlet: string;
          })[] | undefined;
          /** How its serial console is reached (docs/consoles.md): driver, address, options, credential. */
          readonly console?: {
            readonly driver: string;
            readonly address: string;
            readonly options?: Readonly<Record<string, string>> | undefined;
            readonly credential?: string | undefined;
          } | undefined;
          /** What its network cable is plugged into: switch (of switches) and port. */
          readonly switchPort?: {
            readonly switch: string;
            readonly port: string;
          } | undefined;
          /** What its BIOS is to be set to: one of biosProfiles. */
          readonly biosProfile?: string | undefined;
          /** Its system UUID, as its firmware tells it (DMI). Two nodes cannot have the same. */
          readonly uuid?: string | undefined;
          /** Its serial number. Two nodes cannot have the same. */
          readonly serial?: string | undefined;
          /** What its owner has glued onto it. */
          readonly assetTag?: string | undefined;
          /** What it is made of, where its people know: cpus, memoryMiB, disks, nics, features, firmware, system. */
          readonly hardware?: {
            /** Logical processors. */
            readonly cpus: number;
            /** Memory, in MiB. */
            readonly memoryMiB: number;
            /** name, sizeBytes, and serial where it is known. */
            readonly disks?: readonly ({
              readonly name: string;
              readonly sizeBytes: number;
              readonly serial?: string | undefined;
            })[] | undefined;
            /** mac; name, speedMbps and link where they are known. */
            readonly nics?: readonly ({
              readonly mac: string;
              readonly name?: string | undefined;
              readonly speedMbps?: number | undefined;
              readonly link?: "up" | "down" | undefined;
            })[] | undefined;
            /** What a reservation may ask for besides numbers: [gpu, nvme]. */
            readonly features?: readonly string[] | undefined;
            /** vendor, version. */
            readonly firmware?: {
              readonly vendor: string;
              readonly version: string;
            } | undefined;
            /** manufacturer, product, uuid, serial, assetTag, as its firmware tells them (DMI). */
            readonly system?: {
              readonly manufacturer?: string | undefined;
              readonly product?: string | undefined;
              readonly uuid?: string | undefined;
              readonly serial?: string | undefined;
              readonly assetTag?: string | undefined;
            } | undefined;
            /** What its neighbours on the cable say: mac of the interface, chassis, port, systemName. */
            readonly lldp?: readonly ({
              readonly mac: string;
              readonly chassis: string;
              readonly port: string;
              readonly systemName?: string | undefined;
            })[] | undefined;
          } | undefined;
        })[];
      };
    };
    readonly answer: {
      readonly enrolled: readonly string[];
      readonly changed: readonly string[];
      readonly unchanged: number;
      readonly refused: readonly string[];
    };
  };
  /** A lab */
  readonly getLabsById: {
    readonly input: {
      readonly id: string;
    };
    readonly answer: Lab;
  };
  /** What correction would have done in a lab that only observes, and what came of it without */
  readonly getLabsCorrection: {
    readonly input: {
      readonly id: string;
      /** Where to go on: what the page before gave as `next` */
      readonly next?: string | undefined;
    };
    readonly answer: {
      readonly proposals: readonly Proposal[];
      readonly next: string | null;
    };
  };
  /** Machines that were found in a lab: first those that are held, with why, then those that were identified */
  readonly getLabsMachines: {
    readonly input: {
      readonly id: string;
      /** Where to go on: what the page before gave as `next` */
      readonly next?: string | undefined;
    };
    readonly answer: {
      readonly machines: readonly Machine[];
      readonly next: string | null;
    };
  };
  /** Say who a found machine is: a node of the lab, or a new one of a class */
  readonly postLabsMachinesClaim: {
    readonly input: {
      readonly id: string;
      readonly machine: string;
      readonly body: {
        /** A node of the lab that has no machine, or whose machine this one replaces */
        readonly node: string;
      } | {
        readonly node: string;
        readonly class: string;
        readonly tags?: readonly string[] | undefined;
        /** How the new node's power is reached */
        readonly bmc: {
          readonly driver: string;
          readonly address: string;
          readonly credential: string;
          readonly options?: Readonly<Record<string, string>> | undefined;
        };
      };
    };
    readonly answer: Machine;
  };
  /** Hear no more of a machine that is held; if it tells of itself again, it is new */
  readonly postLabsMachinesForget: {
    readonly input: {
      readonly id: string;
      readonly machine: string;
    };
    readonly answer: Machine;
  };
  /** A lab as a file would describe it, some nodes at a time */
  readonly getLabsInventory: {
    readonly input: {
      readonly id: string;
      /** Where to go on: what the page before gave as `next` */
      readonly next?: string | undefined;
    };
    readonly answer: Inventory;
  };
  /** Who has what only one node can have: a MAC, a UUID, a serial number, a name. What nobody has is left out */
  readonly postLabsClaims: {
    readonly input: {
      readonly id: string;
      readonly body: {
        /** mac#52:54:00:b1:00:01, uuid#…, serial#…, or node#… for the name of a node */
        readonly claims: readonly string[];
      };
    };
    readonly answer: Claims;
  };
  /** Import a part of a lab: its settings, then its nodes, some at a time. The same part again changes nothing */
  readonly postLabsImport: {
    readonly input: {
      readonly id: string;
      readonly body: {
        /** Everything but its nodes; null: as it is */
        readonly settings?: {
          readonly controllers: readonly string[];
          readonly correction?: {
            /** observe: correction says what it would do, and does nothing. */
            readonly mode?: "act" | "observe" | undefined;
            /** What is different in this lab: installAttempts, build, os, osOverallMs, ladder, budget, blind. */
            readonly policy?: {
              readonly installAttempts?: number | undefined;
              readonly build?: {
                readonly firmwareMs: number;
                readonly noProgressMs: number;
                readonly overallMs: number;
                readonly diskBootMs: number;
              } | undefined;
              readonly os?: Readonly<Record<string, {
                  readonly firmware?: readonly number[] | undefined;
                  readonly kernel?: readonly number[] | undefined;
                  readonly init?: readonly number[] | undefined;
                  readonly channel?: readonly number[] | undefined;
                  readonly overall?: readonly number[] | undefined;
                }>> | undefined;
              readonly osOverallMs?: number | undefined;
              readonly ladder?: {
                readonly inspect?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
                readonly check?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
                readonly load?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
                readonly "build-post-load"?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
                readonly "post-load"?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
                readonly address?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
                readonly reserve?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
                readonly sanitize?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
                readonly unload?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
                readonly "pre-capture"?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
                readonly capture?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
                readonly "post-capture"?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
              } | undefined;
              readonly budget?: {
                readonly capacity: number;
                readonly refillMs: number;
                readonly windowMs: number;
                readonly suspectShare: number;
                readonly suspectAtLeast: number;
                readonly intervalMs: number;
              } | undefined;
              readonly blind?: {
                readonly retryMs: number;
                readonly giveUpMs: number;
                readonly atMostMs?: number | undefined;
              } | undefined;
            } | null | undefined;
          } | undefined;
          readonly identification?: {
            /** Tried in this order; what is left out is not tried. */
            readonly strategies?: readonly ("mac" | "uuid" | "serial" | "asset-tag" | "bmc-address" | "switch-port" | "order")[] | undefined;
            /** Nodes that machines which nothing else tells apart become, as they appear. */
            readonly order?: readonly string[] | undefined;
            /** Machines that nobody knows become new nodes; the first rule that fits decides. */
            readonly rules?: readonly ({
              readonly name: string;
              /** The machine has at least this. */
              readonly minimum?: {
                /** Logical processors. */
                readonly cpus?: number | undefined;
                /** Memory, in MiB. */
                readonly memoryMiB?: number | undefined;
                /** On the largest disk, in GiB. */
                readonly diskGiB?: number | undefined;
                /** Network interfaces. */
                readonly nics?: number | undefined;
                /** All of these. */
                readonly features?: readonly string[] | undefined;
              } | undefined;
              /** Its manufacturer's name begins like this. */
              readonly manufacturer?: string | undefined;
              /** Its product's name begins like this. */
              readonly product?: string | undefined;
              readonly class: string;
              readonly tags?: readonly string[] | undefined;
              /** What the new node is called: {mac}, {serial} or {uuid} stand for the machine's. */
              readonly nodeName: string;
              /** driver, address, credential of the new node's BMC. */
              readonly power: {
                readonly driver: string;
                /** Where its BMC is: {bmc} stands for the address that the machine tells */
                readonly address: string;
                readonly credential: string;
              };
            })[] | undefined;
            /** A machine that becomes a node is tested first: minutes, and test where it is not our ramdisk's (docs/maintenance.md). */
            readonly burnIn?: {
              readonly minutes: number;
              readonly test?: string | null | undefined;
            } | undefined;
            /** What is done about hardware that is not as it was, where it differs from the usual. */
            readonly drift?: Readonly<Record<string, "block" | "log" | "ignore">> | undefined;
          } | undefined;
          /** Its racks by name: units (42), location. */
          readonly racks?: Readonly<Record<string, {
              readonly units?: number | undefined;
              readonly location?: string | undefined;
            }>> | undefined;
          /** What switches several nodes, such as a PDU or a chassis, by name: address, outlets (how many), rack. */
          readonly powerDomains?: Readonly<Record<string, {
              readonly address?: string | undefined;
              readonly outlets?: number | undefined;
              readonly rack?: string | undefined;
            }>> | undefined;
          /** Its network switches by name: address, ports (how many), rack; driver, options and credential; provisioning and reserved (docs/network.md). */
          readonly switches?: Readonly<Record<string, {
              readonly driver?: string | undefined;
              readonly address?: string | undefined;
              readonly options?: Readonly<Record<string, string>> | undefined;
              readonly credential?: string | undefined;
              readonly provisioning?: Readonly<Record<string, string>> | undefined;
              readonly reserved?: Readonly<Record<string, string>> | undefined;
              readonly ports?: number | undefined;
              readonly rack?: string | undefined;
            }>> | undefined;
          /** What the BIOS of its nodes is to be set to, by name: attributes, as the machine calls them; driver (docs/maintenance.md). */
          readonly biosProfiles?: Readonly<Record<string, {
              readonly driver?: string | undefined;
              readonly attributes: Readonly<Record<string, string | number | boolean>>;
            }>> | undefined;
          /** Its classes of nodes by name: is (in words), minimum (hardware). Once there is one, a node can be of no other. */
          readonly classes?: Readonly<Record<string, {
              readonly is?: string | undefined;
              readonly minimum?: {
                /** Logical processors. */
                readonly cpus?: number | undefined;
                /** Memory, in MiB. */
                readonly memoryMiB?: number | undefined;
                /** On the largest disk, in GiB. */
                readonly diskGiB?: number | undefined;
                /** Network interfaces. */
                readonly nics?: number | undefined;
                /** All of these. */
                readonly features?: readonly string[] | undefined;
              } | undefined;
            }>> | undefined;
        } | null | undefined;
        /** Comes with the settings */
        readonly total?: {
          /** So many nodes the lab has when all is done */
          readonly nodes: number;
          /** Their classes */
          readonly classes: readonly string[];
        } | null | undefined;
        /** What nodes have to give up before others can have it: a MAC that has moved. The claim is as a plan names it */
        readonly release?: readonly ({
          readonly node: string;
          readonly claim: string;
        })[] | undefined;
        readonly nodes?: readonly ({
          readonly id: string;
          readonly class?: string | undefined;
          readonly tags?: readonly string[] | undefined;
          /** The network interfaces that it may boot from. Two nodes cannot have the same. Without any, the machine has yet to be found. */
          readonly macs?: readonly string[] | undefined;
          readonly bmc: {
            /** Power driver: redfish, ipmi, fence, libvirt or exec */
            readonly driver: string;
            /** Where the driver finds the BMC: https://10.20.0.11 */
            readonly address: string;
            /** What else the driver wants to know (docs/lab-controller.md): {"agent": "fence_apc", "plug": "7"} */
            readonly options?: Readonly<Record<string, string>> | undefined;
            /** Name of a secret that the lab controller holds; the secret itself never travels. */
            readonly credential: string;
            /** Nodes that share a BMC or PDU share a power domain; default: the address. */
            readonly domain?: string | undefined;
            /** Least time between two power commands. */
            readonly quiescentSeconds?: number | undefined;
          };
          /** Where it stands: name (of racks), unit (the lowest that it takes up), height (in units; 1). */
          readonly rack?: {
            readonly name: string;
            readonly unit: number;
            readonly height?: number | undefined;
          } | undefined;
          /** What its power supplies are plugged into: domain (of powerDomains) and outlet of each. */
          readonly outlets?: readonly ({
            readonly domain: string;
            readonly outlet: string;
          })[] | undefined;
          /** How its serial console is reached (docs/consoles.md): driver, address, options, credential. */
          readonly console?: {
            readonly driver: string;
            readonly address: string;
            readonly options?: Readonly<Record<string, string>> | undefined;
            readonly credential?: string | undefined;
          } | undefined;
          /** What its network cable is plugged into: switch (of switches) and port. */
          readonly switchPort?: {
            readonly switch: string;
            readonly port: string;
          } | undefined;
          /** What its BIOS is to be set to: one of biosProfiles. */
          readonly biosProfile?: string | undefined;
          /** Its system UUID, as its firmware tells it (DMI). Two nodes cannot have the same. */
          readonly uuid?: string | undefined;
          /** Its serial number. Two nodes cannot have the same. */
          readonly serial?: string | undefined;
          /** What its owner has glued onto it. */
          readonly assetTag?: string | undefined;
          /** What it is made of, where its people know: cpus, memoryMiB, disks, nics, features, firmware, system. */
          readonly hardware?: {
            /** Logical processors. */
            readonly cpus: number;
            /** Memory, in MiB. */
            readonly memoryMiB: number;
            /** name, sizeBytes, and serial where it is known. */
            readonly disks?: readonly ({
              readonly name: string;
              readonly sizeBytes: number;
              readonly serial?: string | undefined;
            })[] | undefined;
            /** mac; name, speedMbps and link where they are known. */
            readonly nics?: readonly ({
              readonly mac: string;
              readonly name?: string | undefined;
              readonly speedMbps?: number | undefined;
              readonly link?: "up" | "down" | undefined;
            })[] | undefined;
            /** What a reservation may ask for besides numbers: [gpu, nvme]. */
            readonly features?: readonly string[] | undefined;
            /** vendor, version. */
            readonly firmware?: {
              readonly vendor: string;
              readonly version: string;
            } | undefined;
            /** manufacturer, product, uuid, serial, assetTag, as its firmware tells them (DMI). */
            readonly system?: {
              readonly manufacturer?: string | undefined;
              readonly product?: string | undefined;
              readonly uuid?: string | undefined;
              readonly serial?: string | undefined;
              readonly assetTag?: string | undefined;
            } | undefined;
            /** What its neighbours on the cable say: mac of the interface, chassis, port, systemName. */
            readonly lldp?: readonly ({
              readonly mac: string;
              readonly chassis: string;
              readonly port: string;
              readonly systemName?: string | undefined;
            })[] | undefined;
          } | undefined;
        })[] | undefined;
      };
    };
    readonly answer: {
      readonly enrolled: readonly string[];
      readonly changed: readonly string[];
      readonly unchanged: number;
      readonly refused: readonly string[];
    };
  };
  /** All images */
  readonly getImages: {
    readonly input: {
      /** Where to go on: what the page before gave as `next` */
      readonly next?: string | undefined;
    };
    readonly answer: {
      readonly images: readonly Image[];
      readonly next: string | null;
    };
  };
  /** Register an image; its content becomes the production revision */
  readonly postImages: {
    readonly input: {
      readonly body: {
        readonly id: string;
        readonly buildSystem?: string | undefined;
        readonly osModule?: string | undefined;
        readonly osVersion?: string | undefined;
        /** Of the disk image in the lab's image store, where the build system takes one */
        readonly sha256?: string | undefined;
        readonly sizeBytes?: number | undefined;
        /** What this revision is called; default: the beginning of the checksum */
        readonly revision?: string | undefined;
        /** What else the build system wants to know: docs/build-systems.md */
        readonly settings?: Readonly<Record<string, string>> | undefined;
        /** What a machine must at least have for it */
        readonly minimum?: {
          /** Logical processors. */
          readonly cpus?: number | undefined;
          /** Memory, in MiB. */
          readonly memoryMiB?: number | undefined;
          /** On the largest disk, in GiB. */
          readonly diskGiB?: number | undefined;
          /** Network interfaces. */
          readonly nics?: number | undefined;
          /** All of these. */
          readonly features?: readonly string[] | undefined;
        } | undefined;
        readonly correction?: {
          readonly installAttempts?: number | undefined;
          readonly build?: {
            readonly firmwareMs: number;
            readonly noProgressMs: number;
            readonly overallMs: number;
            readonly diskBootMs: number;
          } | undefined;
          readonly os?: Readonly<Record<string, {
              readonly firmware?: readonly number[] | undefined;
              readonly kernel?: readonly number[] | undefined;
              readonly init?: readonly number[] | undefined;
              readonly channel?: readonly number[] | undefined;
              readonly overall?: readonly number[] | undefined;
            }>> | undefined;
          readonly osOverallMs?: number | undefined;
          readonly ladder?: {
            readonly inspect?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
            readonly check?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
            readonly load?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
            readonly "build-post-load"?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
            readonly "post-load"?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
            readonly address?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
            readonly reserve?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
            readonly sanitize?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
            readonly unload?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
            readonly "pre-capture"?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
            readonly capture?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
            readonly "post-capture"?: readonly ("look-again" | "reset" | "power-cycle" | "load-again" | "quarantine")[] | undefined;
          } | undefined;
          readonly budget?: {
            readonly capacity: number;
            readonly refillMs: number;
            readonly windowMs: number;
            readonly suspectShare: number;
            readonly suspectAtLeast: number;
            readonly intervalMs: number;
          } | undefined;
          readonly blind?: {
            readonly retryMs: number;
            readonly giveUpMs: number;
            readonly atMostMs?: number | undefined;
          } | undefined;
        } | null | undefined;
      };
    };
    readonly answer: {
      readonly image: string;
      readonly revision: string;
    };
  };
  /** An image with all its revisions */
  readonly getImagesById: {
    readonly input: {
      readonly id: string;
    };
    readonly answer: {
      readonly id: string;
      readonly version: number;
      /** The revision that is loaded */
      readonly production: string;
      /** Why nobody can reserve it any more; null: everybody can */
      readonly retired: string | null;
      /** Which old revisions are kept; null: all of them */
      readonly keep?: {
        /** So many of the newest */
        readonly revisions: number;
        /** All that are younger than so many days */
        readonly days: number;
      } | null | undefined;
      readonly revisions: readonly Revision[];
    };
  };
  /** Load a captured revision on another node; when it comes up there, that is on record */
  readonly postImagesTry: {
    readonly input: {
      readonly id: string;
      /** The same key of the same caller again changes nothing: it answers as the first time */
      readonly idempotencyKey?: string | undefined;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        /** Id of the job: the same id again changes nothing. */
        readonly id?: string | undefined;
        readonly revision: string;
        /** Null: a free one of the class that it was captured from, another than that one. */
        readonly node?: string | null | undefined;
      };
    };
    readonly answer: Job;
  };
  /** Let reservations from now on have another revision */
  readonly postImagesProduction: {
    readonly input: {
      readonly id: string;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        readonly revision: string;
        /** Why a captured revision becomes production before another node was loaded with it. */
        readonly untried?: string | null | undefined;
      };
    };
    readonly answer: Image;
  };
  /** How long its old revisions are kept */
  readonly postImagesKeep: {
    readonly input: {
      readonly id: string;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        /** Revisions beside the production one that are older and more than that are collected from the image stores, none that is in use; null: all are kept. */
        readonly keep: {
          /** So many of the newest */
          readonly revisions: number;
          /** All that are younger than so many days */
          readonly days: number;
        } | null;
      };
    };
    readonly answer: Image;
  };
  /** Nobody can reserve it from now on; who has it keeps it */
  readonly postImagesRetire: {
    readonly input: {
      readonly id: string;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        readonly reason: string;
      };
    };
    readonly answer: Image;
  };
  /** All projects; for a user: those that he is in */
  readonly getProjects: {
    readonly input: {
      /** Where to go on: what the page before gave as `next` */
      readonly next?: string | undefined;
    };
    readonly answer: {
      readonly projects: readonly Project[];
      readonly next: string | null;
    };
  };
  /** Make a project, or change who is in it and how much it may have */
  readonly putProjectsById: {
    readonly input: {
      readonly id: string;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        /** Who may reserve in its name: subjects of tokens */
        readonly members: readonly string[];
        readonly quota: {
          /** Never more nodes at any one time. */
          readonly nodesAtOnce: number;
          /** No reservation begins later than in so many hours. */
          readonly hoursAhead: number;
          readonly longestMinutes: number;
        };
      };
    };
    readonly answer: Project;
  };
  /** All blocks; for a user: his own */
  readonly getBlocks: {
    readonly input: {
      /** Where to go on: what the page before gave as `next` */
      readonly next?: string | undefined;
    };
    readonly answer: {
      readonly blocks: readonly Block[];
      readonly next: string | null;
    };
  };
  /** Reserve the same for many times, such as a class that meets every Tuesday */
  readonly postBlocks: {
    readonly input: {
      /** The same key of the same caller again changes nothing: it answers as the first time */
      readonly idempotencyKey?: string | undefined;
      readonly body: {
        /** Chosen by the caller: the same id again is the same block. Its reservations are called <id>.1, <id>.2 … */
        readonly id?: string | undefined;
        /** When each is to be ready, in order, in milliseconds since 1970: every Tuesday at nine, say. */
        readonly starts: readonly number[];
        /** A registered image; its production revision is loaded. Null: `roles` say which. */
        readonly image?: string | null | undefined;
        /** A cluster: nodes with different images, all of them or none, instead of `image` and `count`. */
        readonly roles?: readonly ({
          readonly name: unknown;
          readonly image: string;
          readonly count?: number | undefined;
        })[] | undefined;
        /** How many nodes, all of them or none. */
        readonly count?: number | undefined;
        /** How long, from its start. */
        readonly minutes?: number | undefined;
        /** Class of the nodes. */
        readonly class?: string | undefined;
        /** Tags that each node must have. */
        readonly tags?: readonly string[] | undefined;
        /** What each node must at least have, beside what its image needs: cpus, memoryMiB, diskGiB, nics, features. */
        readonly minimum?: {
          /** Logical processors. */
          readonly cpus?: number | undefined;
          /** Memory, in MiB. */
          readonly memoryMiB?: number | undefined;
          /** On the largest disk, in GiB. */
          readonly diskGiB?: number | undefined;
          /** Network interfaces. */
          readonly nics?: number | undefined;
          /** All of these. */
          readonly features?: readonly string[] | undefined;
        } | undefined;
        /** The project in whose quota it counts; null: a user's counts in his own. */
        readonly project?: string | null | undefined;
        /** Only nodes of this lab; null: any lab. */
        readonly lab?: string | null | undefined;
        /** What is wished of the nodes' switch ports, in the words of their lab's driver: VLANs, for instance. */
        readonly network?: Readonly<Record<string, string>> | undefined;
        /** Nodes to take first if they are free. */
        readonly prefer?: readonly string[] | undefined;
        /** The account that gets access to the nodes. */
        readonly user?: string | undefined;
        /** Its SSH public key; without one nobody can log in. */
        readonly publicKey?: string | null | undefined;
        /** Where its user is told that it is ready, ends soon, or failed. Null: as the token says, if it does. */
        readonly email?: string | null | undefined;
      };
    };
    readonly answer: Block;
  };
  /** Let it reserve no more; what it has reserved stays */
  readonly postBlocksEnd: {
    readonly input: {
      readonly id: string;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        readonly reason: string;
      };
    };
    readonly answer: Block;
  };
  /** All reservations, or for a user his own: first those that go on, the oldest first; then those that are over, the latest first */
  readonly getReservations: {
    readonly input: {
      /** Where to go on: what the page before gave as `next` */
      readonly next?: string | undefined;
      /** Only those of this owner */
      readonly owner?: string | undefined;
    };
    readonly answer: {
      readonly reservations: readonly ReservationSummary[];
      readonly next: string | null;
    };
  };
  /** Reserve nodes with an image, now or for later. The same id again answers with the same reservation */
  readonly postReservations: {
    readonly input: {
      /** The same key of the same caller again changes nothing: it answers as the first time */
      readonly idempotencyKey?: string | undefined;
      readonly body: {
        /** Chosen by the caller: the same id again answers with the same reservation. */
        readonly id?: string | undefined;
        /** Whose reservation it is: the caller's, unless an operator says whose. */
        readonly owner?: string | undefined;
        /** A registered image; its production revision is loaded. Null: `roles` say which. */
        readonly image?: string | null | undefined;
        /** A cluster: nodes with different images, all of them or none, instead of `image` and `count`. */
        readonly roles?: readonly ({
          readonly name: unknown;
          readonly image: string;
          readonly count?: number | undefined;
        })[] | undefined;
        /** How many nodes, all of them or none. */
        readonly count?: number | undefined;
        /** How long, from its start. */
        readonly minutes?: number | undefined;
        /** When the nodes are to be ready, in milliseconds since 1970; null: as soon as there are some, and then for the whole time. */
        readonly start?: number | null | undefined;
        /** Class of the nodes. */
        readonly class?: string | undefined;
        /** Tags that each node must have. */
        readonly tags?: readonly string[] | undefined;
        /** What each node must at least have, beside what its image needs: cpus, memoryMiB, diskGiB, nics, features. */
        readonly minimum?: {
          /** Logical processors. */
          readonly cpus?: number | undefined;
          /** Memory, in MiB. */
          readonly memoryMiB?: number | undefined;
          /** On the largest disk, in GiB. */
          readonly diskGiB?: number | undefined;
          /** Network interfaces. */
          readonly nics?: number | undefined;
          /** All of these. */
          readonly features?: readonly string[] | undefined;
        } | undefined;
        /** The project in whose quota it counts; null: a user's counts in his own. */
        readonly project?: string | null | undefined;
        /** Only nodes of this lab; null: any lab. */
        readonly lab?: string | null | undefined;
        /** What is wished of the nodes' switch ports, in the words of their lab's driver: VLANs, for instance. */
        readonly network?: Readonly<Record<string, string>> | undefined;
        /** Nodes to take first if they are free. */
        readonly prefer?: readonly string[] | undefined;
        /** The account that gets access to the nodes. */
        readonly user?: string | undefined;
        /** Its SSH public key; without one nobody can log in. */
        readonly publicKey?: string | null | undefined;
        /** Where its user is told that it is ready, ends soon, or failed. Null: as the token says, if it does. */
        readonly email?: string | null | undefined;
      };
    };
    readonly answer: Reservation;
  };
  /** A reservation, with its nodes and how to reach them */
  readonly getReservationsById: {
    readonly input: {
      readonly id: string;
    };
    readonly answer: Reservation;
  };
  /** How to log in, with addresses that were read since the last load */
  readonly getReservationsConnect: {
    readonly input: {
      readonly id: string;
    };
    readonly answer: Connect;
  };
  /** What happened to it, and why */
  readonly getReservationsTimeline: {
    readonly input: {
      readonly id: string;
      /** Only what has a higher sequence number */
      readonly after?: number | undefined;
    };
    readonly answer: {
      readonly entries: readonly TimelineEntry[];
      readonly next: number | null;
    };
  };
  /** How far it is; waits for something to happen to it or to one of its nodes, if nothing has since */
  readonly getReservationsProgress: {
    readonly input: {
      readonly id: string;
      /** What the answer before gave as `after`; 0 at first, which is answered at once */
      readonly after?: number | undefined;
      /** So long at most, and less where the function has less time left */
      readonly waitSeconds?: number | undefined;
    };
    readonly answer: Progress;
  };
  /** Why it is not ready yet, why it has these nodes and why these were rebooted, or how it ended and whose fault that was */
  readonly getReservationsExplain: {
    readonly input: {
      readonly id: string;
    };
    readonly answer: {
      readonly answers: readonly Answer[];
    };
  };
  /** Switch a node of it on, off, or off and on: its user's own reset button */
  readonly postReservationsPower: {
    readonly input: {
      readonly id: string;
      /** The same key of the same caller again changes nothing: it answers as the first time */
      readonly idempotencyKey?: string | undefined;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        /** Id of the job: the same id again changes nothing. */
        readonly id?: string | undefined;
        /** cycle: off, proved off, and on again. */
        readonly change: "on" | "off" | "cycle";
        /** A node of the reservation that was handed over. */
        readonly node: string;
      };
    };
    readonly answer: Job;
  };
  /** Make an image of a node of it, as it is now. Its user goes on working afterwards: GET .../progress says how far it is */
  readonly postReservationsCapture: {
    readonly input: {
      readonly id: string;
      /** The same key of the same caller again changes nothing: it answers as the first time */
      readonly idempotencyKey?: string | undefined;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        /** Id of the job: the same id again changes nothing. */
        readonly id?: string | undefined;
        /** What it becomes a revision of: an image that there is, or a new one. Null: what is on the node. */
        readonly image?: string | null | undefined;
        /** What was changed, for whoever chooses among revisions. */
        readonly comment?: string | undefined;
        /** Null: the only node of the reservation. */
        readonly node?: string | null | undefined;
      };
    };
    readonly answer: Job;
  };
  /** Let it end later, if nobody else has been promised its nodes by then */
  readonly postReservationsExtend: {
    readonly input: {
      readonly id: string;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        /** When it is to end, in milliseconds since 1970. */
        readonly end: number;
      };
    };
    readonly answer: Reservation;
  };
  /** End it: its nodes are taken back, on request after an image was made of one */
  readonly postReservationsEnd: {
    readonly input: {
      readonly id: string;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        readonly reason: string;
        /** Make an image of a node before it is taken back; null: of none. */
        readonly capture?: {
          /** What it becomes a revision of: an image that there is, or a new one. Null: what is on the node. */
          readonly image?: string | null | undefined;
          /** What was changed, for whoever chooses among revisions. */
          readonly comment?: string | undefined;
          /** Null: the only node of the reservation. */
          readonly node?: string | null | undefined;
        } | null | undefined;
      };
    };
    readonly answer: {
      readonly reservation: string;
      readonly ending: boolean;
    };
  };
  /** All nodes */
  readonly getNodes: {
    readonly input: {
      /** Where to go on: what the page before gave as `next` */
      readonly next?: string | undefined;
    };
    readonly answer: {
      readonly nodes: readonly Node[];
      readonly next: string | null;
    };
  };
  /** A node */
  readonly getNodesById: {
    readonly input: {
      readonly id: string;
    };
    readonly answer: Node;
  };
  /** Enrol a node, or change its settings: the next command goes by the new ones */
  readonly putNodesById: {
    readonly input: {
      readonly id: string;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        readonly class?: string | undefined;
        readonly tags?: readonly string[] | undefined;
        /** The network interfaces that it may boot from. Two nodes cannot have the same. Without any, the machine has yet to be found. */
        readonly macs?: readonly string[] | undefined;
        readonly bmc: {
          /** Power driver: redfish, ipmi, fence, libvirt or exec */
          readonly driver: string;
          /** Where the driver finds the BMC: https://10.20.0.11 */
          readonly address: string;
          /** What else the driver wants to know (docs/lab-controller.md): {"agent": "fence_apc", "plug": "7"} */
          readonly options?: Readonly<Record<string, string>> | undefined;
          /** Name of a secret that the lab controller holds; the secret itself never travels. */
          readonly credential: string;
          /** Nodes that share a BMC or PDU share a power domain; default: the address. */
          readonly domain?: string | undefined;
          /** Least time between two power commands. */
          readonly quiescentSeconds?: number | undefined;
        };
        /** Where it stands: name (of racks), unit (the lowest that it takes up), height (in units; 1). */
        readonly rack?: {
          readonly name: string;
          readonly unit: number;
          readonly height?: number | undefined;
        } | undefined;
        /** What its power supplies are plugged into: domain (of powerDomains) and outlet of each. */
        readonly outlets?: readonly ({
          readonly domain: string;
          readonly outlet: string;
        })[] | undefined;
        /** How its serial console is reached (docs/consoles.md): driver, address, options, credential. */
        readonly console?: {
          readonly driver: string;
          readonly address: string;
          readonly options?: Readonly<Record<string, string>> | undefined;
          readonly credential?: string | undefined;
        } | undefined;
        /** What its network cable is plugged into: switch (of switches) and port. */
        readonly switchPort?: {
          readonly switch: string;
          readonly port: string;
        } | undefined;
        /** What its BIOS is to be set to: one of biosProfiles. */
        readonly biosProfile?: string | undefined;
        /** Its system UUID, as its firmware tells it (DMI). Two nodes cannot have the same. */
        readonly uuid?: string | undefined;
        /** Its serial number. Two nodes cannot have the same. */
        readonly serial?: string | undefined;
        /** What its owner has glued onto it. */
        readonly assetTag?: string | undefined;
        /** What it is made of, where its people know: cpus, memoryMiB, disks, nics, features, firmware, system. */
        readonly hardware?: {
          /** Logical processors. */
          readonly cpus: number;
          /** Memory, in MiB. */
          readonly memoryMiB: number;
          /** name, sizeBytes, and serial where it is known. */
          readonly disks?: readonly ({
            readonly name: string;
            readonly sizeBytes: number;
            readonly serial?: string | undefined;
          })[] | undefined;
          /** mac; name, speedMbps and link where they are known. */
          readonly nics?: readonly ({
            readonly mac: string;
            readonly name?: string | undefined;
            readonly speedMbps?: number | undefined;
            readonly link?: "up" | "down" | undefined;
          })[] | undefined;
          /** What a reservation may ask for besides numbers: [gpu, nvme]. */
          readonly features?: readonly string[] | undefined;
          /** vendor, version. */
          readonly firmware?: {
            readonly vendor: string;
            readonly version: string;
          } | undefined;
          /** manufacturer, product, uuid, serial, assetTag, as its firmware tells them (DMI). */
          readonly system?: {
            readonly manufacturer?: string | undefined;
            readonly product?: string | undefined;
            readonly uuid?: string | undefined;
            readonly serial?: string | undefined;
            readonly assetTag?: string | undefined;
          } | undefined;
          /** What its neighbours on the cable say: mac of the interface, chassis, port, systemName. */
          readonly lldp?: readonly ({
            readonly mac: string;
            readonly chassis: string;
            readonly port: string;
            readonly systemName?: string | undefined;
          })[] | undefined;
        } | undefined;
        readonly lab: string;
      };
    };
    readonly answer: Node;
  };
  /** What its serial console printed last; waits for more. A user reads that of a node while he has it, from then on */
  readonly getNodesConsole: {
    readonly input: {
      readonly id: string;
      /** What the answer before gave as `after`; 0 at first, which is answered at once */
      readonly after?: number | undefined;
      /** So long at most, and less where the function has less time left */
      readonly waitSeconds?: number | undefined;
    };
    readonly answer: Console;
  };
  /** What happened to it, and why */
  readonly getNodesTimeline: {
    readonly input: {
      readonly id: string;
      /** Only what has a higher sequence number */
      readonly after?: number | undefined;
    };
    readonly answer: {
      readonly entries: readonly TimelineEntry[];
      readonly next: number | null;
    };
  };
  /** What it is doing and waits for, who keeps it from everybody, why it was corrected last, who had it rebooted */
  readonly getNodesExplain: {
    readonly input: {
      readonly id: string;
    };
    readonly answer: {
      readonly answers: readonly Answer[];
    };
  };
  /** Its flight recorder: all that is known of it, in one document */
  readonly getNodesRecord: {
    readonly input: {
      readonly id: string;
    };
    readonly answer: FlightRecord;
  };
  /** Its hardware log */
  readonly getNodesIssues: {
    readonly input: {
      readonly id: string;
    };
    readonly answer: {
      readonly issues: readonly Issue[];
    };
  };
  /** Write into its hardware log */
  readonly postNodesIssues: {
    readonly input: {
      readonly id: string;
      readonly body: {
        /** What kind of trouble it is: a second report of the same kind is the same issue. */
        readonly code: string;
        readonly message: string;
        /** Nobody gets the node until the issue is closed. */
        readonly blocking?: boolean | undefined;
        readonly evidence?: readonly string[] | undefined;
      };
    };
    readonly answer: Issue;
  };
  /** Close an issue of its hardware log */
  readonly postNodesIssuesClose: {
    readonly input: {
      readonly id: string;
      readonly issue: string;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        readonly reason: string;
      };
    };
    readonly answer: Issue;
  };
  /** Light its machine up for two minutes, so that a person finds it in the racks */
  readonly postNodesIdentify: {
    readonly input: {
      readonly id: string;
      /** The same key of the same caller again changes nothing: it answers as the first time */
      readonly idempotencyKey?: string | undefined;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        /** Id of the job: the same id again changes nothing. */
        readonly id?: string | undefined;
      };
    };
    readonly answer: Job;
  };
  /** Switch it on, off, or off and on: at once if it is at rest or in use, else as soon as it is */
  readonly postNodesPower: {
    readonly input: {
      readonly id: string;
      /** The same key of the same caller again changes nothing: it answers as the first time */
      readonly idempotencyKey?: string | undefined;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        /** Id of the job: the same id again changes nothing. */
        readonly id?: string | undefined;
        /** cycle: off, proved off, and on again. */
        readonly change: "on" | "off" | "cycle";
        /** Why. Wanted for a node that somebody uses. */
        readonly reason?: string | null | undefined;
      };
    };
    readonly answer: Job;
  };
  /** Load it anew as soon as it is free */
  readonly postNodesReload: {
    readonly input: {
      readonly id: string;
      /** The same key of the same caller again changes nothing: it answers as the first time */
      readonly idempotencyKey?: string | undefined;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        /** Id of the job: the same id again changes nothing. */
        readonly id?: string | undefined;
        /** Its production revision is loaded as soon as the node is free. */
        readonly image: string;
      };
    };
    readonly answer: Job;
  };
  /** Make an image of it, as it is now, if it is in use or free: GET /v1/jobs/{id} says what became of it */
  readonly postNodesCapture: {
    readonly input: {
      readonly id: string;
      /** The same key of the same caller again changes nothing: it answers as the first time */
      readonly idempotencyKey?: string | undefined;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        /** Id of the job: the same id again changes nothing. */
        readonly id?: string | undefined;
        /** What it becomes a revision of: an image that there is, or a new one. Null: what is on the node. */
        readonly image?: string | null | undefined;
        /** What was changed, for whoever chooses among revisions. */
        readonly comment?: string | undefined;
      };
    };
    readonly answer: Job;
  };
  /** Set its firmware as its BIOS profile wants it, as soon as it is free; it is restarted */
  readonly postNodesBios: {
    readonly input: {
      readonly id: string;
      /** The same key of the same caller again changes nothing: it answers as the first time */
      readonly idempotencyKey?: string | undefined;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        /** Id of the job: the same id again changes nothing. */
        readonly id?: string | undefined;
      };
    };
    readonly answer: Job;
  };
  /** Test its machine as soon as it is free; what is found stands in its hardware log */
  readonly postNodesBurnIn: {
    readonly input: {
      readonly id: string;
      /** The same key of the same caller again changes nothing: it answers as the first time */
      readonly idempotencyKey?: string | undefined;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        /** Id of the job: the same id again changes nothing. */
        readonly id?: string | undefined;
        /** How long it is tested. */
        readonly minutes?: number | undefined;
        /** A test program of the lab's on its controllers; null: what our ramdisk can test. */
        readonly test?: string | null | undefined;
      };
    };
    readonly answer: Job;
  };
  /** Boot it into a shell on its console for a while; it keeps its place, and its disk as it is */
  readonly postNodesRescue: {
    readonly input: {
      readonly id: string;
      /** The same key of the same caller again changes nothing: it answers as the first time */
      readonly idempotencyKey?: string | undefined;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        /** Id of the job: the same id again changes nothing. */
        readonly id?: string | undefined;
        /** It is over after this, ended or not. */
        readonly minutes?: number | undefined;
        /** Why. Wanted for a node that somebody uses. */
        readonly reason?: string | null | undefined;
      };
    };
    readonly answer: Job;
  };
  /** End its rescue before its time: it boots its own disk */
  readonly postNodesRescueEnd: {
    readonly input: {
      readonly id: string;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        readonly reason: string;
      };
    };
    readonly answer: Node;
  };
  /** Lend it to a person or a project: nobody else can reserve it. Reservations that have it keep it */
  readonly postNodesLoan: {
    readonly input: {
      readonly id: string;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        /** An owner of reservations, or a project; null: it is anybody's again. */
        readonly to: string | null;
        /** Whoever asks after this is anybody again; null: until then. */
        readonly until?: number | null | undefined;
        readonly reason: string;
      };
    };
    readonly answer: Node;
  };
  /** Take it: what is under way is ended, and nobody touches it */
  readonly postNodesOffline: {
    readonly input: {
      readonly id: string;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        readonly reason: string;
      };
    };
    readonly answer: Node;
  };
  /** Give it back: what was under way goes on */
  readonly postNodesOnline: {
    readonly input: {
      readonly id: string;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        readonly reason: string;
      };
    };
    readonly answer: Node;
  };
  /** Give back a quarantined node: it is inspected, or loaded anew if a user had it */
  readonly postNodesGiveBack: {
    readonly input: {
      readonly id: string;
      /** The ETag that was seen: nothing newer is changed */
      readonly ifMatch?: string | undefined;
      readonly body: {
        readonly reason: string;
      };
    };
    readonly answer: Node;
  };
  /** Take nodes into maintenance, bring them back, or retire them: one, or all of a class, rack, power domain or lab */
  readonly postUpkeep: {
    readonly input: {
      readonly body: UpkeepBody;
    };
    readonly answer: {
      readonly nodes: readonly ({
        readonly node: string;
        /** unchanged: it is as was asked for already. */
        readonly outcome: "changed" | "unchanged";
        /** What it is now: one that is in use is kept out when it is free. */
        readonly state: string;
        /** Who has it now, and is waited for. */
        readonly reservation: string | null;
      })[];
      /** Where to go on; null: that was all of them. */
      readonly next: string | null;
    };
  };
  /** A job from outside; for a user: one that he has asked for */
  readonly getJobsById: {
    readonly input: {
      readonly id: string;
    };
    readonly answer: Job;
  };
  /** How often nodes of a class were handed over without a load, and how long a load takes, by image */
  readonly getReadinessById: {
    readonly input: {
      readonly id: string;
    };
    readonly answer: Readiness;
  };
}

/** How an operation is called over HTTP. */
export interface OperationCall {
  readonly method: string;
  readonly path: string;
  readonly parameters: readonly { readonly option: string; readonly in: string; readonly name: string }[];
  readonly contentType: string | null;
}

export const operations: Readonly<Record<keyof Operations, OperationCall>> = {
  getOpenapi: {"method":"GET","path":"/v1/openapi.json","parameters":[],"contentType":null},
  getAvailability: {"method":"GET","path":"/v1/availability","parameters":[{"option":"class","in":"query","name":"class"},{"option":"count","in":"query","name":"count"},{"option":"minutes","in":"query","name":"minutes"},{"option":"lab","in":"query","name":"lab"},{"option":"tags","in":"query","name":"tags"},{"option":"project","in":"query","name":"project"},{"option":"cpus","in":"query","name":"cpus"},{"option":"memoryMiB","in":"query","name":"memoryMiB"},{"option":"diskGiB","in":"query","name":"diskGiB"},{"option":"nics","in":"query","name":"nics"},{"option":"features","in":"query","name":"features"}],"contentType":null},
  getLabs: {"method":"GET","path":"/v1/labs","parameters":[{"option":"next","in":"query","name":"next"}],"contentType":null},
  postLabs: {"method":"POST","path":"/v1/labs","parameters":[],"contentType":"application/json"},
  getLabsById: {"method":"GET","path":"/v1/labs/{id}","parameters":[{"option":"id","in":"path","name":"id"}],"contentType":null},
  getLabsCorrection: {"method":"GET","path":"/v1/labs/{id}/correction","parameters":[{"option":"id","in":"path","name":"id"},{"option":"next","in":"query","name":"next"}],"contentType":null},
  getLabsMachines: {"method":"GET","path":"/v1/labs/{id}/machines","parameters":[{"option":"id","in":"path","name":"id"},{"option":"next","in":"query","name":"next"}],"contentType":null},
  postLabsMachinesClaim: {"method":"POST","path":"/v1/labs/{id}/machines/{machine}/claim","parameters":[{"option":"id","in":"path","name":"id"},{"option":"machine","in":"path","name":"machine"}],"contentType":"application/json"},
  postLabsMachinesForget: {"method":"POST","path":"/v1/labs/{id}/machines/{machine}/forget","parameters":[{"option":"id","in":"path","name":"id"},{"option":"machine","in":"path","name":"machine"}],"contentType":null},
  getLabsInventory: {"method":"GET","path":"/v1/labs/{id}/inventory","parameters":[{"option":"id","in":"path","name":"id"},{"option":"next","in":"query","name":"next"}],"contentType":null},
  postLabsClaims: {"method":"POST","path":"/v1/labs/{id}/claims","parameters":[{"option":"id","in":"path","name":"id"}],"contentType":"application/json"},
  postLabsImport: {"method":"POST","path":"/v1/labs/{id}/import","parameters":[{"option":"id","in":"path","name":"id"}],"contentType":"application/json"},
  getImages: {"method":"GET","path":"/v1/images","parameters":[{"option":"next","in":"query","name":"next"}],"contentType":null},
  postImages: {"method":"POST","path":"/v1/images","parameters":[],"contentType":"application/json"},
  getImagesById: {"method":"GET","path":"/v1/images/{id}","parameters":[{"option":"id","in":"path","name":"id"}],"contentType":null},
  postImagesTry: {"method":"POST","path":"/v1/images/{id}/try","parameters":[{"option":"id","in":"path","name":"id"},{"option":"idempotencyKey","in":"header","name":"Idempotency-Key"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  postImagesProduction: {"method":"POST","path":"/v1/images/{id}/production","parameters":[{"option":"id","in":"path","name":"id"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  postImagesKeep: {"method":"POST","path":"/v1/images/{id}/keep","parameters":[{"option":"id","in":"path","name":"id"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  postImagesRetire: {"method":"POST","path":"/v1/images/{id}/retire","parameters":[{"option":"id","in":"path","name":"id"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  getProjects: {"method":"GET","path":"/v1/projects","parameters":[{"option":"next","in":"query","name":"next"}],"contentType":null},
  putProjectsById: {"method":"PUT","path":"/v1/projects/{id}","parameters":[{"option":"id","in":"path","name":"id"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  getBlocks: {"method":"GET","path":"/v1/blocks","parameters":[{"option":"next","in":"query","name":"next"}],"contentType":null},
  postBlocks: {"method":"POST","path":"/v1/blocks","parameters":[{"option":"idempotencyKey","in":"header","name":"Idempotency-Key"}],"contentType":"application/json"},
  postBlocksEnd: {"method":"POST","path":"/v1/blocks/{id}/end","parameters":[{"option":"id","in":"path","name":"id"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  getReservations: {"method":"GET","path":"/v1/reservations","parameters":[{"option":"next","in":"query","name":"next"},{"option":"owner","in":"query","name":"owner"}],"contentType":null},
  postReservations: {"method":"POST","path":"/v1/reservations","parameters":[{"option":"idempotencyKey","in":"header","name":"Idempotency-Key"}],"contentType":"application/json"},
  getReservationsById: {"method":"GET","path":"/v1/reservations/{id}","parameters":[{"option":"id","in":"path","name":"id"}],"contentType":null},
  getReservationsConnect: {"method":"GET","path":"/v1/reservations/{id}/connect","parameters":[{"option":"id","in":"path","name":"id"}],"contentType":null},
  getReservationsTimeline: {"method":"GET","path":"/v1/reservations/{id}/timeline","parameters":[{"option":"id","in":"path","name":"id"},{"option":"after","in":"query","name":"after"}],"contentType":null},
  getReservationsProgress: {"method":"GET","path":"/v1/reservations/{id}/progress","parameters":[{"option":"id","in":"path","name":"id"},{"option":"after","in":"query","name":"after"},{"option":"waitSeconds","in":"query","name":"waitSeconds"}],"contentType":null},
  getReservationsExplain: {"method":"GET","path":"/v1/reservations/{id}/explain","parameters":[{"option":"id","in":"path","name":"id"}],"contentType":null},
  postReservationsPower: {"method":"POST","path":"/v1/reservations/{id}/power","parameters":[{"option":"id","in":"path","name":"id"},{"option":"idempotencyKey","in":"header","name":"Idempotency-Key"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  postReservationsCapture: {"method":"POST","path":"/v1/reservations/{id}/capture","parameters":[{"option":"id","in":"path","name":"id"},{"option":"idempotencyKey","in":"header","name":"Idempotency-Key"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  postReservationsExtend: {"method":"POST","path":"/v1/reservations/{id}/extend","parameters":[{"option":"id","in":"path","name":"id"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  postReservationsEnd: {"method":"POST","path":"/v1/reservations/{id}/end","parameters":[{"option":"id","in":"path","name":"id"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  getNodes: {"method":"GET","path":"/v1/nodes","parameters":[{"option":"next","in":"query","name":"next"}],"contentType":null},
  getNodesById: {"method":"GET","path":"/v1/nodes/{id}","parameters":[{"option":"id","in":"path","name":"id"}],"contentType":null},
  putNodesById: {"method":"PUT","path":"/v1/nodes/{id}","parameters":[{"option":"id","in":"path","name":"id"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  getNodesConsole: {"method":"GET","path":"/v1/nodes/{id}/console","parameters":[{"option":"id","in":"path","name":"id"},{"option":"after","in":"query","name":"after"},{"option":"waitSeconds","in":"query","name":"waitSeconds"}],"contentType":null},
  getNodesTimeline: {"method":"GET","path":"/v1/nodes/{id}/timeline","parameters":[{"option":"id","in":"path","name":"id"},{"option":"after","in":"query","name":"after"}],"contentType":null},
  getNodesExplain: {"method":"GET","path":"/v1/nodes/{id}/explain","parameters":[{"option":"id","in":"path","name":"id"}],"contentType":null},
  getNodesRecord: {"method":"GET","path":"/v1/nodes/{id}/record","parameters":[{"option":"id","in":"path","name":"id"}],"contentType":null},
  getNodesIssues: {"method":"GET","path":"/v1/nodes/{id}/issues","parameters":[{"option":"id","in":"path","name":"id"}],"contentType":null},
  postNodesIssues: {"method":"POST","path":"/v1/nodes/{id}/issues","parameters":[{"option":"id","in":"path","name":"id"}],"contentType":"application/json"},
  postNodesIssuesClose: {"method":"POST","path":"/v1/nodes/{id}/issues/{issue}/close","parameters":[{"option":"id","in":"path","name":"id"},{"option":"issue","in":"path","name":"issue"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  postNodesIdentify: {"method":"POST","path":"/v1/nodes/{id}/identify","parameters":[{"option":"id","in":"path","name":"id"},{"option":"idempotencyKey","in":"header","name":"Idempotency-Key"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  postNodesPower: {"method":"POST","path":"/v1/nodes/{id}/power","parameters":[{"option":"id","in":"path","name":"id"},{"option":"idempotencyKey","in":"header","name":"Idempotency-Key"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  postNodesReload: {"method":"POST","path":"/v1/nodes/{id}/reload","parameters":[{"option":"id","in":"path","name":"id"},{"option":"idempotencyKey","in":"header","name":"Idempotency-Key"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  postNodesCapture: {"method":"POST","path":"/v1/nodes/{id}/capture","parameters":[{"option":"id","in":"path","name":"id"},{"option":"idempotencyKey","in":"header","name":"Idempotency-Key"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  postNodesBios: {"method":"POST","path":"/v1/nodes/{id}/bios","parameters":[{"option":"id","in":"path","name":"id"},{"option":"idempotencyKey","in":"header","name":"Idempotency-Key"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  postNodesBurnIn: {"method":"POST","path":"/v1/nodes/{id}/burn-in","parameters":[{"option":"id","in":"path","name":"id"},{"option":"idempotencyKey","in":"header","name":"Idempotency-Key"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  postNodesRescue: {"method":"POST","path":"/v1/nodes/{id}/rescue","parameters":[{"option":"id","in":"path","name":"id"},{"option":"idempotencyKey","in":"header","name":"Idempotency-Key"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  postNodesRescueEnd: {"method":"POST","path":"/v1/nodes/{id}/rescue/end","parameters":[{"option":"id","in":"path","name":"id"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  postNodesLoan: {"method":"POST","path":"/v1/nodes/{id}/loan","parameters":[{"option":"id","in":"path","name":"id"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  postNodesOffline: {"method":"POST","path":"/v1/nodes/{id}/offline","parameters":[{"option":"id","in":"path","name":"id"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  postNodesOnline: {"method":"POST","path":"/v1/nodes/{id}/online","parameters":[{"option":"id","in":"path","name":"id"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  postNodesGiveBack: {"method":"POST","path":"/v1/nodes/{id}/give-back","parameters":[{"option":"id","in":"path","name":"id"},{"option":"ifMatch","in":"header","name":"If-Match"}],"contentType":"application/json"},
  postUpkeep: {"method":"POST","path":"/v1/upkeep","parameters":[],"contentType":"application/json"},
  getJobsById: {"method":"GET","path":"/v1/jobs/{id}","parameters":[{"option":"id","in":"path","name":"id"}],"contentType":null},
  getReadinessById: {"method":"GET","path":"/v1/readiness/{id}","parameters":[{"option":"id","in":"path","name":"id"}],"contentType":null},
};
