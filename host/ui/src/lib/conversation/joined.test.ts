// Stories of requests that share another one's run: none stays pending, and none ends what it does not own.
import { describe, expect, test } from "vitest";
import { type Action, reduce } from "./conversation";
import { complete, failure, message, play, send, shown, start, text } from "./testing";

const joins = (requestId: string, into: string | undefined = "r1"): Action => ({ kind: "joined", requestId, runId: "run", into });
const running = [send("r1", "one"), start(1, "r1"), text(2, "1", "r1")];
const steered = [...running, send("r2", "two"), joins("r2")];

describe("a steered request", () => {
  test("is no longer pending, and stands before the reply that answers it too", () => {
    expect(play(...steered).pending).toEqual([]);
    expect(shown(play(...steered))).toEqual(["you: one", "you: two (joined)", "agent: 1 (running)"]);
  });

  test("ends with the run, whose reply is shown once, behind both", () => {
    const state = play(...steered, complete(5, "1 and 2", "r1", "a5"), complete(6, "1 and 2", "r2", "a5"));
    expect(shown(state)).toEqual(["you: one", "you: two", "agent: 1 and 2"]);
    expect(state).toMatchObject({ run: null, joined: [] });
  });

  test("whose own end was not heard is not said to be joined any more when the run has ended", () => {
    expect(shown(play(...steered, complete(5, "1 and 2", "r1", "a5")))).toEqual(["you: one", "you: two", "agent: 1 and 2"]);
  });

  test("whose run fails gets the same failure once", () => {
    const state = play(...steered, failure(5, "overloaded", "r1", "a5"), failure(6, "overloaded", "r2", "a5"));
    expect(shown(state)).toEqual(["you: one", "you: two", "agent: 1 (error)"]);
  });

  test("that was cancelled leaves the run to the others", () => {
    const state = play(...steered, failure(5, "the request was cancelled", "r2"));
    expect(shown(state)).toEqual(["you: one", "you: two (left)", "agent: 1 (running)"]);
    expect(state.run?.requestId).toBe("r1");
    const ended = [text(6, "!", "r1"), complete(7, "1!", "r1")].reduce(reduce, state);
    expect(shown(ended)).toEqual(["you: one", "you: two (left)", "agent: 1!"]);
  });

  test("that was cancelled leaves a run that no client began", () => {
    const state = play(start(1), text(2, "hook"), send("r2", "two"), { ...joins("r2"), into: undefined } as Action, failure(4, "cancelled", "r2"));
    expect(shown(state)).toEqual(["you: two (left)", "agent: hook (running)"]);
  });

  test("does not end the run that came next", () => {
    const next = [complete(5, "1", "r1", "a5"), start(6, "r3"), complete(7, "1", "r2", "a5")];
    expect(play(...steered, ...next).run?.requestId).toBe("r3");
  });
});

test("requests that share one turn stand in the order in which they were said", () => {
  const state = play(send("r1", "one"), send("r2", "two"), joins("r2"), start(3, "r1"), text(4, "Both.", "r1"));
  expect(state.pending).toEqual([]);
  expect(shown(state)).toEqual(["you: one", "you: two (joined)", "agent: Both. (running)"]);
});

test("a stored reply stands behind all that it answers, and before what was queued for later", () => {
  const messages = [
    message(1, "user", "one", { requestId: "r1", runId: "run" }),
    message(3, "user", "two", { requestId: "r2", runId: "run" }),
    message(9, "assistant", "1 and 2", { requestId: "r1", runId: "run" }),
    message(5, "user", "three", { requestId: "r3", runId: "run3" }),
    message(12, "assistant", "3", { requestId: "r3", runId: "run3" }),
  ];
  const state = play({ kind: "history", messages, olderCursor: null });
  expect(shown(state)).toEqual(["you: one", "you: two", "agent: 1 and 2", "you: three", "agent: 3"]);
});
