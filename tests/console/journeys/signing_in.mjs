// Each role signs in and out; in English; in the dark; on a phone; by keyboard alone.
import { accessible, assert, base, given, journey, picture, says } from "./lib.mjs";

await journey(async (enter) => {
  const nobody = await enter({});
  await nobody.goto(`${base}/workflows`);
  await accessible(nobody);
  nobody.expected.add(401);
  await nobody.fill("#token", "enlace_errado");
  await nobody.press("#token", "Enter");
  await says(nobody, "não é conhecido");
  await accessible(nobody);

  for (const [role, word] of [["viewer", "leitura"], ["operator", "operação"], ["admin", "administração"]]) {
    const page = await enter({ token: given.tokens[role], phone: role === "operator", theme: role === "admin" ? "dark" : "light" });
    await page.locator(".who summary").click();
    await says(page, word);
    assert.equal(await page.getByRole("link", { name: "Tokens" }).count(), role === "admin" ? 1 : 0);
    await accessible(page);
    if (role === "admin") await picture(page, "overview-dark");
    await page.getByRole("button", { name: "Sair" }).click();
    await page.waitForURL("**/login");
  }

  // By keyboard alone: over the link that skips the menu, to the language, and out.
  const page = await enter({ token: given.tokens.viewer });
  await picture(page, "overview-light");
  await page.keyboard.press("Tab");
  assert.equal(await page.evaluate(() => document.activeElement.className), "skip");
  await page.keyboard.press("Enter");
  await page.keyboard.press("/");
  assert.equal(await page.evaluate(() => document.activeElement.id), "q");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Tab");
  await page.keyboard.press("Enter");
  await page.waitForSelector('html[lang="en"]');
  await says(page, "Waiting for you");
  await accessible(page);
  await page.locator(".who summary").focus();
  await page.keyboard.press("Enter");
  await page.getByRole("button", { name: "Sign out" }).focus();
  await page.keyboard.press("Enter");
  await page.waitForURL("**/login");
});
