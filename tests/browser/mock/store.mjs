// Sessions, their messages and their runs, in memory.
import { randomUUID } from "node:crypto";
import { EventEmitter } from "node:events";
import { replyTo } from "./model.mjs";

export class Store extends EventEmitter {
  sessions = new Map();

  create({ agentId = "main", name, sessionId = `agent:${agentId}:webui:thread:${randomUUID()}` }) {
    const now = Date.now();
    const session = { id: sessionId, name: name ?? "New chat", agentId, createdAt: now, updatedAt: now, source: "client" };
    this.sessions.set(sessionId, Object.assign(session, { messages: [], seq: 0, run: null, queue: [], seen: new Set() }));
    return this.summary(session);
  }

  summary({ id, name, agentId, createdAt, updatedAt, source, messages, run, parent }) {
    const lastMessagePreview = messages.at(-1)?.content.slice(0, 120) ?? null;
    const counted = { messageCount: messages.length, lastMessagePreview, workdir: null, running: run !== null };
    return { id, name, agentId, createdAt, updatedAt, source, ...counted, ...parent };
  }

  list() {
    return [...this.sessions.values()].sort((a, b) => b.updatedAt - a.updatedAt).map((one) => this.summary(one));
  }

  /** Emits an event of a session; `owner` is the client that asked. */
  tell(session, payload, { requestId, owner, alone = false, seq = ++session.seq } = {}) {
    const full = { ...payload, sessionId: session.id, agentId: session.agentId, timestamp: Date.now() };
    this.emit("event", { session, seq, requestId, owner, alone, payload: full });
    return seq;
  }

  ask(session, { requestId, owner, content, queueMode }) {
    if (session.seen.has(requestId)) return null;
    session.seen.add(requestId);
    const message = { id: randomUUID(), role: "user", content, createdAt: Date.now(), requestId };
    message.seq = session.seq + 1;
    session.messages.push(message);
    session.updatedAt = Date.now();
    this.tell(session, storedEvent(message), { requestId, owner });
    session.queue.push({ requestId, owner, content, queueMode });
    const position = session.queue.length - (session.run ? 0 : 1);
    if (session.run === null) void this.#work(session);
    return position;
  }

  cancel(session, requestId) {
    if (session.run?.requestId === requestId) {
      session.run.cancelled = true;
      session.run.stopWaiting?.(new Error("The run was cancelled."));
    }
    const queued = session.queue.find((one) => one.requestId === requestId);
    if (queued === undefined) return;
    session.queue = session.queue.filter((one) => one !== queued);
    session.messages = session.messages.filter((one) => one.requestId !== requestId);
    this.tell(session, { type: "agent-error", error: "The request was cancelled while it waited." }, queued);
  }

