// What one session's page shows, as a pure function of what happened. No I/O, no clock, no framework.
//
// The law: after any mix of lost connections, repeats and snapshots, the page shows what the
// gateway stored, each word once.
import type { AgentEvent, StoredMessage } from "../protocol/generated";
import { localId, merge } from "./messages";
import { type PendingMessage, update, without } from "./pending";
import { appendReasoning, appendText, ended, endTool, newRun, type Run, startTool } from "./run";

export interface Conversation {
  /** Settled messages, in order. */
  messages: StoredMessage[];
  pending: PendingMessage[];
  run: Run | null;
  /** The newest event included; asked for as `since` after a reconnect. */
  lastSeq: number;
  /** Leads to older messages; null when all are here. */
  olderCursor: string | null;
}

/** An agent event with what its frame says about it. */
export interface Received {
  kind: "event";
  event: AgentEvent;
  seq: number | undefined;
  requestId: string | undefined;
}

export type Action =
  | Received
  | { kind: "history"; messages: StoredMessage[]; olderCursor: string | null }
  | { kind: "older"; messages: StoredMessage[]; olderCursor: string | null }
  /** A subscription (again): whatever run is shown waits for the gateway to confirm it. */
  | { kind: "subscribed" }
  /** The gateway had its chance to confirm the run after `subscribed`. */
  | { kind: "settled" }
  | { kind: "send"; requestId: string; content: string; at: number }
  | { kind: "queued"; requestId: string; position: number }
  | { kind: "dequeued"; requestId: string }
  | { kind: "refused"; requestId: string; error: string }
  | { kind: "discard"; requestId: string }
  | { kind: "stopping"; stopping: boolean };

export function empty(pending: PendingMessage[] = []): Conversation {
  return { messages: [], pending, run: null, lastSeq: 0, olderCursor: null };
}

export function reduce(state: Conversation, action: Action): Conversation {
  switch (action.kind) {
    case "event":
      return receive(state, action);
    case "history":
      return history(state, action.messages, action.olderCursor);
    case "older":
      return { ...state, messages: merge(state.messages, action.messages), olderCursor: action.olderCursor };
    case "subscribed":
      return state.run === null ? state : { ...state, run: { ...state.run, stale: true } };
    case "settled":
      return state.run?.stale === true ? { ...state, run: null } : state;
    case "send": {
      const { requestId, content, at } = action;
      return { ...state, pending: [...state.pending, { requestId, content, createdAt: at, state: "sending" }] };
    }
    case "queued":
      return changePending(state, action.requestId, { state: "queued", position: action.position });
    case "dequeued":
      return changePending(state, action.requestId, { state: "sending" });
    case "refused":
      return changePending(state, action.requestId, { state: "failed", error: action.error });
    case "discard":
      return { ...state, pending: without(state.pending, action.requestId) };
    case "stopping":
      return state.run === null ? state : { ...state, run: { ...state.run, stopping: action.stopping } };
  }
}

function changePending(state: Conversation, requestId: string, change: Partial<PendingMessage>): Conversation {
  return { ...state, pending: update(state.pending, requestId, change) };
}

function history(state: Conversation, messages: StoredMessage[], olderCursor: string | null): Conversation {
  const newest = messages.reduce((most, message) => Math.max(most, message.seq), 0);
  const stored = new Set(messages.map((message) => message.requestId));
  const pending = state.pending.filter((one) => !stored.has(one.requestId));
  return { ...state, messages: merge(state.messages, messages), pending, olderCursor, lastSeq: Math.max(state.lastSeq, newest) };
}

function receive(state: Conversation, received: Received): Conversation {
  const { seq } = received;
  if (seq !== undefined && seq <= state.lastSeq) return repeated(state, received);
  const next = apply(state, received);
  return seq === undefined ? next : { ...next, lastSeq: seq };
}

/**
 * An event whose place was already passed. What states a whole (a stored message, a snapshot) may
 * be told any number of times. What adds to it must not count again, but it may be the gateway's
 * answer to a message that was sent again, and then it tells that the message had arrived.
 */
function repeated(state: Conversation, received: Received): Conversation {
  const { event, requestId } = received;
  if (event.type === "session-message") return stored(state, event.message);
  if (event.type === "agent-snapshot") return hasEnded(state, event.runId) ? state : snapshot(state, received, event);
  if (!state.pending.some((one) => one.requestId === requestId)) return state;
  if (event.type === "agent-start") return confirm(state, requestId, received.seq);
  if (event.type === "agent-complete" || event.type === "agent-error") return finish(state, received);
  return state;
}

