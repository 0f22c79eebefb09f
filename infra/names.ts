/** What things are called. */

/** `watchdogs/stuck-nodes` → `WatchdogsStuckNodes`: the name of a component. */
export const componentName = (name: string): string =>
  name
    .split(/[^a-zA-Z0-9]+/)
    .map((word) => word.charAt(0).toUpperCase() + word.slice(1))
    .join("");

/** `watchdogs/stuck-nodes` → `rackwright-production-watchdogs-stuck-nodes`: what an operator sees in the console. */
export const visibleName = (name: string): string =>
  `${$app.name}-${$app.stage}-${name.replaceAll("/", "-")}`;
