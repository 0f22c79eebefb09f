/** How amazon-ssm-agent carries out a document of shell steps, in its own words (recorded: test/local/ssm-agent-wire.txt). */
import { spawn } from "node:child_process";
import { whyRe2Refuses } from "./re2.ts";
import type { DocumentStep, ResultStatus, SendCommandPayload, StepReply } from "./wire.ts";

/** The agent's limits on what it tells. */
const mostOutput = 2_500;
const mostOfAStream = 24_000;
/** 128 + SIGKILL */
const killedCode = 137;
const exitOnFailure = "\nStep was found to have onFailure property. Further document steps will be skipped.";

/** Why the document is refused before anything is run; null: it may run. */
export function refusalOf({ Parameters, DocumentContent }: SendCommandPayload): string | null {
  for (const [name, definition] of Object.entries(DocumentContent.parameters)) {
    const { allowedPattern = "" } = definition;
    if (allowedPattern === "") continue;
    const broken = whyRe2Refuses(allowedPattern);
    const wrong = [Parameters[name] ?? []].flat().find((value) => !new RegExp(allowedPattern).test(value));
    const why =
      broken !== null
        ? `encountered error while compiling allowed pattern - internal error: error parsing regexp: ${broken}`
        : wrong !== undefined
          ? `parameter value /${wrong}/ does not match the allowed pattern /${allowedPattern}/`
          : null;
    if (why !== null)
      return `all errors during param validation errors: error thrown in 'AllowedRegexParamValidator' while validating parameter /${name}/: ${why}`;
  }
  return null;
}

/** Runs the steps in order and tells of each as it ends. After a failure with `onFailure: exit` the rest is skipped. */
export async function runDocument(
  payload: SendCommandPayload,
  ended: (name: string, result: StepReply) => void,
): Promise<ResultStatus> {
  let skipping = false;
  const told = new Set<ResultStatus>();
  for (const step of payload.DocumentContent.mainSteps) {
    const result = skipping ? skipped(step) : await runStep(step, payload);
    ended(step.name, result);
    if (result.status === "Failed" || result.status === "TimedOut") skipping = step.onFailure === "exit";
    told.add(result.status);
  }
  return told.has("Failed") ? "Failed" : told.has("TimedOut") ? "TimedOut" : "Success";
}

/** What the agent says after a power failure of a document that was running: always of its first step. */
export const failedUnexpectedly = (): StepReply => ({
  ...blank(),
  status: "Failed",
  code: 1,
  output:
    "document process failed unexpectedly: ipc messaging received timeout signal , check [ssm-document-worker]/[ssm-session-worker] log for crash reason",
});

const blank = () => ({
  name: "aws:runShellScript",
  output: "",
  startDateTime: new Date().toISOString(),
  endDateTime: new Date().toISOString(),
  outputS3BucketName: "",
  outputS3KeyPrefix: "",
  stepName: "",
  standardOutput: "",
  standardError: "",
});

const skipped = ({ action, name }: DocumentStep): StepReply => ({
  ...blank(),
  status: "Skipped",
  code: 0,
  output: `Plugin with name ${action} and id ${name} skipped due to prior step with an exit condition`,
});

async function runStep(
  step: DocumentStep,
  { CommandId, Parameters }: SendCommandPayload,
): Promise<StepReply> {
  const { startDateTime } = blank();
  const script = step.inputs.runCommand.map((line) => pasted(line, Parameters)).join("\n");
  const { status, code, stdout, stderr } = await runScript(
    script,
    CommandId,
    Number(step.inputs.timeoutSeconds) * 1000,
  );
  const errors = status === "Failed" ? `${stderr}failed to run commands: exit status ${code}` : stderr;
  const farewell = status !== "Success" && step.onFailure === "exit" ? exitOnFailure : "";
  return {
    ...blank(),
    startDateTime,
    status,
    code,
    output: (errors === "" ? stdout : `${stdout}\n----------ERROR-------\n${errors}`).slice(0, mostOutput),
    standardOutput: `${stdout}${farewell}`.slice(0, mostOfAStream),
    standardError: `${errors}${farewell}`.slice(0, mostOfAStream),
  };
}

/** As the agent does: a string is pasted as it is, everything else as JSON. */
const pasted = (line: string, parameters: SendCommandPayload["Parameters"]): string =>
  line.replaceAll(/\{\{\s*([a-zA-Z0-9]+)\s*\}\}/g, (whole, name: string) => {
    const value = parameters[name];
    if (value === undefined) return whole;
    return typeof value === "string" ? value : JSON.stringify(value);
  });

interface ScriptResult {
  readonly status: "Success" | "Failed" | "TimedOut";
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function runScript(script: string, command: string, timeoutMs: number): Promise<ScriptResult> {
  return new Promise((resolve) => {
    const child = spawn("/bin/sh", ["-c", script], {
      detached: true,
      stdio: ["ignore", "pipe", "pipe"],
      env: { ...process.env, SSM_COMMAND_ID: command },
    });
    let [stdout, stderr, late] = ["", "", false];
    child.stdout.on("data", (chunk) => {
      stdout = `${stdout}${chunk}`.slice(0, mostOfAStream);
    });
    child.stderr.on("data", (chunk) => {
      stderr = `${stderr}${chunk}`.slice(0, mostOfAStream);
    });
    const timer = setTimeout(() => {
      late = true;
      if (child.pid !== undefined) process.kill(-child.pid, "SIGKILL");
    }, timeoutMs);
    const finish = (status: ScriptResult["status"], code: number) => {
      clearTimeout(timer);
      resolve({ status, code, stdout, stderr });
    };
    child.once("error", (error) => {
      stderr += String(error);
      finish("Failed", 127);
    });
    child.once("close", (code) =>
      finish(late ? "TimedOut" : code === 0 ? "Success" : "Failed", late ? killedCode : (code ?? 1)),
    );
  });
}
