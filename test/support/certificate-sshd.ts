/** An SSH server that lets in whoever shows a certificate of its authority, as `TrustedUserCAKeys` of sshd does, and no bare key. */
import type { AddressInfo } from "node:net";
import ssh2, { type AuthContext } from "ssh2";
import { newKeyPair } from "../../lib/drivers/os/ssh.ts";

const kind = "ssh-ed25519-cert-v01@openssh.com";

/** PROTOCOL.certkeys of OpenSSH: fields one after the other, each of them signed but the last. */
function fieldsOf(blob: Buffer) {
  let at = 0;
  const text = (): Buffer => {
    const length = blob.readUInt32BE(at);
    at += 4 + length;
    return blob.subarray(at - length, at);
  };
  const wide = (): bigint => {
    at += 8;
    return blob.readBigUInt64BE(at - 8);
  };
  const type = text().toString();
  text();
  const key = text();
  wide();
  at += 4;
  text();
  const principals = text();
  const [after, before] = [wide(), wide()];
  for (let option = 0; option < 3; option += 1) text();
  const authority = text();
  const signed = blob.subarray(0, at);
  return { type, key, principals, after, before, authority, signed, signature: text() };
}

/** Of a signature, which names the kind of the key that has made it. */
function bytesOf(signature: Buffer): Buffer | null {
  const length = signature.readUInt32BE(0);
  return signature.subarray(4, 4 + length).toString() === "ssh-ed25519"
    ? signature.subarray(8 + length)
    : null;
}

const publicKey = (raw: Buffer): string => {
  const name = Buffer.from("ssh-ed25519");
  const length = (of: Buffer): Buffer => Buffer.from([0, 0, 0, of.length]);
  return `ssh-ed25519 ${Buffer.concat([length(name), name, length(raw), raw]).toString("base64")}`;
};

function isSignedBy(key: string, data: Buffer, signature: Buffer | undefined): boolean {
  const parsed = ssh2.utils.parseKey(key);
  const bytes = signature === undefined ? null : bytesOf(signature);
  return !(parsed instanceof Error) && bytes !== null && parsed.verify(data, bytes) === true;
}

/** Null: he is let in. Else why he is not. */
function refusal(context: AuthContext, authority: string): string | null {
  if (context.method !== "publickey") return context.method;
  const { algo, data } = context.key;
  if (algo !== kind) return `a bare ${algo}`;
  const shown = fieldsOf(data);
  const now = BigInt(Math.floor(Date.now() / 1000));
  if (!authority.includes(shown.authority.toString("base64"))) return "a certificate of somebody else";
  if (!isSignedBy(authority, shown.signed, shown.signature)) return "a forged certificate";
  if (now < shown.after || now > shown.before) return "a certificate that is not valid now";
  if (shown.principals.subarray(4).toString() !== context.username) return "a certificate for somebody else";
  if (context.blob === undefined) return null;
  return isSignedBy(publicKey(shown.key), context.blob, context.signature) ? null : "a wrong signature";
}

export async function startCertificateSshd(authority: string, answer: string) {
  const hostKey = newKeyPair("host");
  const ran: { readonly command: string; stdin: string }[] = [];
  const refused: string[] = [];
  const server = new ssh2.Server({ hostKeys: [hostKey.private] }, (client) => {
    client.on("error", () => undefined);
    client.on("authentication", (context) => {
      const why = refusal(context, authority);
      if (why === null) return context.accept();
      refused.push(why);
      context.reject(["publickey"]);
    });
    client.on("session", (accept) => {
      accept().on("exec", (take, _, { command }) => {
        const stream = take();
        const run = { command, stdin: "" };
        ran.push(run);
        stream.on("data", (chunk: Buffer) => {
          run.stdin += String(chunk);
        });
        stream.on("end", () => {
          stream.write(answer);
          stream.exit(0);
          stream.end();
        });
      });
    });
  });
  await new Promise<void>((resolve) => void server.listen(0, "127.0.0.1", () => resolve()));
  const { port } = server.address() as AddressInfo;
  return {
    address: `127.0.0.1:${port}`,
    hostKey: hostKey.public,
    ran,
    refused,
    stop: () => new Promise<void>((resolve) => void server.close(() => resolve())),
  };
}
