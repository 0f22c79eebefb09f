/** A caller of the HTTP API, as a portal would be one: nothing here knows what is behind it. */

import type { LabFile } from "../../contracts/lab-file.ts";
import type { ReservationView } from "../../contracts/reservation-views.ts";
import type { NodeView, Problem } from "../../contracts/views.ts";
import type { TimelineEntry } from "../../core/timeline.ts";

export class ApiError extends Error {
  override readonly name = "ApiError";
  readonly status: number;
  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

export interface ApiClient {
  importLab(file: LabFile): Promise<{ enrolled: string[]; refused: string[] }>;
  registerImage(image: { id: string; sha256: string; sizeBytes: number }): Promise<{ revision: string }>;
  reserve(body: Readonly<Record<string, unknown>>): Promise<ReservationView>;
  reservation(id: string): Promise<ReservationView>;
  end(id: string, reason: string): Promise<void>;
  nodes(): Promise<NodeView[]>;
  timeline(kind: "nodes" | "reservations", id: string, after: number): Promise<TimelineEntry[]>;
}

/**
 * Asked again when no answer came, or none of the API's own: a connection may be cut, a function may die. That is harmless:
 * an import, an image, a reservation and its end are known by what they are, so that the second time changes nothing.
 */
const tries = 4;
const retryMs = 200;

export function apiClient(base: string, token: string): ApiClient {
  async function request(
    method: string,
    path: string,
    body: unknown,
  ): Promise<{ status: number; text: string }> {
    const response = await fetch(`${base}${path}`, {
      method,
      headers: { authorization: `Bearer ${token}`, "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return { status: response.status, text: await response.text() };
  }

  async function call<T>(method: string, path: string, body?: unknown): Promise<T> {
    let failure = new ApiError(0, `${method} ${path}: not asked`);
    for (let attempt = 1; attempt <= tries; attempt += 1) {
      if (attempt > 1) await new Promise((resolve) => setTimeout(resolve, retryMs * 2 ** attempt));
      try {
        const { status, text } = await request(method, path, body);
        if (status < 400) return JSON.parse(text);
        failure = new ApiError(
          status,
          reasonOf(text) ?? `${method} ${path}: ${status} ${text.slice(0, 500)}`,
        );
        if (status < 500) throw failure;
      } catch (error) {
        if (error === failure) throw error;
        const cause =
          error instanceof Error && error.cause instanceof Error ? error.cause.message : String(error);
        failure = new ApiError(0, `${method} ${base}${path}: the API does not answer: ${cause}`);
      }
    }
    throw failure;
  }
  const get = <T>(path: string) => call<T>("GET", path);
  return {
    importLab: (file) => call("POST", "/v1/labs", file),
    registerImage: (image) => call("POST", "/v1/images", image),
    reserve: (body) => call("POST", "/v1/reservations", body),
    reservation: (id) => get(`/v1/reservations/${id}`),
    end: async (id, reason) => {
      await call("POST", `/v1/reservations/${id}/end`, { reason });
    },
    nodes: async () => {
      const nodes: NodeView[] = [];
      for (let next: string | null = ""; next !== null; ) {
        const page: { nodes: NodeView[]; next: string | null } = await get(
          `/v1/nodes${next === "" ? "" : `?next=${encodeURIComponent(next)}`}`,
        );
        nodes.push(...page.nodes);
        next = page.next;
      }
      return nodes;
    },
    timeline: async (kind, id, after) => {
      const page: { entries: TimelineEntry[] } = await get(`/v1/${kind}/${id}/timeline?after=${after}`);
      return page.entries;
    },
  };
}

function reasonOf(text: string): string | null {
  try {
    const body: Partial<Problem> = JSON.parse(text);
    return typeof body.detail === "string" ? `${body.title ?? "refused"}: ${body.detail}` : null;
  } catch {
    // Not a problem document: the caller shows the text as it is.
    return null;
  }
}
