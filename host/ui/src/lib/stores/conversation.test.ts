// An open conversation against a scripted API and socket: who is asked what, and when.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { ApiClient } from "../api/client";
import type { AckFrame, Envelope, ServerFrame, StoredMessage } from "../protocol/generated";
import type { Connection, GatewaySocket, Outgoing, Request } from "../socket/socket";
import { question } from "../conversation/testing";
import { remember } from "../tabStorage";
import { ConversationStore, leaveFirstMessage } from "./conversation.svelte";

class FakeSocket {
  connection: Connection = { state: "ready" };
  sent: Outgoing[] = [];
  requests: (Request & { ack: () => void; refuse: (why: string) => void })[] = [];
  #frame: (frame: ServerFrame) => void = () => {};
  #connection: (connection: Connection) => void = () => {};

  onFrame(listener: (frame: ServerFrame) => void) {
    this.#frame = listener;
    return () => {};
  }
  onConnection(listener: (connection: Connection) => void) {
    this.#connection = listener;
    return () => {};
  }
  send(frame: Outgoing) {
    this.sent.push(frame);
    return true;
  }
  request(frame: Request) {
    return new Promise<Pick<AckFrame, "payload">>((resolve, reject) => {
      const payload = { action: "session_subscribe", sessionId: "s", seq: 0 } as const;
      this.requests.push({ ...frame, ack: () => resolve({ payload }), refuse: (why) => reject(new Error(why)) });
    });
  }
  become(connection: Connection) {
    this.connection = connection;
    this.#connection(connection);
  }
  say(seq: number, payload: object, id?: string) {
    const about = { sessionId: "s", agentId: "main", timestamp: seq };
    this.hear({ type: "event:agent", seq, payload: { ...about, ...payload }, ...(id ? { id } : {}) });
  }
  hear(frame: Partial<Envelope>) {
    this.#frame({ timestamp: 1, ...frame } as ServerFrame);
  }
}

let socket: FakeSocket;
let history: StoredMessage[];
/** Pages before `history`, the newest first. */
let older: StoredMessage[][];
const stored = (seq: number, role: "user" | "assistant", content: string): StoredMessage => ({
  id: `m${seq}`,
  role,
  content,
  createdAt: seq,
  seq,
});
const announced = (message: StoredMessage) => ({ type: "session-message", messageId: message.id, ...message, message });
const settle = () => vi.advanceTimersByTimeAsync(0);

function open(): ConversationStore {
  const messages = (_: string, cursor: string | null = null) => {
    const page = cursor === null ? 0 : Number(cursor);
    const items = page === 0 ? history : (older[page - 1] ?? []);
    return Promise.resolve({ items, cursor: page < older.length ? String(page + 1) : null });
  };
  const api = { messages };
  return new ConversationStore(api as unknown as ApiClient, socket as unknown as GatewaySocket, "s", () => "main");
}

async function openLive(): Promise<ConversationStore> {
  const store = open();
  await settle();
  socket.requests.at(-1)?.ack();
  await settle();
  return store;
}

beforeEach(() => {
  vi.useFakeTimers();
  remember("pending.s", null);
  socket = new FakeSocket();
  older = [];
  history = [stored(1, "user", "a"), stored(7, "assistant", "b")];
});
afterEach(() => vi.useRealTimers());

describe("opening", () => {
  test("subscribes from the newest message that history had", async () => {
    open();
    await settle();
    expect(socket.requests[0]).toMatchObject({ type: "session_subscribe", payload: { sessionId: "s", since: 7 } });
  });

  test("what is announced before the subscription stands does not move `since` past what is missing", async () => {
    const store = open();
    await settle();
    socket.say(9, announced(stored(9, "user", "late")));
    socket.become({ state: "waiting", retryAt: 0 });
    socket.become({ state: "ready" });
    expect(socket.requests.at(-1)).toMatchObject({ payload: { since: 7 } });
    socket.requests.at(-1)?.ack();
    await settle();
    socket.say(8, announced(stored(8, "user", "missed")));
    socket.say(9, announced(stored(9, "user", "late")));
    await vi.runAllTimersAsync();
    expect(store.shown.messages.map(({ content }) => content)).toEqual(["a", "b", "missed", "late"]);
  });

  test("sends the first message of a new session once the subscription stands", async () => {
    leaveFirstMessage("s", "hello");
    history = [];
    open();
    await settle();
    expect(socket.sent).toEqual([]);
    socket.requests[0]?.ack();
    await settle();
    expect(socket.sent).toMatchObject([{ type: "req:agent", payload: { content: "hello", sessionKey: "s", agentId: "main" } }]);
  });
});

