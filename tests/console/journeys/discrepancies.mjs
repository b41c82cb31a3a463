// Twenty ports on which HubSoft and the platform differ: HubSoft's side is sent for all of them at once.
import { accessible, assert, given, journey, picture } from "./lib.mjs";

await journey(async (enter) => {
  const page = await enter({ token: given.token });
  await page.getByRole("link", { name: "Divergências", exact: true }).click();
  await page.locator('input[data-ticks="id"]').check();
  assert.equal(await page.locator('input[name="id"]:checked').count(), given.count);
  await accessible(page);
  await picture(page, "discrepancies-light");
  await page.fill("#reason", "conferido com a equipe de campo");
  await page.locator('button[name="action"][value="send"]').click();
  await page.locator(".notice:not(.bad)").waitFor();
  await accessible(page);
});
