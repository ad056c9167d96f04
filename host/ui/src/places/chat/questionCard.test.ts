// The card of a question, mounted: what one can do with the mouse and the keyboard, and what is sent.
import { flushSync, mount, unmount } from "svelte";
import { afterEach, beforeEach, describe, expect, test, vi } from "vitest";
import type { Asked } from "../../lib/conversation/questions";
import { question } from "../../lib/conversation/testing";
import QuestionCard from "./QuestionCard.svelte";

const onanswer = vi.fn();
let mounted: Record<string, unknown> | undefined;

function show(asked: Partial<Asked> & { question: Asked["question"] }): void {
  mounted = mount(QuestionCard, { target: document.body, props: { asked: { state: "open", ...asked }, onanswer } });
  flushSync();
}

const button = (name: string) => {
  const found = [...document.querySelectorAll("button")].find(({ textContent }) => textContent?.trim() === name);
  if (found === undefined) throw new Error(`no button ${name} in ${document.body.innerHTML}`);
  return found;
};
const field = () => document.querySelector("section textarea") as HTMLTextAreaElement;
function write(text: string) {
  field().value = text;
  field().dispatchEvent(new Event("input", { bubbles: true }));
  flushSync();
}
function press(key: string, more: KeyboardEventInit = {}) {
  field().dispatchEvent(new KeyboardEvent("keydown", { key, bubbles: true, cancelable: true, ...more }));
  flushSync();
}

beforeEach(() => vi.stubGlobal("matchMedia", () => ({ matches: false })));
afterEach(async () => {
  if (mounted !== undefined) await unmount(mounted);
  mounted = undefined;
  document.body.innerHTML = "";
  onanswer.mockReset();
  vi.unstubAllGlobals();
});

const choices = question("q1", { choices: ["The blue one.", "The red one."] });
const approval = question("q2", { kind: "approval", toolName: "http_fetch", toolInput: { url: "x" }, text: "May it?" });

describe("a question", () => {
  test("is named by its text, and shows the tool with its input on demand", () => {
    show({ question: choices });
    const group = document.querySelector('[role="group"]');
    const label = document.getElementById(group?.getAttribute("aria-labelledby") ?? "");
    expect(label?.textContent).toContain("Which one?");
    expect(document.querySelector("details")?.open).toBe(false);
    expect(document.querySelector("details pre")?.textContent).toContain('"question": "Which one?"');
  });

  test("is answered by a choice", () => {
    show({ question: choices });
    button("The red one.").click();
    expect(onanswer.mock.calls).toEqual([["q1", { answer: "The red one." }]]);
  });

  test("is answered in words by Enter, with choices or without", () => {
    show({ question: choices });
    write("  The green one. ");
    press("Enter", { shiftKey: true });
    expect(onanswer).not.toHaveBeenCalled();
    press("Enter");
    expect(onanswer.mock.calls).toEqual([["q1", { answer: "The green one." }]]);
  });

  test("is not answered by nothing", () => {
    show({ question: question("q1") });
    write("  ");
    press("Enter");
    expect(button("Answer").disabled).toBe(true);
    expect(onanswer).not.toHaveBeenCalled();
  });
});

describe("an approval", () => {
  test("is given by its button, whatever stands in the reason for a no", () => {
    show({ question: approval });
    write("hm");
    button("Approve").click();
    expect(onanswer.mock.calls).toEqual([["q2", { approve: true }]]);
  });

  test("is refused with a reason or without", () => {
    show({ question: approval });
    button("Deny").click();
    write("Not today.");
    button("Deny").click();
    expect(onanswer.mock.calls).toEqual([
      ["q2", { approve: false }],
      ["q2", { approve: false, reason: "Not today." }],
    ]);
  });

  test("is never given by Enter, which may have been meant for something else", () => {
    show({ question: approval });
    press("Enter");
    expect(onanswer).not.toHaveBeenCalled();
    expect(document.activeElement?.tagName).toBe("SECTION");
  });
});

describe("while an answer is on its way, and after", () => {
  test("nothing can be sent twice", () => {
    show({ question: choices, state: "sending" });
    expect([...document.querySelectorAll("button")].every(({ disabled }) => disabled)).toBe(true);
    write("again");
    press("Enter");
    expect(onanswer).not.toHaveBeenCalled();
  });

  test("an error is told, and the question can be answered again", () => {
    show({ question: choices, error: "The gateway did not answer in time." });
    expect(document.querySelector('[role="alert"]')?.textContent).toContain("did not answer in time");
    expect(button("The blue one.").disabled).toBe(false);
  });

  test.each([
    [{ question: choices, by: "other", answer: "Red." }, "Somebody else answered: Red."],
    [{ question: choices, by: "you", answer: "Blue." }, "You answered: Blue."],
    [{ question: choices }, "Somebody answered."],
    [{ question: approval, by: "other", approved: true }, "Somebody else approved `http_fetch`."],
    [{ question: approval, by: "you", approved: false, answer: "No." }, "You did not approve `http_fetch`: No."],
  ] as [Asked, string][])("an answered question says who said what: %#", (asked, words) => {
    show({ ...asked, state: "answered" });
    expect(document.querySelector('[role="status"]')?.textContent).toContain(words);
    expect(document.querySelector("button")).toBeNull();
  });
});

describe("the focus", () => {
  test("comes to a question's field when nobody writes", () => {
    show({ question: choices });
    expect(document.activeElement).toBe(field());
  });

  test("comes from an empty composer, and stays in one that is written in", () => {
    for (const [words, moves] of [["", true], ["half a thought", false]] as const) {
      document.body.innerHTML = "";
      const composer = document.body.appendChild(document.createElement("textarea"));
      composer.value = words;
      composer.focus();
      show({ question: choices });
      expect(document.activeElement !== composer).toBe(moves);
    }
  });

  test("goes to the card on a touch screen, where a keyboard would cover it", () => {
    vi.stubGlobal("matchMedia", () => ({ matches: true }));
    show({ question: choices });
    expect(document.activeElement?.tagName).toBe("SECTION");
  });
});
