// Every page of the console in both themes, on a desk and on a phone, in both languages: nothing is amiss on any.
import { accessible, base, given, journey, picture } from "./lib.mjs";

await journey(async (enter) => {
  for (const how of [
    { theme: "light", language: "pt", phone: false }, { theme: "dark", language: "en", phone: true },
  ]) {
    const page = await enter({ token: given.token, ...how });
    for (const path of given.paths) {
      await page.goto(base + path);
      await page.locator("h1").first().waitFor();
      await accessible(page);
      await picture(page, `${path.split("?")[0].replaceAll("/", "-").slice(1) || "overview"}-${how.theme}`);
    }
    await page.context().close();
  }
});
