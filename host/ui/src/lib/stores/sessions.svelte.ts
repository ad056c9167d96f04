// The list of sessions: newest first, kept fresh by what the gateway announces.
import type { ApiClient } from "../api/client";
import type { ServerFrame, SessionSummary } from "../protocol/generated";
import { failureOf, Resource } from "./resource.svelte";

/** How often the list is asked for while something runs in it, and how long announcements gather. */
const whileRunning = 4_000;
const gather = 150;

export class SessionsStore {
  list: Resource<SessionSummary[]>;
  cursor = $state<string | null>(null);
  loadingMore = $state(false);
  #api: ApiClient;
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(api: ApiClient) {
    this.#api = api;
    this.list = new Resource(() => this.#firstPage());
  }

  find(id: string): SessionSummary | undefined {
    return this.list.value?.find((session) => session.id === id);
  }

  /** Those that do the tasks which the session's runs handed over, as far as they are listed. */
  childrenOf(id: string): SessionSummary[] {
    return (this.list.value ?? []).filter((session) => session.parentSessionId === id);
  }

  async loadMore(): Promise<void> {
    if (this.cursor === null || this.loadingMore) return;
    this.loadingMore = true;
    try {
      const page = await this.#api.sessions(this.cursor);
      const known = new Set(this.list.value?.map((session) => session.id));
      this.list.value = [...(this.list.value ?? []), ...page.items.filter((session) => !known.has(session.id))];
      this.cursor = page.cursor;
    } catch (error) {
      this.list.failure = failureOf(error);
    } finally {
      this.loadingMore = false;
    }
  }

  /** Loads further pages until the session is among them: it may have been opened by its address. */
  async seek(id: string): Promise<void> {
    for (let pages = 0; pages < 20 && this.find(id) === undefined && this.cursor !== null; pages += 1) {
      await this.loadMore();
    }
  }

  async create(agentId: string, name: string): Promise<SessionSummary> {
    const session = await this.#api.createSession({ agentId, name });
    this.list.value = [session, ...(this.list.value ?? []).filter((one) => one.id !== session.id)];
    return session;
  }

  async rename(session: SessionSummary, name: string): Promise<void> {
    this.#change(session.id, { name });
    try {
      await this.#api.renameSession(session.id, session.agentId, name);
    } catch (error) {
      this.#change(session.id, { name: session.name });
      throw error;
    }
  }

  /** The new session, which is in the list already. */
  async fork(sessionId: string, messageId: string): Promise<SessionSummary> {
    const made = await this.#api.forkSession(sessionId, messageId);
    this.list.value = [made, ...(this.list.value ?? []).filter((one) => one.id !== made.id)];
    return made;
  }

  async setWorkdir(session: SessionSummary, workdir: string | null): Promise<void> {
    const changed = await this.#api.setWorkdir(session.id, workdir);
    this.#change(session.id, { workdir: changed.workdir });
  }

  async remove(session: SessionSummary): Promise<void> {
    await this.#api.deleteSession(session.id, session.agentId);
    this.list.value = (this.list.value ?? []).filter((one) => one.id !== session.id);
  }

  /** Looks at every frame for news about sessions; the list itself always comes from the gateway. */
  hear(frame: ServerFrame): void {
    if (frame.type !== "event:agent") return;
    const event = frame.payload;
    if (event.type === "agent-start") this.#change(event.sessionId, { running: true });
    const news = ["session-message", "agent-start", "agent-complete", "agent-error", "delegate-start"];
    if (news.includes(event.type)) this.refreshSoon(gather);
  }

  refreshSoon(delay: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#refresh(), delay);
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  async #refresh(): Promise<void> {
    await this.list.load();
    if (this.list.value?.some((session) => session.running === true)) this.refreshSoon(whileRunning);
  }

  /** The first page, with the pages after it that were already asked for. */
  async #firstPage(): Promise<SessionSummary[]> {
    const page = await this.#api.sessions();
    const oldest = page.items.at(-1)?.updatedAt ?? 0;
    const fresh = new Set(page.items.map((session) => session.id));
    const before = this.list.value ?? [];
    const further = page.cursor === null ? [] : before.filter((one) => one.updatedAt <= oldest && !fresh.has(one.id));
    if (further.length === 0) this.cursor = page.cursor;
    return [...page.items, ...further];
  }

  #change(id: string, change: Partial<SessionSummary>): void {
    const list = this.list.value;
    if (list !== null) this.list.value = list.map((one) => (one.id === id ? { ...one, ...change } : one));
  }
}
