// A browser with a page of the Control UI, and what one does there.
import { mkdir } from "node:fs/promises";
import { join } from "node:path";
import axe from "axe-core";
import { chromium } from "playwright-core";

const args = [
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

export const phone = { viewport: { width: 390, height: 844 }, hasTouch: true, isMobile: true, deviceScaleFactor: 2 };
export const desktop = { viewport: { width: 1280, height: 800 } };

export function launch() {
  const executablePath = process.env.WINGMAN_CHROMIUM ?? "/usr/bin/chromium";
  return chromium.launch({ executablePath, headless: true, args });
}

/** A fresh page that fails the test when the page's own code or policy fails. */
export async function openPage(browser, gateway, options = desktop) {
  const context = await browser.newContext({ baseURL: gateway.url, ...options });
  const page = await context.newPage();
  page.setDefaultTimeout(15_000);
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => {
    if (/Content.Security.Policy/i.test(message.text())) faults.push(message.text());
  });
  return { page, context, faults };
}

export async function signIn(page, token) {
  await page.goto("/");
  const field = page.getByLabel("Token");
  const shell = page.getByRole("link", { name: "New chat" });
  await field.or(shell).first().waitFor();
  if (await shell.isVisible()) return;
  await field.fill(token);
  await page.getByRole("button", { name: "Sign in" }).click();
  await shell.waitFor();
}

export async function startChat(page, text) {
  await page.getByRole("link", { name: "New chat" }).click();
  await say(page, text);
  await page.waitForURL(/#\/chat\/(?!new)/);
}

export async function say(page, text) {
  await page.getByLabel("Message").fill(text);
  await page.getByRole("button", { name: "Send", exact: true }).click();
}

export const replies = (page) => page.getByRole("article", { name: "Agent" });
export const questions = (page) => page.getByRole("article", { name: "You" });

/** Waits until the last reply has ended in this state. */
export async function ended(page, state = "complete") {
  await page.locator(`article[aria-label="Agent"]:last-of-type[data-state="${state}"]`).last().waitFor();
  return replies(page).last();
}

/** Notes each length that a running reply has, as the page shows it. Returns how to read them. */
export async function watchGrowth(page) {
  await page.evaluate(() => {
    window.seenLengths = new Set();
    new MutationObserver(() => {
      const reply = [...document.querySelectorAll('article[data-state="running"]')].at(-1);
      const length = reply?.querySelector(".markdown")?.textContent.length ?? 0;
      if (length > 0) window.seenLengths.add(length);
    }).observe(document.body, { subtree: true, childList: true, characterData: true });
  });
  return () => page.evaluate(() => [...window.seenLengths]);
}

/** How often the words stand in what the conversation shows. */
export async function countOf(page, words) {
  const text = await replies(page).allInnerTexts();
  return text.join("\n").split(words).length - 1;
}

export async function shot(page, name) {
  const folder = process.env.WINGMAN_SHOTS;
  if (folder === undefined || folder === "") return;
  await mkdir(folder, { recursive: true });
  await page.screenshot({ path: join(folder, `${name}.png`) });
}

/** What axe finds, serious or worse, as one line each. */
export async function violations(page) {
  await page.evaluate(axe.source);
  const { violations: found } = await page.evaluate(() => window.axe.run());
  return found
    .filter(({ impact }) => impact === "serious" || impact === "critical")
    .map(({ id, nodes }) => `${id}: ${nodes.map((node) => `${node.html} ${node.failureSummary}`).join(" | ")}`);
}
