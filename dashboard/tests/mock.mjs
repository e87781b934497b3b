// Serves the built page, and an API as in docs/openapi.yaml with made-up figures. The page's tests use it for what a real
// lastbyte cannot easily produce (5,000 sessions, each kind of ending).
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { fileURLToPath } from "node:url";

const DIST = fileURLToPath(new URL("../dist/", import.meta.url));
const TYPES = { html: "text/html; charset=utf-8", js: "text/javascript; charset=utf-8", css: "text/css; charset=utf-8" };
export const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'";
const FLOW_STATES = ["waiting", "open", "draining", "ended", "refused", "discarding"];
const STATES = ["connecting", "open", "half_closed", "lingering", "flushing"];

export function session(id) {
  const flow = (at) => ({
    state: FLOW_STATES[(id + at) % FLOW_STATES.length],
    received: id * 1000,
    sent: id * 900,
    waiting: id % 7,
    discarded: 0,
    unacknowledged: 0,
  });
  return {
    id,
    forwarding: id % 2 ? "web" : "db",
    state: STATES[id % STATES.length],
    client: `192.0.2.${id % 250}:${40000 + (id % 20000)}`,
    upstream: "[2001:db8::2]:5432",
    member: "db1",
    started: "2026-03-04T05:06:07.089Z",
    age_us: id * 1e6,
    idle_us: 2000,
    half_close_age_us: null,
    deadline: id % 3 ? "idle" : "none",
    fires_in_us: id % 3 ? 3600e6 : null,
    flows: { client: flow(0), upstream: flow(2) },
  };
}

function detail(id, instance) {
  const what = ["accepted", "connecting", "connected", "fin_received", "fin_sent", "reset_received", "lingering", "limit"];
  const socket = {
    local: "192.0.2.1:8080", peer: "192.0.2.7:51234", state: "ESTABLISHED", unread: 0, unacknowledged: 512, unsent: 0,
    round_trip_us: 412, retransmissions: 0, congestion_window: 10, last_received_us: 1000, last_sent_us: 2000,
  };
  return {
    ...session(id),
    instance,
    events: what.map((each, index) => ({ at_us: index * 1500, side: index % 2 ? "upstream" : "client", what: each, detail: each === "limit" ? "half_close" : undefined })),
    sockets: { client: socket, upstream: null },
  };
}

