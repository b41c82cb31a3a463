// Somebody asks on the phone whether there is fibre at their house: a click on the map answers.
import { accessible, given, journey, picture } from "./lib.mjs";

await journey(async (enter) => {
  const page = await enter({ token: given.token });
  await page.getByRole("link", { name: "Mapa", exact: true }).click();
  await page.waitForSelector("#map[data-drawn]");
  await picture(page, "map-boxes");
  const { width, height } = await page.locator("#map").boundingBox();
  await page.locator("#map").click({ position: { x: width / 2, y: height / 2 - 40 } });
  await page.locator("#answer .tag.good").waitFor();
  await page.locator("#near tbody tr").first().waitFor();
  await page.waitForSelector("#map[data-drawn]");
  await accessible(page);
  await picture(page, "map-answer");
  return page.locator("#near tbody tr th a").first().textContent();
});
