// Four questions of somebody who has never seen enlace, each answered by clicks alone, in under a minute (README, *The console*).
import { assert, base, given, journey, says } from "./lib.mjs";

await journey(async (enter) => {
  const page = await enter({ token: given.token });
  const clicks = {};
  const ask = async (question, steps) => {
    await page.goto(base);
    const began = Date.now();
    clicks[question] = await steps();
    assert.ok(Date.now() - began < 60_000, question);
  };
  await ask("why is this customer not on OZMap yet?", async () => {
    await page.fill("#q", String(given.service));
    await page.press("#q", "Enter");
    await page.waitForURL("**/services/**");
    await says(page, "manutenção");
    return 1;
  });
  await ask("which changes failed last night, and why?", async () => {
    await page.getByRole("link", { name: "Operações", exact: true }).click();
    await page.selectOption("#f-status", "parked");
    await page.fill("#f-since", given.yesterday);
    await page.getByRole("button", { name: "Filtrar" }).click();
    await page.waitForURL(/status=parked/);
    assert.equal(await page.locator("#list tbody tr").count(), 1);
    await says(page, "manutenção");
    return 4;
  });
  await ask("what did the last sync change?", async () => {
    await page.getByRole("link", { name: "Integrações", exact: true }).click();
    await page.locator(`th a[href="/integrations/${given.integration}"]`).click();
    await says(page, "Última sincronização");
    const row = await page.locator("tr", { has: page.getByText("caixas", { exact: true }) }).first().innerText();
    assert.deepEqual(row.split(/\s+/), ["caixas", "12", "12", "0", "0", "0"]);
    return 2;
  });
  await ask("who cancelled this workflow?", async () => {
    await page.getByRole("link", { name: "Registro", exact: true }).click();
    await page.selectOption("#f-act", "cancel");
    await page.getByRole("button", { name: "Filtrar" }).click();
    await page.waitForURL(/act=cancel/);
    await says(page, "Bruno");
    await says(page, "o cliente desistiu");
    return 3;
  });
  return clicks;
});
