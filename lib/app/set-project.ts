/** Make a project, or change who is in it and how much it may have. Its reservations stay as they are. */
import type { Project } from "../core/project.ts";
import { type App, Contended, decideAgainAtMost } from "./app.ts";

export async function setProject(
  { store }: App,
  wanted: Pick<Project, "id" | "members" | "quota">,
  ifVersion: number | null,
): Promise<Project | "other-version"> {
  for (let round = 0; round < decideAgainAtMost; round += 1) {
    const known = await store.read("project", wanted.id);
    if (ifVersion !== null && known?.version !== ifVersion) return "other-version";
    const project: Project = { ...wanted, version: (known?.version ?? 0) + 1, live: known?.live ?? [] };
    const expect = known?.version ?? "absent";
    if ((await store.commit([{ kind: "project", value: project, expect }])) === "committed") return project;
  }
  throw new Contended(`project ${wanted.id} was changed by others ${decideAgainAtMost} times in a row`);
}
