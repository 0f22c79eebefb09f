/** Keys for SSH: what is made can be read again. */
import { expect, test } from "vitest";
import { isUsable, newKeyPair } from "../../lib/drivers/os/ssh.ts";

test("every key pair can be read again, though the library spoils one in 256", () => {
  for (let round = 0; round < 3000; round += 1) expect(isUsable(newKeyPair("test"))).toBe(true);
});
