/**
 * Disks of virtual machines that are being copied into the lab's image store. It takes longer than a command may run, so it
 * goes on beside the commands: who asks again for the same installation hears how far it is.
 */
import { createHash } from "node:crypto";
import { createReadStream, mkdirSync, statSync } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { join } from "node:path";
import type { BuildReport, ImageContent } from "../core/command.ts";
import type { Fault } from "../core/fault.ts";
import { DriverFault } from "../drivers/driver-fault.ts";
import type { Images } from "./images.ts";

type Copying =
  | { readonly state: "working"; readonly ending: AbortController }
  | { readonly state: "done"; readonly content: ImageContent }
  | { readonly state: "failed"; readonly fault: Fault };

export interface Copies {
  /** `copy` writes the disk into the file; begun once for an installation, and an earlier one of the node is ended. */
  ask(
    node: string,
    installation: BuildReport["installation"],
    copy: (file: string, signal: AbortSignal) => Promise<void>,
  ): BuildReport;
}

export function createCopies(dir: string, images: Pick<Images, "adopt" | "publish">): Copies {
  mkdirSync(dir, { recursive: true });
  const known = new Map<string, { readonly installation: string; copying: Copying }>();

  async function make(
    file: string,
    copy: (file: string, signal: AbortSignal) => Promise<void>,
    signal: AbortSignal,
  ): Promise<ImageContent> {
    await rm(file, { force: true });
    await copy(file, signal);
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(file)) hash.update(chunk);
    const content = { sha256: hash.digest("hex"), sizeBytes: statSync(file).size };
    await images.adopt(content.sha256, (to) => rename(file, to));
    await images.publish(content);
    return content;
  }

  function begin(
    node: string,
    installation: string,
    copy: (file: string, signal: AbortSignal) => Promise<void>,
  ): Copying {
    const earlier = known.get(node)?.copying;
    if (earlier?.state === "working") earlier.ending.abort(new Error("another copy of this disk is made"));
    const ending = new AbortController();
    const entry: { readonly installation: string; copying: Copying } = {
      installation,
      copying: { state: "working", ending },
    };
    known.set(node, entry);
    make(join(dir, `${node}.qcow2`), copy, ending.signal)
      .then((content) => {
        entry.copying = { state: "done", content };
      })
      .catch((error: unknown) => {
        const fault: Fault =
          error instanceof DriverFault
            ? error.fault
            : { class: "infrastructure", code: "disk-not-copied", message: String(error).slice(0, 500) };
        entry.copying = { state: "failed", fault };
      });
    return entry.copying;
  }

  return {
    ask: (node, installation, copy) => {
      const before = known.get(node);
      const copying =
        before?.installation === installation ? before.copying : begin(node, installation, copy);
      switch (copying.state) {
        case "working":
          return {
            installation,
            result: "waiting",
            sign: `copied ${sizeOf(join(dir, `${node}.qcow2`))}`,
            fault: null,
          };
        case "done":
          return {
            installation,
            result: "done",
            sign: null,
            fault: null,
            captured: { content: copying.content },
          };
        case "failed":
          return { installation, result: "retry", sign: null, fault: copying.fault };
      }
    },
  };
}

/** In steps that are seen to grow, and say nothing where the host is still flattening. */
function sizeOf(file: string): string {
  const found = statSync(file, { throwIfNoEntry: false });
  return `${Math.floor((found?.size ?? 0) / (1024 * 1024))} MiB`;
}
