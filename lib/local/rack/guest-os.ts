/**
 * The running system of a virtual machine: an SSH server. The agent's account runs `rackwright-guest` and nothing else;
 * users whom it has let in get a small shell. Logins are counted and told.
 */
import { timingSafeEqual } from "node:crypto";
import ssh2, { type Connection, type ServerChannel } from "ssh2";
import type * as z from "zod";
import { guestGrant, guestMembers, type guestStatus, guestTasks } from "../../contracts/boot.ts";
import { listenOn } from "../http.ts";
import { readFiles, writeFile } from "./disk-files.ts";
import type { Disk, MachineState } from "./node-state.ts";

type Running = Extract<MachineState, { phase: "run" }>;

export interface GuestSettings {
  readonly node: string;
  readonly port: number;
  readonly disk: () => Disk | null;
  readonly diskFile: string;
  readonly machine: () => Running | null;
  readonly setUsers: (users: Disk["users"]) => void;
  readonly login: (user: string) => void;
}

export interface GuestOs {
  readonly address: string;
  readonly hostKey: string;
  stop(): Promise<void>;
}

const manager = "rackwright";
/** Where its users find the other nodes of their cluster. */
const membersFile = "/etc/rackwright/members";

/** Of users; the agent's own are not among them. */
interface OpenSessions {
  /** Null: everybody's. */
  end(user: string | null): void;
  count(): number;
}

export async function startGuestOs(settings: GuestSettings): Promise<GuestOs> {
  const { node, port, disk, login } = settings;
  const installed = disk();
  if (installed === null) throw new Error(`${node} has no disk to run from`);
  const address = `127.0.0.1:${port}`;
  const sessions = new Map<Connection, string>();

  const server = new ssh2.Server({ hostKeys: [installed.hostKey] }, (connection) => {
    let user = "";
    connection.on("authentication", (attempt) => {
      const keys =
        attempt.username === manager
          ? [installed.os.managementKey]
          : (disk()?.users ?? [])
              .filter((each) => each.user === attempt.username)
              .map(({ publicKey }) => publicKey);
      if (attempt.method !== "publickey") return attempt.reject(["publickey"]);
      const offered = attempt.key.data;
      const known = keys.some((text) => {
        const key = ssh2.utils.parseKey(text);
        if (key instanceof Error) return false;
        const data = key.getPublicSSH();
        if (data.length !== offered.length || !timingSafeEqual(data, offered)) return false;
        // Without a signature the client only asks whether the key would do.
        return (
          attempt.signature === undefined ||
          attempt.blob === undefined ||
          key.verify(attempt.blob, attempt.signature, attempt.hashAlgo) === true
        );
      });
      if (!known) return attempt.reject(["publickey"]);
      if (attempt.signature !== undefined) user = attempt.username;
      attempt.accept();
    });
    connection.on("ready", () => {
      sessions.set(connection, user);
      if (user !== manager) login(user);
      connection.on("session", (accept) => {
        const session = accept();
        session.on("pty", (acceptPty) => acceptPty?.());
        session.on("env", (acceptEnv) => acceptEnv?.());
        session.on("exec", (acceptExec, _reject, { command }) => {
          const channel = acceptExec();
          if (user === manager) guest(settings, command, channel, open);
          else run(channel, settings, user, command);
        });
        session.on("shell", (acceptShell) => shell(settings, user, acceptShell()));
      });
    });
    connection.on("close", () => sessions.delete(connection));
    connection.on("error", () => sessions.delete(connection));
  });

  const open: OpenSessions = {
    end: (user) => {
      for (const [connection, name] of sessions) {
        if (name === manager || (user !== null && name !== user)) continue;
        sessions.delete(connection);
        connection.end();
      }
    },
    count: () => [...sessions.values()].filter((name) => name !== manager).length,
  };

  await listenOn(server, port);
  const key = ssh2.utils.parseKey(installed.hostKey);
  if (key instanceof Error) throw key;
  return {
    address,
    hostKey: `${key.type} ${key.getPublicSSH().toString("base64")}`,
    stop: () =>
      new Promise((resolve) => {
        for (const connection of sessions.keys()) connection.end();
        server.close(() => resolve());
      }),
  };
}

function end(channel: ServerChannel, text: string, code: number): void {
  if (code === 0) channel.write(text);
  else channel.stderr.write(text);
  channel.exit(code);
  channel.end();
}

/** The contract of `rackwright-guest`: JSON in, one line of JSON out. */
function guest(settings: GuestSettings, command: string, channel: ServerChannel, open: OpenSessions): void {
  const [program, task] = command.split(" ");
  if (program !== "rackwright-guest" || !guestTasks.some((each) => each === task)) {
    return end(channel, `${manager} may run rackwright-guest ${guestTasks.join("|")} only\n`, 126);
  }
  let text = "";
  channel.on("data", (chunk: Buffer) => {
    text += chunk.toString();
  });
  channel.on("end", () => {
    try {
      perform(settings, task ?? "", text === "" ? {} : JSON.parse(text), open);
      end(channel, `${JSON.stringify(statusOf(settings, open.count()))}\n`, 0);
    } catch (error) {
      end(
        channel,
        `rackwright-guest ${task}: ${error instanceof Error ? error.message : String(error)}\n`,
        1,
      );
    }
  });
}

