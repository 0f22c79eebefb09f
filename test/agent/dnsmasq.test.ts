/** The network that `rackwright-agent dnsmasq` describes. */
import { describe, expect, test } from "vitest";
import { dnsmasqConfiguration, dnsmasqSettings } from "../../lib/agent/dnsmasq.ts";

const url = "http://10.20.0.2:8750";
const made = (given: Parameters<typeof dnsmasqSettings>[1]): string[] =>
  dnsmasqConfiguration(dnsmasqSettings(url, given)).split("\n");

describe("rackwright-agent dnsmasq", () => {
  test("iPXE is sent to the boot service with the MAC of the interface that it booted from", () => {
    const told = `dhcp-boot=tag:ipxe,${url}/boot/ipxe?mac=\${netX/mac}`;
    expect(made({ interface: "eth1", range: "10.20.1.10,10.20.1.250" })).toContain(told);
    // Without a next server iPXE passes over what a proxy says, and boots nothing.
    expect(made({ interface: "eth1", proxy: "10.20.1.0" })).toContain(`${told},,10.20.0.2`);
  });

  test("a proxy has to be told the boot service's address, not its name", () => {
    expect(() => dnsmasqSettings("http://boot.lab:8750", { interface: "eth1", proxy: "10.20.1.0" })).toThrow(
      'publicUrl with an address in it: "boot.lab" is no IPv4 address',
    );
  });

  test("BIOS and UEFI firmware each get the loader that they can run", () => {
    const lines = made({ interface: "eth1", range: "10.20.1.10,10.20.1.250" });
    expect(lines).toContain("dhcp-range=10.20.1.10,10.20.1.250,12h");
    expect(lines).toContain("dhcp-boot=tag:!ipxe,tag:uefi,ipxe.efi");
    expect(lines).toContain("dhcp-boot=tag:!ipxe,tag:!uefi,undionly.kpxe");
  });

  test("beside a site's own DHCP no address is given away", () => {
    const ranges = made({ interface: "eth1", proxy: "10.20.1.0" }).filter((line) => /^dhcp-range/.test(line));
    expect(ranges).toEqual(["dhcp-range=10.20.1.0,proxy"]);
  });

  test.each([
    [{ range: "10.20.1.10,10.20.1.250" }, "--interface"],
    [{ interface: "eth1" }, "--range FIRST,LAST is wanted, or --proxy"],
    [
      { interface: "eth1", range: "10.20.1.10,10.20.1.250", proxy: "10.20.1.0" },
      "--range FIRST,LAST is wanted",
    ],
    [{ interface: "eth1", range: "10.20.1.10" }, "is no IPv4 address"],
    [{ interface: "eth1", proxy: "10.20.1.999" }, "is no IPv4 address"],
    [{ interface: "eth1\ndhcp-script=/x", proxy: "10.20.1.0" }, "--interface"],
  ])("%j is refused, with what is wanted", (given, why) => {
    expect(() => made(given)).toThrow(why);
  });
});
