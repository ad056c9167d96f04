// The rows of a conversation in the order in which they are shown, with keys that stay the same
// while a message goes from pending to stored: nothing is drawn twice, nothing jumps.
import type { StoredMessage } from "../protocol/generated";
import type { Conversation } from "./conversation";
import type { PendingMessage } from "./pending";
import type { Run } from "./run";

export type Row =
  | { kind: "message"; key: string; message: StoredMessage }
  | { kind: "run"; key: string; run: Run }
  | { kind: "pending"; key: string; pending: PendingMessage };

export function timeline({ messages, run, pending }: Conversation): Row[] {
  const taken = new Set<string>();
  const unique = (wanted: string, otherwise: string): string => {
    const key = taken.has(wanted) ? otherwise : wanted;
    taken.add(key);
    return key;
  };
  const rows: Row[] = messages.map((message) => ({
    kind: "message",
    key: unique(`${message.role}:${message.requestId ?? message.runId ?? message.id}`, message.id),
    message,
  }));
  if (run !== null) {
    rows.push({ kind: "run", key: unique(`assistant:${run.requestId ?? run.runId ?? "run"}`, "run"), run });
  }
  for (const one of pending) {
    rows.push({ kind: "pending", key: unique(`user:${one.requestId}`, `pending:${one.requestId}`), pending: one });
  }
  return rows;
}
