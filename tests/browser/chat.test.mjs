// One conversation, from its first word to its reload.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findGateway } from "./lib/gateway.mjs";
import {
  countOf, ended, launch, openPage, questions, replies, say, shot, signIn, startChat, watchGrowth,
} from "./lib/page.mjs";

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

async function signedIn(options) {
  const opened = await openPage(browser, gateway, options);
  await signIn(opened.page, gateway.token);
  return opened;
}

test("words grow as they arrive, and the whole conversation is there after a reload", async () => {
  const { page, faults } = await signedIn();
  await page.getByRole("link", { name: "New chat" }).click();
  const lengths = await watchGrowth(page);
  await startChat(page, "/slow 100 one two three four five six seven eight");
  await page.locator('article[data-state="running"] .markdown').waitFor();
  await shot(page, "chat-streaming");
  const reply = await ended(page);
  assert.match(await reply.innerText(), /seven eight/);
  const seen = await lengths();
  assert.ok(seen.length >= 2, `the reply was seen growing only through ${seen}`);

  await page.reload();
  await ended(page);
  assert.equal(await questions(page).count(), 1);
  assert.equal(await replies(page).count(), 1);
  assert.equal(await countOf(page, "seven eight"), 1);
  assert.deepEqual(faults, []);
});

test("a tool's use is a card that opens", async () => {
  const { page } = await signedIn();
  await startChat(page, "/tool current_time {}");
  const reply = await ended(page);
  const card = reply.getByRole("group").first();
  assert.match(await card.innerText(), /current_time/);
  await card.locator("summary").click();
  await card.getByText("Output").waitFor();
  assert.match(await card.getByText("Input").innerText(), /Input/);
  await shot(page, "chat-tool-card");
});

test("stop ends a slow reply, and what was said so far stays", async () => {
  const { page } = await signedIn();
  await startChat(page, `/slow 100 ${"word ".repeat(100)}`);
  await page.locator('article[data-state="running"]').getByText("word word").waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  const reply = await ended(page, "cancelled");
  assert.match(await reply.innerText(), /word[\s\S]*Stopped\./);
  await page.getByRole("button", { name: "Send", exact: true }).waitFor();
  await shot(page, "chat-stopped");

  await page.reload();
  assert.match(await (await ended(page, "cancelled")).innerText(), /word[\s\S]*Stopped\./);
});

test("a message sent while a reply runs waits its turn and is answered", async () => {
  const { page } = await signedIn();
  await startChat(page, "/slow 100 first reply takes a while to end");
  await page.locator('article[data-state="running"] .markdown').waitFor();
  await say(page, "second question");
  await page.getByText("Queued").waitFor();
  await shot(page, "chat-queued");
  await page.waitForFunction(() => document.querySelectorAll('article[data-state="complete"]').length === 2);
  assert.match(await replies(page).nth(0).innerText(), /takes a while/);
  assert.match(await replies(page).nth(1).innerText(), /second question/);
  assert.equal(await questions(page).count(), 2);
});

test("a session is renamed in place and deleted after one question", async () => {
  const { page } = await signedIn();
  await startChat(page, "hello there");
  await ended(page);
  await page.getByRole("heading", { level: 1 }).getByRole("button", { name: "hello there" }).click();
  const name = `Renamed ${Date.now()}`;
  await page.getByLabel("Name").fill(name);
  await page.keyboard.press("Enter");
  const row = page.getByRole("navigation", { name: "Sessions" }).getByRole("link", { name });
  await row.waitFor();
  await page.reload();
  await row.waitFor();

  await page.getByRole("button", { name: "Delete" }).click();
  const question = page.getByRole("dialog", { name: new RegExp(`Delete .${name}`) });
  assert.match(await question.innerText(), /2 messages/);
  await shot(page, "chat-delete");
  await question.getByRole("button", { name: "Delete" }).click();
  await row.waitFor({ state: "detached" });
});

test("the palette jumps to a session and to a place", async () => {
  const { page } = await signedIn();
  const name = `palette ${Date.now()}`;
  await startChat(page, name);
  await ended(page);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("plug");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Plugins", level: 1 }).waitFor();
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill(name);
  await shot(page, "palette");
  await page.keyboard.press("Enter");
  await questions(page).getByText(name).waitFor();
});
