/** The key with which the agent logs in to the systems that it installed: made once, on the controller, for itself. */
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { CertifiedKey } from "../drivers/os/guest-driver.ts";
import { isUsable, type KeyPair, newKeyPair } from "../drivers/os/ssh.ts";
import type { RunTool } from "../drivers/tool.ts";

const fileIn = (stateDir: string): string => join(stateDir, "management-key");

export function managementKey(stateDir: string): KeyPair {
  const file = fileIn(stateDir);
  const kept = (): KeyPair => ({
    private: readFileSync(file, "utf8"),
    public: readFileSync(`${file}.pub`, "utf8").trim(),
  });
  // One that cannot be read has never let anybody in.
  if (!existsSync(file) || !isUsable(kept())) {
    const pair = newKeyPair("rackwright");
    writeFileSync(`${file}.pub`, `${pair.public}\n`);
    writeFileSync(file, pair.private, { mode: 0o600 });
  }
  return kept();
}

/** With the certificate that `ssh-keygen -s` leaves beside the key. Null: there is none. */
export function certifiedKey(stateDir: string, tool: RunTool): CertifiedKey | null {
  const keyFile = fileIn(stateDir);
  const certificateFile = `${keyFile}-cert.pub`;
  return existsSync(certificateFile) ? { keyFile, certificateFile, tool } : null;
}
