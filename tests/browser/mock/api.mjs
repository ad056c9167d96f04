// The HTTP API as far as the page uses it.
const agents = [
  { id: "main", name: "Main", default: true, model: "demo:echo", demo: true },
  { id: "research", name: "Research", model: "demo:echo", demo: true },
];
const plugins = [
  { name: "webui", version: "0.1.0", kind: "channel", contract: "0.1.0", state: "ready", grants: [], failures: 0 },
  { name: "mail", version: "0.1.0", kind: "preset", contract: "0.1.0", state: "ready", grants: ["log"], failures: 0 },
  {
    name: "weather",
    version: "0.3.1",
    kind: "tool",
    contract: "0.1.0",
    state: "quarantined",
    grants: ["http: api.example.org", "kv"],
    failures: 3,
    lastError: "trap: wasm `unreachable` instruction executed in `call` after 12 ms",
  },
];
const mcpServers = [
  { name: "calendar", state: "connecting", tools: [], since: Date.now() },
  {
    name: "files",
    state: "ready",
    tools: ["files_read_file", "files_write_file", "files_list"],
    since: Date.now() - 3_600_000,
    lastError: "it ended with exit code 1",
  },
  {
    name: "tickets",
    state: "failing",
    tools: [],
    since: Date.now() - 600_000,
    lastError: "the environment variable TICKETS_TOKEN is not set",
    nextTry: Date.now() + 60_000,
  },
];
const cookie = "wingman_session=mock";
let wrong = 0;

export async function api({ request, response, store, token }) {
  const url = new URL(request.url, "http://mock");
  const signedIn = request.headers.cookie?.includes(cookie) ?? false;
  const send = (status, body, headers = {}) => {
    const type = status >= 400 ? "application/problem+json" : "application/json";
    response.writeHead(status, { "Content-Type": type, ...headers });
    response.end(body === undefined ? undefined : JSON.stringify(body));
  };
  const problem = (status, title, detail) => send(status, { type: "about:blank", title, status, detail });
  const route = `${request.method} ${url.pathname}`;

  if (route === "GET /api/auth/session") return send(200, { authenticated: signedIn, mode: "token", gatewayName: "Home" });
  if (request.method !== "GET" && request.headers["x-wingman-csrf"] !== "1") return problem(403, "Missing header");
  if (route === "POST /api/auth/login") {
    const body = await json(request);
    if (body.token !== token) {
      wrong += 1;
      return problem(401, "Unauthorized", `Wrong token (${wrong}).`);
    }
    return send(204, undefined, { "Set-Cookie": `${cookie}; HttpOnly; SameSite=Strict; Path=/` });
  }
  if (!signedIn) return problem(401, "Unauthorized", "Sign in first.");
  if (route === "POST /api/auth/logout") {
    return send(204, undefined, { "Set-Cookie": "wingman_session=; HttpOnly; SameSite=Strict; Path=/; Max-Age=0" });
  }
  if (route === "GET /api/config") {
    const config = { gatewayHost: "127.0.0.1", gatewayPort: 18789, requireAuth: true, defaultAgentId: "main" };
    return send(200, { ...config, agents });
  }
  if (route === "GET /api/plugins") return send(200, plugins);
  if (route === "GET /api/mcp") return send(200, mcpServers);
  if (route === "GET /api/questions") return send(200, store.questions());
  if (route === "GET /api/search") return send(200, store.search(url.searchParams.get("q") ?? "").slice(0, 20));
  if (route === "GET /api/sessions") return paged(send, store.list(), url, false);
  if (route === "POST /api/sessions") return send(201, store.create(await json(request)));

  const [, id, messages] = /^\/api\/sessions\/([^/]+)(\/messages)?$/.exec(url.pathname) ?? [];
  const session = id && store.sessions.get(decodeURIComponent(id));
  if (!session) return problem(404, "Not found", "There is no such session.");
  if (messages && request.method === "GET") return paged(send, session.messages, url, true);
  if (request.method === "PUT") {
    session.name = (await json(request)).name;
    return send(200, store.summary(session));
  }
  if (request.method === "DELETE") {
    store.sessions.delete(session.id);
    return send(204);
  }
  return problem(405, "Method not allowed");
}

/** Lists page from their start; messages from their end. */
function paged(send, items, url, fromEnd) {
  const limit = Number(url.searchParams.get("limit") ?? 200);
  const skip = Number(url.searchParams.get("cursor") ?? 0);
  const end = items.length - skip;
  const page = fromEnd ? items.slice(Math.max(0, end - limit), end) : items.slice(skip, skip + limit);
  const more = skip + page.length < items.length;
  send(200, page, more ? { "X-Next-Cursor": String(skip + page.length) } : {});
}

async function json(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return JSON.parse(text);
}
