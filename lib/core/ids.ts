/**
 * The names of things. An id is text with a brand, so that a node's id cannot be passed where a lab's is meant.
 * A value gets its brand only through a predicate here, which also fixes what the text may contain: ids appear
 * in keys, URLs, file names and arguments, so they are kept to a harmless alphabet.
 */
declare const brand: unique symbol;
type Branded<Name extends string> = string & { readonly [brand]: Name };

export type NodeId = Branded<"NodeId">;
export type LabId = Branded<"LabId">;
export type ControllerId = Branded<"ControllerId">;
export type ReservationId = Branded<"ReservationId">;
export type JobId = Branded<"JobId">;
export type CommandId = Branded<"CommandId">;
export type ImageId = Branded<"ImageId">;
/** One build of an image. Opaque: nobody but the build system reads meaning into it (R86). */
export type RevisionId = Branded<"RevisionId">;
/** One install attempt of one job on one node: what a netboot permission and a verified write are bound to. */
export type InstallationId = Branded<"InstallationId">;
/** One boot of a node, issued by the agent with a one-time token. */
export type BootId = Branded<"BootId">;
export type BlockId = Branded<"BlockId">;
export type ProjectId = Branded<"ProjectId">;
export type IssueId = Branded<"IssueId">;
/** A machine as it was found in a lab, whoever it is. */
export type MachineId = Branded<"MachineId">;
/** One journal of one agent: a lab controller whose disk was replaced has another. */
export type JournalId = Branded<"JournalId">;

/** What an id may look like, for whoever has to tell people. */
export const slug = /^[a-z0-9](?:[a-z0-9._-]{0,61}[a-z0-9])?$/;
export const trace = /^[A-Za-z0-9](?:[A-Za-z0-9._:-]{0,158}[A-Za-z0-9])?$/;

export const isNodeId = (text: string): text is NodeId => slug.test(text);
export const isLabId = (text: string): text is LabId => slug.test(text);
/** AWS Systems Manager names a hybrid-activated machine `mi-` and 17 hexadecimal digits. */
export const isControllerId = (text: string): text is ControllerId => /^mi-[0-9a-f]{17}$/.test(text);
export const isReservationId = (text: string): text is ReservationId => slug.test(text);
export const isJobId = (text: string): text is JobId => trace.test(text);
export const isCommandId = (text: string): text is CommandId => trace.test(text);
export const isImageId = (text: string): text is ImageId => slug.test(text);
export const isRevisionId = (text: string): text is RevisionId => trace.test(text);
export const isInstallationId = (text: string): text is InstallationId => trace.test(text);
export const isBootId = (text: string): text is BootId => trace.test(text);
export const isJournalId = (text: string): text is JournalId => /^[0-9a-f]{16}$/.test(text);
/** A reservation of it has a number behind. */
export const isBlockId = (text: string): text is BlockId => slug.test(text) && text.length <= 56;
export const isProjectId = (text: string): text is ProjectId => slug.test(text);
export const isMachineId = (text: string): text is MachineId => slug.test(text);
export const isIssueId = (text: string): text is IssueId => trace.test(text);

/** Brands text that the program itself composed; throws where a person or a message must be told, so parse those instead. */
export function branded<Id extends string>(is: (text: string) => text is Id & string, text: string): Id {
  if (is(text)) return text;
  throw new Error(`not a valid id: ${JSON.stringify(text)}`);
}
