// Reading while it grows: at the end unless one scrolls away, and back into what is older.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findGateway } from "./lib/gateway.mjs";
import { ended, launch, openPage, questions, say, shot, signIn, startChat } from "./lib/page.mjs";

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

const fromEnd = (page) =>
  page.evaluate(() => {
    const { scrollHeight, scrollTop, clientHeight } = document.querySelector(".scroll");
    return scrollHeight - scrollTop - clientHeight;
  });
const lines = Array.from({ length: 60 }, (_, n) => `line${n + 1}\n\n`).join("");

test("the page stays at the end while words come, and where the reader is after scrolling up", async () => {
  const { page } = await openPage(browser, gateway);
  await signIn(page, gateway.token);
  await startChat(page, `/slow 80 ${lines}`);
  const running = page.locator('article[data-state="running"]');
  await running.getByText(/line20/).waitFor();
  assert.ok((await fromEnd(page)) < 40);

  await page.mouse.move(700, 300);
  await page.mouse.wheel(0, -300);
  const latest = page.getByRole("button", { name: "Latest" });
  await latest.waitFor();
  const top = () => page.evaluate(() => Math.round(document.querySelector(".scroll").scrollTop));
  await page.waitForFunction(() => document.querySelector(".scroll").scrollHeight > 0);
  const before = await top();
  const seen = await running.innerText();
  await page.waitForFunction((length) => {
    const reply = document.querySelector('article[data-state="running"]');
    return reply === null || reply.innerText.length > length + 20;
  }, seen.length);
  assert.ok(Math.abs((await top()) - before) < 2);
  await shot(page, "chat-scrolled-up");
  await latest.click();
  await ended(page);
  assert.ok((await fromEnd(page)) < 40);
});

test("older messages come by scrolling up, and the line being read stays in place", async () => {
  const { page } = await openPage(browser, gateway);
  // Pages of four messages instead of a hundred, so that a short history has several.
  await page.route(/\/messages\?/, (route) => route.continue({ url: route.request().url().replace("limit=100", "limit=4") }));
  await signIn(page, gateway.token);
  await startChat(page, `question1 ${"and more ".repeat(120)}`.trim().replace(/^/, "/slow 1 "));
  await ended(page);
  for (let n = 2; n <= 5; n += 1) {
    await say(page, `/slow 1 question${n} ${"and more ".repeat(120)}`);
    await page.waitForFunction((count) => document.querySelectorAll('article[data-state="complete"]').length === count, n);
  }
  await page.reload();
  await ended(page);
  assert.equal(await questions(page).count(), 2);
  await page.mouse.move(700, 300);
  for (let turns = 0; (await questions(page).count()) < 5; turns += 1) {
    assert.ok(turns < 60, "older messages did not come");
    await page.mouse.wheel(0, -250);
    await page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
  }
  const texts = await questions(page).allInnerTexts();
  texts.forEach((text, index) => assert.match(text, new RegExp(`question${index + 1} `)));
  assert.ok((await fromEnd(page)) > 100, "the reader was thrown to the end");
});

test("a sign-in that ends keeps what was typed", async () => {
  const { page, context } = await openPage(browser, gateway);
  await signIn(page, gateway.token);
  await startChat(page, "hello");
  await ended(page);
  await page.getByLabel("Message").fill("half a thought");
  await context.clearCookies();
  // By the address: the list of sessions may have asked meanwhile, and then the link is gone already.
  await page.evaluate(() => (location.hash = "#/plugins"));
  await page.getByLabel("Token").fill(gateway.token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "hello" }).first().click();
  await questions(page).first().waitFor();
  assert.equal(await page.getByLabel("Message").inputValue(), "half a thought");
});
