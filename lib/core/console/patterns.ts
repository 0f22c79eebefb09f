/**
 * What consoles say, and what it means: the whole of it. Another line is another entry here; a lab adds its own in the
 * configuration of its agents (docs/consoles.md). Only what is certain stands here, since a node is corrected on its word.
 */
import type { ConsoleMeaning } from "./console.ts";

export interface ConsolePattern {
  /** Stable, lower-case: `kernel-panic`. It becomes the code of a fault. */
  readonly name: string;
  readonly pattern: RegExp;
  readonly means: ConsoleMeaning;
  /** It stands at the end of what was printed, without an end of line: a prompt. */
  readonly prompt?: true;
}

export const shippedPatterns: readonly ConsolePattern[] = [
  { name: "kernel-panic", means: "dead", pattern: /\bkernel panic - not syncing\b/i },
  { name: "kernel-panic", means: "dead", pattern: /^panic: \S/ },
  { name: "emergency-shell", means: "dead", pattern: /\byou are in (emergency|rescue) mode\b/i },
  {
    name: "root-missing",
    means: "dead",
    pattern: /\bgave up waiting for (the )?root (file system )?device\b/i,
  },
  { name: "root-missing", means: "dead", pattern: /^ALERT! .* does not exist\. +Dropping to a shell/ },
  { name: "initramfs-shell", means: "dead", pattern: /^\(initramfs\) ?$/, prompt: true },
  { name: "windows-stop", means: "dead", pattern: /\*\*\* STOP: 0x[0-9a-f]{8}/i },
  {
    name: "no-bootable-device",
    means: "no-boot-device",
    pattern: /\bno bootable (device|media|medium|disk)\b/i,
  },
  {
    name: "no-bootable-device",
    means: "no-boot-device",
    pattern: /\b(operating system not found|missing operating system|no boot device (available|found))\b/i,
  },
  { name: "no-bootable-device", means: "no-boot-device", pattern: /reboot and select proper boot device/i },
  { name: "grub-rescue", means: "no-boot-device", pattern: /^grub rescue> ?$/, prompt: true },
  { name: "anaconda", means: "install-failed", pattern: /\bpane is dead\b/i },
  { name: "dracut", means: "install-failed", pattern: /dracut-initqueue.*: .*timeout/i },
  {
    name: "debian-installer",
    means: "install-failed",
    pattern: /\binstallation (step )?failed\b|\ban error occurred\b.*\binstall/i,
  },
  { name: "curtin", means: "install-failed", pattern: /\bcurtin: .*failed/i },
  { name: "login-prompt", means: "login", pattern: /(^|\s)login: ?$/, prompt: true },
];

/** The first pattern that a line is known by. A prompt is looked for only where the line has not ended. */
export const patternOf = (
  patterns: readonly ConsolePattern[],
  line: string,
  ended: boolean,
): ConsolePattern | null =>
  patterns.find(({ pattern, prompt }) => (prompt === true) !== ended && pattern.test(line)) ?? null;

/** Its system asks who comes: it runs, whatever keeps us from it. */
export const asksWhoComes = (lines: readonly string[]): boolean =>
  lines.some((line) => patternOf(shippedPatterns, line, false)?.means === "login");

/** The first line that says that an installer, or the kernel that it runs on, will never end by itself. */
export const hopelessLine = (lines: readonly string[]): string | null =>
  lines.find((line) => {
    const means = patternOf(shippedPatterns, line, true)?.means;
    return means === "install-failed" || means === "dead";
  }) ?? null;
