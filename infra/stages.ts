/** Everything in which one stage differs from another. Whatever is not called `production` is a development stage. */
export interface Stage {
  /** What is stored outlives a removed stage, and the stage is not removed by mistake. */
  readonly outlives: boolean;
  /** The table cannot be deleted, not even with everything else. */
  readonly deletionProtection: boolean;
  readonly logDays: number;
  /** At most one of each watchdog at a time. A new account has too little concurrency to reserve any. */
  readonly reserveConcurrency: boolean;
  /** Requests to the API, all callers together. */
  readonly requestsPerSecond: number;
  readonly requestsAtOnce: number;
}

const dev: Stage = {
  outlives: false,
  deletionProtection: false,
  logDays: 7,
  reserveConcurrency: false,
  requestsPerSecond: 50,
  requestsAtOnce: 100,
};

const production: Stage = {
  outlives: true,
  deletionProtection: true,
  logDays: 90,
  reserveConcurrency: true,
  requestsPerSecond: 200,
  requestsAtOnce: 400,
};

export const stageOf = (name: string): Stage => (name === "production" ? production : dev);