function perform(
  { disk, diskFile, setUsers }: GuestSettings,
  task: string,
  parameters: unknown,
  open: OpenSessions,
): void {
  const users = disk()?.users ?? [];
  switch (task) {
    case "grant-access": {
      const { user, publicKey } = guestGrant.parse(parameters);
      if (user === manager || user === "root") throw new Error(`${user} is not a user`);
      return setUsers([...users.filter((each) => each.user !== user), { user, publicKey }]);
    }
    case "introduce":
      return writeFile(diskFile, membersFile, `${guestMembers.parse(parameters).members}\n`);
    case "revoke-access": {
      const { user } = guestGrant.pick({ user: true }).parse(parameters);
      setUsers(users.filter((each) => each.user !== user));
      return open.end(user);
    }
    case "sanitize":
    case "pre-capture":
      writeFile(diskFile, membersFile, "");
      setUsers([]);
      return open.end(null);
    case "post-capture": {
      const { user, publicKey } = guestGrant.parse(parameters);
      return user === "" || publicKey === "" ? undefined : setUsers([{ user, publicKey }]);
    }
    default:
      return;
  }
}

function statusOf({ disk, machine, port }: GuestSettings, sessions: number): z.infer<typeof guestStatus> {
  const installed = disk();
  return {
    revision: installed?.os.revision ?? null,
    osBoot: machine()?.osBoot ?? "none",
    address: `127.0.0.1:${port}`,
    logins: machine()?.logins ?? 0,
    users: (installed?.users ?? []).map(({ user }) => user),
    sessions,
  };
}

function run(channel: ServerChannel, settings: GuestSettings, user: string, command: string): void {
  try {
    end(channel, execute(settings, user, command), 0);
  } catch (error) {
    end(channel, `${error instanceof Error ? error.message : String(error)}\n`, 1);
  }
}

function execute(settings: GuestSettings, user: string, command: string): string {
  const { node, disk, diskFile, machine } = settings;
  const upMs = Date.now() - (machine()?.startedAtMs ?? Date.now());
  const [, text, into] = /^echo (.*?) ?> ?([\w./-]{1,100})$/.exec(command.trim()) ?? [];
  if (text !== undefined && into !== undefined) {
    writeFile(diskFile, into, `${text}\n`);
    return "";
  }
  const [, name] = /^cat ([\w./-]{1,100})$/.exec(command.trim()) ?? [];
  const found = name === undefined ? undefined : readFiles(diskFile)[name];
  if (found !== undefined) return found;
  switch (command.trim()) {
    case "ls":
      return Object.keys(readFiles(diskFile))
        .map((each) => `${each}\n`)
        .join("");
    case "hostname":
      return `${node}\n`;
    case "uname -a":
      return `Rackwright ${node} virtual\n`;
    case "uptime":
      return `up ${Math.floor(upMs / 1000)} s\n`;
    case "whoami":
      return `${user}\n`;
    case "cat /etc/rackwright/revision":
      return `${disk()?.os.revision ?? ""}\n`;
    case "help":
      return "hostname, uname -a, uptime, whoami, cat /etc/rackwright/revision, ls, echo TEXT > FILE, cat FILE, exit\n";
    case "":
      return "";
    default:
      return `${command.trim().split(" ")[0]}: not found (try help)\n`;
  }
}

/** A command that fails does not end the shell. */
function typed(settings: GuestSettings, user: string, line: string): string {
  try {
    return execute(settings, user, line);
  } catch (error) {
    return `${error instanceof Error ? error.message : String(error)}\n`;
  }
}

function shell(settings: GuestSettings, user: string, channel: ServerChannel): void {
  const { node, disk } = settings;
  const prompt = `${user}@${node}:~$ `;
  channel.write(
    `Welcome to ${node}, revision ${disk()?.os.revision ?? "?"}. A virtual machine of Rackwright; try help.\r\n${prompt}`,
  );
  let line = "";
  channel.on("data", (chunk: Buffer) => {
    for (const character of chunk.toString()) {
      if (character === "\u0003" || character === "\u0004") return void channel.end();
      if (character === "\r" || character === "\n") {
        channel.write("\r\n");
        if (line.trim() === "exit") {
          channel.exit(0);
          return void channel.end();
        }
        channel.write(`${typed(settings, user, line).replaceAll("\n", "\r\n")}${prompt}`);
        line = "";
      } else if (character === "\u007f") {
        if (line !== "") channel.write("\b \b");
        line = line.slice(0, -1);
      } else {
        line += character;
        channel.write(character);
      }
    }
  });
}
