// The page as a real lastbyte serves it, with real sessions and a real group, in a real Chromium.
import assert from "node:assert/strict";
import { test } from "node:test";
import { lastbyte, TOKEN } from "../lastbyte.mjs";
import { scenes } from "./browser.mjs";

const scene = scenes(() => lastbyte());

/** With SCREENSHOTS=DIRECTORY in the environment, what a test sees is kept there. */
async function keep(page, name) {
  if (process.env.SCREENSHOTS) await page.screenshot({ path: `${process.env.SCREENSHOTS}/${name}.png`, fullPage: true });
}

async function logIn(page, token) {
  await page.getByRole("button", { name: "Log in" }).first().click();
  await page.getByLabel("Token").fill(token);
  await page.getByRole("dialog").getByRole("button", { name: "Log in" }).click();
}

test("members of a real group, their health and their sessions", async (t) => {
  const { page, troubles, server } = await scene(t, "#/groups");
  for (let each = 0; each < 4; ++each) await server.connect();
  const group = page.getByRole("region", { name: "group databases" });
  await group.getByText("least-sessions, 2 of 3 up").waitFor();
  await group.getByText("Connection refused").waitFor();
  for (const each of server.members) {
    const row = group.getByRole("row").filter({ hasText: `tcp:127.0.0.1:${each.port}` });
    await row.getByRole("cell", { name: "2", exact: true }).first().waitFor();
  }
  assert.deepEqual(troubles, []);
});

test("a login by the token, and a member and a forwarding that take orders", async (t) => {
  const { page, server } = await scene(t, "#/groups");
  await page.getByText("least-sessions, 2 of 3 up").waitFor();
  assert.equal(await page.getByRole("button", { name: "drain db", exact: true }).count(), 0);
  await logIn(page, "wrong");
  await page.getByText("the token is wrong").waitFor();
  await page.keyboard.press("Escape");
  await logIn(page, TOKEN);
  await page.getByRole("button", { name: "Log out" }).waitFor();
  await page.getByRole("button", { name: `drain tcp:127.0.0.1:${server.members[0].port}` }).click();
  await page.getByText("least-sessions, 1 of 3 up").waitFor();
  await page.getByText("by the operator").waitFor();
  await page.getByRole("button", { name: "drain db", exact: true }).click();
  await page.getByRole("row").filter({ hasText: "group:databases" }).getByText("draining").waitFor();
  await keep(page, "orders");
  await page.reload();
  await page.getByRole("button", { name: "Log out" }).click();
  await page.getByRole("button", { name: "Log in" }).waitFor();
});

test("the arrows follow a session that half-closes", async (t) => {
  const { page, troubles, server } = await scene(t, "#/sessions");
  const client = await server.connect();
  const flow = (text) => page.getByRole("img", { name: text });
  await flow("client to upstream: open, 5 B received").waitFor();
  client.end();
  await flow("client to upstream: ended, 5 B received").waitFor();
  await flow("upstream to client: open, 5 B received").waitFor();
  await keep(page, "half-closed");
  await page.getByText("#1", { exact: true }).click();
  await page.getByText("fin received").first().waitFor();
  await page.getByRole("row").filter({ hasText: "TCP state" }).getByText("CLOSE_WAIT").waitFor();
  await page.getByText(`tcp:127.0.0.1:${server.members[0].port}`).or(page.getByText(`tcp:127.0.0.1:${server.members[1].port}`)).waitFor();
  await keep(page, "half-closed-session");
  server.members.flatMap((each) => each.sockets).forEach((each) => each.end());
  await page.getByText("Session 1 has ended").waitFor();
  // The browser tells of each answer that is an error.
  assert.deepEqual(troubles.filter((each) => !each.includes("404")), []);
});

test("a session that is reset here is reset at both peers", async (t) => {
  const { page, server } = await scene(t, "#/sessions/1");
  const client = await server.connect(1);
  await page.reload();
  await page.getByRole("heading", { name: "Session 1" }).waitFor();
  await logIn(page, TOKEN);
  page.on("dialog", (dialog) => dialog.accept());
  await page.getByRole("button", { name: "Reset" }).click();
  await page.getByText("Session 1 has ended").waitFor();
  while (!client.failure) await page.waitForTimeout(10);
  assert.equal(client.failure, "ECONNRESET");
});

test("5,000 real sessions are a list of a few dozen rows, in both themes and on a narrow screen", async (t) => {
  const { page, troubles, server } = await scene(t, "#/sessions");
  for (let each = 0; each < 50; ++each) await Promise.all(Array.from({ length: 100 }, () => server.connect(each % 2)));
  await page.getByText("5,000 of 5,000").waitFor();
  await page.getByText("#5000").or(page.getByText("#4999")).first().waitFor();
  assert.ok((await page.locator(".row").count()) < 60);
  const list = page.getByRole("listbox");
  await list.focus();
  await page.keyboard.press("End");
  await page.getByText("#1", { exact: true }).waitFor();
  assert.ok((await page.locator(".row").count()) < 60);
  for (const colorScheme of ["light", "dark"]) {
    await page.emulateMedia({ colorScheme });
    for (const [name, width] of [["wide", 1280], ["narrow", 360]]) {
      await page.setViewportSize({ width, height: 800 });
      for (const view of ["overview", "sessions", "groups", "events", "sessions/17"]) {
        await page.evaluate((hash) => (location.hash = `#/${hash}`), view);
        await page.locator("main h2, main figure").first().waitFor();
        await page.waitForFunction(() => !document.querySelector("main").textContent.includes("…"));
        await keep(page, `${colorScheme}-${name}-${view.replace("/", "-")}`);
        assert.ok((await page.evaluate(() => document.documentElement.scrollWidth)) <= width, `${view} scrolls sideways at ${width}`);
      }
    }
  }
  assert.deepEqual(troubles, []);
});
