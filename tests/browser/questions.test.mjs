// Runs that wait for a person, requests that join a run, tasks for other agents, and messages that somebody looks for.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findGateway } from "./lib/gateway.mjs";
import { desktop, ended, launch, openPage, phone, questions, replies, say, shot, signIn, startChat, violations } from "./lib/page.mjs";

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

/** The mock has what a gateway offers only when it is set up so. */
const mockOnly = { skip: process.env.WINGMAN_UI_URL !== undefined };
const asks = `/tool ask_user ${JSON.stringify({ question: "Which door?", choices: ["The blue one.", "The red one."] })}`;
const card = (page, text = "Which door?") => page.getByRole("group", { name: text });

for (const [size, options] of Object.entries({ desktop, phone: { ...phone, colorScheme: "dark" } })) {
  test(`a question is answered by a choice, on a ${size}`, async () => {
    const { page, faults } = await openPage(browser, gateway, options);
    await signIn(page, gateway.token);
    await startChat(page, asks);
    await card(page).waitFor();
    assert.equal(await card(page).evaluate((one) => one.contains(document.activeElement)), true);
    assert.deepEqual(await violations(page), []);
    const overflows = await page.evaluate(() => document.documentElement.scrollWidth > innerWidth);
    assert.equal(overflows, false);
    await shot(page, `question-${size}`);
    await card(page).getByRole("button", { name: "The red one." }).click();
    await ended(page);
    await page.getByText("You answered: The red one.").waitFor();
    assert.equal(await card(page).count(), 0);
    await shot(page, `question-answered-${size}`);
    assert.deepEqual(faults, []);
  });
}

test("a question is there again after a reload, and is answered in words by Enter", async () => {
  const { page } = await openPage(browser, gateway);
  await signIn(page, gateway.token);
  await startChat(page, asks);
  await card(page).waitFor();
  await page.reload();
  await page.getByLabel("Answer").fill("The green one.");
  await page.getByLabel("Answer").press("Enter");
  await ended(page);
  await page.getByText("You answered: The green one.").waitFor();
});

test("a session that waits is marked for everybody, and an answer from elsewhere is told", async () => {
  const one = await openPage(browser, gateway);
  await signIn(one.page, gateway.token);
  const two = await openPage(browser, gateway);
  await signIn(two.page, gateway.token);
  await startChat(one.page, asks);
  await card(one.page).waitFor();
  const row = two.page.getByRole("navigation", { name: "Sessions" }).locator(`a[href="${new URL(one.page.url()).hash}"]`);
  const marked = row.filter({ hasText: "Waits for your answer" });
  await marked.click();
  await card(two.page).getByRole("button", { name: "The blue one." }).click();
  await one.page.getByText("Somebody else answered: The blue one.").waitFor();
  await two.page.getByText("You answered: The blue one.").waitFor();
  await marked.waitFor({ state: "detached" });
  await shot(one.page, "question-answered-elsewhere");
});

test("a stopped run asks no more", async () => {
  const { page } = await openPage(browser, gateway);
  await signIn(page, gateway.token);
  await startChat(page, asks);
  await card(page).waitFor();
  await page.getByRole("button", { name: "Stop" }).click();
  await ended(page, "cancelled");
  assert.equal(await card(page).count(), 0);
});

test("a message that steers joins the run, and is answered with it", async () => {
  const { page } = await openPage(browser, gateway);
  await signIn(page, gateway.token);
  await startChat(page, asks);
  await card(page).waitFor();
  await page.getByLabel("While the agent works").selectOption("steer");
  await shot(page, "composer-running");
  await say(page, "and be quick");
  await questions(page).nth(1).getByText("Queued").waitFor();
  await card(page).getByRole("button", { name: "The red one." }).click();
  await ended(page);
  await questions(page).nth(1).getByText(/Queued|Sending|Joined/).waitFor({ state: "detached" });
  assert.equal(await replies(page).count(), 1);
  await page.reload();
  await ended(page);
  const turns = await page.getByRole("article").evaluateAll((all) => all.map((one) => one.ariaLabel));
  assert.deepEqual(turns, ["You", "You", "Agent"]);
});

test("a tool is called when it is approved, and not when it is not", mockOnly, async () => {
  const { page } = await openPage(browser, gateway, { ...desktop, colorScheme: "dark" });
  await signIn(page, gateway.token);
  await startChat(page, '/tool approved_time {"zone":"UTC"}');
  const approval = card(page, /May `approved_time` be called/);
  await approval.getByText("Asked by").click();
  assert.deepEqual(await violations(page), []);
  await shot(page, "approval");
  await approval.getByRole("button", { name: "Approve" }).click();
  await ended(page);
  await page.getByText("You approved `approved_time`.").waitFor();
  await say(page, '/tool approved_time {"zone":"UTC"}');
  await approval.getByLabel(/Reason/).fill("Not today.");
  await approval.getByRole("button", { name: "Deny" }).click();
  await page.getByText("You did not approve `approved_time`: Not today.").waitFor();
  await ended(page);
});

test("a delegated task leads to its session and back, and says that it waits", mockOnly, async () => {
  const { page } = await openPage(browser, gateway);
  await signIn(page, gateway.token);
  await startChat(page, `/tool delegate ${JSON.stringify({ agent: "research", task: asks })}`);
  const link = page.getByRole("link", { name: /Agent research works on it/ });
  await link.getByText("Waits for your answer").waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "delegate");
  await link.click();
  await card(page).waitFor();
  await shot(page, "delegate-child");
  await card(page).getByRole("button", { name: "The blue one." }).click();
  await ended(page);
  await page.getByRole("link", { name: /Handed over by/ }).click();
  await ended(page);
  await page.reload();
  await page.getByRole("link", { name: /What agent research did/ }).waitFor();
});

test("a hit of the search leads to the message, however old", async () => {
  const { page } = await openPage(browser, gateway);
  await page.route(/\/messages\?/, (route) => route.continue({ url: route.request().url().replace("limit=100", "limit=4") }));
  await signIn(page, gateway.token);
  await startChat(page, `/slow 1 needle1 ${"and more ".repeat(120)}`);
  await ended(page);
  for (let n = 2; n <= 5; n += 1) {
    await say(page, `/slow 1 straw${n} ${"and more ".repeat(120)}`);
    await page.waitForFunction((count) => document.querySelectorAll('article[data-state="complete"]').length === count, n);
  }
  await page.reload();
  await ended(page);
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox").fill("needle1");
  await page.getByRole("option").filter({ has: page.locator(".snippet") }).last().click();
  const found = page.locator("article[data-found]");
  await found.waitFor();
  await shot(page, "found-message");
  assert.match(await found.innerText(), /needle1/);
  const box = await found.boundingBox();
  assert.ok(box.y < 800 && box.y + box.height > 0, "the message is not in sight");
});
