// Every place in light and dark, on a desk and in a hand: reachable, readable, without serious faults.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findGateway } from "./lib/gateway.mjs";
import { desktop, ended, launch, openPage, phone, questions, say, shot, signIn, startChat, violations } from "./lib/page.mjs";

let browser;
let gateway;
before(async () => {
  gateway = await findGateway();
  browser = await launch();
});
after(async () => {
  await browser?.close();
  gateway?.stop();
});

const markdown = [
  "## A heading",
  "Some **bold** words, `code`, and [a link](https://example.org).",
  "- one\n- two\n  1. three",
  "> A quote.",
  "```rust\nfn main() {\n    println!(\"hello\");\n}\n```",
  "| name | unit |\n| --- | --- |\n| latency | ms |",
  "<img src=x onerror=alert(1)> and [bad](javascript:alert(1))",
].join("\n\n");

for (const colorScheme of ["light", "dark"]) {
  test(`every place on a desk, ${colorScheme}`, async () => {
    const { page, faults } = await openPage(browser, gateway, { ...desktop, colorScheme });
    await signIn(page, gateway.token);
    await page.getByText(/shall .* do/).waitFor();
    assert.deepEqual(await violations(page), []);
    await shot(page, `new-${colorScheme}`);

    await startChat(page, markdown);
    const reply = await ended(page);
    assert.equal(await reply.locator("img, script").count(), 0);
    assert.equal(await reply.locator('a[href^="javascript:"]').count(), 0);
    const link = reply.getByRole("link", { name: "a link" });
    assert.match(await link.getAttribute("rel"), /noopener/);
    await say(page, "/tool current_time {}");
    await page.waitForFunction(() => document.querySelectorAll('article[data-state="complete"]').length === 2);
    await page.locator("summary").click();
    assert.deepEqual(await violations(page), []);
    await shot(page, `chat-${colorScheme}`);

    await say(page, "/fail");
    await ended(page, "error");
    assert.deepEqual(await violations(page), []);
    await shot(page, `chat-error-${colorScheme}`);

    for (const place of ["Plugins", "Settings"]) {
      await page.getByRole("link", { name: place }).click();
      await page.getByRole("heading", { name: place, level: 1 }).waitFor();
      await page.locator(".place-body :is(li, h2)").first().waitFor();
      assert.deepEqual(await violations(page), []);
      await shot(page, `${place.toLowerCase()}-${colorScheme}`);
    }
    assert.deepEqual(faults, []);
  });

  test(`list and conversation are two screens in a hand, ${colorScheme}`, async () => {
    const { page } = await openPage(browser, gateway, { ...phone, colorScheme });
    await signIn(page, gateway.token);
    await page.getByRole("navigation", { name: "Sessions" }).getByRole("link").first().waitFor();
    await page.getByText("Connected", { exact: true }).waitFor({ state: "attached" });
    await shot(page, `phone-list-${colorScheme}`);
    assert.deepEqual(await violations(page), []);
    await page.getByRole("link", { name: "New chat" }).click();
    await page.getByText(/shall .* do/).waitFor();
    await shot(page, `phone-new-${colorScheme}`);
    await page.getByRole("link", { name: "Back to the list" }).click();
    await startChat(page, `in a hand, ${colorScheme}`);
    await ended(page);
    assert.equal(await page.getByRole("navigation", { name: "Sessions" }).isVisible(), false);
    assert.deepEqual(await violations(page), []);
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.equal(overflow, 0);
    await shot(page, `phone-chat-${colorScheme}`);
    await page.getByRole("link", { name: "Back to the list" }).click();
    await page.getByRole("link", { name: new RegExp(`in a hand, ${colorScheme}`) }).first().click();
    await questions(page).first().waitFor();
  });
}

test("the keyboard alone starts a chat", async () => {
  const { page } = await openPage(browser, gateway);
  await signIn(page, gateway.token);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("new");
  await page.keyboard.press("Enter");
  await page.waitForFunction(() => document.activeElement?.tagName === "TEXTAREA");
  await page.keyboard.type("by keyboard");
  await page.keyboard.press("Enter");
  assert.match(await (await ended(page)).innerText(), /by keyboard/);
});
