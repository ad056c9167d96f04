// Stories of one conversation: what a page saw, and what it must show.
import { describe, expect, test } from "vitest";
import { type Action, reduce } from "./conversation";
import { type Bare, complete, event, failure, message, play, send, shown, snapshot, start, stored, text } from "./testing";
import { timeline } from "./timeline";

describe("reasoning", () => {
  const thought = (seq: number, content: string) =>
    event(seq, {
      type: "agent-stream",
      chunk: { event: "on_chat_model_reasoning", run_id: "run", data: { chunk: { content } } },
    });

  test("grows beside the words and is no part of them", () => {
    const state = play(send("r1"), start(1, "r1"), thought(2, "Hm"), thought(3, "m."), text(4, "Hi", "r1"));
    expect(shown(state)).toEqual(["you: hi", "agent: (Hmm.)Hi (running)"]);
  });
});

describe("a turn of one's own", () => {
  test("goes from pending to confirmed to streaming to complete", () => {
    let state = play(send("r1"));
    expect(shown(state)).toEqual(["you: hi (sending)"]);
    state = [start(1, "r1"), text(2, "Hel", "r1"), text(3, "lo", "r1")].reduce(reduce, state);
    expect(shown(state)).toEqual(["you: hi", "agent: Hello (running)"]);
    state = reduce(state, complete(4, "Hello", "r1"));
    expect(shown(state)).toEqual(["you: hi", "agent: Hello"]);
    expect(state.run).toBeNull();
  });

  test("keeps its keys, so that no element is drawn twice", () => {
    const steps = [send("r1"), start(1, "r1"), text(2, "Hello", "r1"), complete(3, "Hello", "r1")];
    const keys = steps.map((_, index) => timeline(play(...steps.slice(0, index + 1))).map((turn) => turn.key));
    expect(keys).toEqual([
      ["user:r1"],
      ["user:r1", "assistant:r1"],
      ["user:r1", "assistant:r1"],
      ["user:r1", "assistant:r1"],
    ]);
  });

  test("shows the gateway's text where it differs from the words that arrived", () => {
    const state = play(send("r1"), start(1, "r1"), text(3, "lo", "r1"), complete(4, "Hello", "r1"));
    expect(shown(state)).toEqual(["you: hi", "agent: Hello"]);
  });

  test("keeps text and tools in their order, with times", () => {
    const tool = { toolCallId: "t1", toolName: "clock" };
    const state = play(
      start(1, "r1"),
      text(2, "Let me see. ", "r1"),
      event(3, { type: "tool-start", ...tool, toolInput: { zone: "UTC" } }, "r1"),
      event(4, { type: "tool-end", ...tool, toolOutput: "noon" }, "r1"),
      text(5, "It is noon.", "r1"),
    );
    expect(shown(state)).toEqual(["agent: Let me see. [clock]It is noon. (running)"]);
    expect(state.run?.parts[1]).toMatchObject({ toolOutput: "noon", startedAt: 1_003, endedAt: 1_004, isError: false });
  });

  test("ignores the chunk forms of tools and types it does not know", () => {
    const unknown = event(3, { type: "agent-mood", mood: "calm" } as unknown as Bare);
    const chunk = event(2, { type: "agent-stream", chunk: { event: "on_tool_start", run_id: "t1", name: "clock", data: { input: {} } } });
    const state = play(start(1, "r1"), chunk, unknown, text(4, "ok", "r1"));
    expect(shown(state)).toEqual(["agent: ok (running)"]);
    expect(state.lastSeq).toBe(4);
  });
});

describe("endings", () => {
  test("a cancelled run keeps what was said", () => {
    const state = play(send("r1"), start(1, "r1"), text(2, "Half", "r1"), failure(3, "Request cancelled", "r1", "a3"));
    expect(shown(state)).toEqual(["you: hi", "agent: Half (cancelled)"]);
  });

  test("a failed run says why", () => {
    const state = play(send("r1"), start(1, "r1"), failure(2, "overloaded", "r1", "a2"));
    expect(shown(state)).toEqual(["you: hi", "agent:  (error)"]);
    expect(state.messages.at(-1)).toMatchObject({ id: "a2", status: "error", error: "overloaded" });
  });

  test("a truncated reply says so", () => {
    const result = { response: "Long", messageId: "a3", truncated: true };
    const state = play(start(1, "r1"), text(2, "Long", "r1"), event(3, { type: "agent-complete", result }, "r1"));
    expect(shown(state)).toEqual(["agent: Long (truncated)"]);
  });

  test("stopping is shown until the run ends, and taken back when it was refused", () => {
    const running = play(start(1, "r1"), { kind: "stopping", stopping: true });
    expect(running.run?.stopping).toBe(true);
    expect(reduce(running, { kind: "stopping", stopping: false }).run?.stopping).toBe(false);
  });
});

