// Whether this browser is signed in, and how one signs in here.
import { ApiError, type ApiClient } from "../api/client";
import type { AuthSession } from "../protocol/generated";
import { Resource } from "./resource.svelte";

export class AuthStore {
  session: Resource<AuthSession>;
  #api: ApiClient;

  constructor(api: ApiClient) {
    this.#api = api;
    this.session = new Resource(() => api.authSession());
    api.onUnauthorized = () => this.ended();
  }

  get signedIn(): boolean {
    const session = this.session.value;
    return session !== null && (session.authenticated || session.mode === "none");
  }

  /** Null when it worked; otherwise what to tell the person. */
  async signIn(secret: string): Promise<string | null> {
    const usesPassword = this.session.value?.mode === "password";
    try {
      await this.#api.signIn(usesPassword ? { password: secret } : { token: secret });
    } catch (error) {
      return explain(error, usesPassword ? "password" : "token");
    }
    await this.session.load();
    return this.signedIn ? null : "The gateway accepted the sign-in, but the browser did not keep its cookie.";
  }

  async signOut(): Promise<void> {
    await this.#api.signOut();
    await this.session.load();
  }

  /** The gateway no longer accepts the cookie. */
  ended(): void {
    const session = this.session.value;
    if (session?.authenticated === true) this.session.value = { ...session, authenticated: false };
  }
}

function explain(error: unknown, secret: string): string {
  if (!(error instanceof ApiError)) return String(error);
  if (error.status === 401) return `That ${secret} is not right. Check it and try again.`;
  if (error.status === 429) {
    const wait = error.retryAfter === undefined ? "a moment" : `${error.retryAfter} s`;
    return `Too many attempts. Try again in ${wait}.`;
  }
  return error.message;
}
