/**
 * The functions as they are deployed on one machine: bundles in a folder, which can be replaced while everything runs. As in
 * Lambda, an invocation that has begun ends with the code that it began with, and the next one gets the new code.
 */
import { realpathSync } from "node:fs";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { Handler } from "./triggers.ts";

export interface Deployment<Name extends string> {
  /** Calls what is deployed at that moment. */
  handlerOf(name: Name): Handler;
  /** Loads everything anew. A function that cannot be loaded fails whenever it is called, and the others go on. */
  deployAgain(): Promise<void>;
}

/** `environmentOf`: a function reads its environment when it is loaded; here they share a process, so one after the other. */
export async function deploy<Name extends string>(
  folder: string,
  names: readonly Name[],
  environmentOf: (name: Name) => Readonly<Record<string, string | undefined>>,
): Promise<Deployment<Name>> {
  const handlers = new Map<Name, Handler>();
  let deployments = 0;
  let latest: Promise<unknown> = Promise.resolve();

  async function load(name: Name): Promise<Handler> {
    const file = join(realpathSync(folder), `${name}.mjs`);
    for (const [variable, value] of Object.entries(environmentOf(name))) {
      delete process.env[variable];
      if (value !== undefined) process.env[variable] = value;
    }
    // A module is loaded once under one address: another address is another instance.
    const address = `${pathToFileURL(file).href}?deployment=${deployments}`;
    const module: { handler?: Handler } = await import(address);
    if (module.handler === undefined) throw new Error(`${file} has no handler: run npm run build`);
    return module.handler;
  }

  async function loadAll(): Promise<void> {
    deployments += 1;
    for (const name of names) {
      try {
        handlers.set(name, await load(name));
      } catch (error) {
        if (deployments === 1) throw error;
        console.error(JSON.stringify({ level: "ERROR", message: "not loaded", name, error: String(error) }));
        handlers.set(name, () => Promise.reject(error));
      }
    }
  }

  await loadAll();
  return {
    handlerOf: (name) => async (event, context) => {
      const handler = handlers.get(name);
      if (handler === undefined) throw new Error(`function ${name} is not deployed`);
      return handler(event, context);
    },
    deployAgain: async () => {
      latest = latest.then(loadAll);
      await latest;
    },
  };
}
