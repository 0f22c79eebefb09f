/**
 * The script of the status page, as text: it runs in a browser, as one strict function without a global of its own. It is
 * text, not a function that is printed, because the build renames what a printed function would refer to.
 */
import { elements } from "./status-script/elements.ts";
import { lab } from "./status-script/lab.ts";
import { refresh } from "./status-script/refresh.ts";
import { story } from "./status-script/story.ts";
import { words } from "./status-script/words.ts";

export const script = `(() => {\n"use strict";\n${[words, elements, lab, story, refresh].join("")}})();`;
