/** What the machines of the virtual rack print, as real ones do: firmware draws on a screen, kernels print lines. Pure. */

const lines = (...texts: readonly string[]): string => texts.map((text) => `${text}\r\n`).join("");
const clear = "\u001b[2J\u001b[1;1H";

export const screens = {
  post: (node: string) =>
    `${clear}\u001b[1mRackwright virtual BIOS 1.0\u001b[0m\r\n${lines(`System: ${node}`, "Memory test: 131072 KB OK")}`,
  network: (mac: string) =>
    lines(
      "iPXE -- Open Source Network Boot Firmware",
      `net0: ${mac} using virtio-net`,
      "Configuring (net0)...... ok",
    ),
  noDevice: () =>
    lines("Booting from Hard Disk...", "Boot failed: not a bootable disk", "", "No bootable device."),
  ramdisk: () =>
    lines(
      "Linux version 6.12.0 (rackwright ramdisk)",
      "rackwright: ramdisk is up",
      "rackwright: fetching the plan",
    ),
  written: (matches: boolean) =>
    lines(matches ? "rackwright: verified" : "rackwright: the disk does not give back what was written"),
  kernel: (installation: string) =>
    lines(
      "Booting from Hard Disk...",
      "[    0.000000] Linux version 6.12.0 (rackwright demo)",
      `[    0.000000] Command line: root=/dev/vda1 console=ttyS0 rackwright.installation=${installation}`,
      "[    0.412000] virtio_blk virtio1: [vda] 131072 512-byte logical blocks",
    ),
  init: () =>
    lines("[    1.100000] Run /sbin/init as init process", "Starting network: OK", "Starting sshd: OK"),
  login: (node: string) => `\r\n${node} login: `,
  panic: () =>
    lines(
      "[    1.204000] Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100",
      "[    1.204100] CPU: 0 PID: 1 Comm: init Not tainted 6.12.0 #1",
      "[    1.204900] ---[ end Kernel panic - not syncing: Attempted to kill init! exitcode=0x00000100 ]---",
    ),
} as const;
