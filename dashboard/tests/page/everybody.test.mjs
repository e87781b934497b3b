// Every view for everybody: what axe finds in both themes, and a narrow screen, in a real Chromium.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { scenes } from "./browser.mjs";

const AXE = readFileSync(fileURLToPath(new URL("../../node_modules/axe-core/axe.min.js", import.meta.url)), "utf8");
const scene = scenes();

test("no view has a violation that axe finds, in the light and in the dark", async (t) => {
  for (const colorScheme of ["light", "dark"]) {
    const { page } = await scene(t, "", { colorScheme, bypassCSP: true });
    for (const hash of ["overview", "sessions", "sessions/17", "groups", "events"]) {
      await page.goto(page.url().replace(/#.*/, "") + `#/${hash}`);
      await page.locator("main h2, main figure").first().waitFor();
      await page.waitForTimeout(100);
      await page.evaluate(AXE);
      const result = await page.evaluate(() => globalThis.axe.run());
      const found = result.violations.map((each) => `${each.id}: ${each.nodes.map((node) => node.html.slice(0, 120)).join(" | ")}`);
      assert.deepEqual(found, [], `${colorScheme} ${hash}`);
    }
  }
});

test("360 px are enough: nothing makes the page scroll sideways", async (t) => {
  for (const hash of ["overview", "sessions", "sessions/17", "groups", "events"]) {
    const { page } = await scene(t, `#/${hash}`, { viewport: { width: 360, height: 740 } });
    await page.locator("main h2, main figure").first().waitFor();
    await page.waitForTimeout(100);
    assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 360, hash);
  }
});
