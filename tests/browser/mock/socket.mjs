// The WebSocket: handshake, requests, subscriptions with `since` and snapshot.
import { WebSocketServer } from "ws";
import { storedEvent } from "./store.mjs";

export function serveSockets(server, store) {
  const sockets = new WebSocketServer({ server, path: "/ws" });
  store.setMaxListeners(0);
  sockets.on("connection", (socket, request) => {
    const client = { instanceId: null, watched: new Set() };
    const signedIn = request.headers.cookie?.includes("wingman_session=mock") ?? false;
    const send = (frame) => socket.send(JSON.stringify({ timestamp: Date.now(), ...frame }));
    const hear = (event) => forward(client, send, event);
    store.on("event", hear);
    const join = ({ session, run, requestId, owner }) => {
      if (owner !== client.instanceId) return;
      const about = { requestId, sessionId: session.id, agentId: session.agentId, runId: run.runId, joinedRequestId: run.requestId };
      send({ type: "ack", id: requestId, payload: { action: "req:agent", status: "steered", ...about } });
    };
    store.on("joined", join);
    socket.on("close", () => {
      store.off("event", hear);
      store.off("joined", join);
    });
    socket.on("message", (data) => {
      const frame = JSON.parse(String(data));
      if (frame.type === "connect") {
        client.instanceId = frame.client.instanceId;
        send({ type: "res", id: frame.id, ok: signedIn, payload: signedIn ? "gateway-ready" : "unauthorized" });
        if (!signedIn) socket.close(1000);
      } else if (client.instanceId !== null) {
        answer(store, client, send, frame);
      }
    });
  });
}

function forward(client, send, { session, seq, requestId, owner, alone, payload }) {
  const own = owner === client.instanceId;
  const isMessage = payload.type === "session-message";
  if (isMessage && own) return;
  if (!own && alone) return;
  if (!own && !isMessage && payload.type !== "question-asked" && !client.watched.has(session.id)) return;
  send({ type: "event:agent", seq, id: requestId, clientId: own ? owner : undefined, payload });
}

function answer(store, client, send, { type, id, payload = {} }) {
  const refuse = (code, message) => send({ type: "error", id, payload: { code, message } });
  switch (type) {
    case "ping":
      return send({ type: "pong", id });
    case "session_unsubscribe":
      client.watched.delete(payload.sessionId);
      return send({ type: "ack", id, payload: { action: type, sessionId: payload.sessionId } });
    case "session_subscribe":
      return subscribe(store, client, send, id, payload);
    case "req:agent": {
      const session = store.sessions.get(payload.sessionKey);
      if (!session) return refuse("INVALID_REQUEST", "There is no such session.");
      const position = store.ask(session, { requestId: id, owner: client.instanceId, content: payload.content, queueMode: payload.queueMode });
      if (!position) return;
      const queued = { action: type, status: "queued", requestId: id, sessionId: session.id, agentId: session.agentId };
      return send({ type: "ack", id, payload: { ...queued, position } });
    }
    case "req:answer": {
      const { sessionId, questionId } = payload;
      if (!store.answer(store.sessions.get(sessionId), questionId, payload)) return refuse("CONFLICT", "The question was answered before.");
      return send({ type: "ack", id, payload: { action: type, sessionId, questionId } });
    }
    case "req:agent:cancel": {
      for (const session of store.sessions.values()) store.cancel(session, payload.requestId);
      const done = { action: type, requestId: payload.requestId, status: "cancelled" };
      return send({ type: "ack", id, payload: done });
    }
    default:
      return refuse("UNKNOWN_MESSAGE_TYPE", `Unknown type ${type}.`);
  }
}

function subscribe(store, client, send, id, { sessionId, since }) {
  client.watched.add(sessionId);
  const session = store.sessions.get(sessionId);
  send({ type: "ack", id, payload: { action: "session_subscribe", sessionId, seq: session?.seq ?? 0 } });
  if (!session) return;
  const about = { sessionId, agentId: session.agentId, timestamp: Date.now() };
  for (const message of session.messages) {
    if (since === undefined || message.seq <= since) continue;
    const payload = { ...storedEvent(message), ...about };
    send({ type: "event:agent", seq: message.seq, id: message.requestId, payload });
  }
  if (session.run === null) return;
  const { runId, requestId, prompt, parts, question } = session.run;
  const payload = { type: "agent-snapshot", runId, requestId, prompt, parts, question, ...about };
  send({ type: "event:agent", seq: session.seq, id: requestId, payload });
}
