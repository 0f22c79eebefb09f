/// <reference path="./.sst/platform/config.d.ts" />
/** What is deployed to AWS: `npx sst deploy --stage production` (docs/deploy.md). The resources are in infra/. */
export default $config({
  app: (input) => ({
    name: "rackwright",
    home: "aws",
    // What is stored outlives a removed stage in production, and a stage there is not removed by mistake.
    removal: input.stage === "production" ? "retain" : "remove",
    protect: input.stage === "production",
    providers: {
      aws: {
        version: "7.20.0",
        defaultTags: { tags: { "rackwright:stage": input.stage } },
      },
    },
  }),
  // SST allows no import at the top of this file.
  run: async () => (await import("./infra/main.ts")).deploy(),
});
