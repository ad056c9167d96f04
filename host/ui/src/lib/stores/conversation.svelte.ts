// One open session: joins its history (API) and its live events (socket) in the reducer, and
// publishes at most once a frame.
import type { ApiClient } from "../api/client";
import { type Action, type Conversation, empty, reduce } from "../conversation/conversation";
import { type PendingMessage, unconfirmed } from "../conversation/pending";
import { uuid } from "../ids";
import type { QuestionReply, QueueAck, QueueMode, ServerFrame } from "../protocol/generated";
import type { GatewaySocket } from "../socket/socket";
import { recall, remember } from "../tabStorage";
import { type Failure, failureOf } from "./resource.svelte";

/** How long after a subscription the gateway may take to confirm a run that was shown before. */
const confirmation = 3_000;
/** How many older pages are read to find a message that somebody looks for. */
const mostPages = 100;

export class ConversationStore {
  readonly sessionId: string;
  shown = $state.raw<Conversation>(empty());
  ready = $state(false);
  failure = $state.raw<Failure | null>(null);
  notice = $state<string | null>(null);
  loadingOlder = $state(false);
  #api: ApiClient;
  #socket: GatewaySocket;
  #agentId: () => string | undefined;
  #now: Conversation;
  #live = false;
  #paint: number | undefined;
  #older: Promise<void> | undefined;
  #settle: ReturnType<typeof setTimeout> | undefined;
  #stopListening: (() => void)[];

  constructor(api: ApiClient, socket: GatewaySocket, sessionId: string, agentId: () => string | undefined) {
    this.#agentId = agentId;
    this.#api = api;
    this.#socket = socket;
    this.sessionId = sessionId;
    this.#now = empty(savedPending(sessionId));
    this.#stopListening = [
      socket.onFrame((frame) => this.#hear(frame)),
      socket.onConnection((connection) => {
        this.#live = false;
        if (connection.state === "ready" && this.ready) void this.#subscribe();
      }),
    ];
    void this.load();
  }

