// The page's client of the administration API (docs/openapi.yaml).

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

async function ask(method, path, body) {
  let response;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? {} : { "Content-Type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
      credentials: "same-origin",
      cache: "no-store",
    });
  } catch {
    throw new ApiError(0, "lastbyte does not answer");
  }
  if (response.status === 204) return null;
  const text = await response.text();
  if (!response.ok) throw new ApiError(response.status, message(text, response.status));
  return JSON.parse(text);
}

function message(text, status) {
  try {
    return JSON.parse(text).error;
  } catch {
    return `HTTP status ${status}`;
  }
}

const part = encodeURIComponent;
const order = (instance, path) => ask("POST", `${path}?instance=${part(instance)}`);

export const api = {
  status: () => ask("GET", "/v1/status"),
  sessions: (query) => ask("GET", `/v1/sessions?${new URLSearchParams(query)}`),
  session: (id) => ask("GET", `/v1/sessions/${part(id)}`),
  // An order is for the instance that the page showed: after a restart sessions have other numbers.
  endSession: (instance, id, action) => order(instance, `/v1/sessions/${part(id)}/${action}`),
  changeMember: (instance, group, member, action) =>
    order(instance, `/v1/groups/${part(group)}/members/${part(member)}/${action}`),
  changeForwarding: (instance, name, action) => order(instance, `/v1/forwardings/${part(name)}/${action}`),
  login: (token) => ask("POST", "/v1/login", { token }),
  logout: () => ask("POST", "/v1/logout"),
  /** Calls `take` with each event. Returns a function that stops it. The browser reconnects by itself. */
  events: (take, session) => {
    const source = new EventSource(session === undefined ? "/v1/events" : `/v1/events?session=${part(session)}`);
    source.onmessage = (each) => take(JSON.parse(each.data));
    return () => source.close();
  },
};
