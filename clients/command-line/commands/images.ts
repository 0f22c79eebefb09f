import type { Image } from "../../typescript/client.ts";
import { command } from "../command.ts";
import { exits } from "../exit.ts";
import { table } from "../text.ts";

export const images = command({
  name: "images",
  is: "list the images, each with the revision that is loaded",
  takes: [],
  options: {},
  async run({ client, show }) {
    const found: Image[] = [];
    for await (const page of client.pages("getImages")) found.push(...page.images);
    show({ images: found, next: null }, () =>
      table(
        ["IMAGE", "REVISION"],
        found.map(({ id, production }) => [id, production]),
      ),
    );
    return exits.done;
  },
});
