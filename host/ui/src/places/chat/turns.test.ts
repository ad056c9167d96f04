// Turns and the composer, mounted: where questions and links stand, and what a message is sent with.
import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Joined } from "../../lib/conversation/joined";
import type { AssistantTurn as Reply } from "../../lib/conversation/timeline";
import { question } from "../../lib/conversation/testing";
import AssistantTurn from "./AssistantTurn.svelte";
import Composer from "./Composer.svelte";
import { showMessage } from "./showMessage";

let mounted: Record<string, unknown> | undefined;
beforeEach(() => {
  vi.stubGlobal("matchMedia", () => ({ matches: false }));
  vi.stubGlobal("CSS", { supports: () => true, escape: (text: string) => text });
  sessionStorage.clear();
});
afterEach(async () => {
  if (mounted !== undefined) await unmount(mounted);
  mounted = undefined;
  document.body.innerHTML = "";
  vi.unstubAllGlobals();
});

describe("a reply", () => {
  const tool = (toolCallId: string, toolName: string) => ({ type: "tool", toolCallId, toolName, toolInput: {} }) as const;
  const turn: Reply = {
    key: "k",
    role: "assistant",
    content: "",
    at: 1,
    state: "running",
    parts: [tool("t1", "ask_user"), tool("t2", "delegate")],
    asked: [{ question: question("q1"), state: "open" }, { question: question("q2", { toolCallId: "t3" }), state: "open" }],
  };
  const show = (more: Partial<Reply> = {}, child = {}) => {
    const children = new Map([["t2", { sessionId: "agent:planner:x", agentId: "planner", ...child }]]);
    const props = { turn: { ...turn, ...more }, children, onanswer: () => {} };
    mounted = mount(AssistantTurn, { target: document.body, props });
    flushSync();
  };

  test("has a question below its call, and one whose call has not begun at its end", () => {
    show();
    const order = [...document.querySelectorAll(".card, .question")].map((one) => one.className.split(" ")[0]);
    expect(order).toEqual(["card", "question", "card", "question"]);
  });

  test("links the card of a delegated task to its session, and to no other card", () => {
    show();
    const links = [...document.querySelectorAll("a")];
    expect(links.map((link) => link.getAttribute("href"))).toEqual(["#/chat/agent%3Aplanner%3Ax"]);
    expect(links[0]?.closest(".card")?.textContent).toContain("delegate");
    expect(links[0]?.textContent).toContain("Agent planner works on it");
  });

  test("says that the delegated task waits for an answer", () => {
    show({}, { waits: true });
    expect(document.querySelector("a")?.textContent).toContain("Waits for your answer");
  });
});

describe("what somebody said", () => {
  const takeBack = vi.fn();
  async function show(joined?: Joined) {
    const { default: UserTurn } = await import("./UserTurn.svelte");
    const turn = { key: "k", role: "user", content: "two", at: 1, joined } as const;
    mounted = mount(UserTurn, { target: document.body, props: { turn, conversation: { takeBack } as never } });
    flushSync();
    return document.querySelector('[role="status"]')?.textContent?.trim();
  }

  test("is part of the reply in progress, until it is taken back", async () => {
    expect(await show({ requestId: "r2", runId: "run", state: "joined" })).toContain("Joined the reply in progress");
    document.querySelector("button")?.click();
    expect(takeBack.mock.calls).toEqual([["r2"]]);
  });

  test("says what became of it when it left the run", async () => {
    const left = { requestId: "r2", runId: "run", state: "left" } as const;
    expect(await show({ ...left, error: "the request was cancelled" })).toContain("Taken back");
    if (mounted !== undefined) await unmount(mounted);
    expect(await show({ ...left, error: "the disk is full" })).toBe("Not answered: the disk is full");
    if (mounted !== undefined) await unmount(mounted);
    expect(await show()).toBeUndefined();
  });
});

describe("the composer", () => {
  const onsend = vi.fn((_text: string, _mode?: string) => true);
  const show = (running: boolean) => {
    onsend.mockClear();
    mounted = mount(Composer, { target: document.body, props: { draft: "d", onsend, running, queueModes: true } });
    flushSync();
  };
  const picker = () => document.querySelector("select");
  async function send(text: string) {
    const field = document.querySelector("textarea") as HTMLTextAreaElement;
    field.value = text;
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", bubbles: true, cancelable: true }));
    await Promise.resolve();
    flushSync();
  }

  test("asks what the next message does only while a run goes on", () => {
    show(false);
    expect(picker()).toBeNull();
  });

  test("sends with the chosen mode, and with none where none was chosen", async () => {
    show(true);
    await send("one");
    const field = picker();
    if (field === null) throw new Error("no picker");
    expect([...field.options].map(({ value }) => value)).toEqual(["", "queue", "steer", "interrupt"]);
    field.value = "steer";
    field.dispatchEvent(new Event("change", { bubbles: true }));
    flushSync();
    await send("two");
    expect(onsend.mock.calls).toEqual([["one", undefined], ["two", "steer"]]);
  });
});

describe("a message that is looked for", () => {
  test("is brought into sight and marked for a moment", () => {
    vi.useFakeTimers();
    document.body.innerHTML = '<article data-message="m1"></article><article data-message="m2"></article>';
    const seen: string[] = [];
    Element.prototype.scrollIntoView = function (this: HTMLElement) {
      seen.push(this.dataset["message"] ?? "");
    };
    expect(showMessage("m2")).toBe(true);
    expect(seen).toEqual(["m2"]);
    expect(document.querySelectorAll("[data-found]")).toHaveLength(1);
    vi.runAllTimers();
    expect(document.querySelectorAll("[data-found]")).toHaveLength(0);
    expect(showMessage("m3")).toBe(false);
    vi.useRealTimers();
  });
});
