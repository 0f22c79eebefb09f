/** A lab file of many nodes, as a person might keep it: racks of forty, each with two PDUs and a switch. */
const perRack = 40;

export function largeLab(nodes: number): string {
  const racks = Array.from({ length: Math.ceil(nodes / perRack) }, (_, index) => `r${index + 1}`);
  const hex = (number: number): string => number.toString(16).padStart(2, "0");
  const lines = Array.from({ length: nodes }, (_, index) => {
    const rack = racks[Math.floor(index / perRack)];
    const slot = (index % perRack) + 1;
    const mac = `52:54:10:${hex(index >> 16)}:${hex((index >> 8) & 255)}:${hex(index & 255)}`;
    return [
      `  - id: n-${String(index + 1).padStart(5, "0")}`,
      `    macs: ["${mac}"]`,
      `    rack: { name: ${rack}, unit: ${slot} }`,
      `    outlets: [{ domain: pdu-${rack}-a, outlet: "${slot}" }, { domain: pdu-${rack}-b, outlet: "${slot}" }]`,
      `    switchPort: { switch: sw-${rack}, port: "${slot}" }`,
      `    serial: LARGE${index + 1}`,
    ].join("\n");
  });
  return `schema: rackwright.lab/1
lab: large
controllers: [mi-0aaaaaaaaaaaaaaa0]
racks:
${racks.map((rack) => `  ${rack}: {}`).join("\n")}
powerDomains:
${racks.map((rack) => `  pdu-${rack}-a: { outlets: 48, rack: ${rack} }\n  pdu-${rack}-b: { outlets: 48, rack: ${rack} }`).join("\n")}
switches:
${racks.map((rack) => `  sw-${rack}: { ports: 48, rack: ${rack} }`).join("\n")}
classes:
  compute: { minimum: { cpus: 32 } }
defaults:
  class: compute
  bmc: { driver: redfish, address: "https://{id}.bmc.example", credential: bmc/large }
  hardware: { cpus: 64, memoryMiB: 262144, disks: [{ name: sda, sizeBytes: 960197124096 }] }
nodes:
${lines.join("\n")}
`;
}
