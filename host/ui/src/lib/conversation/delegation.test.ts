// Which session a delegated task is done in: as told while it runs, and as read from the list later.
import { expect, test } from "vitest";
import type { MessagePart, SessionSummary } from "../protocol/generated";
import { children, runOf } from "./delegation";
import { event, play, start } from "./testing";

const key = (agent: string, n: number, run = "run") => `agent:${agent}:delegate:main:${run}:${n}`;
const call = (toolCallId: string, agent: string, toolName = "delegate"): MessagePart => ({
  type: "tool",
  toolCallId,
  toolName,
  toolInput: { agent, task: "do it" },
});
const child = (agentId: string, n: number, parentRunId = "run") =>
  ({ id: key(agentId, n, parentRunId), agentId, parentSessionId: "s", parentRunId }) as SessionSummary;
const found = (...args: Parameters<typeof children>) =>
  Object.fromEntries([...children(...args)].map(([id, { sessionId }]) => [id, sessionId]));

test("the event names the child of the call, and the run that has said nothing yet", () => {
  const told = { type: "delegate-start", childSessionId: key("planner", 2), childAgentId: "planner", parentCallId: "c1" } as const;
  const state = play(start(1, "r1"), event(2, told, "r1"));
  expect(state.run?.runId).toBe("run");
  expect(found([call("c1", "planner")], "run", state.delegated, [])).toEqual({ c1: key("planner", 2) });
});

test("the run is a part of a delegated session's key, and of no other one's", () => {
  expect(runOf(key("planner", 3, "0190"))).toBe("0190");
  expect(runOf("agent:main:chat:thread:7")).toBeUndefined();
});

test("a stored reply finds its children in the list, in the order of its calls", () => {
  const parts = [call("c1", "planner"), call("c2", "writer"), call("c3", "planner"), call("c4", "planner", "other_tool")];
  const listed = [child("planner", 10), child("writer", 4), child("planner", 2), child("planner", 1, "another run")];
  expect(found(parts, "run", [], listed)).toEqual({ c1: key("planner", 2), c2: key("writer", 4), c3: key("planner", 10) });
});

test("a child that the event named is not given to another call", () => {
  const told = [{ runId: "run", callId: "c1", sessionId: key("planner", 2), agentId: "planner" }];
  const listed = [child("planner", 2), child("planner", 5)];
  const parts = [call("c1", "planner"), call("c2", "planner")];
  expect(found(parts, "run", told, listed)).toEqual({ c1: key("planner", 2), c2: key("planner", 5) });
});

test("a call whose task was never handed over has no link", () => {
  expect(found([call("c1", "planner")], "run", [], [child("writer", 1)])).toEqual({});
});
