// What every journey needs: a browser, people who sign in, and eyes for what goes wrong on the way.
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import path from "node:path";
import { chromium } from "playwright-core";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
const asked = JSON.parse(process.argv[2]);
export const given = asked.given;
export const base = asked.base;
const troubles = [];

/** Runs a journey: `walk` gets what opens the console for somebody. What it returns is the last line that is printed. */
export async function journey(walk) {
  const args = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"];
  const browser = await chromium.launch({ executablePath: asked.chromium, args });
  try {
    const result = await walk((options) => enter(browser, options));
    assert.deepEqual(troubles, [], "the browser reports troubles");
    console.log(JSON.stringify(result ?? null));
  } finally {
    await browser.close();
  }
}

/** A page of somebody who has signed in; `phone`, `theme` and `language` as they like. */
async function enter(browser, { token, phone = false, theme = "light", language = "pt" }) {
  const context = await browser.newContext({
    viewport: phone ? { width: 360, height: 740 } : { width: 1280, height: 800 },
    colorScheme: theme, locale: language === "pt" ? "pt-BR" : "en-GB",
  });
  context.setDefaultTimeout(30_000);
  await context.addCookies([{ name: "enlace_language", value: language, url: base }]);
  const page = await context.newPage();
  watch(page);
  if (token) {
    await page.goto(base);
    await page.fill("#token", token);
    await page.press("#token", "Enter");
    await page.waitForSelector("nav.menu");
  }
  return page;
}

/** Whatever a browser would complain about fails the journey. `page.expected` (a status) is what the journey provokes itself. */
function watch(page) {
  page.expected = new Set();
  page.on("pageerror", (error) => troubles.push(`script: ${error.message}`));
  page.on("console", (message) => {
    const provoked = [...page.expected].some((status) => message.text().includes(`status of ${status}`));
    if (message.type() === "error" && !provoked) troubles.push(`console: ${message.text()} at ${page.url()} (${message.location().url}:${message.location().lineNumber})`);
  });
  page.on("requestfailed", (request) => {
    // A stream of events ends when its page does.
    const left = request.failure()?.errorText === "net::ERR_ABORTED";
    if (!left) troubles.push(`${request.url()}: ${request.failure()?.errorText}`);
  });
  page.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(base) && !url.startsWith("data:") && !url.startsWith("blob:")) troubles.push(`another host: ${url}`);
  });
}

/** axe-core finds nothing on this page, and nothing of it is wider than the screen. */
export async function accessible(page) {
  // The policy of the console forbids scripts that it did not bring: the driver's own way in is not the page's.
  const client = await page.context().newCDPSession(page);
  const { readFile } = await import("node:fs/promises");
  await client.send("Runtime.evaluate", { expression: await readFile(axe, "utf8") });
  const run = `axe.run(document, { runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"] })
    .then((found) => JSON.stringify(found.violations.map((v) => v.id + ": " + v.nodes.map((n) => n.target + " " + (n.any[0]?.message ?? n.all[0]?.message ?? n.none[0]?.message ?? "")).join(" | "))))`;
  const found = await client.send("Runtime.evaluate", { expression: run, awaitPromise: true, returnByValue: true });
  const violations = JSON.parse(found.result.value);
  if (violations.length) troubles.push(`axe at ${page.url()}: ${violations.join("\n")}`);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
  if (wide > 0) troubles.push(`${page.url()} is ${wide} px wider than the screen`);
}

/** A picture of a page, for people. */
export async function picture(page, name) {
  await page.screenshot({ path: path.join(asked.pictures, `${name}.png`) });
}

/** The page says these words somewhere. */
export async function says(page, words) {
  await page.getByText(words).first().waitFor();
}

/** Follows a link to where this is seen. A list that moves may take it from under the pointer: then once more, as people do. */
export async function follow(page, link, seen) {
  for (let tries = 0; tries < 3; tries += 1) {
    await page.locator(link).first().click();
    const there = await page.waitForSelector(seen, { timeout: 10_000 }).catch(() => null);
    if (there) return;
  }
  throw new Error(`${link} does not lead to ${seen}`);
}

export { assert };
