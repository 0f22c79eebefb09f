import { describe, expect, test } from "vitest";
import { jobMessage, mostNodes } from "../../lib/contracts/job.ts";
import { explain } from "../../lib/contracts/scalars.ts";

const schema = "rackwright.job/1";
const reserve = { schema, kind: "reserve", id: "course-1", owner: "ada", image: "demo" };
const end = { schema, kind: "end", id: "course-1-end", reservation: "course-1" };
const reload = { schema, kind: "reload", id: "reload-1", node: "node-01", image: "demo" };
const inspect = { schema, kind: "inspect", id: "inspect-1", node: "node-01" };
const key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJr0Qm4mY1mVbN7d8k5b0c6g1f2h3i4j5k6l7m8n9o0p";

/** As it comes from a queue: JSON.parse makes a key named __proto__ an own property, as an object literal does not. */
const withKey = (name: string) =>
  JSON.parse(`${JSON.stringify(inspect).slice(0, -1)},${JSON.stringify(name)}:{"admin":true}}`);

describe("a job message is taken", () => {
  const everything = {
    ...reserve,
    count: mostNodes,
    minutes: 43_200,
    class: "gpu",
    tags: ["nvme", "10g"],
    lab: "blue",
    user: "ada_l-1",
    publicKey: `${key} ada@example`,
  };

  test.each<[string, object, object]>([
    [
      "reserve with nothing but what it must say, and gets the rest",
      reserve,
      {
        count: 1,
        minutes: 60,
        class: "standard",
        tags: [],
        lab: null,
        user: "student",
        publicKey: null,
      },
    ],
    ["reserve with everything", everything, everything],
    ["an owner in any script", { ...reserve, owner: "Ада Лавлейс 愛達" }, { owner: "Ада Лавлейс 愛達" }],
    ["end, and gets a reason", end, { reason: "ended by a job" }],
    ["end with a reason", { ...end, reason: "the course is over" }, { reason: "the course is over" }],
    ["reload", reload, reload],
    ["inspect", inspect, inspect],
    ["an id of 63 letters", { ...inspect, id: "a".repeat(63) }, { kind: "inspect" }],
  ])("%s", (_what, message, expected) => {
    const parsed = jobMessage.safeParse(message);
    expect(parsed.success ? parsed.data : explain(parsed.error)).toMatchObject(expected);
  });
});

