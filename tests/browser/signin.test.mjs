// Signing in and out, and what a stranger sees.
import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { findGateway } from "./lib/gateway.mjs";
import { launch, openPage, shot, signIn, violations } from "./lib/page.mjs";

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

test("a wrong token is refused with a reason, the right one opens the page", async () => {
  const { page, faults } = await openPage(browser, gateway);
  await page.goto("/");
  await page.getByLabel("Token").fill("not-the-token");
  await page.getByRole("button", { name: "Sign in" }).click();
  const refusal = page.getByRole("alert");
  await refusal.waitFor();
  assert.match(await refusal.innerText(), /not right/);
  assert.deepEqual(await violations(page), []);
  await shot(page, "signin-wrong-token");

  await page.getByLabel("Token").fill(gateway.token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "New chat" }).waitFor();
  assert.deepEqual(faults, []);
});

test("signing out ends the session for this browser", async () => {
  const { page } = await openPage(browser, gateway);
  await signIn(page, gateway.token);
  await page.getByRole("link", { name: "Settings" }).click();
  await page.getByRole("button", { name: "Sign out" }).click();
  await page.getByLabel("Token").waitFor();
  await page.reload();
  await page.getByLabel("Token").waitFor();
});
