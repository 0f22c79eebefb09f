/** The SDK's side of SSM: SendCommand and what tells of its outcome. */
import * as z from "zod";
import { ssmDocument, ssmDocumentName } from "../../contracts/ssm-document.ts";
import { type Actions, SsmError } from "./actions.ts";
import type { Commands, Invocation, InvocationStatus, Step } from "./commands.ts";
import type { StepReply } from "./wire.ts";

/** The service shows a machine that was not heard of for this long as ConnectionLost; the agent's heartbeat is 5 minutes. */
const lostAfterMs = 10 * 60_000;

/** What the API gives of each stream at most. */
const mostOutput = 24_000;
const mostErrors = 8_000;

const sendCommand = z.looseObject({
  InstanceIds: z
    .array(z.string().regex(/^(i-(\w{8}|\w{17})|mi-\w{17})$/))
    .min(1)
    .max(50),
  DocumentName: z.string(),
  Comment: z.string().max(100).optional(),
  Parameters: z.record(z.string(), z.array(z.string())).optional(),
  TimeoutSeconds: z.int().min(30).max(2_592_000).optional(),
});
const byCommand = z.looseObject({
  CommandId: z.string(),
  InstanceId: z.string(),
  PluginName: z.string().optional(),
});
const listing = z.looseObject({
  CommandId: z.string().optional(),
  InstanceId: z.string().optional(),
  Details: z.boolean().default(false),
});

export interface SdkFaceSettings {
  readonly commands: Commands;
  readonly now: () => number;
  /** There is something new for this machine. */
  readonly wake: (instance: string) => void;
}

export function sdkFace({ commands, now, wake }: SdkFaceSettings): Actions {
  return {
    SendCommand: (input) => {
      const {
        InstanceIds,
        DocumentName,
        Comment = "",
        Parameters = {},
        TimeoutSeconds = 3600,
      } = sendCommand.parse(input);
      if (DocumentName !== ssmDocumentName)
        throw new SsmError("InvalidDocument", `Document with name ${DocumentName} does not exist.`);
      const refused = refusedParameter(Parameters);
      if (refused !== null) throw new SsmError("InvalidParameters", refused);
      for (const instance of InstanceIds) {
        if (commands.machine(instance) === null)
          throw new SsmError(
            "InvalidInstanceId",
            `Instances [[${instance}]] not in a valid state for account 000000000000`,
          );
      }
      const id = commands.send({
        instances: InstanceIds,
        document: DocumentName,
        comment: Comment,
        parameters: Parameters,
        timeoutSeconds: TimeoutSeconds,
        executionSeconds,
      });
      for (const instance of InstanceIds) wake(instance);
      return {
        Command: {
          CommandId: id,
          DocumentName,
          Comment,
          InstanceIds,
          Status: "Pending",
          StatusDetails: "Pending",
          RequestedDateTime: now() / 1000,
          ExpiresAfter: now() / 1000 + TimeoutSeconds + executionSeconds,
          TargetCount: InstanceIds.length,
          CompletedCount: 0,
          ErrorCount: 0,
        },
      };
    },
    GetCommandInvocation: (input) => {
      const { CommandId, InstanceId, PluginName } = byCommand.parse(input);
      const invocation = commands.find(CommandId, InstanceId);
      if (invocation === null) throw new SsmError("InvocationDoesNotExist", "");
      return {
        CommandId,
        InstanceId,
        DocumentName: invocation.document,
        Comment: invocation.comment,
        ...(PluginName === undefined ? wholeOf(invocation) : stepOf(invocation, PluginName)),
      };
    },
    ListCommandInvocations: (input) => {
      const { CommandId = null, InstanceId = null, Details } = listing.parse(input);
      return {
        CommandInvocations: commands.list(CommandId, InstanceId).map((invocation) => ({
          ...listed(invocation),
          CommandPlugins: Details ? invocation.steps.map(pluginOf) : [],
        })),
      };
    },
    CancelCommand: (input) => {
      commands.cancel(z.looseObject({ CommandId: z.string() }).parse(input).CommandId);
      return {};
    },
    DescribeInstanceInformation: () => ({
      InstanceInformationList: commands.machines().map(({ instance, about, seenAt }) => ({
        InstanceId: instance,
        PingStatus: now() - seenAt < lostAfterMs ? "Online" : "ConnectionLost",
        LastPingDateTime: seenAt / 1000,
        AgentVersion: about.AgentVersion,
        PlatformType: about.PlatformType,
        PlatformName: about.PlatformName,
        PlatformVersion: about.PlatformVersion,
        IPAddress: about.IPAddress,
        ComputerName: about.ComputerName,
        ResourceType: "ManagedInstance",
      })),
    }),
  };
}

