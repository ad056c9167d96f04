// One's own messages that the gateway has not confirmed yet, keyed by request id.
import type { QueueMode } from "../protocol/generated";

export interface PendingMessage {
  requestId: string;
  content: string;
  createdAt: number;
  state: "sending" | "queued" | "failed" | "cancelled";
  /** Place in the queue, from 1, once the gateway has said it. */
  position?: number;
  error?: string;
  /** What it does where the session is busy; the agent's own mode where it does not say. */
  queueMode?: QueueMode;
}

export function update(
  pending: PendingMessage[],
  requestId: string,
  change: Partial<PendingMessage>,
): PendingMessage[] {
  return pending.map((one) => (one.requestId === requestId ? { ...one, ...change } : one));
}

export function without(pending: PendingMessage[], requestId: string | undefined): PendingMessage[] {
  return requestId === undefined ? pending : pending.filter((one) => one.requestId !== requestId);
}

/** Those to send again after a reconnect: the gateway gives a repeated id its first outcome. */
export function unconfirmed(pending: PendingMessage[]): PendingMessage[] {
  return pending.filter((one) => one.state === "sending" || one.state === "queued");
}
