import { command } from "../command.ts";
import { exits, UsageError } from "../exit.ts";

/** A week, as the API has it. */
const mostTestMinutes = 7 * 24 * 60;

export const bios = command({
  name: "bios",
  is: "show how a node's firmware differs from its profile, or set it as the profile wants it",
  takes: ["NODE"],
  options: { apply: { is: "set it, as soon as the node is free; it is restarted" } },
  async run({ client, show }, given) {
    const id = given.argument(0);
    if (given.flag("apply")) {
      const job = await client.call("postNodesBios", { id, body: {} });
      show(job, () => [`${id}: its firmware is to be set, job ${job.id}`]);
      return exits.done;
    }
    const { bios: read } = await client.call("getNodesById", { id });
    show(read, () => {
      if (read === null) return [`${id}: nothing was read of its firmware, or it has no profile`];
      if (read.drift.length === 0) return [`${id}: as profile ${read.profile} wants it`];
      return read.drift.map(
        ({ name, wanted, found }) =>
          `${id}: ${name} is ${found ?? "unknown to it"}, profile ${read.profile} wants ${wanted}`,
      );
    });
    return exits.done;
  },
});

export const burnIn = command({
  name: "burn-in",
  is: "test a node's machine as soon as it is free; what is found stands in its hardware log",
  takes: ["NODE"],
  options: {
    minutes: { value: "N", is: "how long (default: 60)" },
    test: { value: "NAME", is: "a test program of the lab's (default: what our ramdisk can test)" },
  },
  async run({ client, show }, given) {
    const id = given.argument(0);
    const minutes = given.integer("minutes", 1, mostTestMinutes) ?? 60;
    const job = await client.call("postNodesBurnIn", {
      id,
      body: { minutes, test: given.text("test") ?? null },
    });
    show(job, () => [`${id}: to be tested for ${minutes} min, job ${job.id}`]);
    return exits.done;
  },
});

export const rescue = command({
  name: "rescue",
  is: "boot a node into a shell on its console for a while; it keeps its place, and its disk as it is",
  takes: ["NODE"],
  options: {
    minutes: { value: "N", is: "it is over after this, ended or not (default: 60)" },
    reason: { value: "TEXT", is: "why; it has to be said of a node that somebody uses" },
    end: { is: "end its rescue now: it boots its own disk" },
  },
  async run({ client, show }, given) {
    const id = given.argument(0);
    const reason = given.text("reason");
    if (given.flag("end")) {
      if (given.text("minutes") !== undefined) throw new UsageError("rescue: --end or --minutes, not both");
      const node = await client.call("postNodesRescueEnd", {
        id,
        body: { reason: reason ?? "ended by an operator" },
      });
      show(node, () => [`${id}: its rescue is ending`]);
      return exits.done;
    }
    const minutes = given.integer("minutes", 1, 1440) ?? 60;
    const job = await client.call("postNodesRescue", { id, body: { minutes, reason: reason ?? null } });
    show(job, () => [
      `${id}: a rescue of ${minutes} min is asked for, job ${job.id}; the shell is on its console`,
    ]);
    return exits.done;
  },
});
