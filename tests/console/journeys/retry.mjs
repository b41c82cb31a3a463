// A customer's bind is parked. An operator in the street finds the customer on a phone, reads why, and tries again.
import { accessible, assert, given, journey, picture, says } from "./lib.mjs";

await journey(async (enter) => {
  const page = await enter({ token: given.token, phone: true });
  await page.fill("#q", String(given.service));
  await page.press("#q", "Enter");
  await page.waitForURL(`**/services/${given.service}`);
  await says(page, given.words);
  await accessible(page);
  await picture(page, "service-phone");
  await page.locator(`a[href="/workflows/${given.workflow}"]`).first().click();
  await says(page, "espera uma pessoa");
  await accessible(page);
  await page.locator("#act-retry summary").click();
  await page.fill("#reason-retry", "o OZMap voltou");
  await page.locator("#act-retry button").click();
  await page.locator("#workflow .tag.good").first().waitFor();
  await says(page, "o OZMap voltou");
  await picture(page, "workflow-phone");
  assert.equal(await page.locator("#act-retry").count(), 0, "what has ended is not tried again");
});