describe("a busy session", () => {
  const busy = [send("r1", "one"), start(1, "r1"), text(2, "1", "r1"), send("r2", "two")];

  test("queues the second message and runs it next", () => {
    let state = play(...busy, { kind: "queued", requestId: "r2", position: 1 });
    expect(shown(state)).toEqual(["you: one", "agent: 1 (running)", "you: two (queued)"]);
    state = [complete(4, "1", "r1"), start(5, "r2"), text(6, "2", "r2"), complete(7, "2", "r2")].reduce(reduce, state);
    expect(shown(state)).toEqual(["you: one", "agent: 1", "you: two", "agent: 2"]);
  });

  test("shows a stored queue in the order of question and answer", () => {
    const messages = [
      message(1, "user", "one", { requestId: "r1" }),
      message(3, "user", "two", { requestId: "r2" }),
      message(9, "assistant", "1", { requestId: "r1" }),
      message(12, "assistant", "2", { requestId: "r2" }),
    ];
    const state = play({ kind: "history", messages, olderCursor: null });
    expect(shown(state)).toEqual(["you: one", "agent: 1", "you: two", "agent: 2"]);
  });

  test("a cancelled queued message stays the writer's, and the run goes on", () => {
    const state = play(...busy, { kind: "queued", requestId: "r2", position: 1 }, failure(3, "cancelled", "r2"));
    expect(shown(state)).toEqual(["you: one", "agent: 1 (running)", "you: two (cancelled)"]);
  });

  test("a refused message stays until it is removed", () => {
    const refused = play(send("r1"), { kind: "refused", requestId: "r1", error: "slow down" });
    expect(shown(refused)).toEqual(["you: hi (failed)"]);
    expect(shown(reduce(refused, { kind: "discard", requestId: "r1" }))).toEqual([]);
  });
});

describe("duplicates and gaps", () => {
  test("an event that comes twice counts once", () => {
    const state = play(start(1, "r1"), text(2, "Hel", "r1"), text(2, "Hel", "r1"), text(3, "lo", "r1"), text(2, "Hel", "r1"));
    expect(shown(state)).toEqual(["agent: Hello (running)"]);
  });

  test("gaps in seq are ordinary", () => {
    const state = play(start(10, "r1"), text(25, "a", "r1"), text(90, "b", "r1"));
    expect(shown(state)).toEqual(["agent: ab (running)"]);
    expect(state.lastSeq).toBe(90);
  });

  test("any prefix of the events may be repeated without a trace", () => {
    const all = [send("r1"), start(1, "r1"), text(2, "a", "r1"), text(4, "b", "r1"), complete(6, "ab", "r1")];
    const once = shown(play(...all));
    for (let cut = 1; cut <= all.length; cut += 1) {
      const seen = all.slice(0, cut);
      const replay = seen.filter((action) => action.kind === "event");
      expect(shown(play(...seen, ...replay, ...all.slice(cut)))).toEqual(once);
    }
  });

  test("a stored message that is known is replaced, not added", () => {
    const first = message(1, "user", "hi", { requestId: "r1" });
    const state = play({ kind: "history", messages: [first], olderCursor: null }, stored({ ...first, seq: 2 }));
    expect(shown(state)).toEqual(["you: hi"]);
  });
});

