// The one WebSocket of the page: handshake, reconnect, liveness, and requests that await a reply.
// It knows frames, not conversations; what an event means is decided by those who listen.
import { uuid } from "../ids";
import type { AckFrame, ClientFrame, ResFrame, ServerFrame } from "../protocol/generated";
import { backoff } from "./backoff";
import { PendingReplies } from "./pending";

export type Connection =
  | { state: "stopped" }
  | { state: "connecting" }
  | { state: "ready" }
  /** `retryAt` in milliseconds since the epoch. */
  | { state: "waiting"; retryAt: number }
  /** The gateway said no; trying again the same way would not help. */
  | { state: "refused"; reason: string };

export interface SocketOptions {
  url: string;
  instanceId: string;
  version: string;
  open?: (url: string) => WebSocket;
  random?: () => number;
}

type Without<F, K extends string> = F extends unknown ? Omit<F, K> : never;
/** What a client says that is no node: every one of these may have an id. */
type Said = Extract<ClientFrame, { type: "ping" | `req:${string}` | `session_${string}` }>;
/** A frame as callers write it; the socket adds the time. */
export type Outgoing = Without<Said, "timestamp">;
/** A frame whose reply is awaited; the socket adds the id too. */
export type Request = Without<Said, "timestamp" | "id">;

/** Longest silence before the gateway is asked whether it is still there, and how long it may take. */
const silence = 20_000;
const patience = 8_000;
const handshake = 10_000;

type Listener<T> = (value: T) => void;

export class GatewaySocket {
  connection: Connection = { state: "stopped" };
  #options: SocketOptions;
  #socket: WebSocket | null = null;
  #pending = new PendingReplies();
  #failures = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #liveness: ReturnType<typeof setTimeout> | undefined;
  #frames = new Set<Listener<ServerFrame>>();
  #connections = new Set<Listener<Connection>>();

  constructor(options: SocketOptions) {
    this.#options = options;
  }

  /** Every frame after the handshake. Returns how to stop listening. */
  onFrame(listener: Listener<ServerFrame>): () => void {
    this.#frames.add(listener);
    return () => this.#frames.delete(listener);
  }

  onConnection(listener: Listener<Connection>): () => void {
    this.#connections.add(listener);
    return () => this.#connections.delete(listener);
  }

  start(): void {
    if (this.connection.state === "stopped" || this.connection.state === "refused") this.#dial();
  }

  stop(): void {
    this.#drop();
    this.#failures = 0;
    this.#become({ state: "stopped" });
  }

  /** Tries at once if a retry is waiting, or asks whether the other side is still there. */
  nudge(): void {
    if (this.connection.state === "waiting") this.#dial();
    else if (this.connection.state === "ready") this.#probe(2_000);
  }

  /** Sends a frame if the connection is ready; false means that nothing was sent. */
  send(frame: Outgoing): boolean {
    if (this.connection.state !== "ready" || this.#socket === null) return false;
    this.#socket.send(JSON.stringify({ ...frame, timestamp: Date.now() }));
    return true;
  }

  /** Sends a frame and resolves with the ack that carries its id; rejects on an error, a lost connection or no reply. */
  request(frame: Request): Promise<AckFrame> {
    const id = uuid();
    const reply = this.#pending.add(id);
    if (!this.send({ ...frame, id })) this.#pending.fail(id, "Not connected to the gateway.");
    return reply;
  }

  #dial(): void {
    this.#drop();
    this.#become({ state: "connecting" });
    const open = this.#options.open ?? ((url: string) => new WebSocket(url));
    const socket = open(this.#options.url);
    const connectId = uuid();
    this.#socket = socket;
    this.#timer = setTimeout(() => socket.close(), handshake);
    socket.onopen = () => {
      const { instanceId, version } = this.#options;
      const client = { instanceId, clientType: "webui", version };
      socket.send(JSON.stringify({ type: "connect", id: connectId, timestamp: Date.now(), client }));
    };
    socket.onmessage = (message) => {
      if (this.#socket !== socket) return;
      const frame = parse(message.data);
      if (frame === null) return;
      this.#heard();
      if (frame.type === "res" && frame.id === connectId) this.#answered(frame);
      else this.#deliver(frame);
    };
    socket.onclose = () => {
      if (this.#socket === socket) this.#lost();
    };
  }

  #answered(frame: ResFrame): void {
    clearTimeout(this.#timer);
    if (frame.ok) {
      this.#failures = 0;
      this.#become({ state: "ready" });
      this.#heard();
      return;
    }
    this.#drop();
    this.#become({ state: "refused", reason: frame.payload });
  }

  #deliver(frame: ServerFrame): void {
    this.#pending.settle(frame);
    for (const listener of this.#frames) listener(frame);
  }

  #lost(): void {
    this.#drop();
    this.#failures += 1;
    const wait = backoff(this.#failures, this.#options.random);
    this.#timer = setTimeout(() => this.#dial(), wait);
    this.#become({ state: "waiting", retryAt: Date.now() + wait });
  }

  /** Forgets the current socket; whatever it still says is not heard. */
  #drop(): void {
    clearTimeout(this.#timer);
    clearTimeout(this.#liveness);
    const socket = this.#socket;
    this.#socket = null;
    this.#pending.failAll("The connection to the gateway was lost.");
    if (socket !== null && socket.readyState < WebSocket.CLOSING) socket.close();
  }

  #heard(): void {
    clearTimeout(this.#liveness);
    if (this.connection.state === "ready") this.#liveness = setTimeout(() => this.#probe(patience), silence);
  }

  // A half-open connection looks healthy until somebody speaks.
  #probe(wait: number): void {
    clearTimeout(this.#liveness);
    this.send({ type: "ping", id: uuid() });
    this.#liveness = setTimeout(() => this.#lost(), wait);
  }

  #become(connection: Connection): void {
    this.connection = connection;
    for (const listener of this.#connections) listener(connection);
  }
}

function parse(data: unknown): ServerFrame | null {
  if (typeof data !== "string") return null;
  try {
    const frame: unknown = JSON.parse(data);
    const typed = typeof frame === "object" && frame !== null && "type" in frame && typeof frame.type === "string";
    // Types that are newer than this page pass too; nobody listens for them.
    return typed ? (frame as ServerFrame) : null;
  } catch {
    return null;
  }
}
