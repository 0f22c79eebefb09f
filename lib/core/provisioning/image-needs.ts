/** What a build system needs to know of an image, said as data: checked when a revision is registered, and before it is loaded. */
import type { ImageContent } from "../command.ts";
import type { ImageRevision } from "../image.ts";

export interface SettingRule {
  /** For people: what it is. */
  readonly is: string;
  readonly required: boolean;
  /** Of the whole value. */
  readonly pattern: RegExp;
}

export interface ImageNeeds {
  /** `required`: the bytes come from the lab's image store, by checksum. */
  readonly content: "required" | "none";
  readonly settings: Readonly<Record<string, SettingRule>>;
  /** Settings that are not named here are passed on unread. Else they are refused. */
  readonly others: "opaque" | "refused";
}

/** A whole image on one disk and nothing more to say of it. */
export const contentAlone: ImageNeeds = { content: "required", settings: {}, others: "refused" };

/** What is wrong with a revision for a build system, or null. */
export function misfit(
  { name, needs }: { readonly name: string; readonly needs?: ImageNeeds },
  { content, settings }: Pick<ImageRevision, "content" | "settings">,
): string | null {
  if (needs === undefined) return null;
  if (needs.content === "required" && content === null)
    return `build system ${name} wants an image's checksum and size`;
  for (const [setting, { is, required, pattern }] of Object.entries(needs.settings)) {
    const value = settings[setting];
    if (value === undefined && required) return `build system ${name} wants the setting ${setting}: ${is}`;
    if (value !== undefined && !pattern.test(value))
      return `setting ${setting} of build system ${name} must be ${is}`;
  }
  const unknown = Object.keys(settings).find((setting) => needs.settings[setting] === undefined);
  return unknown === undefined || needs.others === "opaque"
    ? null
    : `build system ${name} knows no setting ${unknown}: it has ${Object.keys(needs.settings).join(", ") || "none"}`;
}

/** The content of a revision that passed `misfit` for a build system which requires it. */
export function contentOf({ content }: Pick<ImageRevision, "content">): ImageContent {
  if (content === null) throw new Error("an image without content was given to a build system that needs it");
  return content;
}
