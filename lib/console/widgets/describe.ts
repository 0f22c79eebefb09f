/** What CloudWatch shows of a widget in its own dialogue: Markdown, with the parameters as YAML. */
import { widgetNames } from "../../contracts/widget.ts";

export const describeReading = `## Rackwright
What operators see of the labs: nodes, late ones with evidence, one node's story, reservations, labs. It only reads.

### Parameters
Name | Meaning
---|---
**widget** | one of ${widgetNames.join(", ")}
**node** | for \`node\`: whose story

### Example
\`\`\` yaml
widget: fleet
\`\`\`
`;

export const describeActing = `## Rackwright: act on a node
Called by the buttons of the other widgets. It does what it is asked and tells what it did; who asked is in CloudTrail.
`;
