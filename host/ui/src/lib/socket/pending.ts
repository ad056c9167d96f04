// Requests that wait for their reply: bounded in number and in time.
import type { AckFrame, ServerFrame } from "../protocol/generated";

const most = 64;
const patience = 15_000;

interface Waiter {
  resolve: (frame: AckFrame) => void;
  reject: (error: Error) => void;
  timer: ReturnType<typeof setTimeout>;
}

export class PendingReplies {
  #waiters = new Map<string, Waiter>();

  get size(): number {
    return this.#waiters.size;
  }

  add(id: string): Promise<AckFrame> {
    if (this.#waiters.size >= most) {
      return Promise.reject(new Error("Too many requests are waiting for the gateway."));
    }
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => this.fail(id, "The gateway did not answer in time."), patience);
      this.#waiters.set(id, { resolve, reject, timer });
    });
  }

  /** Ends the wait that `frame` answers, if there is one. */
  settle(frame: ServerFrame): void {
    if ((frame.type !== "error" && frame.type !== "ack") || frame.id === undefined) return;
    if (frame.type === "error") this.fail(frame.id, frame.payload.message);
    else this.#take(frame.id)?.resolve(frame);
  }

  fail(id: string, reason: string): void {
    this.#take(id)?.reject(new Error(reason));
  }

  failAll(reason: string): void {
    for (const id of [...this.#waiters.keys()]) this.fail(id, reason);
  }

  #take(id: string): Waiter | undefined {
    const waiter = this.#waiters.get(id);
    this.#waiters.delete(id);
    if (waiter !== undefined) clearTimeout(waiter.timer);
    return waiter;
  }
}
