// Words for the stories of conversations: events as the gateway tells them, and what a reader sees. For tests only.
import type { AgentEvent, MessagePart, PendingQuestion, StoredMessage } from "../protocol/generated";
import { type Action, type Conversation, empty, reduce } from "./conversation";
import { timeline } from "./timeline";

export type Bare = AgentEvent extends infer E ? (E extends AgentEvent ? Omit<E, "sessionId" | "agentId" | "timestamp"> : never) : never;

export function event(seq: number, bare: Bare, requestId?: string): Action {
  const full = { sessionId: "s", agentId: "main", timestamp: 1_000 + seq, ...bare } as AgentEvent;
  return { kind: "event", event: full, seq, requestId };
}

export const start = (seq: number, requestId?: string) => event(seq, { type: "agent-start", agent: "main", prompt: "p" }, requestId);
export const text = (seq: number, content: string, requestId?: string, runId = "run") =>
  event(
    seq,
    { type: "agent-stream", chunk: { event: "on_chat_model_stream", run_id: runId, data: { chunk: { content } } } },
    requestId,
  );
export const complete = (seq: number, response: string, requestId?: string, messageId = `a${seq}`) =>
  event(seq, { type: "agent-complete", result: { response, messageId } }, requestId);
export const failure = (seq: number, error: string, requestId?: string, messageId?: string) =>
  event(seq, { type: "agent-error", error, ...(messageId === undefined ? {} : { messageId }) }, requestId);
export const send = (requestId: string, content = "hi"): Action => ({ kind: "send", requestId, content, at: 1 });
export const stored = (message: StoredMessage) =>
  event(message.seq, {
    type: "session-message",
    messageId: message.id,
    role: message.role,
    content: message.content,
    message,
  });
export const message = (seq: number, role: "user" | "assistant", content: string, more: Partial<StoredMessage> = {}): StoredMessage => ({
  id: `${role[0]}${seq}`,
  role,
  content,
  createdAt: seq,
  seq,
  ...more,
});
export const snapshot = (seq: number, parts: MessagePart[], requestId?: string, runId = "run", question?: PendingQuestion) =>
  event(seq, {
    type: "agent-snapshot",
    runId,
    prompt: "p",
    parts,
    ...(requestId === undefined ? {} : { requestId }),
    ...(question === undefined ? {} : { question }),
  });

export const question = (id: string, more: Partial<PendingQuestion> = {}): PendingQuestion => ({
  id,
  kind: "question",
  sessionId: "s",
  agentId: "main",
  runId: "run",
  toolCallId: "t1",
  toolName: "ask_user",
  toolInput: { question: "Which one?" },
  text: "Which one?",
  askedAt: 1,
  ...more,
});

export const play = (...actions: Action[]): Conversation => actions.reduce(reduce, empty());

/** What a reader sees: one line a turn. */
export function shown(state: Conversation): string[] {
  return timeline(state).map((turn) => {
    if (turn.role === "user") {
      const mark = turn.pending?.state ?? turn.joined?.state;
      return `you: ${turn.content}${mark ? ` (${mark})` : ""}`;
    }
    const said = turn.parts.map((part) => (part.type === "tool" ? `[${part.toolName}]` : part.type === "text" ? part.text : `(${part.text})`)).join("");
    const asked = turn.asked.map(({ question: { id }, state: now }) => ` ${id}:${now}`).join("");
    return `agent: ${said}${asked}${turn.state === "complete" ? "" : ` (${turn.state})`}`;
  });
}
