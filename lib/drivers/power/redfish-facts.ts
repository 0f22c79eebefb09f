/**
 * What a Redfish service tells of the machine in its ComputerSystem resource (DSP2046). What it does not tell, or tells in a
 * way that nobody can read, is left out: some services count nothing while their machine is off.
 */
import * as z from "zod";
import type { BmcFacts } from "../../core/node/hardware.ts";

const count = z.number().positive().optional().catch(undefined);
const text = z.string().trim().min(1).max(128).optional().catch(undefined);

const facts = z.looseObject({
  ProcessorSummary: z.looseObject({ LogicalProcessorCount: count }).optional().catch(undefined),
  MemorySummary: z.looseObject({ TotalSystemMemoryGiB: count }).optional().catch(undefined),
  BiosVersion: text,
  UUID: text,
  SerialNumber: text,
});

export function redfishFacts(system: unknown): BmcFacts {
  const { data } = facts.safeParse(system);
  const cpus = data?.ProcessorSummary?.LogicalProcessorCount;
  const memoryGiB = data?.MemorySummary?.TotalSystemMemoryGiB;
  const { BiosVersion: firmware, UUID: uuid, SerialNumber: serial } = data ?? {};
  return {
    ...(cpus === undefined ? {} : { cpus: Math.round(cpus) }),
    ...(memoryGiB === undefined ? {} : { memoryMiB: Math.round(memoryGiB * 1024) }),
    ...(firmware === undefined ? {} : { firmware }),
    ...(uuid === undefined ? {} : { uuid: uuid.toLowerCase() }),
    ...(serial === undefined ? {} : { serial }),
  };
}
