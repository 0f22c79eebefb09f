/** Writes cpio archives (format newc), as the kernel unpacks them at its start: everything in them belongs to root. */
const magic = "070701";
const types = { directory: 0o040000, file: 0o100000, link: 0o120000 } as const;

export type Entry =
  | { readonly kind: "directory"; readonly path: string }
  | { readonly kind: "file"; readonly path: string; readonly content: Buffer; readonly executable: boolean }
  | { readonly kind: "link"; readonly path: string; readonly target: string };

/** Pure: the same entries give the same bytes. A folder stands before what is in it. */
export function cpio(entries: readonly Entry[]): Buffer {
  const parts = entries.map((entry, index) => one(index + 1, entry.path, modeOf(entry), contentOf(entry)));
  return Buffer.concat([...parts, one(0, "TRAILER!!!", 0, Buffer.alloc(0))]);
}

function modeOf(entry: Entry): number {
  switch (entry.kind) {
    case "directory":
      return types.directory | 0o755;
    case "file":
      return types.file | (entry.executable ? 0o755 : 0o644);
    case "link":
      return types.link | 0o777;
  }
}

function contentOf(entry: Entry): Buffer {
  switch (entry.kind) {
    case "directory":
      return Buffer.alloc(0);
    case "file":
      return entry.content;
    case "link":
      return Buffer.from(entry.target);
  }
}

function one(inode: number, path: string, mode: number, content: Buffer): Buffer {
  const name = Buffer.from(`${path}\0`);
  const [user, group, links, modified, device, check] = [0, 0, 1, 0, 0, 0];
  const fields = [
    ...[inode, mode, user, group, links, modified, content.length],
    ...[device, device, device, device, name.length, check],
  ];
  const header = Buffer.from(magic + fields.map((field) => field.toString(16).padStart(8, "0")).join(""));
  return Buffer.concat([padded(Buffer.concat([header, name])), padded(content)]);
}

const padded = (bytes: Buffer): Buffer => Buffer.concat([bytes, Buffer.alloc((4 - (bytes.length % 4)) % 4)]);
