// The platform is closed for maintenance; what waits says so; it is opened again. In English.
import { accessible, given, journey, picture, says } from "./lib.mjs";

await journey(async (enter) => {
  const page = await enter({ token: given.token, language: "en" });
  if (given.step === "close") {
    await page.getByRole("link", { name: "Integrations", exact: true }).click();
    await page.locator(`a[href="/integrations/${given.integration}"]`).first().click();
    await page.selectOption("#minutes", "60");
    await page.fill("#close-why", "maintenance of OZMap");
    await page.locator('form[action$="/upstream/close"] button').click();
    await page.locator(".notice:not(.bad)").waitFor();
    await says(page, "maintenance of OZMap");
    await accessible(page);
    return;
  }
  await says(page, "1 workflow waits for it");
  await page.locator(`a[href="/workflows?status=waiting&integration=${given.integration}"]`).first().click();
  await says(page, "maintenance of OZMap");
  await accessible(page);
  await picture(page, "workflows-english");
  await page.goto(new URL(`/integrations/${given.integration}`, page.url()).href);
  await page.fill("#open-why", "OZMap is back");
  await page.locator('form[action$="/upstream/open"] button').click();
  await page.locator(".notice:not(.bad)").waitFor();
});
