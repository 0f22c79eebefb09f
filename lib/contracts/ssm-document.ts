/**
 * The SSM document that carries deliveries to lab controllers. Its one parameter can hold nothing but base64url, checked by
 * the service and once more by the agent, so there is nothing to inject on any version of the agent; `ENV_VAR` is a second
 * layer where the agent knows it (AWS Systems Manager User Guide, “Data elements and parameters”).
 */
export const ssmDocumentName = "Rackwright-Run";

/**
 * The agent compiles this with Go's RE2, which refuses a repetition of more than 1,000 and with it every delivery: how long
 * a delivery may be is said by minChars and maxChars.
 */
export const deliveryPattern = "^[A-Za-z0-9_-]+$";

export const ssmDocument = {
  schemaVersion: "2.2",
  description: "Hands commands to the Rackwright agent, which answers at once and works on by itself.",
  parameters: {
    Delivery: {
      type: "String",
      description: "rackwright.delivery/1 as base64url JSON",
      allowedPattern: deliveryPattern,
      minChars: 4,
      // 32 KiB of JSON in base64url.
      maxChars: 43_692,
      interpolationType: "ENV_VAR",
    },
  },
  mainSteps: [
    {
      action: "aws:runShellScript",
      name: "Run",
      precondition: { StringEquals: ["platformType", "Linux"] },
      onFailure: "exit",
      inputs: { timeoutSeconds: "30", runCommand: ["rackwright-agent run {{ Delivery }}"] },
    },
  ],
} as const;
