/** The agent as it is, daemon, journal and boot service, on hardware that answers at once. */
import { readConfig } from "../../lib/agent/config.ts";
import { serve } from "../../lib/agent/serve.ts";
import { createHardware } from "./hardware.ts";

const config = readConfig(process.env["RACKWRIGHT_AGENT_CONFIG"] ?? "");
const { power, guest } = createHardware(config.publicUrl);
await serve(config, { powerDrivers: [power], guestDrivers: [guest] });