  async #work(session) {
    for (let asked = session.queue.shift(); asked; asked = session.queue.shift()) {
      const { requestId, owner, content } = asked;
      const of = { requestId, owner };
      session.run = { runId: randomUUID(), requestId, prompt: content, parts: [], cancelled: false };
      session.run.first = !session.messages.some(({ role }) => role === "assistant");
      const run = session.run;
      run.joined = [];
      run.ask = (question) => this.#question(session, run, question, of);
      run.delegate = (callId, input) => this.#delegate(session, run, callId, input, of);
      this.tell(session, { type: "agent-start", agent: session.agentId, prompt: content }, of);
      let error;
      try {
        for await (const part of replyTo(content, run)) this.#grow(session, run, part, of);
      } catch (cause) {
        error = cause.message;
      }
      this.#finish(session, run, error, of);
    }
  }

  #grow(session, run, part, of) {
    const last = run.parts.at(-1);
    if (part.text !== undefined) {
      if (last?.type === "text") last.text += part.text;
      else run.parts.push({ type: "text", text: part.text });
      const data = { chunk: { content: part.text } };
      this.tell(session, { type: "agent-stream", chunk: { event: "on_chat_model_stream", run_id: run.runId, data } }, of);
    } else if (part.type === "tool-start") {
      const { toolCallId, toolName, toolInput } = part;
      run.parts.push({ type: "tool", toolCallId, toolName, toolInput, startedAt: Date.now() });
      this.tell(session, part, of);
    } else {
      Object.assign(last, { toolOutput: part.toolOutput, isError: part.isError, endedAt: Date.now() });
      this.tell(session, part, of);
      this.#letJoin(session, run);
    }
  }

  #question(session, run, about, of) {
    const { id: sessionId, agentId } = session;
    run.question = { id: randomUUID(), sessionId, agentId, runId: run.runId, askedAt: Date.now(), ...about };
    this.tell(session, { type: "question-asked", question: run.question }, of);
    return new Promise((resolve, reject) => {
      run.goOn = resolve;
      run.stopWaiting = reject;
    });
  }

  /** False when there is no such question that waits. */
  answer(session, questionId, { answer, approve, reason }) {
    const run = session?.run;
    if (run?.question?.id !== questionId) return false;
    run.question = undefined;
    const said = { questionId, approved: approve, answer: answer ?? reason };
    this.tell(session, { type: "question-answered", ...said }, run);
    run.goOn({ answer, approve, reason });
    return true;
  }

  async #delegate(session, run, callId, { agent, task }, of) {
    const sessionId = `agent:${agent}:delegate:${session.agentId}:${run.runId}:1`;
    this.create({ agentId: agent, name: task.slice(0, 60), sessionId });
    const child = this.sessions.get(sessionId);
    Object.assign(child, { source: "delegate", parent: { parentSessionId: session.id, parentRunId: run.runId } });
    this.tell(session, { type: "delegate-start", childSessionId: sessionId, childAgentId: agent, parentCallId: callId }, of);
    const done = new Promise((resolve) => {
      const hear = ({ session: { id }, payload }) => {
        if (id !== sessionId || !["agent-complete", "agent-error"].includes(payload.type)) return;
        this.off("event", hear);
        resolve(payload.result?.response ?? payload.error);
      };
      this.on("event", hear);
    });
    this.ask(child, { requestId: randomUUID(), content: task });
    return done;
  }

  /** Those that steer become part of the run, between a tool's result and what the model says next. */
  #letJoin(session, run) {
    const joining = session.queue.filter(({ queueMode }) => queueMode === "steer");
    session.queue = session.queue.filter((one) => !joining.includes(one));
    for (const one of joining) {
      const message = session.messages.find(({ requestId }) => requestId === one.requestId);
      message.runId = run.runId;
      run.joined.push(one);
      this.emit("joined", { session, run, ...one });
    }
  }

  #finish(session, run, error, of) {
    session.run = null;
    session.updatedAt = Date.now();
    const content = run.parts.map((part) => part.text ?? "").join("");
    const status = error === undefined ? "complete" : /cancel/i.test(error) ? "cancelled" : "error";
    const message = { id: randomUUID(), role: "assistant", content, createdAt: Date.now(), status, error, parts: run.parts };
    Object.assign(message, { requestId: run.requestId, runId: run.runId, seq: session.seq + 1 });
    session.messages.push(message);
    const result = { response: content, messageId: message.id };
    const end = error === undefined ? { type: "agent-complete", result } : { type: "agent-error", error, messageId: message.id };
    this.tell(session, end, of);
    for (const { requestId, owner } of run.joined) this.tell(session, end, { requestId, owner, alone: true });
  }

  questions() {
    return [...this.sessions.values()].flatMap(({ run }) => run?.question ?? []);
  }

  search(wanted) {
    const hits = [...this.sessions.values()].flatMap(({ id, name, agentId, messages }) =>
      messages
        .filter(({ content }) => content.toLowerCase().includes(wanted.toLowerCase()))
        .map(({ id: messageId, seq, role, createdAt, content }) => {
          const snippet = [{ text: content.slice(0, 80) }];
          return { sessionId: id, sessionName: name, agentId, messageId, seq, role, createdAt, snippet };
        }),
    );
    return hits.sort((a, b) => b.createdAt - a.createdAt);
  }

  /** A history to look at: many messages in one session, and sessions from elsewhere. */
  fill() {
    const { id } = this.create({ name: "A long history" });
    const session = this.sessions.get(id);
    const from = Date.now() - 40 * 3_600_000;
    for (let n = 1; n <= 250; n += 1) {
      const role = n % 2 === 1 ? "user" : "assistant";
      const content = role === "user" ? `Question ${n}` : `Answer ${n}. ${"Some words follow. ".repeat(12)}`;
      session.messages.push({ id: `m${n}`, role, content, createdAt: from + n * 60_000, seq: n });
    }
    session.seq = 250;
    session.updatedAt = from + 250 * 60_000;
    this.create({ name: "Mail for the office", sessionId: "agent:main:webhook:mail" });
    const hook = this.sessions.get("agent:main:webhook:mail");
    Object.assign(hook, { source: "webhook", updatedAt: Date.now() - 7_200_000, seq: 1 });
    const content = "From: Ada\nSubject: Invoice 42\n\nThe invoice is attached.";
    hook.messages.push({ id: "h1", role: "user", content, sender: "mail", createdAt: hook.updatedAt, seq: 1 });
  }
}

export function storedEvent(message) {
  const { id, role, content, requestId } = message;
  return { type: "session-message", messageId: id, role, content, requestId, message };
}
