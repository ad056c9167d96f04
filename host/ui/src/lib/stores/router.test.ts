// Addresses of the page: whatever an id holds, it comes back.
import { describe, expect, test } from "vitest";
import { href, parse } from "./router.svelte";

describe("addresses", () => {
  test.each([
    [["chat"], { place: "chat", detail: null, part: null }],
    [["chat", "agent:main:x/1?#"], { place: "chat", detail: "agent:main:x/1?#", part: null }],
    [["chat", "agent:main:x", "m/1"], { place: "chat", detail: "agent:main:x", part: "m/1" }],
  ] as const)("%j", (at, route) => {
    expect(parse(href(...(at as unknown as [string, string?, string?])))).toEqual(route);
  });

  test("one that was cut off leads as far as it can be read", () => {
    expect(parse("#/chat/ok/%E0%A4%A")).toEqual({ place: "chat", detail: "ok", part: null });
    expect(parse("#/chat/%E0%A4%A")).toEqual({ place: "chat", detail: null, part: null });
    expect(parse("")).toEqual({ place: "", detail: null, part: null });
  });
});
