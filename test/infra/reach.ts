/**
 * Which calls a function can come to, read from its code: the entry point is bundled without its packages, and what can be
 * reached from the handler is followed name by name. A port's verb (`store.read`, `hands.send` …) leads on into the adapter
 * that lib/aws has for it, and to nothing else there, so that a function that only reads is not taken for one that writes.
 *
 * Names are not resolved by scope: one name used for two things reaches both. It errs on the side of more.
 */
import { type AnyNode, parse } from "acorn";

/** Ports by the names that the code gives them, and what implements them. */
export const adapters: Readonly<Record<string, string>> = {
  store: "dynamoStore",
  fleet: "dynamoFleet",
  hands: "ssmHands",
  queue: "sqsQueue",
  deadLetters: "sqsDeadLetters",
  bus: "eventBridgeBus",
  mail: "sesMail",
  outbox: "outbox",
};

/** The outbox lets out only what was put in: who never puts a command in cannot send one. */
const onlyAfter: Readonly<Record<string, string>> = {
  "hands.send": "outbox.send",
  "queue.wake": "outbox.wake",
};

export interface Reached {
  /** Verbs of ports, as `store.read`. */
  readonly verbs: ReadonlySet<string>;
  /** Calls of the SDK, as `sqsQueue SendMessageBatchCommand`. */
  readonly calls: ReadonlySet<string>;
  /** What a query asks: `table`, or an index. */
  readonly queried: ReadonlySet<string>;
  /** Shapes that the environment is read with. */
  readonly environments: ReadonlySet<string>;
}

interface Adapter {
  readonly port: string;
  readonly name: string;
  /** Functions inside it, by name: helpers, and the verbs of the object that it makes. */
  readonly members: ReadonlyMap<string, AnyNode>;
  readonly verbs: ReadonlyMap<string, AnyNode>;
}

export function reach(code: string, indexNames: readonly string[]): Reached {
  const top = topLevel(code);
  const known = Object.entries(adapters).flatMap(([port, name]) => {
    const node = top.declared.get(name);
    return node === undefined ? [] : [adapterOf(port, name, node)];
  });
  const found = {
    verbs: new Set<string>(),
    calls: new Set<string>(),
    queried: new Set<string>(),
    environments: new Set<string>(),
  };
  const seen = new Set<AnyNode>();
  const waiting = new Map<string, string>();

  function verb(name: string): void {
    if (found.verbs.has(name)) return;
    const [port, word = ""] = name.split(".");
    const adapter = known.find((each) => each.port === port);
    const node = adapter?.verbs.get(word);
    if (adapter === undefined || node === undefined) return;
    found.verbs.add(name);
    visit(node, adapter);
    for (const [held, by] of waiting) if (by === name) verb(held);
  }

  function enter(node: AnyNode, inside: Adapter | null): void {
    if (seen.has(node)) return;
    seen.add(node);
    visit(node, inside);
  }

  function visit(node: AnyNode, inside: Adapter | null): void {
    note(node, inside);
    for (const child of childrenOf(node)) {
      const within = inside ?? known.find(({ name }) => top.declared.get(name) === child) ?? null;
      if (within !== null && (isMember(within, child) || isMember(within, initialOf(child)))) continue;
      visit(child, within);
    }
  }

  function note(node: AnyNode, inside: Adapter | null): void {
    if (node.type === "Identifier") {
      const member = inside?.members.get(node.name);
      const declared = top.declared.get(node.name);
      if (inside !== null && member !== undefined) enter(member, inside);
      else if (declared !== undefined) {
        enter(declared, known.find(({ name }) => name === node.name) ?? null);
      }
      return;
    }
    if (node.type === "MemberExpression") {
      // The bundler puts a number behind a name that something else has too.
      const called = `${lastName(node.object).replace(/\d+$/, "")}.${lastName(node.property)}`;
      const held = inside?.port === "outbox" ? onlyAfter[called] : undefined;
      if (held !== undefined && !found.verbs.has(held)) waiting.set(called, held);
      else verb(called);
      return;
    }
    if (node.type === "NewExpression" && lastName(node.callee).endsWith("Command")) {
      found.calls.add(`${inside?.name ?? "nobody"} ${lastName(node.callee)}`);
      return;
    }
    if (node.type === "CallExpression") {
      const [first] = node.arguments;
      if (first?.type === "Literal" && indexNames.includes(String(first.value)) && asksTable(inside))
        found.queried.add(`index/${first.value}`);
      if (lastName(node.callee) === "readEnvironment" && first !== undefined)
        found.environments.add(lastName(first));
      return;
    }
    if (node.type === "ObjectExpression" && asksTable(inside)) {
      const named = new Map(
        node.properties.flatMap((each) =>
          each.type === "Property" ? [[lastName(each.key), each.value] as const] : [],
        ),
      );
      const index = named.get("IndexName");
      if (index?.type === "Literal") found.queried.add(`index/${index.value}`);
      if (index === undefined && named.has("KeyConditionExpression")) found.queried.add("table");
    }
  }

  for (const node of top.executed) visit(node, null);
  return found;
}

