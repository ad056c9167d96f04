// The turns of a conversation in the order in which they are shown, with keys that stay the same
// while a message goes from pending to stored: nothing is drawn twice, nothing jumps.
import type { MessagePart, StoredMessage } from "../protocol/generated";
import type { Conversation } from "./conversation";
import type { PendingMessage } from "./pending";

export interface UserTurn {
  key: string;
  role: "user";
  /** The stored message's, once it is stored. */
  messageId?: string;
  content: string;
  at: number;
  sender?: string | undefined;
  /** While the gateway has not confirmed it. */
  pending?: PendingMessage;
}

export interface AssistantTurn {
  key: string;
  role: "assistant";
  /** The stored message's, once it is stored. */
  messageId?: string;
  content: string;
  parts: MessagePart[];
  at: number;
  state: "running" | "complete" | "truncated" | "cancelled" | "error";
  error?: string | undefined;
}

export type Turn = UserTurn | AssistantTurn;

export function timeline({ messages, run, pending }: Conversation): Turn[] {
  const taken = new Set<string>();
  const unique = (wanted: string, otherwise: string): string => {
    const key = taken.has(wanted) ? otherwise : wanted;
    taken.add(key);
    return key;
  };
  const turns = messages.map((message) =>
    settled(message, unique(`${message.role}:${message.requestId ?? message.runId ?? message.id}`, message.id)),
  );
  if (run !== null) {
    const key = unique(`assistant:${run.requestId ?? run.runId ?? "run"}`, "run");
    turns.push({ key, role: "assistant", content: "", parts: run.parts, at: run.startedAt, state: "running" });
  }
  for (const one of pending) {
    const key = unique(`user:${one.requestId}`, `pending:${one.requestId}`);
    turns.push({ key, role: "user", content: one.content, at: one.createdAt, pending: one });
  }
  return turns;
}

function settled(message: StoredMessage, key: string): Turn {
  const { id: messageId, role, content, createdAt: at, sender, error } = message;
  if (role === "user") return { key, role, messageId, content, at, sender };
  const parts: MessagePart[] = message.parts ?? [{ type: "text", text: content }];
  return { key, role, messageId, content, parts, at, state: message.status ?? "complete", error };
}