/** `sessions` is the number of sessions. Returns {url, close, orders, state}. */
export async function mock({ sessions = 5000 } = {}) {
  const state = { loggedIn: false, requests: [], polls: 0, failing: false, instance: "18a-1267", ended: new Set(), followers: [] };
  const orders = [];
  const histogram = (scale) => ({ bounds: [0.001, 0.01, 0.1, 1], counts: [50 * scale, 30 * scale, 5 * scale, 1, 0], sum: 1 });
  const forwarding = (name) => ({
    name,
    listen: ["0.0.0.0:8080"],
    connect: "group:databases",
    transport: "tcp",
    state: "enabled",
    sessions: { connecting: 2, open: sessions / 2 - 12, half_closed: 6, lingering: 3, flushing: 1 },
    sessions_ended: { complete: 1000 + state.polls * 90, reset_by_client: 20 + state.polls * 4, reset_by_upstream: state.polls, limit: 3 },
    received_bytes: { client: state.polls * 1e6, upstream: state.polls * 9e6 },
    lost_bytes: { client: 0, upstream: state.polls * 100 },
    rescued_bytes: { client: 0, upstream: 4096 },
    resets_received: { client: state.polls * 4, upstream: state.polls },
    resets_sent: { client: state.polls, upstream: state.polls * 4 },
    retries: 7,
    denied: 1,
    connect_seconds: histogram(state.polls),
    first_byte_seconds: histogram(state.polls),
    duration_seconds: histogram(state.polls),
  });
  const member = (name, memberState, reason) => ({
    name, state: memberState, reason, since: "2026-03-04T05:06:07.089Z", weight: 10, backup: false, sessions: 30, began: 1200,
    failed: 4, round_trip_us: 230, addresses: ["10.0.0.6:5432"],
  });
  const status = () => {
    state.polls += 1;
    return {
      version: "0.1.0", pid: 4711, instance: state.instance, started: "2026-03-04T05:06:07.089Z", uptime_us: 7500e6, ready: true,
      may_administer: state.loggedIn,
      workers: [{ index: 0, sessions: sessions / 2, cpu_us: 1, lag_us: 1 }, { index: 1, sessions: sessions / 2, cpu_us: 1, lag_us: 1 }],
      configuration: { loaded: "2026-03-04T05:06:07.089Z", successful: true, error: null },
      dropped_records: 0,
      forwardings: [forwarding("web"), forwarding("db")],
      groups: [{ name: "databases", policy: "least-sessions", generation: 3, waiting: 2, members: [member("tcp:db1:5432", "up", ""), member("tcp:db2:5432", "ejected", "5 resets before the first byte")] }],
      ports: [{ destination: "10.0.0.6:5432", in_use: 24000, time_wait: 18000, available: 28232 }],
    };
  };

  const server = createServer(async (request, response) => {
    const url = new URL(request.url, "http://mock");
    state.requests.push(`${request.method} ${url.pathname}`);
    const json = (body, code = 200) => {
      response.writeHead(code, { "Content-Type": "application/json" });
      response.end(JSON.stringify(body));
    };
    if (state.failing) return json({ error: "not now" }, 503);
    if (request.method === "POST") {
      let body = "";
      for await (const piece of request) body += piece;
      if (url.pathname === "/v1/login") {
        if (JSON.parse(body).token !== "secret") return json({ error: "the token is wrong" }, 401);
        state.loggedIn = true;
      } else if (url.searchParams.get("instance") !== state.instance) {
        return json({ error: "nothing was done, because lastbyte was restarted" }, 412);
      } else {
        orders.push(url.pathname);
      }
      response.writeHead(204);
      return response.end();
    }
    if (url.pathname === "/v1/status") return json(status());
    if (url.pathname === "/v1/sessions") {
      const offset = Number(url.searchParams.get("offset") ?? 0);
      const limit = Number(url.searchParams.get("limit") ?? 100);
      let all = Array.from({ length: sessions }, (_, index) => sessions - index);
      if (url.searchParams.get("forwarding")) all = all.filter((id) => session(id).forwarding === url.searchParams.get("forwarding"));
      if (url.searchParams.get("client")) all = all.filter((id) => session(id).client.startsWith(url.searchParams.get("client")));
      return json({ instance: state.instance, total: sessions, matched: all.length, sessions: all.slice(offset, offset + limit).map(session) });
    }
    const one = url.pathname.match(/^\/v1\/sessions\/(\d+)$/);
    if (one) return Number(one[1]) <= sessions && !state.ended.has(Number(one[1])) ? json(detail(Number(one[1]), state.instance)) : json({ error: "no such session" }, 404);
    if (url.pathname === "/v1/events") {
      response.writeHead(200, { "Content-Type": "text/event-stream" });
      if (url.searchParams.has("session")) {
        response.write(": events\n\n");
        return state.followers.push({ id: Number(url.searchParams.get("session")), response });
      }
      response.write(`data: ${JSON.stringify({ at: "2026-03-04T05:06:08.293Z", event: "member_changed", group: "databases", member: "tcp:db2:5432", state: "ejected", reason: "5 resets before the first byte" })}\n\n`);
      return undefined;
    }
    const name = url.pathname === "/" ? "index.html" : url.pathname.slice(1);
    try {
      const body = await readFile(DIST + name);
      response.writeHead(200, { "Content-Type": TYPES[name.split(".").pop()], "Content-Security-Policy": POLICY });
      return response.end(body);
    } catch {
      return json({ error: "not found" }, 404);
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}/`,
    close: () => {
      server.closeAllConnections();
      server.close();
    },
    orders,
    state,
    /** The session ends because a limit passed. */
    end: (id) => {
      state.ended.add(id);
      const events = [...detail(id, state.instance).events.slice(0, 5), { at_us: 9000, side: "client", what: "limit", detail: "half_close" }];
      const event = { at: "2026-03-04T05:06:08.293Z", event: "session_ended", session: { id, summary: "half_close limit passed" }, events };
      for (const each of state.followers) if (each.id === id) each.response.write(`data: ${JSON.stringify(event)}\n\n`);
    },
  };
}
