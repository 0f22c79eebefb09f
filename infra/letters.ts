/** What users are written to about: from the bus into the queue of the function that writes. Only where a sender was named. */
import { letterPattern } from "../lib/contracts/events.ts";

/** Before the queue, whose policy names it. */
export const makeLetterRule = (bus: sst.aws.Bus): aws.cloudwatch.EventRule =>
  new aws.cloudwatch.EventRule("Letters", {
    eventBusName: bus.name,
    eventPattern: JSON.stringify(letterPattern),
  });

export function connectLetters(rule: aws.cloudwatch.EventRule, bus: sst.aws.Bus, queue: sst.aws.Queue): void {
  new aws.cloudwatch.EventTarget("LettersToQueue", {
    rule: rule.name,
    eventBusName: bus.name,
    arn: queue.arn,
  });
}

/** That a queue takes from the rule what it brings. */
export const fromRule = (rule: aws.cloudwatch.EventRule, queue: $util.Input<string>): object => ({
  Effect: "Allow",
  Principal: { Service: "events.amazonaws.com" },
  Action: "sqs:SendMessage",
  Resource: queue,
  Condition: { ArnEquals: { "aws:SourceArn": rule.arn } },
});
