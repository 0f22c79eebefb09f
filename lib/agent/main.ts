/** `rackwright-agent`: the program on a lab controller. */
import { parseArgs } from "node:util";
import { ConfigError, readConfig } from "./config.ts";

const help = `rackwright-agent: the hands of Rackwright on a lab controller

  rackwright-agent serve [--config FILE]            the daemon: executes commands, reports, serves network boots
  rackwright-agent run DELIVERY [--config FILE]     hands commands (base64url JSON) to the daemon and ends at once
  rackwright-agent console NODE [--config FILE]     what a node's serial console prints, from its boot on
  rackwright-agent doctor [--config FILE]           says what is missing on this controller, and what to do
  rackwright-agent install --lab … --controller …   puts program, unit, directories and configuration in place
  rackwright-agent dnsmasq --interface … --range …  a configuration for network boots (or --proxy: docs/lab-controller.md)
  rackwright-agent import NAME --tree URL           registers a distribution's tree of this lab, for its installer
  rackwright-agent help                             this text

The configuration is read from --config, else from $RACKWRIGHT_AGENT_CONFIG, else from /etc/rackwright/agent.json.
`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      config: { type: "string" },
      help: { type: "boolean", default: false },
      root: { type: "string" },
      controller: { type: "string" },
      lab: { type: "string" },
      region: { type: "string" },
      "queue-url": { type: "string" },
      "image-store-url": { type: "string" },
      "public-url": { type: "string" },
      interface: { type: "string" },
      range: { type: "string" },
      proxy: { type: "string" },
      tree: { type: "string" },
      arguments: { type: "string" },
    },
  });
  const [verb = "help", payload] = positionals;
  if (values.help || verb === "help") {
    process.stdout.write(help);
    return 0;
  }
  const file = values.config ?? process.env["RACKWRIGHT_AGENT_CONFIG"] ?? "/etc/rackwright/agent.json";
  switch (verb) {
    case "serve": {
      // Loaded when wanted only: `run` is called for every delivery and shall not pay for what it does not use.
      const { serve } = await import("./serve.ts");
      await serve(readConfig(file));
      return 0;
    }
    case "run": {
      if (payload === undefined)
        throw new ConfigError("run: a DELIVERY is wanted (see rackwright-agent help)");
      const { run } = await import("./run.ts");
      return run(readConfig(file).stateDir, payload, (line) => process.stdout.write(`${line}\n`));
    }
    case "console": {
      if (payload === undefined)
        throw new ConfigError("console: a NODE is wanted (see rackwright-agent help)");
      const { followConsole } = await import("./consoles/follow.ts");
      return followConsole(readConfig(file).stateDir, payload);
    }
    case "doctor": {
      const { doctor } = await import("./doctor.ts");
      return doctor(file, (line) => process.stdout.write(`${line}\n`));
    }
    case "install": {
      const { install, installSettings } = await import("./install.ts");
      const {
        config: _config,
        help: _help,
        interface: _interface,
        range: _range,
        proxy: _proxy,
        tree: _tree,
        arguments: _arguments,
        ...given
      } = values;
      const program = { program: process.argv[1] ?? "", node: process.execPath };
      for (const line of install(installSettings(given, program))) process.stdout.write(`${line}\n`);
      return 0;
    }
    case "dnsmasq": {
      const { dnsmasqConfiguration, dnsmasqSettings } = await import("./dnsmasq.ts");
      process.stdout.write(dnsmasqConfiguration(dnsmasqSettings(readConfig(file).publicUrl, values)));
      return 0;
    }
    case "import": {
      const { distroWish, importDistro } = await import("./import-distro.ts");
      const wish = distroWish(payload, values);
      process.stdout.write(`${await importDistro(readConfig(file).distrosDir, wish)}\n`);
      return 0;
    }
    default:
      throw new ConfigError(`there is no ${verb} (see rackwright-agent help)`);
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  const usage = error instanceof ConfigError || (error instanceof TypeError && "code" in error);
  process.stderr.write(`rackwright-agent: ${error instanceof Error ? error.message : String(error)}\n`);
  process.exitCode = usage ? 2 : 1;
}
