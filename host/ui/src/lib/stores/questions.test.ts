// Which sessions wait for a person, as announced and as the gateway says when it is asked.
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { ApiClient } from "../api/client";
import { question } from "../conversation/testing";
import type { PendingQuestion, ServerFrame } from "../protocol/generated";
import { QuestionsStore } from "./questions.svelte";

let open: PendingQuestion[] | Error;
let calls = 0;
let store: QuestionsStore;
const hear = (payload: object) => store.hear({ type: "event:agent", seq: 1, payload: { sessionId: "s", ...payload } } as ServerFrame);

beforeEach(() => {
  vi.useFakeTimers();
  open = [];
  calls = 0;
  const questions = () => {
    calls += 1;
    return open instanceof Error ? Promise.reject(open) : Promise.resolve(open);
  };
  store = new QuestionsStore({ questions } as unknown as ApiClient);
});
afterEach(() => {
  store.stop();
  vi.useRealTimers();
});

test("a session waits from the announcement of a question until that of its answer", () => {
  hear({ type: "question-asked", question: question("q1") });
  expect([store.has("s"), store.has("other")]).toEqual([true, false]);
  hear({ type: "question-asked", question: question("q1") });
  hear({ type: "question-answered", questionId: "q1" });
  expect(store.has("s")).toBe(false);
});

test("what was asked before the page was opened comes from the gateway", async () => {
  open = [question("q1")];
  store.refreshSoon(0);
  await vi.advanceTimersByTimeAsync(0);
  expect(store.has("s")).toBe(true);
});

test("an answer that was given elsewhere is noticed in a while, and then nobody asks any more", async () => {
  hear({ type: "question-asked", question: question("q1") });
  await vi.advanceTimersByTimeAsync(10_000);
  expect(store.has("s")).toBe(false);
  const before = calls;
  await vi.advanceTimersByTimeAsync(60_000);
  expect(calls).toBe(before);
});

test("a gateway that does not answer takes nothing away", async () => {
  open = [question("q1")];
  store.refreshSoon(0);
  await vi.advanceTimersByTimeAsync(0);
  open = new Error("gone");
  await vi.advanceTimersByTimeAsync(30_000);
  expect(store.has("s")).toBe(true);
  expect(calls).toBeGreaterThan(2);
});

test("the end of a run that waited is looked up at once", async () => {
  hear({ type: "question-asked", question: question("q1") });
  hear({ type: "agent-error", error: "cancelled" });
  await vi.advanceTimersByTimeAsync(200);
  expect(store.has("s")).toBe(false);
});
