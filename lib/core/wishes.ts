/** What a lab's people want of its switches and firmware, in words that are theirs: handed on, never read. */

/** What is wished of a switch, in the words of the lab's own driver: nobody here reads them (R86). */
export type NetworkWish = Readonly<Record<string, string>>;

/** By the firmware's own names. */
export type BiosAttributes = Readonly<Record<string, string | number | boolean>>;