function apply(state: Conversation, received: Received): Conversation {
  const { event } = received;
  switch (event.type) {
    case "session-message":
      return stored(state, event.message);
    case "request-queued":
      return changePending(state, event.requestId, { state: "queued", position: event.position });
    case "agent-start":
      return { ...confirm(state, received.requestId, received.seq), run: newRun(received.requestId, event.timestamp) };
    case "agent-stream": {
      const { chunk } = event;
      // Tools come as events of their own; their chunk forms repeat them.
      if (chunk.event !== "on_chat_model_stream" && chunk.event !== "on_chat_model_reasoning") return state;
      const append = chunk.event === "on_chat_model_stream" ? appendText : appendReasoning;
      const run = append(running(state, received), chunk.data.chunk.content);
      return { ...state, run: { ...run, runId: chunk.run_id } };
    }
    case "tool-start":
      return { ...state, run: startTool(running(state, received), event) };
    case "tool-end":
      return { ...state, run: endTool(running(state, received), event) };
    case "agent-snapshot":
      return snapshot(state, received, event);
    case "agent-complete":
    case "agent-error":
      return finish(state, received);
    default:
      return state;
  }
}

function running(state: Conversation, received: Received): Run {
  const run = state.run ?? newRun(received.requestId, received.event.timestamp);
  return run.stale ? { ...run, stale: false } : run;
}

/** One's own message has arrived: what was pending becomes a message, until the stored one is known. */
function confirm(state: Conversation, requestId: string | undefined, seq = state.lastSeq): Conversation {
  const own = state.pending.find((one) => one.requestId === requestId);
  if (own === undefined) return state;
  const { content, createdAt } = own;
  const pending = without(state.pending, own.requestId);
  if (state.messages.some((message) => message.role === "user" && message.requestId === requestId)) {
    return { ...state, pending };
  }
  const id = localId("user", own.requestId);
  const message: StoredMessage = { id, role: "user", content, createdAt, seq, requestId: own.requestId };
  return { ...state, pending, messages: merge(state.messages, [message]) };
}

function stored(state: Conversation, message: StoredMessage): Conversation {
  const { run } = state;
  const endsRun = run !== null && message.role === "assistant" && isOf(run, message);
  // A stored reply proves that its request arrived, even if the request itself came before `since`.
  const next = message.role === "assistant" ? confirm(state, message.requestId, message.seq) : state;
  return {
    ...next,
    messages: merge(next.messages, [message]),
    pending: without(next.pending, message.requestId),
    run: endsRun ? null : run,
  };
}

function isOf(run: Run, message: StoredMessage): boolean {
  if (run.runId !== undefined && message.runId !== undefined) return run.runId === message.runId;
  if (run.requestId !== undefined || message.requestId !== undefined) return run.requestId === message.requestId;
  return run.stale;
}

function snapshot(
  state: Conversation,
  received: Received,
  event: Extract<AgentEvent, { type: "agent-snapshot" }>,
): Conversation {
  const requestId = event.requestId ?? received.requestId;
  const next = confirm(state, requestId, received.seq);
  const same = state.run !== null && (state.run.runId === event.runId || state.run.requestId === requestId);
  const before = same && state.run !== null ? state.run : newRun(requestId, event.timestamp);
  return { ...next, run: { ...before, runId: event.runId, parts: event.parts, stale: false } };
}

function hasEnded(state: Conversation, runId: string): boolean {
  return state.messages.some((message) => message.role === "assistant" && message.runId === runId);
}

function finish(state: Conversation, received: Received): Conversation {
  const { event, seq = state.lastSeq } = received;
  if (event.type !== "agent-complete" && event.type !== "agent-error") return state;
  const run = state.run?.requestId === received.requestId ? state.run : null;
  const requestId = received.requestId ?? run?.requestId;
  const failed = event.type === "agent-error";
  const messageId = failed ? event.messageId : event.result.messageId;
  const cancelled = failed && /cancel/i.test(event.error);

  // Refused before it ran: nothing was stored, so the message stays the writer's own.
  if (failed && messageId === undefined && run === null) {
    if (requestId === undefined) return state;
    return changePending(state, requestId, { state: cancelled ? "cancelled" : "failed", error: event.error });
  }
  const next = confirm(state, requestId, seq);
  const known = messageId !== undefined && state.messages.some((message) => message.id === messageId);
  const status = failed ? (cancelled ? "cancelled" : "error") : event.result.truncated === true ? "truncated" : "complete";
  const ending = { messageId, requestId, status, seq, at: event.timestamp } as const;
  const outcome = failed ? { error: event.error } : { content: event.result.response };
  const messages = known ? next.messages : merge(next.messages, [ended(run, { ...ending, ...outcome })]);
  return { ...next, messages, run: run === null ? state.run : null };
}
