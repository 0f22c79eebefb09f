/** Messages that nobody should send, as many as are wanted, each different: what a jobs queue has to bear. */
const good = { schema: "rackwright.job/1", id: "job-1", kind: "inspect", node: "node-01" };

const texts = [
  "",
  "{",
  "null",
  "[]",
  "42",
  '"just text"',
  "<xml/>",
  "{'single':'quotes'}",
  '{"schema":"rackwright.job/1"',
  "\ufeff{}",
  "a".repeat(200_000),
  '{"a":'.repeat(500),
];

const reserve = { ...good, kind: "reserve", owner: "eve", image: "demo" };

const objects: unknown[] = [
  {},
  { schema: "rackwright.job/2", id: "x", kind: "inspect", node: "node-01" },
  { ...good, kind: "explode" },
  { ...good, kind: ["inspect"] },
  { ...good, id: undefined },
  { ...good, id: 7 },
  { ...good, id: "" },
  { ...good, id: "UPPER CASE" },
  { ...good, id: "x".repeat(5000) },
  { ...good, id: "$(reboot)" },
  { ...good, id: "a;b" },
  { ...good, id: "../../etc/passwd" },
  { ...good, id: "id\u0000null" },
  { ...good, id: "ｆｕｌｌｗｉｄｔｈ" },
  { ...good, node: null },
  { ...good, node: { $ne: "" } },
  { ...good, node: ["node-01"] },
  { ...good, node: "node-01' OR '1'='1" },
  { ...good, node: "no-such-node" },
  { ...good, extra: "field" },
  { ...good, __proto__: { admin: true }, constructor: { prototype: {} } },
  { ...reserve, count: 0 },
  { ...reserve, count: -3 },
  { ...reserve, count: 1.5 },
  { ...reserve, count: "3" },
  { ...reserve, count: 1e9 },
  { ...reserve, minutes: 0 },
  { ...reserve, minutes: 1e12 },
  { ...reserve, owner: "" },
  { ...reserve, owner: { name: "eve" } },
  { ...reserve, image: "no-such-image" },
  { ...reserve, image: "demo; rm -rf /" },
  { ...reserve, tags: "nvme" },
  { ...reserve, tags: Array.from({ length: 100 }, () => "t") },
  { ...reserve, user: "root; id" },
  { ...reserve, user: "-oProxyCommand=id" },
  { ...reserve, publicKey: "not a key" },
  { ...reserve, publicKey: 'ssh-ed25519 AAAA\ncommand="id" ssh-ed25519 BBBB' },
  { ...reserve, lab: "../blue" },
  { ...good, kind: "end", reservation: "no-such-reservation" },
  { ...good, kind: "end" },
  { ...good, kind: "reload", image: "demo", node: 3 },
  { ...good, kind: "reload", image: "no-such-image" },
];

/** The `index`-th hostile message, as text; each is refused whatever the lab holds. */
export function hostileMessage(index: number): string {
  const kind = index % (texts.length + objects.length);
  const round = Math.floor(index / (texts.length + objects.length));
  if (kind < texts.length) return `${texts[kind]}${" ".repeat(round)}`;
  const object = objects[kind - texts.length];
  const named = typeof object === "object" && object !== null && "id" in object && object.id === good.id;
  return JSON.stringify(named ? { ...object, id: `job-${index}` } : object);
}
