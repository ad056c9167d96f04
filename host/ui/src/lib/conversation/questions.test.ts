// Stories of runs that wait for a person: who answered, and what the page must show meanwhile.
import { describe, expect, test } from "vitest";
import { type Action, reduce } from "./conversation";
import { complete, event, failure, play, question, send, shown, snapshot, start, text } from "./testing";

const asks = (seq: number, id = "q1", more = {}) => event(seq, { type: "question-asked", question: question(id, more) }, "r1");
const isAnswered = (seq: number, more: { answer?: string; approved?: boolean } = { answer: "blue" }, id = "q1") =>
  event(seq, { type: "question-answered", questionId: id, ...more }, "r1");
const answering: Action = { kind: "answering", questionId: "q1" };
const kept: Action = { kind: "answer-kept", questionId: "q1", reply: { answer: "blue" } };
const refused: Action = { kind: "answer-refused", questionId: "q1", error: "It was answered before." };
const waiting = [send("r1"), start(1, "r1"), asks(2)];
const first = (...actions: Action[]) => play(...waiting, ...actions).asked[0];

describe("a question", () => {
  test("is shown with the run that waits for it, also where that run has said nothing yet", () => {
    expect(shown(play(...waiting))).toEqual(["you: hi", "agent:  q1:open (running)"]);
  });

  test("is asked once, however often it is told", () => {
    expect(play(...waiting, asks(2), asks(3), snapshot(4, [], "r1", "run", question("q1"))).asked).toHaveLength(1);
  });

  test("stays with the words that follow its answer, and with the stored reply", () => {
    const state = play(...waiting, answering, kept, isAnswered(3), text(4, "Blue.", "r1"));
    expect(shown(state)).toEqual(["you: hi", "agent: Blue. q1:answered (running)"]);
    expect(shown(reduce(state, complete(5, "Blue.", "r1")))).toEqual(["you: hi", "agent: Blue. q1:answered"]);
  });

  test("that nobody answered is gone when its run has ended", () => {
    const state = play(...waiting, failure(3, "the run was cancelled", "r1", "a3"));
    expect(shown(state)).toEqual(["you: hi", "agent:  (cancelled)"]);
    expect(state.asked).toEqual([]);
  });

  test("that nobody answered is gone when the next run begins", () => {
    expect(play(...waiting, start(9, "r2")).asked).toEqual([]);
  });
});

describe("who answered", () => {
  test("an answer from here is one's own, whether its event or its confirmation comes first", () => {
    const mine = { state: "answered", by: "you", answer: "blue" };
    expect(first(answering, kept, isAnswered(3))).toMatchObject(mine);
    expect(first(answering, isAnswered(3), kept)).toMatchObject(mine);
  });

  test("an answer that nobody gave here is somebody else's", () => {
    expect(first(isAnswered(3))).toMatchObject({ state: "answered", by: "other", answer: "blue" });
  });

  test("an answer from here that came too late leaves the other one's", () => {
    const theirs = { state: "answered", by: "other", answer: "red" };
    expect(first(answering, isAnswered(3, { answer: "red" }), refused)).toMatchObject(theirs);
    expect(first(answering, refused, isAnswered(3, { answer: "red" }))).toMatchObject(theirs);
  });

  test("an approval and the reason of a refusal are kept as they were given", () => {
    const reply = { approve: false, reason: "Not today." };
    const denied = play(start(1, "r1"), asks(2, "q1", { kind: "approval" }), answering, { kind: "answer-kept", questionId: "q1", reply });
    expect(denied.asked[0]).toMatchObject({ by: "you", approved: false, answer: "Not today." });
    expect(first(isAnswered(3, { approved: true }))).toMatchObject({ by: "other", approved: true });
  });
});

describe("an answer that is not taken", () => {
  test("leaves the question open and says why; the next try forgets it", () => {
    expect(first(answering)).toMatchObject({ state: "sending" });
    expect(first(answering, refused)).toMatchObject({ state: "open", error: "It was answered before." });
    expect(first(answering, refused, answering)).not.toHaveProperty("error");
  });
});

describe("a lost connection", () => {
  const back: Action = { kind: "subscribed" };

  test("a snapshot brings a question that was asked meanwhile", () => {
    const state = play(start(1, "r1"), back, snapshot(8, [], "r1", "run", question("q1")), { kind: "settled" });
    expect(shown(state)).toEqual(["agent:  q1:open (running)"]);
  });

  test("a snapshot without the question says that it was answered, by whom is not known", () => {
    const state = play(...waiting, back, snapshot(8, [], "r1"));
    expect(state.asked).toMatchObject([{ state: "answered" }]);
    expect(state.asked[0]).not.toHaveProperty("by");
  });

  test("a late snapshot does not ask again what was answered", () => {
    const state = play(...waiting, isAnswered(5), snapshot(4, [], "r1", "run", question("q1")));
    expect(state.asked).toMatchObject([{ state: "answered", by: "other" }]);
  });

  test("a run that the gateway does not know any more asks nothing", () => {
    expect(play(...waiting, back, { kind: "settled" }).asked).toEqual([]);
  });
});