function topLevel(code: string) {
  const declared = new Map<string, AnyNode>();
  const executed: AnyNode[] = [];
  for (const node of parse(code, { ecmaVersion: "latest", sourceType: "module" }).body) {
    if (node.type === "FunctionDeclaration" || node.type === "ClassDeclaration")
      declared.set(node.id.name, node);
    else if (node.type === "VariableDeclaration") {
      for (const { id, init } of node.declarations) {
        if (id.type === "Identifier" && init != null) declared.set(id.name, init);
        else if (init != null) executed.push(init);
      }
    } else if (node.type === "ExportNamedDeclaration")
      executed.push(...node.specifiers.map(({ local }) => local));
    else if (node.type !== "ImportDeclaration") executed.push(node);
  }
  return { declared, executed };
}

function adapterOf(port: string, name: string, node: AnyNode): Adapter {
  const members = new Map<string, AnyNode>();
  const verbs = new Map<string, AnyNode>();
  const collect = (each: AnyNode): void => {
    if (
      each.type === "Property" &&
      each.key.type === "Identifier" &&
      (isFunction(each.value) || each.shorthand)
    )
      verbs.set(each.key.name, each.value);
    else if (each.type === "FunctionDeclaration" && each !== node && each.id !== null)
      members.set(each.id.name, each);
    else if (each.type === "VariableDeclarator" && each.id.type === "Identifier" && isFunction(each.init))
      members.set(each.id.name, each.init);
    // What stands inside a function belongs to it, but for the adapter's own body.
    if (isFunction(each) && each !== node) return;
    for (const child of childrenOf(each)) collect(child);
  };
  collect(node);
  return { port, name, members, verbs };
}

const asksTable = (inside: Adapter | null): boolean => inside?.port === "store" || inside?.port === "fleet";

const isMember = ({ members, verbs }: Adapter, node: AnyNode | null): boolean =>
  node !== null && [...members.values(), ...verbs.values()].includes(node);

const initialOf = (node: AnyNode): AnyNode | null =>
  node.type === "VariableDeclarator" ? (node.init ?? null) : node.type === "Property" ? node.value : null;

const isFunction = (node: AnyNode | null | undefined): node is AnyNode =>
  node?.type === "FunctionDeclaration" ||
  node?.type === "FunctionExpression" ||
  node?.type === "ArrowFunctionExpression";

/** `app.store` → `store`; what has no name, nothing. */
function lastName(node: AnyNode): string {
  if (node.type === "Identifier") return node.name;
  if (node.type === "MemberExpression") return node.computed ? "" : lastName(node.property);
  return node.type === "Literal" ? String(node.value) : "";
}

const isNode = (value: unknown): value is AnyNode =>
  typeof value === "object" && value !== null && "type" in value && typeof value.type === "string";

/** Without names that only stand for a member or a property. */
function childrenOf(node: AnyNode): readonly AnyNode[] {
  return Object.entries(node).flatMap(([name, value]: [string, unknown]) => {
    const onlyName =
      (node.type === "MemberExpression" && name === "property" && !node.computed) ||
      (node.type === "Property" && name === "key" && !node.computed) ||
      ((node.type === "FunctionDeclaration" || node.type === "VariableDeclarator") && name === "id");
    if (onlyName) return [];
    return (Array.isArray(value) ? value : [value]).filter(isNode);
  });
}
