// The platform answered with empty lists. Nothing vanishes before somebody has seen what, and said so.
import { accessible, given, journey, picture, says } from "./lib.mjs";

await journey(async (enter) => {
  const page = await enter({ token: given.token });
  await says(page, "pedem aprovação");
  await page.locator('a[href="/guards"]').click();
  await accessible(page);
  await page.locator(`a[href="/guards/${given.workflow}"]`).first().click();
  await page.locator("svg.spots").waitFor();
  await accessible(page);
  await picture(page, "guard-light");
  await page.fill("#approve-why", "a cidade foi desativada");
  await page.locator('form[action$="/approve"] button').click();
  await page.locator(".notice:not(.bad)").waitFor();
});
