// One's own requests that are answered together with another one, in that one's run.

export interface Joined {
  requestId: string;
  runId: string;
  /** `left`: it was cancelled, or ended by itself without an answer; the run went on without it. */
  state: "joined" | "left";
  error?: string;
}

const most = 100;

export function join(joined: Joined[], requestId: string, runId: string): Joined[] {
  if (joined.some((one) => one.requestId === requestId)) return joined;
  return [...joined, { requestId, runId, state: "joined" } as const].slice(-most);
}

export function leave(joined: Joined[], requestId: string, error: string): Joined[] {
  return joined.map((one) => (one.requestId === requestId ? { ...one, state: "left", error } : one));
}

/** A request that was answered has nothing more to say about how. */
export function over(joined: Joined[], requestId: string): Joined[] {
  return joined.filter((one) => one.requestId !== requestId || one.state === "left");
}

export function isJoined(joined: Joined[], requestId: string | undefined): requestId is string {
  return joined.some((one) => one.requestId === requestId);
}
