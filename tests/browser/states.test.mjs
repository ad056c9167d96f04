// What places show when there is nothing, when it fails, when it is not allowed, and when it takes long.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findGateway } from "./lib/gateway.mjs";
import { desktop, ended, launch, openPage, shot, signIn, startChat, violations } from "./lib/page.mjs";

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

const problem = (status, detail) => ({
  status,
  contentType: "application/problem+json",
  body: JSON.stringify({ type: "about:blank", title: "x", status, detail }),
});
const json = (value) => ({ contentType: "application/json", body: JSON.stringify(value) });

test("nothing yet: each place says what it is for", async () => {
  const { page } = await openPage(browser, gateway);
  await page.route(/\/api\/(sessions|plugins)(\?|$)/, (route) => route.fulfill(json([])));
  await signIn(page, gateway.token);
  await page.getByText("Your conversations will be listed here").waitFor();
  await shot(page, "empty-sessions");
  await page.getByRole("link", { name: "Plugins" }).click();
  await page.getByRole("heading", { name: "No plugins yet" }).waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "empty-plugins");
});

test("a failure says what happened, and trying again works", async () => {
  const { page } = await openPage(browser, gateway);
  await page.route(/\/api\/plugins/, (route) => route.fulfill(problem(500, "The store is busy.")), { times: 1 });
  await signIn(page, gateway.token);
  await page.getByRole("link", { name: "Plugins" }).click();
  await page.getByText("The store is busy.").waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "error-plugins");
  await page.getByRole("button", { name: "Try again" }).click();
  await page.locator(".place-body").getByRole("listitem").first().waitFor();
});

test("what one may not see is said to be so", async () => {
  const { page } = await openPage(browser, gateway, { ...desktop, colorScheme: "dark" });
  await page.route(/\/api\/plugins/, (route) => route.fulfill(problem(403, "no")));
  await signIn(page, gateway.token);
  await page.getByRole("link", { name: "Plugins" }).click();
  await page.getByRole("heading", { name: "You may not see this" }).waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "forbidden-plugins");
});

test("an MCP server that fails says why, and is seen to be back without a reload", async () => {
  const { page } = await openPage(browser, gateway);
  const failing = { name: "tickets", state: "failing", tools: [], since: Date.now(), lastError: "the variable X is not set" };
  const ready = { ...failing, state: "ready", tools: ["tickets_find", "tickets_close"] };
  let servers = [failing];
  await page.route(/\/api\/mcp$/, (route) => route.fulfill(json(servers)));
  await signIn(page, gateway.token);
  await page.getByRole("link", { name: "Plugins" }).click();
  const row = page.getByRole("region", { name: "MCP servers" }).getByRole("listitem");
  await row.getByText("Failing", { exact: true }).waitFor();
  await row.getByText("the variable X is not set", { exact: true }).waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "mcp-failing");
  servers = [ready];
  await row.getByText("Ready", { exact: true }).waitFor();
  await row.getByText("2 tools").click();
  await row.getByText("tickets_find, tickets_close").waitFor();
  assert.deepEqual(await violations(page), []);
  await shot(page, "mcp-ready");
});

test("what takes long shows its shape meanwhile", async () => {
  const { page } = await openPage(browser, gateway);
  let answer;
  const asked = new Promise((resolve) => {
    void page.route(/\/api\/plugins/, (route) => {
      answer = () => route.fulfill(json([]));
      resolve();
    });
  });
  await signIn(page, gateway.token);
  await page.getByRole("link", { name: "Plugins" }).click();
  await asked;
  await page.locator(".place-body").getByRole("status", { name: "Loading" }).waitFor();
  await answer();
  await page.getByRole("heading", { name: "No plugins yet" }).waitFor();
});

test("a session that is not there says so, and the rest of the page works", async () => {
  const { page } = await openPage(browser, gateway);
  await signIn(page, gateway.token);
  await page.route(/\/messages/, (route) => route.fulfill(problem(404, "There is no such session.")), { times: 1 });
  await page.goto("/#/chat/agent%3Amain%3Anowhere");
  await page.getByText("There is no such session.").waitFor();
  await shot(page, "error-session");
  await startChat(page, "still here");
  await ended(page);
});

test("a gateway that asks for a password says password; one that asks for nothing asks nothing", async () => {
  const { page } = await openPage(browser, gateway);
  const session = (value) => page.route(/\/api\/auth\/session/, (route) => route.fulfill(json(value)));
  await session({ authenticated: false, mode: "password", gatewayName: "Attic" });
  await page.goto("/");
  await page.getByLabel("Password").waitFor();
  await page.getByRole("heading", { name: "Sign in to Attic" }).waitFor();
  await session({ authenticated: false, mode: "none" });
  await page.reload();
  await page.getByRole("link", { name: "New chat" }).waitFor();
});

test("too many attempts say how long to wait", async () => {
  const { page } = await openPage(browser, gateway);
  await page.route(/\/api\/auth\/login/, (route) =>
    route.fulfill({ ...problem(429, "x"), headers: { "Retry-After": "30" } }),
  );
  await page.goto("/");
  await page.getByLabel("Token").fill("x");
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByText("Try again in 30 s").waitFor();
});

test("a chosen theme holds over a reload", async () => {
  const { page } = await openPage(browser, gateway, { ...desktop, colorScheme: "light" });
  await signIn(page, gateway.token);
  await page.getByRole("link", { name: "Settings" }).click();
  const background = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor);
  const light = await background();
  await page.getByLabel("Dark").check();
  const dark = await background();
  assert.notEqual(light, dark);
  await page.reload();
  await page.getByLabel("Dark").waitFor();
  assert.equal(await background(), dark);
});
