// A Chromium for one test file. Its profile is removed when it closes.
import { after, before } from "node:test";
import { chromium } from "playwright-core";
import { mock } from "../mock.mjs";

async function browser() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
      "--disable-component-update", "--disable-sync"],
  });
}

/** A page that collects what must not happen: errors on the console, and requests to any other host. */
async function open(chrome, url, options = {}) {
  const context = await chrome.newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const troubles = [];
  page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
  page.on("pageerror", (error) => troubles.push(String(error)));
  page.on("request", (request) => {
    const target = new URL(request.url());
    if (target.protocol.startsWith("http") && target.origin !== new URL(url).origin) troubles.push(`outside: ${request.url()}`);
  });
  await page.goto(url);
  return { page, context, troubles };
}

/** One Chromium for all tests of a file. Returns what makes a page with a server of its own for one test. */
export function scenes(serve = mock) {
  let chrome;
  before(async () => (chrome = await browser()));
  after(() => chrome.close());
  return async (t, hash = "", options = {}, made = undefined) => {
    const server = await serve(made);
    const opened = await open(chrome, server.url + hash, options);
    t.after(async () => {
      await opened.context.close();
      await server.close();
    });
    return { ...opened, server };
  };
}