/** Total time-out = time for the delivery + what the document's steps may take. */
const executionSeconds = ssmDocument.mainSteps
  .map(({ inputs }) => Number(inputs.timeoutSeconds))
  .reduce((sum, each) => sum + each, 0);

function refusedParameter(parameters: Record<string, string[]>): string | null {
  for (const name of Object.keys(parameters)) {
    if (!(name in ssmDocument.parameters)) return `Parameter "${name}" is not defined in the document`;
  }
  const { allowedPattern, minChars, maxChars } = ssmDocument.parameters.Delivery;
  const [value, ...more] = parameters["Delivery"] ?? [];
  if (value === undefined || more.length > 0) return 'Parameter "Delivery" wants one value';
  if (value.length < minChars || value.length > maxChars)
    return `Parameter "Delivery" has ${value.length} characters, not ${minChars} to ${maxChars}`;
  return new RegExp(allowedPattern).test(value)
    ? null
    : `Parameter "Delivery" does not match ${allowedPattern}`;
}

/**
 * The one step's result. For a document of several the service wants to be told which; without a name all of them are told
 * here one after the other, with the code of the first that went wrong.
 */
function wholeOf(invocation: Invocation) {
  const { status, details, trace, steps } = invocation;
  const wrong = steps.find(({ told }) => apiStatus(told.status) !== "Success") ?? steps[0];
  const ended = status !== "Pending" && status !== "InProgress";
  return {
    PluginName: steps.length === 1 ? steps[0]?.name : "",
    ResponseCode: ended ? (wrong?.told.code ?? -1) : -1,
    Status: status,
    StatusDetails: details,
    ExecutionStartDateTime: steps[0]?.told.startDateTime ?? "",
    ExecutionEndDateTime: steps.at(-1)?.told.endDateTime ?? "",
    StandardOutputContent: joined(steps, outputOf).slice(0, mostOutput),
    StandardErrorContent: (trace === "" ? joined(steps, errorsOf) : trace).slice(0, mostErrors),
  };
}

function stepOf(invocation: Invocation, name: string) {
  const told = invocation.steps.find((step) => step.name === name)?.told;
  if (told === undefined && !ssmDocument.mainSteps.some((step) => step.name === name))
    throw new SsmError("InvalidPluginName", `The document has no step ${name}`);
  if (told === undefined) return { ...wholeOf({ ...invocation, steps: [] }), PluginName: name };
  return {
    PluginName: name,
    ResponseCode: told.code,
    Status: apiStatus(told.status),
    StatusDetails: apiDetails(told.status),
    ExecutionStartDateTime: told.startDateTime,
    ExecutionEndDateTime: told.endDateTime,
    StandardOutputContent: outputOf(told).slice(0, mostOutput),
    StandardErrorContent: errorsOf(told).slice(0, mostErrors),
  };
}

const pluginOf = ({ name, told }: Step) => ({
  Name: name,
  Status: apiStatus(told.status),
  StatusDetails: apiDetails(told.status),
  ResponseCode: told.code,
  ResponseStartDateTime: secondsOf(told.startDateTime),
  ResponseFinishDateTime: secondsOf(told.endDateTime),
  Output: told.output,
  OutputS3BucketName: told.outputS3BucketName,
  OutputS3KeyPrefix: told.outputS3KeyPrefix,
});

const listed = (invocation: Invocation) => ({
  CommandId: invocation.command,
  InstanceId: invocation.instance,
  DocumentName: invocation.document,
  Comment: invocation.comment,
  Status: invocation.status,
  StatusDetails: invocation.details,
  RequestedDateTime: invocation.requestedAt / 1000,
});

/** The API knows no skipped step: it calls it a success, and the step's output says that it was skipped. */
function apiStatus(status: StepReply["status"]): InvocationStatus {
  switch (status) {
    case "Failed":
    case "TimedOut":
    case "Cancelled":
    case "InProgress":
      return status;
    case "NotStarted":
      return "Pending";
    default:
      return "Success";
  }
}

const apiDetails = (status: StepReply["status"]): string =>
  status === "TimedOut" ? "Execution Timed Out" : apiStatus(status);

/** A step that was skipped or given up wrote nothing; what the agent says of it is in `output` alone. */
const outputOf = (told: StepReply): string =>
  told.standardOutput === "" && told.standardError === "" ? told.output : told.standardOutput;
const errorsOf = (told: StepReply): string => told.standardError;
const joined = (steps: readonly Step[], part: (told: StepReply) => string): string =>
  steps.map(({ told }) => part(told)).join("");

const secondsOf = (text: string): number | undefined => (text === "" ? undefined : Date.parse(text) / 1000);
