/// <reference path="./.sst/platform/config.d.ts" />
/** What is deployed to AWS: `npx sst deploy --stage production` (docs/deploy.md). The resources are in infra/. */
export default $config({
  // SST allows no import at the top of this file.
  app: async (input) => {
    const { outlives } = (await import("./infra/stages.ts")).stageOf(input.stage);
    return {
      name: "rackwright",
      home: "aws",
      removal: outlives ? "retain" : "remove",
      protect: outlives,
      providers: {
        aws: {
          version: "7.20.0",
          defaultTags: { tags: { "rackwright:stage": input.stage } },
        },
      },
    };
  },
  run: async () => (await import("./infra/main.ts")).deploy(),
});
