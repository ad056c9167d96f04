// The turns of a conversation in the order in which they are shown, with keys that stay the same
// while a message goes from pending to stored: nothing is drawn twice, nothing jumps.
import type { MessagePart, StoredMessage } from "../protocol/generated";
import type { Conversation } from "./conversation";
import type { Joined } from "./joined";
import type { PendingMessage } from "./pending";
import type { Asked } from "./questions";

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
  /** Where it shares another request's run, until that has ended. */
  joined?: Joined | undefined;
}

export interface AssistantTurn {
  key: string;
  role: "assistant";
  /** The stored message's, once it is stored. */
  messageId?: string;
  content: string;
  parts: MessagePart[];
  runId?: string | undefined;
  /** What the run asked people. */
  asked: Asked[];
  at: number;
  state: "running" | "complete" | "truncated" | "cancelled" | "error";
  error?: string | undefined;
}

export type Turn = UserTurn | AssistantTurn;

export function timeline({ messages, run, pending, asked, joined }: Conversation): Turn[] {
  const askedBy = (runId: string | undefined) => asked.filter(({ question }) => question.runId === runId);
  const taken = new Set<string>();
  const unique = (wanted: string, otherwise: string): string => {
    const key = taken.has(wanted) ? otherwise : wanted;
    taken.add(key);
    return key;
  };
  const turns = messages.map((message) =>
    settled(
      message,
      unique(`${message.role}:${message.requestId ?? message.runId ?? message.id}`, message.id),
      askedBy(message.runId),
      joined.find(({ requestId, runId, state }) => requestId === message.requestId && (state === "left" || runId === run?.runId)),
    ),
  );
  if (run !== null) {
    const key = unique(`assistant:${run.requestId ?? run.runId ?? "run"}`, "run");
    const { runId, parts, startedAt: at } = run;
    turns.push({ key, role: "assistant", content: "", parts, runId, asked: askedBy(runId), at, state: "running" });
  }
  for (const one of pending) {
    const key = unique(`user:${one.requestId}`, `pending:${one.requestId}`);
    turns.push({ key, role: "user", content: one.content, at: one.createdAt, pending: one });
  }
  return turns;
}

function settled(message: StoredMessage, key: string, asked: Asked[], joined: Joined | undefined): Turn {
  const { id: messageId, role, content, createdAt: at, sender, error, runId } = message;
  if (role === "user") return { key, role, messageId, content, at, sender, joined };
  const parts: MessagePart[] = message.parts ?? [{ type: "text", text: content }];
  return { key, role, messageId, content, parts, runId, asked, at, state: message.status ?? "complete", error };
}
