// What a list or a document from the API can be at any moment; places show each of these states.
import { ApiError } from "../api/client";

export type Failure = { message: string; forbidden: boolean };

export class Resource<T> {
  value = $state.raw<T | null>(null);
  failure = $state.raw<Failure | null>(null);
  loading = $state(false);
  #fetch: () => Promise<T>;
  #latest = 0;

  constructor(fetch: () => Promise<T>) {
    this.#fetch = fetch;
  }

  /** Fetches (again). What was there stays in sight meanwhile; only the newest call's answer counts. */
  load = async (): Promise<void> => {
    const call = ++this.#latest;
    this.loading = true;
    try {
      const value = await this.#fetch();
      if (call !== this.#latest) return;
      this.value = value;
      this.failure = null;
    } catch (error) {
      if (call === this.#latest) this.failure = failureOf(error);
    } finally {
      if (call === this.#latest) this.loading = false;
    }
  };
}

export function failureOf(error: unknown): Failure {
  if (error instanceof ApiError) return { message: error.message, forbidden: error.status === 403 };
  return { message: error instanceof Error ? error.message : String(error), forbidden: false };
}
