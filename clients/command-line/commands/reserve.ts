import { randomUUID } from "node:crypto";
import { command } from "../command.ts";
import { exits, UsageError } from "../exit.ts";
import { instantForms } from "../options.ts";
import { reservationLine } from "../progress.ts";
import { instantText } from "../text.ts";
import { watchUntilReady } from "./watch.ts";

/** The API's own limits: said here already, with the option's name. */
const mostNodes = 500;
const mostCpus = 65_536;
const mostGib = 1_048_576;
const mostNics = 64;
const mostMinutes = 60 * 24 * 30;

export const reserve = command({
  name: "reserve",
  is: "reserve nodes with an image, now or for later",
  takes: [],
  options: {
    image: { value: "IMAGE", is: "the image that they are to have (rackwright images lists them)" },
    role: {
      value: "NAME=IMAGE[:N]",
      many: true,
      is: "instead of an image: a role of a cluster, its image, and how many nodes; given once for each role",
    },
    class: { value: "CLASS", is: "class of the nodes (default: standard)" },
    count: { value: "N", is: "how many, all of them or none (default: 1)" },
    minutes: { value: "MIN", is: "how long, from its start (default: 60)" },
    start: { value: "TIME", is: `when they are to be ready (default: as soon as possible): ${instantForms}` },
    tag: { value: "TAG", many: true, is: "a tag that each node must have; may be given several times" },
    "min-cpus": { value: "N", is: "only nodes with so many CPUs" },
    "min-memory": { value: "GIB", is: "only nodes with so much memory" },
    "min-disk": { value: "GIB", is: "only nodes with a disk of that size" },
    "min-nics": { value: "N", is: "only nodes with so many network interfaces" },
    feature: { value: "NAME", many: true, is: "only nodes with it, such as gpu; may be given several times" },
    lab: { value: "LAB", is: "only nodes of this lab" },
    project: { value: "PROJECT", is: "the project in whose quota it counts" },
    user: { value: "ACCOUNT", is: "the account on the nodes that gets access (default: student)" },
    key: { value: "FILE", is: "its SSH public key; without one nobody can log in" },
    owner: { value: "NAME", is: "whose reservation it is, if an operator asks for somebody else" },
    id: { value: "ID", is: "its id (default: a new one); the same id again is the same reservation" },
    watch: { is: "stay until it is ready or has failed" },
  },
  async run(context, given) {
    const image = given.text("image");
    const roles = given.texts("role").map(roleIn);
    if (image === undefined && roles.length === 0)
      throw new UsageError("--image: which image are the nodes to have?");
    const publicKey = publicKeyIn(given.file("key"));
    const memoryGib = given.integer("min-memory", 1, mostGib);
    const features = given.texts("feature");
    const minimum = {
      cpus: given.integer("min-cpus", 1, mostCpus),
      memoryMiB: memoryGib === undefined ? undefined : memoryGib * 1024,
      diskGiB: given.integer("min-disk", 1, mostGib),
      nics: given.integer("min-nics", 1, mostNics),
      ...(features.length === 0 ? {} : { features }),
    };
    const body = {
      id: given.text("id") ?? `res-${randomUUID()}`,
      owner: given.text("owner"),
      ...(image === undefined ? {} : { image }),
      ...(roles.length === 0 ? {} : { roles }),
      publicKey,
      class: given.text("class"),
      count: given.integer("count", 1, mostNodes),
      minutes: given.integer("minutes", 1, mostMinutes),
      start: given.instant("start"),
      tags: given.texts("tag"),
      ...(Object.values(minimum).every((each) => each === undefined) ? {} : { minimum }),
      lab: given.text("lab"),
      project: given.text("project"),
      user: given.text("user"),
    };
    const reservation = await context.client.call("postReservations", { body });
    if (publicKey === undefined) context.note("without --key nobody will be able to log in");
    if (given.flag("watch")) return watchUntilReady(context, reservation.id);
    context.show(reservation, () => [
      reservationLine(reservation),
      `from ${instantText(reservation.start)} to ${instantText(reservation.end)}`,
    ]);
    return exits.done;
  },
});

function publicKeyIn(text: string | undefined): string | undefined {
  if (text?.includes("PRIVATE KEY"))
    throw new UsageError("--key: that is a private key: name the .pub beside it");
  return text?.trim();
}

/** `head=ubuntu`, `worker=slurm:8`. */
function roleIn(text: string): { name: string; image: string; count: number } {
  const [, name, image, count = "1"] = /^([^=]+)=([^:]+)(?::(\d{1,3}))?$/.exec(text) ?? [];
  if (name !== undefined && image !== undefined) return { name, image, count: Number(count) };
  throw new UsageError(`--role: NAME=IMAGE or NAME=IMAGE:N is wanted, not ${JSON.stringify(text)}`);
}
