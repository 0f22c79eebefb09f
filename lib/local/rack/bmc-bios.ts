/** The Bios resource of a virtual BMC (DSP2046): what holds now, and the settings object that holds what is to. */
import * as z from "zod";
import type { Machine } from "./machine.ts";

const settings = z.looseObject({
  Attributes: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
});

const where = "/redfish/v1/Systems/1/Bios";

export function answerBios(
  machine: Machine,
  { method, path, body }: { readonly method: string; readonly path: string; readonly body: unknown },
): { readonly status: number; readonly body?: unknown } {
  const { bios } = machine.state();
  if (method === "PATCH") {
    const parsed = settings.safeParse(body);
    const unknown = parsed.success
      ? Object.keys(parsed.data.Attributes).filter((name) => !(name in bios.attributes))
      : [];
    if (!parsed.success || unknown.length > 0)
      return {
        status: 400,
        body: { error: { code: "Base.1.8.GeneralError", message: `no attribute ${unknown.join(", ")}` } },
      };
    machine.change({ bios: { ...bios, pending: { ...bios.pending, ...parsed.data.Attributes } } });
    return { status: 204 };
  }
  if (path === `${where}/Settings`)
    return { status: 200, body: { "@odata.id": path, Id: "Settings", Attributes: bios.pending } };
  return {
    status: 200,
    body: {
      "@odata.id": path,
      Id: "Bios",
      Attributes: bios.attributes,
      "@Redfish.Settings": { SettingsObject: { "@odata.id": `${where}/Settings` } },
    },
  };
}
