// From nothing to the first sync: parameters, project, elements; a wrong password is told in plain words on the way.
import { accessible, given, journey, picture, says } from "./lib.mjs";

await journey(async (enter) => {
  const page = await enter({ token: given.token });
  await page.locator('a[href="/integrations/new"]').click();
  await page.locator('a[href="/integrations/new?platform=ozmap"]').click();
  await accessible(page);
  await page.fill("#name", "OZMap do Centro");
  for (const [name, value] of Object.entries(given.parameters)) await page.fill(`#p-${name}`, value);
  await picture(page, "integration-new");
  await page.locator("form.card button.first").click();
  await page.waitForURL("**/setup**");
  await accessible(page);
  await page.fill("#nome", "Centro");
  await page.locator('form:has(#nome) button.first').click();
  await page.locator('input[name="element"]').first().waitFor();
  await accessible(page);
  await page.locator('form:has(input[name="element"]) button.first').click();
  await page.locator('form[action$="/sync"] button').waitFor();
  await page.locator('form[action$="/test"] button').click();
  await page.locator(".notice:not(.bad)").waitFor();
  await page.locator('form[action$="/sync"] button').click();
  // It moves by itself: nobody reloads the page.
  await says(page, "concluída");
  await accessible(page);
  await picture(page, "integration-light");
});