describe("a lost connection", () => {
  const half = [send("r1"), start(1, "r1"), text(2, "Hel", "r1")];

  test("a snapshot replaces what was seen of the run", () => {
    let state = play(...half, { kind: "subscribed" });
    expect(shown(state)).toEqual(["you: hi", "agent: Hel (running)"]);
    state = reduce(state, snapshot(5, [{ type: "text", text: "Hello, w" }], "r1"));
    state = [{ kind: "settled" } as Action, text(6, "orld", "r1"), complete(7, "Hello, world", "r1")].reduce(reduce, state);
    expect(shown(state)).toEqual(["you: hi", "agent: Hello, world"]);
  });

  test("live events that the snapshot includes do not count again", () => {
    const state = play(
      ...half,
      { kind: "subscribed" },
      snapshot(5, [{ type: "text", text: "Hello" }], "r1"),
      text(4, "l", "r1"),
      text(5, "o", "r1"),
      text(6, "!", "r1"),
    );
    expect(shown(state)).toEqual(["you: hi", "agent: Hello! (running)"]);
  });

  test("a snapshot without anything new still confirms the run", () => {
    const state = play(
      ...half,
      { kind: "subscribed" },
      snapshot(2, [{ type: "text", text: "Hel" }], "r1"),
      { kind: "settled" },
      text(3, "lo", "r1"),
    );
    expect(shown(state)).toEqual(["you: hi", "agent: Hello (running)"]);
  });

  test("a snapshot may be older than a message that was queued after it", () => {
    const state = play(
      ...half,
      { kind: "subscribed" },
      stored(message(9, "user", "next", { requestId: "r2" })),
      snapshot(8, [{ type: "text", text: "Hello" }], "r1"),
      { kind: "settled" },
      text(10, "!", "r1"),
    );
    expect(shown(state)).toEqual(["you: hi", "you: next", "agent: Hello! (running)"]);
  });

  test("a late snapshot does not wake a run that has ended", () => {
    const late = snapshot(2, [{ type: "text", text: "Hel" }], "r1");
    expect(shown(play(...half, complete(4, "Hello", "r1"), late))).toEqual(["you: hi", "agent: Hello"]);
  });

  test("a run that ended meanwhile comes as stored messages", () => {
    const state = play(
      ...half,
      { kind: "subscribed" },
      stored(message(9, "assistant", "Hello", { requestId: "r1", runId: "run" })),
      { kind: "settled" },
    );
    expect(shown(state)).toEqual(["you: hi", "agent: Hello"]);
    expect(state.run).toBeNull();
  });

  test("a run of which the gateway knows nothing any more is not shown as running", () => {
    const state = play(...half, { kind: "subscribed" }, { kind: "settled" });
    expect(shown(state)).toEqual(["you: hi"]);
  });

  test("a run that started while away appears with what it said so far", () => {
    const state = play(
      { kind: "subscribed" },
      stored(message(3, "user", "from elsewhere")),
      snapshot(6, [{ type: "text", text: "On it" }]),
      { kind: "settled" },
    );
    expect(shown(state)).toEqual(["you: from elsewhere", "agent: On it (running)"]);
  });

  test("one's own message comes back as stored, once", () => {
    const state = play(send("r1"), { kind: "subscribed" }, stored(message(3, "user", "hi", { requestId: "r1" })), start(4, "r1"));
    expect(shown(state)).toEqual(["you: hi", "agent:  (running)"]);
    expect(state.messages).toHaveLength(1);
  });

  test("a message sent again is confirmed by the repeat of its first outcome", () => {
    const seen = play(send("r1"), { kind: "subscribed" }, text(50, "other", undefined, "other"));
    const state = [start(3, "r1"), complete(9, "Hello", "r1")].reduce(reduce, seen);
    expect(shown(state).slice(0, 2)).toEqual(["you: hi", "agent: other (running)"]);
    expect(state.pending).toEqual([]);
    expect(state.lastSeq).toBe(50);
  });

  test("a message whose stored form came before `since` is confirmed by its reply", () => {
    const state = play(
      send("r2", "two"),
      text(50, "first reply", "r1"),
      { kind: "subscribed" },
      stored(message(60, "assistant", "1", { requestId: "r1", runId: "run" })),
      stored(message(70, "assistant", "2", { requestId: "r2", runId: "run2" })),
    );
    expect(shown(state)).toEqual(["agent: 1", "you: two", "agent: 2"]);
    expect(state.pending).toEqual([]);
  });

  test("a snapshot of one's own run confirms the message", () => {
    const state = play(send("r1"), { kind: "subscribed" }, snapshot(5, [], "r1"));
    expect(shown(state)).toEqual(["you: hi", "agent:  (running)"]);
  });
});

describe("history", () => {
  test("older pages go before what is there, without repeats", () => {
    const page = [message(5, "user", "c"), message(6, "assistant", "d")];
    const older = [message(1, "user", "a"), message(2, "assistant", "b"), message(5, "user", "c")];
    const state = play(
      { kind: "history", messages: page, olderCursor: "x" },
      { kind: "older", messages: older, olderCursor: null },
    );
    expect(shown(state)).toEqual(["you: a", "agent: b", "you: c", "agent: d"]);
    expect(state).toMatchObject({ lastSeq: 6, olderCursor: null });
  });

  test("a pending message that history already has is no longer pending", () => {
    const messages = [message(1, "user", "hi", { requestId: "r1" })];
    const state = play(send("r1"), { kind: "history", messages, olderCursor: null });
    expect(shown(state)).toEqual(["you: hi"]);
  });

  test("another client's turn is shown as it happens", () => {
    const state = play(stored(message(1, "user", "from a phone", { requestId: "x" })), start(2, "x"), text(3, "Hi", "x"));
    expect(shown(state)).toEqual(["you: from a phone", "agent: Hi (running)"]);
  });
});
