/** What can be done to a node: a job is one of these. */

/** Jobs that change nothing on the disk. All but `inspect`: asked for by a person. */
export const lightPrograms = [
  "inspect",
  "identify",
  "power-on",
  "power-off",
  "power-cycle",
  "bios",
  "burn-in",
  "rescue",
] as const;
export type LightProgram = (typeof lightPrograms)[number];
export const programs = [...lightPrograms, "introduce", "provision", "reload", "reclaim", "capture"] as const;
export type Program = (typeof programs)[number];

export const isLight = (program: Program): program is LightProgram =>
  lightPrograms.some((each) => each === program);

/** Its machine is switched, or started anew. */
export const switchingPrograms = [
  "power-on",
  "power-off",
  "power-cycle",
  "bios",
  "burn-in",
  "rescue",
  "reload",
] as const satisfies readonly Program[];

/** How a timeline says that somebody has asked for it. */
export const askedText = (program: Program, by: string): string => `${program} asked for by ${by}`;

/** What may be done to a node that an operator has. */
export const maintenancePrograms: ReadonlySet<Program> = new Set<Program>([
  "inspect",
  "bios",
  "burn-in",
  "rescue",
]);

/** Whatever becomes of it, its reservation has neither lost nor got anything by it. */
export const isAside = (program: Program): boolean =>
  isLight(program) || program === "capture" || program === "introduce";
