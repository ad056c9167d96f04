// What one session's page shows, as a pure function of what happened. No I/O, no clock, no framework.
//
// The law: after any mix of lost connections, repeats and snapshots, the page shows what the
// gateway stored, each word once.
import type { AgentEvent, QueueMode, QuestionReply, StoredMessage } from "../protocol/generated";
import { type Delegated, mostDelegated, runOf } from "./delegation";
import { isJoined, join, type Joined, leave, over } from "./joined";
import { localId, merge } from "./messages";
import { type PendingMessage, update, without } from "./pending";
import * as questions from "./questions";
import { appendReasoning, appendText, ended, endTool, newRun, type Run, startTool } from "./run";

export interface Conversation {
  /** Settled messages, in order. */
  messages: StoredMessage[];
  pending: PendingMessage[];
  run: Run | null;
  /** What runs asked people, the oldest first. */
  asked: questions.Asked[];
  /** One's own requests that have no turn of their own. */
  joined: Joined[];
  /** Tasks that runs handed to other agents. */
  delegated: Delegated[];
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
  | { kind: "send"; requestId: string; content: string; at: number; queueMode?: QueueMode }
  | { kind: "queued"; requestId: string; position: number }
  | { kind: "dequeued"; requestId: string }
  /** The request shares the run of another one, which may be one's own as well. */
  | { kind: "joined"; requestId: string; runId: string; into?: string | undefined }
  | { kind: "refused"; requestId: string; error: string }
  | { kind: "discard"; requestId: string }
  | { kind: "stopping"; stopping: boolean }
  | { kind: "answering"; questionId: string }
  | { kind: "answer-kept"; questionId: string; reply: QuestionReply }
  | { kind: "answer-refused"; questionId: string; error: string };

export function empty(pending: PendingMessage[] = []): Conversation {
  return { messages: [], pending, run: null, asked: [], joined: [], delegated: [], lastSeq: 0, olderCursor: null };
}

export function reduce(state: Conversation, action: Action): Conversation {
  const next = step(state, action);
  return next.run === state.run ? next : { ...next, asked: questions.ofRun(next.asked, next.run) };
}

function step(state: Conversation, action: Action): Conversation {
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
      const { requestId, content, at, queueMode } = action;
      const mode = queueMode === undefined ? {} : { queueMode };
      const message: PendingMessage = { requestId, content, createdAt: at, state: "sending", ...mode };
      return { ...state, pending: [...state.pending, message] };
    }
    case "queued":
      return changePending(state, action.requestId, { state: "queued", position: action.position });
    case "dequeued":
      return changePending(state, action.requestId, { state: "sending" });
    case "joined":
      return joinedRun(state, action.requestId, action.runId, action.into);
    case "refused":
      return changePending(state, action.requestId, { state: "failed", error: action.error });
    case "discard":
      return { ...state, pending: without(state.pending, action.requestId) };
    case "stopping":
      return state.run === null ? state : { ...state, run: { ...state.run, stopping: action.stopping } };
    case "answering":
      return { ...state, asked: questions.answering(state.asked, action.questionId) };
    case "answer-kept":
      return { ...state, asked: questions.kept(state.asked, action.questionId, action.reply) };
    case "answer-refused":
      return { ...state, asked: questions.refused(state.asked, action.questionId, action.error) };
  }
}

function changePending(state: Conversation, requestId: string, change: Partial<PendingMessage>): Conversation {
  return { ...state, pending: update(state.pending, requestId, change) };
}

/** Both have arrived. The one that was joined was said first, also where its run is yet to begin. */
function joinedRun(state: Conversation, requestId: string, runId: string, into: string | undefined): Conversation {
  const next = confirm(confirm(state, into), requestId, state.lastSeq, runId);
  return { ...next, joined: join(next.joined, requestId, runId) };
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
    case "question-asked": {
      const { question } = event;
      const run = { ...running(state, received), runId: question.runId };
      return { ...state, run, asked: questions.ask(state.asked, question) };
    }
    case "question-answered":
      return { ...state, asked: questions.answered(state.asked, event) };
    case "delegate-start": {
      const { childSessionId: sessionId, childAgentId: agentId, parentCallId: callId } = event;
      const run = running(state, received);
      const runId = run.runId ?? runOf(sessionId);
      const delegated = [...state.delegated, { runId, callId, sessionId, agentId }].slice(-mostDelegated);
      return { ...state, run: runId === undefined ? run : { ...run, runId }, delegated };
    }
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
function confirm(state: Conversation, requestId: string | undefined, seq = state.lastSeq, runId?: string): Conversation {
  const own = state.pending.find((one) => one.requestId === requestId);
  if (own === undefined) return state;
  const { content, createdAt } = own;
  const pending = without(state.pending, own.requestId);
  if (state.messages.some((message) => message.role === "user" && message.requestId === requestId)) {
    return { ...state, pending };
  }
  const id = localId("user", own.requestId);
  const message: StoredMessage = { id, role: "user", content, createdAt, seq, requestId: own.requestId };
  if (runId !== undefined) message.runId = runId;
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
  const asked = questions.confirmed(next.asked, event.runId, event.question);
  return { ...next, asked, run: { ...before, runId: event.runId, parts: event.parts, stale: false } };
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

  // One that left the run that it had joined: the run is another one's, and goes on.
  if (isJoined(state.joined, requestId) && run === null) {
    if (failed && messageId === undefined) return { ...state, joined: leave(state.joined, requestId, event.error) };
    state = { ...state, joined: over(state.joined, requestId) };
  }
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
