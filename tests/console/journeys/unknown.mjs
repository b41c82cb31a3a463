// Nobody knows whether a customer was put on a port. An operator looks at the platform, and says so: by keyboard alone.
import { accessible, assert, given, journey, picture, says } from "./lib.mjs";

await journey(async (enter) => {
  const page = await enter({ token: given.token, theme: "dark" });
  await says(page, "não se sabe se chegaram à plataforma");
  await accessible(page);
  const follow = async (selector) => {
    await page.locator(selector).first().focus();
    await page.keyboard.press("Enter");
  };
  await follow('a[href="/workflows?status=parked&reason=outcome_unknown"]');
  await page.waitForURL("**/workflows?**");
  await accessible(page);
  await follow(`a[href="/workflows/${given.workflow}"]`);
  await says(page, "isto foi feito ou não");
  await accessible(page);
  await picture(page, "workflow-dark");
  await page.locator("#reason-resolve").focus();
  await page.keyboard.type("olhei no OZMap: está lá");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.value), "done");
  await page.keyboard.press("Enter");
  await page.locator("#workflow .tag.good").first().waitFor();
});
