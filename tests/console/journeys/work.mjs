// What is parked, a sync, and an act on many, in both themes and on a phone; one parked workflow found by its reason, and retried.
import { accessible, assert, base, follow, given, journey, picture, says } from "./lib.mjs";

await journey(async (enter) => {
  const pages = [["workflow", `/workflows/${given.parked}`], ["sync", `/workflows/${given.sync}`], ["act", `/acts/${given.act}`]];
  for (const [phone, theme] of [[false, "light"], [true, "dark"]]) {
    const page = await enter({ token: given.token, phone, theme });
    for (const [name, path] of pages) {
      await page.goto(base + path);
      await accessible(page);
      await picture(page, `${name}-${theme}`);
    }
    await page.close();
  }

  const page = await enter({ token: given.token });
  await page.goto(`${base}/workflows`);
  await page.getByLabel("Espera o quê").selectOption("rejected");
  await page.getByRole("button", { name: "Filtrar" }).click();
  await page.waitForURL(/reason=rejected/);
  assert.equal(await page.locator("#list tbody tr").count(), 1);
  await follow(page, "#list tbody a", "svg.states");
  // What else touched the same comes when somebody gets there.
  await page.locator("#near").scrollIntoViewIfNeeded();
  await says(page, "esta operação");
  // Unfolds by the keyboard, and keeps what was typed until it is sent.
  await page.locator("#act-retry summary").focus();
  await page.keyboard.press("Enter");
  await page.getByLabel("Motivo").first().fill("porta liberada");
  await page.keyboard.press("Enter");
  await says(page, "Tentar de novo: feito");
  await says(page, "porta liberada");
  await accessible(page);
});