describe("a job message is refused, by the name of what is wrong with it:", () => {
  const rows: [string, unknown, string][] = [
    // Not a message at all.
    ["nothing", null, "(whole message)"],
    ["a list", [reserve], "(whole message)"],
    ["text", "reserve", "(whole message)"],
    ["a number", 42, "(whole message)"],
    ["an empty object", {}, "kind"],

    // Of another kind or version.
    ["an unknown kind", { ...inspect, kind: "explode" }, "kind"],
    ["a kind in capitals", { ...inspect, kind: "INSPECT" }, "kind"],
    ["two kinds", { ...inspect, kind: ["inspect", "end"] }, "kind"],
    ["a kind that every object inherits", { ...inspect, kind: "toString" }, "kind"],
    ["__proto__ as a kind", { ...inspect, kind: "__proto__" }, "kind"],
    ["a later schema", { ...inspect, schema: "rackwright.job/2" }, "schema"],
    ["no schema", { ...inspect, schema: undefined }, "schema"],

    // Keys that nobody asked for.
    ["an unknown field", { ...inspect, surprise: 1 }, '"surprise"'],
    ["a field of another kind", { ...inspect, image: "demo" }, '"image"'],
    ["a __proto__ key", withKey("__proto__"), '"__proto__"'],
    ["a constructor key", withKey("constructor"), '"constructor"'],
    ["a prototype key", withKey("prototype"), '"prototype"'],

    // Ids: they become keys, paths and arguments.
    ["no id", { ...inspect, id: undefined }, "id"],
    ["an empty id", { ...inspect, id: "" }, "id"],
    ["a number for an id", { ...inspect, id: 7 }, "id"],
    ["an id that is a megabyte long", { ...inspect, id: "a".repeat(1_000_000) }, "id"],
    ["an id one letter too long", { ...inspect, id: "a".repeat(64) }, "id"],
    ["a command in an id", { ...inspect, id: "$(reboot)" }, "id"],
    ["a shell's separators in an id", { ...inspect, id: "a;b|c&d" }, "id"],
    ["an option for an id", { ...inspect, id: "-rf" }, "id"],
    ["a path that leads upwards", { ...inspect, id: "../../etc/passwd" }, "id"],
    ["dots that lead upwards", { ...inspect, id: ".." }, "id"],
    ["a second line in an id", { ...inspect, id: "a\nb" }, "id"],
    ["a line's end after an id", { ...inspect, id: "inspect-1\n" }, "id"],
    ["a NUL in an id", { ...inspect, id: "a\u0000b" }, "id"],
    ["an id in full-width letters", { ...inspect, id: "ｉｎｓｐｅｃｔ" }, "id"],
    ["an id with a Cyrillic а in it", { ...inspect, id: "re\u0430d" }, "id"],
    ["an invisible letter in an id", { ...inspect, id: "a\u200bb" }, "id"],
    ["an id written from right to left", { ...inspect, id: "\u202eabc" }, "id"],
    ["a query for a node", { ...inspect, node: { $ne: "" } }, "node"],
    ["a list of nodes", { ...inspect, node: ["node-01"] }, "node"],
    ["SQL for a node", { ...inspect, node: "node-01' OR '1'='1" }, "node"],
    ["a node in capitals", { ...reload, node: "NODE-01" }, "node"],
    ["a shell command in an image's name", { ...reload, image: "demo; rm -rf /" }, "image"],
    ["a file for an image", { ...reserve, image: "file:///etc/shadow" }, "image"],
    ["no image", { ...reload, image: undefined }, "image"],
    ["null for a reservation", { ...end, reservation: null }, "reservation"],
    ["a lab that is a path", { ...reserve, lab: "../blue" }, "lab"],

    // Amounts.
    ["no node at all", { ...reserve, count: 0 }, "count"],
    ["fewer nodes than none", { ...reserve, count: -3 }, "count"],
    ["half a node", { ...reserve, count: 1.5 }, "count"],
    ["NaN nodes", { ...reserve, count: Number.NaN }, "count"],
    ["more nodes than a number can count", JSON.parse('{"kind":"reserve","count":1e999}'), "count"],
    ["one node more than one claim takes", { ...reserve, count: mostNodes + 1 }, "count"],
    ["a count in words", { ...reserve, count: "3" }, "count"],
    ["a count that is true", { ...reserve, count: true }, "count"],
    ["no time", { ...reserve, minutes: 0 }, "minutes"],
    ["a time without end", { ...reserve, minutes: 1e12 }, "minutes"],

    // Texts.
    ["no owner", { ...reserve, owner: undefined }, "owner"],
    ["an owner without a name", { ...reserve, owner: "" }, "owner"],
    ["an owner that is an object", { ...reserve, owner: { toString: "ada" } }, "owner"],
    ["an owner whose name is a book", { ...reserve, owner: "a".repeat(100_000) }, "owner"],
    ["a reason that is a book", { ...end, reason: "a".repeat(501) }, "reason"],
    ["one tag that is no list", { ...reserve, tags: "nvme" }, "tags"],
    ["a tag that is a list", { ...reserve, tags: [["nvme"]] }, "tags.0"],
    ["a tag without text", { ...reserve, tags: ["nvme", ""] }, "tags.1"],
    ["a thousand tags", { ...reserve, tags: Array.from({ length: 1000 }, () => "t") }, "tags"],
    ["a class that is nothing", { ...reserve, class: null }, "class"],

    // What reaches a node: account and key.
    ["the account of somebody with a shell", { ...reserve, user: "root; id" }, "user"],
    ["an option for ssh as an account", { ...reserve, user: "-oProxyCommand=id" }, "user"],
    ["an account with a line's end", { ...reserve, user: "ada\n" }, "user"],
    ["something that is no key", { ...reserve, publicKey: "not a key" }, "publicKey"],
    ["a private key", { ...reserve, publicKey: "-----BEGIN OPENSSH PRIVATE KEY-----" }, "publicKey"],
    ["a second key in a second line", { ...reserve, publicKey: `${key}\n${key}` }, "publicKey"],
    ["a key with options before it", { ...reserve, publicKey: `command="id" ${key}` }, "publicKey"],
    ["a key with a line's end", { ...reserve, publicKey: `${key}\n` }, "publicKey"],
  ];

  test.each(rows)("%s", (_what, message, where) => {
    const parsed = jobMessage.safeParse(message);
    const reason = parsed.success ? "it was taken" : explain(parsed.error);
    const named = where.startsWith('"')
      ? `(whole message): Unrecognized key: ${where}`
      : new RegExp(`(^|; )${where.replaceAll(/[.()]/g, "\\$&")}: `);
    expect(reason).toMatch(named);
    // What a dead letter's attribute has room for, and no copy of what was sent.
    expect(reason.length).toBeLessThan(1024);
  });

  test("every fault of a message is named, not only the first", () => {
    const parsed = jobMessage.safeParse({ ...reserve, count: 0, minutes: 0, user: "ROOT", id: "$(x)" });
    const reason = parsed.success ? "" : explain(parsed.error);
    for (const field of ["count", "minutes", "user", "id"]) expect(reason).toContain(`${field}: `);
  });

  test("refusing leaves nothing behind on what all objects share", () => {
    jobMessage.safeParse(withKey("__proto__"));
    expect(Object.hasOwn(Object.prototype, "admin")).toBe(false);
  });
});

describe("what people write", () => {
  test.each([
    ["a bell", "ada\u0007"],
    ["a line break", "ada\nbob"],
    ["an escape sequence", "\u001b[2Jada"],
    ["a word that turns text round", "\u202eada"],
    ["a null", "a\u0000da"],
  ])("holds no control characters: %s is refused, with its place", (_what, owner) => {
    const parsed = jobMessage.safeParse({ ...reserve, owner });
    expect(parsed.success ? "taken" : explain(parsed.error)).toContain("owner: holds control characters");
  });

  test("may be in any language", () => {
    expect(jobMessage.safeParse({ ...reserve, owner: "Zoë Ångström 王小明 🚀" }).success).toBe(true);
  });
});
