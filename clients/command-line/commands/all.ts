import type { Command } from "../command.ts";
import { claim } from "./claim.ts";
import { connect } from "./connect.ts";
import { console } from "./console.ts";
import { end } from "./end.ts";
import { explain } from "./explain.ts";
import { exportLab } from "./export.ts";
import { extend } from "./extend.ts";
import { identify } from "./identify.ts";
import { images } from "./images.ts";
import { importLab } from "./import.ts";
import { labs } from "./labs.ts";
import { ls } from "./ls.ts";
import { machines } from "./machines.ts";
import { node } from "./node.ts";
import { nodes } from "./nodes.ts";
import { power } from "./power.ts";
import { record } from "./record.ts";
import { reserve } from "./reserve.ts";
import { watch } from "./watch.ts";

/** Every command that calls the API, in the order of the help. */
export const commands: readonly Command[] = [
  reserve,
  ls,
  watch,
  connect,
  extend,
  end,
  nodes,
  node,
  power,
  console,
  identify,
  machines,
  claim,
  explain,
  record,
  images,
  labs,
  importLab,
  exportLab,
];
