// The run in flight: how its parts grow with each event, and the message it becomes.
import type { AgentEvent, MessagePart, StoredMessage } from "../protocol/generated";
import { localId } from "./messages";

export interface Run {
  runId?: string;
  /** Absent when the run came from elsewhere than a client: such a run cannot be cancelled from here. */
  requestId?: string;
  startedAt: number;
  parts: MessagePart[];
  stopping: boolean;
  /** True after a reconnect until the gateway confirms that the run still goes on. */
  stale: boolean;
}

export function newRun(requestId: string | undefined, startedAt: number): Run {
  const run: Run = { startedAt, parts: [], stopping: false, stale: false };
  if (requestId !== undefined) run.requestId = requestId;
  return run;
}

export function appendText(run: Run, text: string): Run {
  const last = run.parts.at(-1);
  if (last?.type === "text") {
    return { ...run, parts: [...run.parts.slice(0, -1), { type: "text", text: last.text + text }] };
  }
  return text === "" ? run : { ...run, parts: [...run.parts, { type: "text", text }] };
}

export function appendReasoning(run: Run, text: string): Run {
  const last = run.parts.at(-1);
  if (last?.type === "reasoning") {
    return { ...run, parts: [...run.parts.slice(0, -1), { type: "reasoning", text: last.text + text }] };
  }
  return text === "" ? run : { ...run, parts: [...run.parts, { type: "reasoning", text }] };
}

export function startTool(run: Run, event: Extract<AgentEvent, { type: "tool-start" }>): Run {
  if (run.parts.some((part) => part.type === "tool" && part.toolCallId === event.toolCallId)) return run;
  const { toolCallId, toolName, toolInput, timestamp } = event;
  return { ...run, parts: [...run.parts, { type: "tool", toolCallId, toolName, toolInput, startedAt: timestamp }] };
}

export function endTool(run: Run, event: Extract<AgentEvent, { type: "tool-end" }>): Run {
  const { toolOutput, isError = false, timestamp } = event;
  const parts = run.parts.map((part) =>
    part.type === "tool" && part.toolCallId === event.toolCallId
      ? { ...part, toolOutput, isError, endedAt: timestamp }
      : part,
  );
  return { ...run, parts };
}

export function textOf(parts: MessagePart[]): string {
  return parts.map((part) => (part.type === "text" ? part.text : "")).join("");
}

interface Ending {
  messageId: string | undefined;
  requestId: string | undefined;
  status: NonNullable<StoredMessage["status"]>;
  /** What the gateway says the whole text is; the partial text stands where it does not say. */
  content?: string;
  error?: string;
  seq: number;
  at: number;
}

/** The message that a run became, as the gateway will have stored it. */
export function ended(run: Run | null, ending: Ending): StoredMessage {
  const { messageId, requestId, status, error, seq, at } = ending;
  const seen = run?.parts ?? [];
  const content = ending.content ?? textOf(seen);
  const parts: MessagePart[] =
    textOf(seen) === content
      ? seen
      : [...seen.filter((part) => part.type !== "text"), { type: "text", text: content }];
  const id = messageId ?? localId("assistant", requestId ?? run?.runId ?? String(seq));
  const message: StoredMessage = { id, role: "assistant", content, createdAt: at, seq, status, parts };
  if (requestId !== undefined) message.requestId = requestId;
  if (run?.runId !== undefined) message.runId = run.runId;
  if (error !== undefined) message.error = error;
  return message;
}
