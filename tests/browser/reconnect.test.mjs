// A connection that is lost: nothing typed is lost, no word is missing, none comes twice.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findGateway } from "./lib/gateway.mjs";
import { countOf, ended, launch, openPage, questions, replies, say, shot, signIn, startChat } from "./lib/page.mjs";

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

/** A page whose socket the test can cut, and keep cut. */
async function withCuttableSocket() {
  const opened = await openPage(browser, gateway);
  const line = { open: null, cut: false };
  await opened.page.routeWebSocket(/\/ws$/, (socket) => {
    if (line.cut) return void socket.close();
    socket.connectToServer();
    line.open = socket;
  });
  line.drop = async () => {
    line.cut = true;
    await line.open.close();
  };
  line.restore = () => (line.cut = false);
  await signIn(opened.page, gateway.token);
  return { ...opened, line };
}

const numbers = Array.from({ length: 30 }, (_, n) => `w${n + 1}`);
const numbered = numbers.join(" ");
const numbersIn = async (reply) => (await reply.locator(".markdown").innerText()).match(/w\d+/g);

test("a reply that was cut in the middle is there whole and once", async () => {
  const { page, line } = await withCuttableSocket();
  await startChat(page, `/slow 100 ${numbered}`);
  await page.locator('article[data-state="running"]').getByText("w5").waitFor();
  await line.drop();
  await page.getByText("Reconnecting", { exact: true }).waitFor({ state: "attached" });
  line.restore();
  const reply = await ended(page);
  assert.deepEqual(await numbersIn(reply), numbers);
  assert.equal(await questions(page).count(), 1);
  assert.equal(await replies(page).count(), 1);
});

test("a run that ended while the page was away is shown as it was stored", async () => {
  const { page, line } = await withCuttableSocket();
  await startChat(page, `/slow 50 ${numbered}`);
  await page.locator('article[data-state="running"]').getByText("w3").waitFor();
  await line.drop();
  const id = decodeURIComponent(new URL(page.url()).hash.split("/").at(-1));
  // The gateway goes on without us; the page's own cookie can ask it how far it is.
  await page.waitForFunction(async (session) => {
    const response = await fetch(`/api/sessions/${encodeURIComponent(session)}/messages`);
    return (await response.json()).some(({ role }) => role === "assistant");
  }, id);
  line.restore();
  const reply = await ended(page);
  assert.deepEqual(await numbersIn(reply), numbers);
  assert.equal(await replies(page).count(), 1);
});

test("what is written without a connection is kept and sent once it is back", async () => {
  const { page, line } = await withCuttableSocket();
  await startChat(page, "hello");
  await ended(page);
  await line.drop();
  await page.getByText("The gateway is out of reach").waitFor();
  await say(page, "written in the dark");
  await page.getByText("Will be sent when the gateway is back").waitFor();
  await page.getByLabel("Message").fill("half a thought");
  await shot(page, "chat-offline");
  line.restore();
  await page.getByRole("button", { name: "Try now" }).click();
  await replies(page).nth(1).getByText("written in the dark").waitFor();
  await ended(page);
  assert.equal(await questions(page).getByText("written in the dark").count(), 1);
  assert.equal(await countOf(page, "written in the dark"), 1);
  assert.equal(await page.getByLabel("Message").inputValue(), "half a thought");
  await page.reload();
  await ended(page);
  assert.equal(await page.getByLabel("Message").inputValue(), "half a thought");
});