describe("a lost connection", () => {
  test("an unconfirmed message is sent again under its first id", async () => {
    const store = await openLive();
    store.send("hi");
    const first = socket.sent[0]?.id;
    socket.become({ state: "waiting", retryAt: 0 });
    socket.become({ state: "ready" });
    socket.requests.at(-1)?.ack();
    await settle();
    expect(socket.sent.map(({ id }) => id)).toEqual([first, first]);
    expect(store.shown.pending).toHaveLength(1);
  });

  test("a confirmed message is not sent again, and `since` is the newest event", async () => {
    const store = await openLive();
    store.send("hi");
    socket.say(8, { type: "agent-start", agent: "main", prompt: "hi" }, socket.sent[0]?.id);
    socket.become({ state: "waiting", retryAt: 0 });
    socket.become({ state: "ready" });
    expect(socket.requests.at(-1)).toMatchObject({ payload: { since: 8 } });
    socket.requests.at(-1)?.ack();
    await settle();
    expect(socket.sent).toHaveLength(1);
  });

  test("an unsent message survives a reload of the page", async () => {
    socket.connection = { state: "connecting" };
    const before = open();
    await settle();
    before.send("hi");
    const after = open();
    await settle();
    expect(after.shown.pending.map(({ content }) => content)).toEqual(["hi"]);
  });
});

describe("answers that are no events", () => {
  test("queued, dequeued and refused are told apart by the request's id", async () => {
    const store = await openLive();
    store.send("one");
    const id = socket.sent[0]?.id ?? "";
    const ack = (payload: object) => socket.hear({ type: "ack", id, payload: { action: "req:agent", requestId: id, ...payload } });
    ack({ status: "queued", position: 2 });
    expect(store.shown.pending[0]).toMatchObject({ state: "queued", position: 2 });
    ack({ status: "dequeued", remaining: 0 });
    expect(store.shown.pending[0]?.state).toBe("sending");
    socket.hear({ type: "error", id, payload: { code: "RATE_LIMITED", message: "Slow down." } });
    expect(store.shown.pending[0]).toMatchObject({ state: "failed", error: "Slow down." });
  });
});

describe("a busy session", () => {
  test("a message says what it does, also when it is sent again", async () => {
    const store = await openLive();
    store.send("plain");
    store.send("now", "steer");
    expect(socket.sent.map((frame) => "payload" in frame && frame.payload)).toEqual([
      { content: "plain", sessionKey: "s", agentId: "main" },
      { content: "now", sessionKey: "s", agentId: "main", queueMode: "steer" },
    ]);
    socket.become({ state: "waiting", retryAt: 0 });
    socket.become({ state: "ready" });
    socket.requests.at(-1)?.ack();
    await settle();
    expect(socket.sent.at(-1)).toMatchObject({ id: socket.sent[1]?.id, payload: { content: "now", queueMode: "steer" } });
  });

  test.each(["steered", "merged"])("a message that was %s is not pending, and can be taken back", async (status) => {
    const store = await openLive();
    store.send("two", "steer");
    const id = socket.sent[0]?.id ?? "";
    socket.hear({ type: "ack", id, payload: { action: "req:agent", status, requestId: id, runId: "run", joinedRequestId: "r1" } });
    expect(store.shown.pending).toEqual([]);
    expect(store.shown.joined).toMatchObject([{ requestId: id, runId: "run", state: "joined" }]);
    store.takeBack(id);
    expect(socket.requests.at(-1)).toMatchObject({ type: "req:agent:cancel", payload: { requestId: id } });
  });
});

describe("a question", () => {
  async function asked() {
    const store = await openLive();
    socket.say(8, { type: "question-asked", question: question("q1") }, "r1");
    await vi.advanceTimersByTimeAsync(50);
    return store;
  }
  const now = (store: ConversationStore) => store.shown.asked[0];

  test("is answered over the socket, and is one's own once that is confirmed", async () => {
    const store = await asked();
    const done = store.answer("q1", { answer: "blue" });
    expect(now(store)?.state).toBe("sending");
    const payload = { sessionId: "s", questionId: "q1", answer: "blue" };
    expect(socket.requests.at(-1)).toMatchObject({ type: "req:answer", payload });
    socket.requests.at(-1)?.ack();
    expect(await done).toBe(true);
    expect(now(store)).toMatchObject({ state: "answered", by: "you", answer: "blue" });
  });

  test("stays open with the reason when the answer is refused", async () => {
    const store = await asked();
    const done = store.answer("q1", { approve: true });
    socket.requests.at(-1)?.refuse("It was answered before.");
    expect(await done).toBe(false);
    expect(now(store)).toMatchObject({ state: "open", error: "It was answered before." });
  });
});

describe("a message that is looked for", () => {
  test("is found among older pages, of which no more are read than it takes", async () => {
    older = [[stored(-1, "user", "x")], [stored(-2, "user", "y")], [stored(-3, "user", "z")]];
    const store = await openLive();
    expect(await store.seek("m-2")).toBe(true);
    expect(store.shown.messages.map(({ content }) => content)).toEqual(["y", "x", "a", "b"]);
  });

  test("is found also when its page was asked for already", async () => {
    older = [[stored(-1, "user", "x")]];
    const store = await openLive();
    void store.loadOlder();
    expect(await store.seek("m-1")).toBe(true);
  });

  test("that is in no page is not found, and the search ends", async () => {
    older = [[stored(-1, "user", "x")]];
    const store = await openLive();
    expect(await store.seek("nowhere")).toBe(false);
  });
});
