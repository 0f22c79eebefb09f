/** How a machine of the rack talks to its lab's boot service: patiently, as real ones must. */

export const sleep = (ms: number, signal: AbortSignal): Promise<void> =>
  new Promise((resolve, reject) => {
    if (signal.aborted) return reject(signal.reason);
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", stop);
      resolve();
    }, ms);
    signal.addEventListener("abort", stop, { once: true });
  });

/** The service says no: asking again changes nothing. */
export class Refused extends Error {
  override readonly name = "Refused";
}

const shortestWaitMs = 100;
const longestWaitMs = 2_000;

/** Does it again while the service cannot be reached; gives up when it refuses, or when the power goes. */
export async function patiently<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
  for (let wait = shortestWaitMs; ; wait = Math.min(longestWaitMs, 2 * wait)) {
    try {
      return await work();
    } catch (error) {
      if (signal.aborted || error instanceof Refused) throw error;
      await sleep(wait * (0.5 + Math.random()), signal);
    }
  }
}

export async function ask(
  url: string,
  token: string,
  init: RequestInit,
  signal: AbortSignal,
): Promise<Response> {
  const headers = { ...init.headers, authorization: `Bearer ${token}` };
  const response = await fetch(url, {
    ...init,
    headers,
    signal: AbortSignal.any([signal, AbortSignal.timeout(20_000)]),
  });
  if (response.ok) return response;
  const text = await response.text();
  if (response.status >= 400 && response.status < 500)
    throw new Refused(`${url}: ${response.status} ${text.slice(0, 200)}`);
  throw new Error(`${url}: ${response.status}`);
}

/** Once; throws when it is not taken. */
export async function post(url: string, token: string, body: object, signal: AbortSignal): Promise<void> {
  const response = await ask(
    url,
    token,
    { method: "POST", body: JSON.stringify(body), headers: { "content-type": "application/json" } },
    signal,
  );
  await response.body?.cancel();
}

export const sendPatiently = (
  url: string,
  token: string,
  body: Record<string, unknown>,
  signal: AbortSignal,
): Promise<void> => patiently(() => post(url, token, body, signal), signal);
