// The list of sessions and one session whole, in a real Chromium.
import assert from "node:assert/strict";
import { test } from "node:test";
import { scenes } from "./browser.mjs";

const scene = scenes();

test("5,000 sessions are a list of a few dozen rows, down to the last one", async (t) => {
  const { page, troubles } = await scene(t, "#/sessions");
  await page.getByText("#5000").waitFor();
  assert.ok((await page.locator(".row").count()) < 60);
  const list = page.getByRole("listbox");
  await list.focus();
  await page.keyboard.press("End");
  await page.getByText("#1", { exact: true }).waitFor();
  assert.ok((await page.locator(".row").count()) < 60);
  assert.deepEqual(troubles, []);
});

test("filters ask lastbyte, and the count follows", async (t) => {
  const { page } = await scene(t, "#/sessions");
  await page.getByText("5,000 of 5,000").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("192.0.2.77:");
  await page.getByText("20 of 5,000").waitFor();
});

test("the keyboard alone opens a session and comes back", async (t) => {
  const { page } = await scene(t);
  await page.getByText("Open sessions by state").waitFor();
  await page.keyboard.press("2");
  await page.getByText("#5000").waitFor();
  await page.getByRole("listbox").focus();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "Session 4999" }).waitFor();
  await page.keyboard.press("Escape");
  await page.getByText("#5000").waitFor();
});

test("each state of a flow has an arrow and words of its own", async (t) => {
  const { page } = await scene(t, "#/sessions");
  await page.getByText("#5000").waitFor();
  for (const state of ["waiting", "open", "draining", "ended", "refused", "discarding"]) {
    await page.getByRole("img", { name: new RegExp(`client to upstream: ${state}`) }).first().waitFor();
  }
});

test("a session's diagram has a row for each event", async (t) => {
  const { page } = await scene(t, "#/sessions/17");
  await page.getByRole("heading", { name: "Session 17" }).waitFor();
  await page.getByText("reset received").waitFor();
  assert.equal(await page.locator(".sequence .time").count(), 8);
  await page.getByRole("row", { name: /round trip/ }).waitFor();
});

test("a session that has ended says so and is not asked for again", async (t) => {
  const { page, server } = await scene(t, "#/sessions/999999");
  await page.getByText("Session 999999 has ended").waitFor();
  await page.waitForTimeout(1500);
  assert.equal(server.state.requests.filter((each) => each.endsWith("/999999")).length, 1);
});

test("the diagram of a session that a limit has ended names the limit", async (t) => {
  const { page, server } = await scene(t, "#/sessions/17");
  await page.getByRole("heading", { name: "Session 17" }).waitFor();
  while (server.state.followers.length === 0) await page.waitForTimeout(20);
  server.end(17);
  await page.getByText("Session 17 has ended: half_close limit passed").waitFor();
  await page.locator(".sequence").getByText("limit: half_close").waitFor();
  assert.equal(await page.locator(".sequence .time").count(), 6);
});

test("only who is logged in may reset a session, and is asked before", async (t) => {
  const { page, server } = await scene(t, "#/sessions/17");
  await page.getByRole("heading", { name: "Session 17" }).waitFor();
  assert.equal(await page.getByRole("button", { name: "Reset" }).count(), 0);
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByLabel("Token").fill("wrong");
  await page.getByRole("dialog").getByRole("button", { name: "Log in" }).click();
  await page.getByText("the token is wrong").waitFor();
  await page.getByLabel("Token").fill("secret");
  await page.getByRole("dialog").getByRole("button", { name: "Log in" }).click();
  const asked = [];
  page.on("dialog", (dialog) => {
    asked.push(dialog.message());
    if (asked.length === 1) dialog.dismiss();
    else dialog.accept();
  });
  await page.getByRole("button", { name: "Reset" }).click();
  assert.deepEqual(server.orders, []);
  await page.getByRole("button", { name: "Reset" }).click();
  await page.waitForFunction(() => true);
  while (server.orders.length === 0) await page.waitForTimeout(20);
  assert.deepEqual(server.orders, ["/v1/sessions/17/reset"]);
  assert.equal(asked.length, 2);
});

test("an order is for the instance that the page showed when it was given", async (t) => {
  const { page, server } = await scene(t, "#/sessions/17");
  await page.getByRole("heading", { name: "Session 17" }).waitFor();
  await page.getByRole("button", { name: "Log in" }).click();
  await page.getByLabel("Token").fill("secret");
  await page.getByRole("dialog").getByRole("button", { name: "Log in" }).click();
  page.on("dialog", (dialog) => {
    server.state.instance = "18b-1268";
    dialog.accept();
  });
  await page.getByRole("button", { name: "Reset" }).click();
  await page.getByText("lastbyte was restarted").waitFor();
  assert.deepEqual(server.orders, []);
});
