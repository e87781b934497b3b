// The figures, the upstreams, the events, and trouble, in a real Chromium.
import assert from "node:assert/strict";
import { statSync } from "node:fs";
import { test } from "node:test";
import { fileURLToPath } from "node:url";
import { scenes } from "./browser.mjs";

const scene = scenes();

test("the overview shows figures, rates, endings, latency and ports", async (t) => {
  const { page, troubles, server } = await scene(t);
  await page.getByText("Open sessions by state").waitFor();
  await page.waitForFunction(() => document.querySelectorAll(".u-over").length === 6);
  while (server.state.polls < 3) await page.waitForTimeout(100);
  await page.getByText("reset by client", { exact: false }).first().waitFor();
  await page.getByRole("cell", { name: "10.0.0.6:5432" }).waitFor();
  assert.deepEqual(troubles, []);
});

test("members and their health, with the reason", async (t) => {
  const { page } = await scene(t, "#/groups");
  await page.getByText("least-sessions, 1 of 2 up, 2 sessions wait").waitFor();
  await page.getByText("5 resets before the first byte").waitFor();
});

test("events appear as they come", async (t) => {
  const { page } = await scene(t, "#/events");
  await page.getByText("databases tcp:db2:5432: ejected").waitFor();
});

test("trouble is said, and goes when it is over", async (t) => {
  const { page, server } = await scene(t);
  await page.getByText("Open sessions by state").waitFor();
  server.state.failing = true;
  await page.getByRole("alert").waitFor();
  server.state.failing = false;
  await page.getByRole("alert").waitFor({ state: "detached" });
});

test("the page is small and asks no other host", () => {
  const size = ["index.html", "dashboard.js", "dashboard.css"]
    .map((each) => statSync(fileURLToPath(new URL(`../../dist/${each}`, import.meta.url))).size)
    .reduce((a, b) => a + b, 0);
  assert.ok(size <= 150 * 1024, `${size} bytes`);
});

test("views come and go without an error", async (t) => {
  const { page, troubles } = await scene(t);
  await page.getByText("Open sessions by state").waitFor();
  for (const size of [700, 1200]) {
    await page.setViewportSize({ width: size, height: 800 });
    for (const view of ["sessions", "overview", "groups", "events", "overview"]) {
      await page.evaluate((name) => (location.hash = `#/${name}`), view);
      await page.locator("main h2, main figure").first().waitFor();
    }
  }
  assert.deepEqual(troubles, []);
});
