// The socket against a scripted gateway: handshake, reconnect, liveness, replies.
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Envelope, ServerFrame } from "../protocol/generated";
import { backoff } from "./backoff";
import { GatewaySocket } from "./socket";

class FakeSocket {
  readyState = 0;
  sent: Envelope[] = [];
  onopen: (() => void) | null = null;
  onmessage: ((message: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;

  send(text: string): void {
    this.sent.push(JSON.parse(text) as Envelope);
  }
  close(): void {
    if (this.readyState === 3) return;
    this.readyState = 3;
    this.onclose?.();
  }
  open(): void {
    this.readyState = 1;
    this.onopen?.();
  }
  say(frame: Partial<Envelope>): void {
    this.onmessage?.({ data: JSON.stringify({ timestamp: 1, ...frame }) });
  }
  /** The gateway accepts the client. */
  accept(): void {
    this.open();
    this.say({ type: "res", id: this.sent[0]?.id ?? "", ok: true, payload: "gateway-ready" });
  }
}

let opened: FakeSocket[];
let socket: GatewaySocket;
const last = (): FakeSocket => opened.at(-1) ?? expect.fail("no socket was opened");

beforeEach(() => {
  vi.useFakeTimers();
  opened = [];
  const open = () => {
    const fake = new FakeSocket();
    opened.push(fake);
    return fake as unknown as WebSocket;
  };
  socket = new GatewaySocket({ url: "ws://gateway/ws", instanceId: "tab", version: "1", open, random: () => 1 });
});
afterEach(() => {
  socket.stop();
  vi.useRealTimers();
});

describe("handshake", () => {
  test("connects as a webui client and is ready once the gateway says so", () => {
    socket.start();
    last().open();
    expect(last().sent[0]).toMatchObject({ type: "connect", client: { instanceId: "tab", clientType: "webui" } });
    expect(socket.connection.state).toBe("connecting");
    last().say({ type: "res", id: last().sent[0]?.id ?? "", ok: true });
    expect(socket.connection.state).toBe("ready");
  });

  test("a refusal is final until somebody starts it again", () => {
    socket.start();
    last().open();
    last().say({ type: "res", id: last().sent[0]?.id ?? "", ok: false, payload: "bad token" });
    expect(socket.connection).toEqual({ state: "refused", reason: "bad token" });
    vi.advanceTimersByTime(120_000);
    expect(opened).toHaveLength(1);
    socket.start();
    expect(opened).toHaveLength(2);
  });

  test("a gateway that never answers is given up and tried again", () => {
    socket.start();
    last().open();
    vi.advanceTimersByTime(10_000);
    expect(socket.connection.state).toBe("waiting");
  });
});

describe("reconnect", () => {
  test("waits longer after each failure and starts afresh after a success", () => {
    socket.start();
    const waits: number[] = [];
    for (let n = 0; n < 3; n += 1) {
      last().close();
      if (socket.connection.state === "waiting") waits.push(socket.connection.retryAt - Date.now());
      vi.runOnlyPendingTimers();
    }
    expect(waits).toEqual([400, 800, 1_600]);
    last().accept();
    last().close();
    expect(socket.connection).toMatchObject({ state: "waiting", retryAt: Date.now() + 400 });
  });

  test("a nudge tries at once", () => {
    socket.start();
    last().close();
    socket.nudge();
    expect(opened).toHaveLength(2);
  });

  test("what a dropped socket still says is not heard", () => {
    const frames: ServerFrame[] = [];
    socket.onFrame((frame) => frames.push(frame));
    socket.start();
    last().accept();
    const old = last();
    old.close();
    old.say({ type: "event:agent" });
    expect(frames).toEqual([]);
  });

  test("stop ends it for good", () => {
    socket.start();
    last().accept();
    socket.stop();
    vi.advanceTimersByTime(60_000);
    expect(opened).toHaveLength(1);
    expect(socket.connection.state).toBe("stopped");
  });

  test("the wait is spread and capped", () => {
    expect(backoff(1, () => 0)).toBe(200);
    expect(backoff(50, () => 1)).toBe(15_000);
  });
});

describe("liveness", () => {
  test("asks after a silence and gives up without an answer", () => {
    socket.start();
    last().accept();
    vi.advanceTimersByTime(20_000);
    expect(last().sent.at(-1)?.type).toBe("ping");
    vi.advanceTimersByTime(8_000);
    expect(socket.connection.state).toBe("waiting");
  });

  test("any frame counts as an answer", () => {
    socket.start();
    last().accept();
    vi.advanceTimersByTime(20_000);
    last().say({ type: "pong" });
    vi.advanceTimersByTime(8_000);
    expect(socket.connection.state).toBe("ready");
  });
});

describe("requests", () => {
  const ping = { type: "ping" } as const;
  const ready = () => {
    socket.start();
    last().accept();
  };

  test("resolve with the ack that has their id", async () => {
    ready();
    const reply = socket.request({ type: "session_subscribe", payload: { sessionId: "s" } });
    last().say({ type: "ack", id: "another", payload: {} });
    last().say({ type: "ack", id: last().sent.at(-1)?.id ?? "", payload: { seq: 7 } });
    await expect(reply).resolves.toMatchObject({ payload: { seq: 7 } });
  });

  test("reject with the gateway's words", async () => {
    ready();
    const reply = socket.request({ type: "req:agent:cancel", payload: { requestId: "r" } });
    last().say({ type: "error", id: last().sent.at(-1)?.id ?? "", payload: { code: "FORBIDDEN", message: "Not yours." } });
    await expect(reply).rejects.toThrow("Not yours.");
  });

  test("reject when the connection is lost, when nothing comes, and when there is none", async () => {
    await expect(socket.request(ping)).rejects.toThrow("Not connected");
    ready();
    const lost = socket.request(ping);
    last().close();
    await expect(lost).rejects.toThrow("lost");
    vi.runOnlyPendingTimers();
    last().accept();
    const slow = expect(socket.request(ping)).rejects.toThrow("in time");
    vi.advanceTimersByTime(15_000);
    await slow;
  });

  test("are bounded", async () => {
    ready();
    const waiting = Array.from({ length: 64 }, () => socket.request(ping));
    await expect(socket.request(ping)).rejects.toThrow("Too many");
    socket.stop();
    expect((await Promise.allSettled(waiting)).every(({ status }) => status === "rejected")).toBe(true);
  });

  test("garbage is ignored", () => {
    ready();
    last().onmessage?.({ data: "{" });
    last().onmessage?.({ data: "null" });
    expect(socket.connection.state).toBe("ready");
  });
});
