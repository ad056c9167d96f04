// The one place that calls the gateway's HTTP API. It knows paths, headers and problems; it
// keeps no state and decides nothing about what is shown.
import type {
  AuthSession,
  FolderListing,
  McpServerSummary,
  PendingQuestion,
  PluginSummary,
  Problem,
  SearchHit,
  ServerConfig,
  SessionSummary,
  StoredMessage,
} from "../protocol/generated";

/** A request that failed: refused by the gateway (`status` > 0) or never answered (`status` 0). */
export class ApiError extends Error {
  override name = "ApiError";
  constructor(
    readonly status: number,
    message: string,
    /** From `Retry-After`, in seconds. */
    readonly retryAfter?: number,
  ) {
    super(message);
  }
}

export interface Page<T> {
  items: T[];
  /** Pass it back to get the next page; null on the last one. */
  cursor: string | null;
}

export interface ApiOptions {
  fetch?: typeof fetch;
  /** Called when a call is refused because the sign-in has ended. */
  onUnauthorized?: () => void;
}

type Query = Record<string, string | number | null | undefined>;

export class ApiClient {
  onUnauthorized: () => void;
  #fetch: typeof fetch;

  constructor(options: ApiOptions = {}) {
    this.#fetch = options.fetch ?? ((input, init) => fetch(input, init));
    this.onUnauthorized = options.onUnauthorized ?? (() => {});
  }

  authSession(): Promise<AuthSession> {
    return this.#json("GET", "/api/auth/session");
  }

  async signIn(secret: { token: string } | { password: string }): Promise<void> {
    await this.#send("POST", "/api/auth/login", secret, { quiet401: true });
  }

  async signOut(): Promise<void> {
    await this.#send("POST", "/api/auth/logout");
  }

  config(): Promise<ServerConfig> {
    return this.#json("GET", "/api/config");
  }

  sessions(cursor: string | null = null, limit = 50): Promise<Page<SessionSummary>> {
    return this.#page(`/api/sessions${query({ limit, cursor })}`);
  }

  createSession(session: { agentId: string; name: string }): Promise<SessionSummary> {
    return this.#json("POST", "/api/sessions", session);
  }

  async renameSession(id: string, agentId: string, name: string): Promise<void> {
    await this.#send("PUT", `/api/sessions/${encodeURIComponent(id)}${query({ agentId })}`, { name });
  }

  async deleteSession(id: string, agentId: string): Promise<void> {
    await this.#send("DELETE", `/api/sessions/${encodeURIComponent(id)}${query({ agentId })}`);
  }

  /** A new session of what was said up to the message, that one included. */
  forkSession(id: string, messageId: string): Promise<SessionSummary> {
    return this.#json("POST", `/api/sessions/${encodeURIComponent(id)}/fork`, { messageId });
  }

  /** Null is the agent's own folder. */
  setWorkdir(id: string, workdir: string | null): Promise<SessionSummary> {
    return this.#json("POST", `/api/sessions/${encodeURIComponent(id)}/workdir`, { workdir });
  }

  /** Where the session can be downloaded as a file. */
  exportPath(id: string): string {
    return `/api/sessions/${encodeURIComponent(id)}/export`;
  }

  search(q: string, limit = 20): Promise<Page<SearchHit>> {
    return this.#page(`/api/search${query({ q, limit })}`);
  }

  /** What runs ask people and nobody has answered yet, the oldest first. */
  questions(): Promise<PendingQuestion[]> {
    return this.#json("GET", "/api/questions");
  }

  async folderRoots(): Promise<string[]> {
    return (await this.#json<{ roots: string[] }>("GET", "/api/fs/roots")).roots;
  }

  folder(path: string): Promise<FolderListing> {
    return this.#json("GET", `/api/fs/list${query({ path })}`);
  }

  /** Newest page first; in order of time within the page. */
  messages(sessionId: string, cursor: string | null = null, limit = 100): Promise<Page<StoredMessage>> {
    return this.#page(`/api/sessions/${encodeURIComponent(sessionId)}/messages${query({ limit, cursor })}`);
  }

  plugins(): Promise<PluginSummary[]> {
    return this.#json("GET", "/api/plugins");
  }

  mcpServers(): Promise<McpServerSummary[]> {
    return this.#json("GET", "/api/mcp");
  }

  async #page<T>(path: string): Promise<Page<T>> {
    const response = await this.#send("GET", path);
    const items = (await response.json()) as T[];
    return { items, cursor: response.headers.get("X-Next-Cursor") };
  }

  async #json<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await this.#send(method, path, body);
    return (await response.json()) as T;
  }

  async #send(method: string, path: string, body?: unknown, options = { quiet401: false }): Promise<Response> {
    const headers: Record<string, string> = { Accept: "application/json" };
    if (method !== "GET") headers["X-Wingman-CSRF"] = "1";
    if (body !== undefined) headers["Content-Type"] = "application/json";
    const init: RequestInit = { method, headers, credentials: "same-origin", cache: "no-store" };
    if (body !== undefined) init.body = JSON.stringify(body);

    let response: Response;
    try {
      response = await this.#fetch(path, init);
    } catch {
      throw new ApiError(0, "The gateway did not answer. Check that it runs and that you can reach it.");
    }
    if (response.ok) return response;
    if (response.status === 401 && !options.quiet401) this.onUnauthorized();
    throw await toError(response);
  }
}

async function toError(response: Response): Promise<ApiError> {
  let message = `The gateway answered ${response.status}.`;
  try {
    const problem = (await response.json()) as Partial<Problem>;
    message = problem.detail ?? problem.title ?? message;
  } catch {
    // A proxy in between may answer in HTML; the status then has to do.
  }
  const retryAfter = Number(response.headers.get("Retry-After") ?? Number.NaN);
  return new ApiError(response.status, message, Number.isFinite(retryAfter) ? retryAfter : undefined);
}

function query(values: Query): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(values)) {
    if (value !== null && value !== undefined && value !== "") params.set(key, String(value));
  }
  const text = params.toString();
  return text === "" ? "" : `?${text}`;
}
