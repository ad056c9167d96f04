// Which session does the task that a tool call handed to another agent.
import type { MessagePart, SessionSummary } from "../protocol/generated";

export interface Child {
  sessionId: string;
  agentId: string;
  /** It waits for a person's answer. */
  waits?: boolean;
}

/** What `delegate-start` told: the run and the call that wait, and who works meanwhile. */
export interface Delegated extends Child {
  runId: string | undefined;
  callId: string;
}

/** How many are remembered; the list of sessions knows the others. */
export const mostDelegated = 200;

/** `agent:<it>:delegate:<agent>:<run>:<n>` is how the gateway names the session of a task. */
export function runOf(childSessionId: string): string | undefined {
  return /^agent:[^:]+:delegate:[^:]+:([^:]+):\d+$/.exec(childSessionId)?.[1];
}

/**
 * The child of each call. A stored message does not name them, but each child session names the run
 * that waits, and children are numbered in the order of their calls.
 */
export function children(
  parts: MessagePart[],
  runId: string | undefined,
  told: Delegated[],
  sessions: SessionSummary[],
): Map<string, Child> {
  const found = new Map<string, Child>();
  if (runId === undefined) return found;
  for (const one of told) if (one.runId === runId) found.set(one.callId, one);
  const taken = new Set([...found.values()].map(({ sessionId }) => sessionId));
  const rest = sessions
    .filter((one) => one.parentRunId === runId && !taken.has(one.id))
    .sort((a, b) => numberOf(a.id) - numberOf(b.id));
  for (const part of parts) {
    if (part.type !== "tool" || part.toolName !== "delegate" || found.has(part.toolCallId)) continue;
    const next = rest.findIndex(({ agentId }) => agentId === agentOf(part.toolInput));
    const [child] = next < 0 ? [] : rest.splice(next, 1);
    if (child !== undefined) found.set(part.toolCallId, { sessionId: child.id, agentId: child.agentId });
  }
  return found;
}

function numberOf(sessionId: string): number {
  return Number(sessionId.slice(sessionId.lastIndexOf(":") + 1));
}

function agentOf(input: unknown): unknown {
  return typeof input === "object" && input !== null && "agent" in input ? input.agent : undefined;
}
