/** One report about a machine, by the ramdisk that ran on it. */
import type { LabId, NodeId } from "../ids.ts";
import type { Hardware } from "../node/hardware.ts";
import type { Instant } from "../time.ts";

/** What a ramdisk has told of the machine that it runs on. */
export interface Sighting {
  readonly lab: LabId;
  /** Of the interface that it booted from. */
  readonly mac: string;
  readonly hardware: Hardware;
  /** Where its BMC says that it can be reached; null: the ramdisk cannot tell. */
  readonly bmcAddress: string | null;
  /** The node for which its boot was allowed; null: nobody knew it. */
  readonly node: NodeId | null;
  readonly at: Instant;
}
