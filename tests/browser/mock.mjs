// A stand-in for the gateway, for work on the Control UI without building Rust: `npm run mock`,
// then `npm run dev` in host/ui (or open the mock itself, which serves host/ui/dist).
// It speaks the wire that the page needs and keeps everything in memory.
import { createServer } from "node:http";
import { api } from "./mock/api.mjs";
import { page } from "./mock/page.mjs";
import { Store } from "./mock/store.mjs";
import { serveSockets } from "./mock/socket.mjs";

const port = Number(process.env.PORT ?? 18790);
const token = process.env.WINGMAN_TOKEN ?? "mock-token";
const store = new Store();

if (process.env.WINGMAN_MOCK_HISTORY) store.fill();

const server = createServer((request, response) => {
  const handle = request.url.startsWith("/api/") ? api : page;
  handle({ request, response, store, token }).catch((error) => {
    response.writeHead(500).end(String(error));
  });
});
serveSockets(server, store);
server.listen(port, "127.0.0.1", () => {
  console.log(`mock gateway on http://127.0.0.1:${server.address().port}, token: ${token}`);
});
