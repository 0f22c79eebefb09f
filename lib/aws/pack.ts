/**
 * What changes often is stored packed: a kilobyte is what DynamoDB bills a write by, and a node in the middle of a load has
 * two as text. The words that every node, reservation and timeline entry is made of stand in a dictionary, so that what is
 * left is what this one has of its own.
 */
import { deflateRawSync, inflateRawSync } from "node:zlib";
import { type PackedContent, packedContent } from "../contracts/stored.ts";

/**
 * By number, and the number is the first byte of what is packed. One that was ever deployed stays as it is, to the letter:
 * what was packed with it could not be read again. A better one gets the next number.
 */
const dictionaries: Readonly<Record<number, Buffer>> = {
  1: Buffer.from(
    [
      '"user":"owner":"project":null,"publicKey":"ssh-ed25519 ","email":null,"members":[],"membersAt":null,"hearsLogins":',
      '"roles":[],"roleOf":{},"tags":[],"minimum":{"needs":{"network":{"prefer":[],"count":1,"start":17"end":17"asap":true,',
      '"leadMs":0,"placed":["passed":false,"state":"last":"new","loading","reserved","in-use","reclaim","complete","failed",',
      '"readyBy":17"readyAt":17"warnedOf":null,"endedAt":null,"outcome":null,"correctiveReboots":0,',
      '"certificate":{"how":"written","sanitized","image":"revision":"job":"controller":"mi-0"proved":["',
      '"taint":{"reservation":"target":{"image":"revision":"user":"since":17"osBoot":null,"loggedInAt":null},',
      '"bios":null,"biosProfile":null,"capacity":null,"rack":null,"switchPort":null,"loan":null,"upkeep":null,"bmcAccounts":null,',
      '"capture":{"order":{"kind":"rescue","burn-in","introduce","failing":{"fault":null,"code":"message":"of":"node","infrastructure","configuration",',
      '{"verb":"image.prefetch","image":{"sha256":"sizeBytes":"url":{"verb":"power.off"},{"verb":"netboot.set","installation":"revision":"boot":"',
      '{"verb":"boot.set","device":"network","disk","once":true},{"verb":"power.on"},{"verb":"power.status"},{"verb":"power.cycle"},',
      '{"verb":"os.reach"},{"verb":"os.probe"},{"verb":"os.address"},{"verb":"os.run","task":"grant-access","arguments":{"sanitize","end-sessions",',
      '{"verb":"console.tail","lines":40},"settings":{},"osModule":"linux","generic","windows","buildSystem":"netboot-image",',
      '"heard":null,"build":null,"captured":null,"test":null,"os":{"revision":"osBoot":"logins":0,"accounts":0,"sessions":0},',
      '"answer":{"status":"completed","fault":null,"at":17"failed","verified":null,"evidence":{"answer":null,"verified":null,"os":null,"build":null,"fault":null},',
      '"hands":null,"correction":{"rung":0,"observation":null,"budgetAt":null,"late":false},"infrastructureFaults":0,"blindSince":null,"retryAt":null,"proved":false',
      '"command":{"id":".v"purpose":"step","look","reset","power-cycle","fence","epoch":"actions":[{"verb":"to":{"controller":"mi-0"journal":"',
      '"issuedAt":17"notAfter":17"mustEnd":17"sends":1,"sendAgainAt":17},"clocks":{"noProgressBy":17"noProgressMs":600000,"overallBy":17},"command":null,',
      '"program":"provision","reload","reclaim","capture","inspect","requestedBy":{"kind":"engine","name":"target":{"image":"revision":"startedAt":17',
      '"attempt":1,"boot":null,"stage":"load","post-load","check","reserve","sanitize","step":"stepSince":17"spent":{},"awaits":"',
      '{"body":{"id":"lab":"class":"standard","tags":[],"version":"provision":{"state":"available","reserved","loading","configuring","in-use","reclaiming","reservation":"job":{"id":"',
      '"grantedAt":17"introducedAt":null,"since":17"last":"administrative":{"state":"online","reason":null,"actor":{"kind":"operator","name":"since":17"handsOffAt":null},',
      '"operation":{"phase":"off","firmware","build","kernel","init","run","since":17"evidenceAt":17"boot":null,"installation":null,"osBoot":null},',
      '"power":{"observed":"unknown","on","off","at":17},"disk":{"image":null,"revision":null,"installation":null,"taint":null},"address":{"value":"at":17},"epoch":',
      '"waiting":[],"openIssues":[],"lastJob":{"id":"program":"inspect","reservation":null,"outcome":"done","fault":null,"at":17},"lastUsedAt":17"correctiveReboots":0,"due":null},',
      "the agent carried out image.prefetch, power.off, netboot.set, boot.set, power.on; load: network-boot, awaiting the agent's word that the node was off, was allowed one network boot, and is on",
      "load: write-image, awaiting the checksum of what is on the disk; in build, 15 s after firmware; its firmware asks for the network boot; load: boot-disk, awaiting a sign of life from the system on the disk; ",
      "in kernel, 20 s after firmware; bits verified and booted: handed to the OS module; post-load: wait-for-os, awaiting the operating system's word that it runs; in init, in run, its address is ",
      "post-load: probe-os, awaiting the revision marker and the address, read from the running system; all its nodes are free again; claimed for reservation ; to be made ready with ",
      '"entries":[{"entity":{"kind":"reservation","id":"entity":{"kind":"node","id":"sequence":"at":17"actor":{"kind":"agent","name":"mi-0"actor":{"kind":"node","name":"actor":{"kind":"engine","name":"wake"},',
      '"from":"available","loading","configuring","in-use","reclaiming","to":"phase":"run","why":"evidence":null,"reservation":"job":null,"attempt":1,"command":null,"correction":null,"proposed":null,"tookMs":}]}',
    ].join(""),
  ),
};
const current = 1;

/** Little memory: setting up more takes longer than packing two kilobytes. */
const effort = { level: 6, memLevel: 5, windowBits: 14 } as const;

export function pack(what: PackedContent): Uint8Array {
  const text = Buffer.from(JSON.stringify(what));
  return Buffer.concat([
    Buffer.from([current]),
    deflateRawSync(text, { dictionary: dictionaries[current], ...effort }),
  ]);
}

export function unpack(packed: Uint8Array): PackedContent {
  const [number = 0] = packed;
  const dictionary = dictionaries[number];
  if (dictionary === undefined)
    throw new Error(`it was packed with dictionary ${number}, which a later version of this program has`);
  return packedContent.parse(JSON.parse(inflateRawSync(packed.subarray(1), { dictionary }).toString()));
}

/** As a stream hands it to a function. */
export const unpackBase64 = (packed: string): PackedContent => unpack(Buffer.from(packed, "base64"));
