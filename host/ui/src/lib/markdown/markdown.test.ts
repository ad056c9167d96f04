// Markdown that grows, and Markdown that attacks.
import { describe, expect, test } from "vitest";
import { BlockStream } from "./blocks";

const html = (text: string): string =>
  new BlockStream()
    .update(text)
    .map((block) => (block.kind === "html" ? block.html : `<code-block ${block.lang}>${block.text}`))
    .join("");

const sample = [
  "# Title",
  "A paragraph with **bold** and `code`.\nSecond line.",
  "- one\n\n- two\n  - three",
  "```js\nconst a = 1;\n\nconst b = 2;\n```",
  "| a | b |\n|---|---|\n| 1 | 2 |",
  "> quote\n> more",
  "1. first\n\n   ```sh\n   ls\n   ```\n2. second",
  "Last words.",
].join("\n\n");

describe("growing text", () => {
  test("ends as the same blocks as the whole text, wherever the chunks were cut", () => {
    const whole = new BlockStream().update(sample);
    for (const size of [1, 2, 3, 7, 50]) {
      const stream = new BlockStream();
      for (let end = size; end < sample.length; end += size) stream.update(sample.slice(0, end));
      expect(stream.update(sample)).toEqual(whole);
    }
  });

  test("keeps every block but the last as it was", () => {
    const stream = new BlockStream();
    const before = stream.update("One.\n\nTwo.\n\nThr");
    const after = stream.update("One.\n\nTwo.\n\nThree.\n\nFour.");
    expect(after[0]).toBe(before[0]);
    expect(after[1]).toBe(before[1]);
    expect(after).toHaveLength(4);
  });

  test("keeps counting right over carriage returns", () => {
    const stream = new BlockStream();
    stream.update("One.\r\n\r\nTwo.\r");
    expect(stream.update("One.\r\n\r\nTwo.\r\n\r\nThree.").map((block) => block.raw.trim())).toEqual(["One.", "Two.", "Three."]);
  });

  test("text that was replaced is read anew", () => {
    const stream = new BlockStream();
    stream.update("One.\n\nTwo.");
    expect(stream.update("Other.")).toHaveLength(1);
  });

  test("code that is not closed yet is code", () => {
    expect(html("```js\nlet a")).toBe("<code-block js>let a");
  });
});

test("numbering goes on where the text has it", () => {
  expect(html("3. three\n4. four")).toContain('<ol start="3">');
});

describe("safety", () => {
  test("HTML in the text is shown as text", () => {
    expect(html("<img src=x onerror=alert(1)>")).not.toContain("<img");
    expect(html("a <script>alert(1)</script> b")).not.toContain("<script");
    expect(html("<b onclick=x>hi</b>")).toContain("&lt;b onclick=x&gt;");
  });

  test("links open apart and tell nothing", () => {
    const link = html("[docs](https://example.org/a)");
    expect(link).toContain('href="https://example.org/a"');
    expect(link).toContain('target="_blank"');
    expect(link).toContain("noopener noreferrer");
  });

  test.each(["javascript:alert(1)", "JaVaScRiPt:alert(1)", "data:text/html,x", "vbscript:x", "//evil.example"])(
    "%s is no address",
    (address) => {
      expect(html(`[x](${address})`)).not.toContain("href");
    },
  );

  test("images are links, so that showing one fetches nothing", () => {
    const image = html("![a cat](https://example.org/cat.png)");
    expect(image).not.toContain("<img");
    expect(image).toContain('href="https://example.org/cat.png"');
  });

  test("a language name cannot break out of its label", () => {
    expect(html("- x\n\n  ```<img/src=x>\n  a\n  ```")).not.toContain("<img");
  });
});
