/**
 * Who pressed which button: a dashboard calls a function in the name of whoever looks at it, and the function is not told
 * who that is. CloudTrail keeps for each call of the acting function whose it was, under the request's id, which is the
 * name that the timeline has for him.
 */
import { actingFunction } from "../lib/contracts/dashboard.ts";
import { arnOf } from "./functions.ts";
import type { Place } from "./hands.ts";
import { visibleName } from "./names.ts";

/** As long as anybody may ask who it was. */
const keptDays = 400;

export function makeAudit(place: Place): void {
  const { account, region } = place;
  const name = visibleName("acts");
  const trailArn = $interpolate`arn:aws:cloudtrail:${region}:${account}:trail/${name}`;
  // S3 encrypts every object with a key of its own, and nobody outside the account is let in, unless it is told otherwise.
  const bucket = new aws.s3.Bucket("Acts", { bucketPrefix: `${name}-` });
  new aws.s3.BucketLifecycleConfiguration("ActsEnd", {
    bucket: bucket.id,
    rules: [{ id: "end", status: "Enabled", filter: {}, expiration: { days: keptDays } }],
  });
  const from = { StringEquals: { "aws:SourceArn": trailArn } };
  const trail = { Service: "cloudtrail.amazonaws.com" };
  const policy = new aws.s3.BucketPolicy("ActsPolicy", {
    bucket: bucket.id,
    policy: $jsonStringify({
      Version: "2012-10-17",
      Statement: [
        {
          Effect: "Allow",
          Principal: trail,
          Action: "s3:GetBucketAcl",
          Resource: bucket.arn,
          Condition: from,
        },
        {
          Effect: "Allow",
          Principal: trail,
          Action: "s3:PutObject",
          Resource: $interpolate`${bucket.arn}/AWSLogs/${account}/*`,
          Condition: { StringEquals: { ...from.StringEquals, "s3:x-amz-acl": "bucket-owner-full-control" } },
        },
        {
          Effect: "Deny",
          Principal: "*",
          Action: "s3:*",
          Resource: [bucket.arn, $interpolate`${bucket.arn}/*`],
          Condition: { Bool: { "aws:SecureTransport": "false" } },
        },
      ],
    }),
  });
  new aws.cloudtrail.Trail(
    "ActsTrail",
    {
      name,
      s3BucketName: bucket.id,
      // What was kept cannot be changed without that being seen.
      enableLogFileValidation: true,
      includeGlobalServiceEvents: false,
      advancedEventSelectors: [
        {
          name: "Calls of the acting function",
          fieldSelectors: [
            { field: "eventCategory", equals: ["Data"] },
            { field: "resources.type", equals: ["AWS::Lambda::Function"] },
            { field: "resources.ARN", equals: [arnOf(actingFunction, place)] },
          ],
        },
      ],
    },
    { dependsOn: [policy] },
  );
}
