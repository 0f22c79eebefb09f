/**
 * A self-signed certificate for the BMCs, as real ones come with. Written here byte by byte (X.509, RFC 5280) because
 * Node can sign but not issue certificates, and openssl may not be installed.
 */
import { generateKeyPairSync, randomBytes, sign } from "node:crypto";

const tag = {
  integer: 0x02,
  bits: 0x03,
  octets: 0x04,
  oid: 0x06,
  text: 0x0c,
  sequence: 0x30,
  set: 0x31,
  time: 0x17,
};

function der(type: number, ...parts: readonly Buffer[]): Buffer {
  const content = Buffer.concat(parts);
  const { length } = content;
  const size =
    length < 0x80 ? [length] : length < 0x100 ? [0x81, length] : [0x82, length >> 8, length & 0xff];
  return Buffer.concat([Buffer.from([type, ...size]), content]);
}

const oid = (...bytes: readonly number[]): Buffer => der(tag.oid, Buffer.from(bytes));
const ecdsaWithSha256 = der(tag.sequence, oid(0x2a, 0x86, 0x48, 0xce, 0x3d, 0x04, 0x03, 0x02));
const commonName = oid(0x55, 0x04, 0x03);
const subjectAltName = oid(0x55, 0x1d, 0x11);

const name = (text: string): Buffer =>
  der(tag.sequence, der(tag.set, der(tag.sequence, commonName, der(tag.text, Buffer.from(text)))));
/** YYMMDDHHMMSSZ, which ends in 2049. */
const time = (text: string): Buffer => der(tag.time, Buffer.from(text));

/** A new key and its certificate for 127.0.0.1 and localhost, both PEM. */
export function selfSignedCertificate(): { key: string; cert: string } {
  const { privateKey, publicKey } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  const subject = name("rackwright virtual BMC");
  const addresses = der(
    tag.sequence,
    der(0x82, Buffer.from("localhost")),
    der(0x87, Buffer.from([127, 0, 0, 1])),
  );
  const toBeSigned = der(
    tag.sequence,
    der(0xa0, der(tag.integer, Buffer.from([2]))),
    der(tag.integer, Buffer.from([1]), randomBytes(15)),
    ecdsaWithSha256,
    subject,
    der(tag.sequence, time("200101000000Z"), time("491231235959Z")),
    subject,
    publicKey.export({ type: "spki", format: "der" }),
    der(0xa3, der(tag.sequence, der(tag.sequence, subjectAltName, der(tag.octets, addresses)))),
  );
  const signature = sign("sha256", toBeSigned, privateKey);
  const certificate = der(
    tag.sequence,
    toBeSigned,
    ecdsaWithSha256,
    der(tag.bits, Buffer.from([0]), signature),
  );
  const lines = certificate.toString("base64").match(/.{1,64}/g) ?? [];
  return {
    key: privateKey.export({ type: "pkcs8", format: "pem" }).toString(),
    cert: `-----BEGIN CERTIFICATE-----\n${lines.join("\n")}\n-----END CERTIFICATE-----\n`,
  };
}