  close(): void {
    for (const stop of this.#stopListening) stop();
    clearTimeout(this.#settle);
    if (this.#live) this.#socket.send({ type: "session_unsubscribe", id: uuid(), payload: { sessionId: this.sessionId } });
    this.#live = false;
  }

  load = async (): Promise<void> => {
    this.failure = null;
    try {
      const { items, cursor } = await this.#api.messages(this.sessionId);
      this.#do({ kind: "history", messages: items, olderCursor: cursor });
      this.ready = true;
    } catch (error) {
      this.failure = failureOf(error);
      return;
    }
    await this.#subscribe();
  };

  /** Whoever asks while a page is on its way waits for that one. */
  loadOlder(): Promise<void> {
    this.#older ??= this.#loadOlder().finally(() => (this.#older = undefined));
    return this.#older;
  }

  async #loadOlder(): Promise<void> {
    const cursor = this.#now.olderCursor;
    if (cursor === null) return;
    this.loadingOlder = true;
    try {
      const page = await this.#api.messages(this.sessionId, cursor);
      this.#do({ kind: "older", messages: page.items, olderCursor: page.cursor });
      this.#publish();
    } catch (error) {
      this.notice = failureOf(error).message;
    } finally {
      this.loadingOlder = false;
    }
  }

  /** Loads older messages until this one is among them; false when it is not found. */
  async seek(messageId: string): Promise<boolean> {
    const isHere = () => this.#now.messages.some(({ id }) => id === messageId);
    for (let page = 0; page < mostPages && !isHere(); page += 1) {
      const cursor = this.#now.olderCursor;
      if (cursor === null) break;
      await this.loadOlder();
      // It failed, which the notice says.
      if (this.#now.olderCursor === cursor) break;
    }
    return isHere();
  }

  send(content: string, queueMode?: QueueMode): void {
    const requestId = uuid();
    const mode = queueMode === undefined ? {} : { queueMode };
    this.#do({ kind: "send", requestId, content, at: Date.now(), ...mode });
    this.#publish();
    this.#deliver({ requestId, content, ...mode });
  }

  /** Answers a question that a run waits for. True when the gateway has taken the answer; the question says why where not. */
  async answer(questionId: string, reply: QuestionReply): Promise<boolean> {
    this.#do({ kind: "answering", questionId });
    try {
      await this.#socket.request({ type: "req:answer", payload: { sessionId: this.sessionId, questionId, ...reply } });
      this.#do({ kind: "answer-kept", questionId, reply });
      return true;
    } catch (error) {
      this.#do({ kind: "answer-refused", questionId, error: failureOf(error).message });
      return false;
    }
  }

  /** Sends a refused or cancelled message as a new request: its old id would get its old answer. */
  retry(pending: PendingMessage): void {
    this.discard(pending);
    this.send(pending.content, pending.queueMode);
  }

  discard(pending: PendingMessage): void {
    this.#do({ kind: "discard", requestId: pending.requestId });
  }

  stop(): void {
    const requestId = this.#now.run?.requestId;
    if (requestId === undefined) return;
    this.#do({ kind: "stopping", stopping: true });
    void this.#cancel(requestId);
  }

  /** Takes back a request that waits, or that has joined another one's run; that run goes on. */
  takeBack(requestId: string): void {
    void this.#cancel(requestId);
  }

  async #cancel(requestId: string): Promise<void> {
    try {
      const { payload } = await this.#socket.request({ type: "req:agent:cancel", payload: { requestId } });
      if ("status" in payload && payload.status === "not_found") throw new Error("it is no longer running.");
    } catch (error) {
      this.notice = `Not stopped: ${failureOf(error).message}`;
      this.#do({ kind: "stopping", stopping: false });
    }
  }

  #deliver({ requestId, content, queueMode }: Pick<PendingMessage, "requestId" | "content" | "queueMode">): void {
    // Not live yet: the subscription sends it as soon as it stands.
    if (!this.#live) return;
    const agentId = this.#agentId();
    const about = agentId === undefined ? {} : { agentId };
    const mode = queueMode === undefined ? {} : { queueMode };
    const payload = { content, sessionKey: this.sessionId, ...about, ...mode };
    this.#socket.send({ type: "req:agent", id: requestId, payload });
  }

  async #subscribe(): Promise<void> {
    if (this.#socket.connection.state !== "ready") return;
    const { sessionId } = this;
    try {
      const since = this.#now.lastSeq;
      await this.#socket.request({ type: "session_subscribe", payload: { sessionId, since } });
    } catch (error) {
      // A lost connection subscribes again by itself; anything else is worth telling.
      if (this.#socket.connection.state === "ready") this.notice = failureOf(error).message;
      return;
    }
    // This runs before the next frame is handled: events from here on follow `since` without a gap,
    // and those before it (announced unasked) will come again.
    this.#live = true;
    this.#do({ kind: "subscribed" });
    clearTimeout(this.#settle);
    this.#settle = setTimeout(() => this.#do({ kind: "settled" }), confirmation);
    for (const pending of unconfirmed(this.#now.pending)) this.#deliver(pending);
  }

  #hear(frame: ServerFrame): void {
    if (!this.#live) return;
    if (frame.type === "event:agent") {
      const { payload: event, seq, id: requestId } = frame;
      if (event.sessionId === this.sessionId) this.#do({ kind: "event", event, seq, requestId });
    } else if (frame.type === "error" && frame.id !== undefined) {
      this.#do({ kind: "refused", requestId: frame.id, error: frame.payload.message });
    } else if (frame.type === "ack" && frame.payload.action === "req:agent") {
      this.#queue(frame.payload);
    }
  }

  #queue(ack: QueueAck): void {
    const { requestId } = ack;
    if (ack.status === "queued") this.#do({ kind: "queued", requestId, position: ack.position });
    else if (ack.status === "dequeued") this.#do({ kind: "dequeued", requestId });
    else this.#do({ kind: "joined", requestId, runId: ack.runId, into: ack.joinedRequestId });
  }

  #do(action: Action): void {
    const before = this.#now;
    this.#now = reduce(before, action);
    if (this.#now.pending !== before.pending) savePending(this.sessionId, this.#now.pending);
    // A hidden page paints no frames; it publishes when it is looked at again, or here at once.
    if (document.hidden || action.kind !== "event") this.#publish();
    else this.#paint ??= requestAnimationFrame(() => this.#publish());
  }

  #publish(): void {
    if (this.#paint !== undefined) cancelAnimationFrame(this.#paint);
    this.#paint = undefined;
    this.shown = this.#now;
  }
}

/** Leaves a first message for the conversation that will be opened for this new session. */
export function leaveFirstMessage(sessionId: string, content: string): void {
  savePending(sessionId, [{ requestId: uuid(), content, createdAt: Date.now(), state: "sending" }]);
}

function savedPending(sessionId: string): PendingMessage[] {
  try {
    return JSON.parse(recall(`pending.${sessionId}`) ?? "[]") as PendingMessage[];
  } catch {
    return [];
  }
}

function savePending(sessionId: string, pending: PendingMessage[]): void {
  remember(`pending.${sessionId}`, pending.length === 0 ? null : JSON.stringify(pending));
}
