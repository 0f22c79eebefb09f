/**
 * As much of a browser as the status page's script touches. Text can become a text node or an attribute's value and nothing
 * else: what a test sees as an element, the script has made as one.
 */
import { runInNewContext } from "node:vm";

export class FakeText {
  readonly nodeType = 3;
  readonly nodeName = "#text";
  parent: FakeElement | null = null;
  nodeValue: string;
  constructor(text: string) {
    this.nodeValue = text;
  }
  get textContent(): string {
    return this.nodeValue;
  }
  remove(): void {
    this.parent?.replaceChild(this, null);
  }
  replaceWith(other: FakeNode): void {
    this.parent?.replaceChild(this, other);
  }
}

export class FakeElement {
  readonly nodeType = 1;
  readonly nodeName: string;
  readonly values = new Map<string, string>();
  childNodes: FakeNode[] = [];
  parent: FakeElement | null = null;
  hidden = false;
  focused = false;
  constructor(name: string) {
    this.nodeName = name.toUpperCase();
  }
  get tagName(): string {
    return this.nodeName;
  }
  get attributes(): { name: string; value: string }[] {
    return [...this.values].map(([name, value]) => ({ name, value }));
  }
  get textContent(): string {
    return this.childNodes.map((child) => child.textContent).join("");
  }
  getAttribute(name: string): string | null {
    return this.values.get(name) ?? null;
  }
  setAttribute(name: string, value: string): void {
    this.values.set(name, value);
  }
  hasAttribute(name: string): boolean {
    return this.values.has(name);
  }
  removeAttribute(name: string): void {
    this.values.delete(name);
  }
  append(child: FakeNode): void {
    child.parent = this;
    this.childNodes.push(child);
  }
  replaceChild(child: FakeNode, other: FakeNode | null): void {
    if (other !== null) other.parent = this;
    this.childNodes = this.childNodes.flatMap((each) =>
      each === child ? (other === null ? [] : [other]) : [each],
    );
  }
  remove(): void {
    this.parent?.replaceChild(this, null);
  }
  replaceWith(other: FakeNode): void {
    this.parent?.replaceChild(this, other);
  }
  focus(): void {
    this.focused = true;
  }
  /** Understands `[name]` alone. */
  closest(selector: string): FakeElement | null {
    return this.values.has(selector.slice(1, -1)) ? this : (this.parent?.closest(selector) ?? null);
  }
  all(): FakeElement[] {
    return this.childNodes.flatMap((child) => (child instanceof FakeElement ? [child, ...child.all()] : []));
  }
  withClass(name: string): FakeElement[] {
    return this.all().filter((each) => each.getAttribute("class")?.split(" ").includes(name));
  }
}

export type FakeNode = FakeText | FakeElement;

export interface Answers {
  /** What the API answers, by path with query; nothing for a path means that it cannot be reached. */
  [path: string]: unknown;
}

const containers = ["live", "counts", "attention", "racks", "reservations", "story"] as const;

/** Opens a page as a browser would that runs its scripts. */
export function openPage(page: string, answers: Answers = {}, hash = "") {
  // As HTML is read: a script element ends at the first end tag, whatever stands before it.
  const [views = "", script = ""] = [...page.matchAll(/<script[^>]*>([\s\S]*?)<\/script/g)].map(
    ([, text]) => text ?? "",
  );
  const body = new FakeElement("body");
  for (const id of ["views", ...containers]) {
    const element = new FakeElement("div");
    element.setAttribute("id", id);
    body.append(element);
  }
  const byId = (id: string): FakeElement => {
    const found = body.all().find((each) => each.getAttribute("id") === id);
    if (found === undefined) throw new Error(`the page has no element ${id}`);
    return found;
  };
  byId("views").append(new FakeText(views));

  const listeners = new Map<string, (event: object) => unknown>();
  const listen = (name: string, listener: (event: object) => unknown) => listeners.set(name, listener);
  const timers: (() => unknown)[] = [];
  const asked: string[] = [];
  const location = { hash };
  const document = {
    title: "",
    hidden: false,
    createElement: (name: string) => new FakeElement(name),
    createTextNode: (text: string) => new FakeText(text),
    getElementById: byId,
    querySelector: () =>
      byId("story")
        .all()
        .find(({ nodeName }) => nodeName === "H2") ?? null,
    querySelectorAll: (selector: string) => body.withClass(selector.slice(1)),
    addEventListener: listen,
  };
  runInNewContext(script, {
    document,
    window: { addEventListener: listen },
    location,
    AbortSignal: { timeout: () => undefined },
    setTimeout: (run: () => unknown) => timers.push(run),
    fetch: async (path: string) => {
      asked.push(path);
      if (!(path in answers)) throw new Error(`${path} cannot be reached`);
      return { ok: true, status: 200, json: async () => structuredClone(answers[path]) };
    },
  });

  return {
    body,
    byId,
    document,
    location,
    asked,
    answers,
    /** Lets the next timer run, to its end. */
    tick: async () => timers.shift()?.(),
    /** What the browser tells when the hash has changed, heard to its end. */
    follow: async (to: string) => {
      location.hash = to;
      await listeners.get("hashchange")?.({});
    },
    click: (target: FakeElement) => listeners.get("click")?.({ target, preventDefault: () => undefined }),
    tile: (id: string) => {
      const found = byId("racks")
        .withClass("tile")
        .find((each) => each.getAttribute("data-node") === id);
      if (found === undefined) throw new Error(`there is no tile for ${id}`);
      return found;
    },
  };
}
