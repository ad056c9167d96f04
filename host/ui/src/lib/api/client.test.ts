// The API client against a scripted fetch.
import { describe, expect, test, vi } from "vitest";
import { ApiClient } from "./client";

function answering(response: Response | Error) {
  const fetch = vi.fn((_path: string, _init: RequestInit) =>
    response instanceof Error ? Promise.reject(response) : Promise.resolve(response),
  );
  const onUnauthorized = vi.fn();
  return { api: new ApiClient({ fetch: fetch as never, onUnauthorized }), fetch, onUnauthorized };
}

const problem = (status: number, detail: string, headers = {}) =>
  new Response(JSON.stringify({ type: "about:blank", title: "t", status, detail }), { status, headers });

describe("requests", () => {
  test("writes carry the guard against forged requests, reads do not", async () => {
    const write = answering(new Response(null, { status: 204 }));
    await write.api.renameSession("agent:main:x", "main", "New");
    const [path, init] = write.fetch.mock.calls[0] ?? [];
    expect(path).toBe("/api/sessions/agent%3Amain%3Ax?agentId=main");
    expect(init).toMatchObject({ method: "PUT", headers: { "X-Wingman-CSRF": "1" }, body: '{"name":"New"}' });

    const read = answering(new Response("[]"));
    await read.api.plugins();
    expect(read.fetch.mock.calls[0]?.[1].headers).not.toHaveProperty("X-Wingman-CSRF");
  });

  test("what is looked for is text, whatever is in it", async () => {
    const { api, fetch } = answering(new Response("[]"));
    await api.search('a&limit=9 "x"');
    expect(fetch.mock.calls[0]?.[0]).toBe("/api/search?q=a%26limit%3D9+%22x%22&limit=20");
  });

  test("pages carry their cursor", async () => {
    const { api, fetch } = answering(new Response("[]", { headers: { "X-Next-Cursor": "next" } }));
    expect(await api.messages("s", "here", 10)).toEqual({ items: [], cursor: "next" });
    expect(fetch.mock.calls[0]?.[0]).toBe("/api/sessions/s/messages?limit=10&cursor=here");
  });
});

describe("failures", () => {
  test("a problem's detail is the message", async () => {
    await expect(answering(problem(404, "There is no such session.")).api.messages("s")).rejects.toMatchObject({
      status: 404,
      message: "There is no such session.",
    });
  });

  test("a 401 ends the sign-in, except while signing in", async () => {
    const later = answering(problem(401, "x"));
    await expect(later.api.plugins()).rejects.toThrow();
    expect(later.onUnauthorized).toHaveBeenCalledOnce();
    const first = answering(problem(401, "x"));
    await expect(first.api.signIn({ token: "t" })).rejects.toMatchObject({ status: 401 });
    expect(first.onUnauthorized).not.toHaveBeenCalled();
  });

  test("throttling says for how long", async () => {
    const { api } = answering(problem(429, "x", { "Retry-After": "30" }));
    await expect(api.signIn({ token: "t" })).rejects.toMatchObject({ retryAfter: 30 });
  });

  test("no answer, and an answer that is no JSON, have words too", async () => {
    await expect(answering(new TypeError("failed")).api.config()).rejects.toMatchObject({ status: 0 });
    await expect(answering(new Response("<html>", { status: 502 })).api.config()).rejects.toThrow("502");
  });
});
