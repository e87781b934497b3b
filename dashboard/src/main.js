// The page: requests the status every second, keeps ten minutes of samples, and shows one of its views.
import { render } from "preact";
import { useCallback, useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { api } from "./api.js";
import { Groups } from "./groups.js";
import { Help, Login } from "./dialogs.js";
import { html } from "./html.js";
import { Overview } from "./overview.js";
import { History, totals } from "./rates.js";
import { SessionView } from "./session.js";
import { Sessions } from "./sessions.js";
import { duration } from "./format.js";
import "./style.css";

const VIEWS = [
  ["overview", "Overview", "1"],
  ["sessions", "Sessions", "2"],
  ["groups", "Upstreams", "3"],
  ["events", "Events", "4"],
];
const KEPT_SAMPLES = 600;
const KEPT_EVENTS = 500;

/** "#/sessions/17" -> ["sessions", "17"]. */
function place() {
  const [view, id] = location.hash.replace(/^#\//, "").split("/");
  return [VIEWS.some(([name]) => name === view) ? view : "overview", id];
}

function useTheme() {
  const [theme, setTheme] = useState(() => localStorage.getItem("theme") ?? "auto");
  useEffect(() => {
    document.documentElement.dataset.theme = theme;
    localStorage.setItem("theme", theme);
  }, [theme]);
  const next = { auto: "light", light: "dark", dark: "auto" };
  return [theme, () => setTheme(next[theme])];
}

function App() {
  const [[view, id], setPlace] = useState(place);
  const [status, setStatus] = useState(null);
  const [trouble, setTrouble] = useState("");
  const [dialog, setDialog] = useState(null);
  const [forwarding, setForwarding] = useState("");
  const [events, setEvents] = useState([]);
  const [theme, nextTheme] = useTheme();
  const history = useRef(new History(KEPT_SAMPLES));

  useEffect(() => {
    const changed = () => setPlace(place());
    addEventListener("hashchange", changed);
    return () => removeEventListener("hashchange", changed);
  }, []);

  const refresh = useCallback(async () => {
    try {
      const now = await api.status();
      const last = history.current.samples.at(-1);
      if (last && last.instance !== now.instance) history.current.samples = [];
      history.current.push({ at: Date.now() / 1000, instance: now.instance, status: now });
      setStatus(now);
      setTrouble("");
    } catch (error) {
      if (error.status === 401) setDialog("login");
      setTrouble(error.message);
    }
  }, []);

  useEffect(() => {
    let stopped = false;
    let timer = 0;
    const run = async () => {
      if (document.visibilityState === "visible") await refresh();
      if (!stopped) timer = setTimeout(run, 1000);
    };
    run();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, []);

  useEffect(() => {
    if (view !== "events") return undefined;
    return api.events((event) => setEvents((before) => [event, ...before].slice(0, KEPT_EVENTS)));
  }, [view]);

  // A layout effect, so that the next key goes to the view that is shown.
  useLayoutEffect(() => {
    const pressed = (event) => {
      if (event.ctrlKey || event.metaKey || event.altKey) return;
      const typing = /^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName);
      if (event.key === "Escape") {
        if (dialog) setDialog(null);
        else if (typing) event.target.blur();
        else if (id) location.hash = "#/sessions";
        return;
      }
      if (typing || dialog) return;
      const chosen = VIEWS.find(([, , key]) => key === event.key);
      if (chosen) location.hash = `#/${chosen[0]}`;
      else if (event.key === "?") setDialog("help");
      else if (event.key === "t") nextTheme();
      else if (event.key === "/") {
        event.preventDefault();
        document.querySelector("[data-filter]")?.focus();
      }
    };
    addEventListener("keydown", pressed);
    return () => removeEventListener("keydown", pressed);
  });

  const samples = useMemo(
    () => history.current.samples.map((each) => ({ at: each.at, totals: totals(each.status, forwarding) })),
    [status, forwarding],
  );

  return html`
    <a class="skip" href="#content">Skip to the content</a>
    <header>
      <h1>lastbyte</h1>
      <nav aria-label="views">
        ${VIEWS.map(
          ([name, title, key]) => html`<a
            key=${name}
            href=${`#/${name}`}
            aria-current=${view === name ? "page" : undefined}
            aria-keyshortcuts=${key}
            >${title}</a
          >`,
        )}
      </nav>
      <div class="tools">
        <button type="button" onClick=${nextTheme} aria-keyshortcuts="t">Theme: ${theme}</button>
        ${status &&
        (status.may_administer
          ? html`<button type="button" onClick=${() => api.logout().then(refresh)}>Log out</button>`
          : html`<button type="button" onClick=${() => setDialog("login")}>Log in</button>`)}
        <button type="button" onClick=${() => setDialog("help")} aria-keyshortcuts="?" aria-label="Keys">?</button>
      </div>
    </header>
    ${trouble && html`<p class="trouble" role="alert">${trouble}</p>`}
    ${status && html`<${Instance} status=${status} />`}
    <main id="content" tabindex="-1">
      ${!status && !trouble && html`<p>Waiting for the first figures.</p>`}
      ${status &&
      view === "overview" &&
      html`<${Overview} status=${status} samples=${samples} theme=${theme} chosen=${forwarding} choose=${setForwarding} />`}
      ${status && view === "sessions" && !id && html`<${Sessions} status=${status} />`}
      ${status && view === "sessions" && id && html`<${SessionView} key=${id} id=${id} may=${status.may_administer} />`}
      ${status && view === "groups" && html`<${Groups} status=${status} refresh=${refresh} />`}
      ${view === "events" && html`<${Events} events=${events} />`}
    </main>
    ${dialog === "login" && html`<${Login} close=${() => setDialog(null)} done=${refresh} />`}
    ${dialog === "help" && html`<${Help} close=${() => setDialog(null)} />`}
  `;
}

function Instance({ status }) {
  const { configuration } = status;
  return html`<section class="instance" aria-label="this instance">
    <span class=${status.ready ? "state up" : "state down"}>${status.ready ? "ready" : "not ready"}</span>
    <span>version ${status.version}</span>
    <span>pid ${status.pid}</span>
    <span>up ${duration(status.uptime_us)}</span>
    <span>${status.workers.length} ${status.workers.length === 1 ? "worker" : "workers"}</span>
    ${!configuration.successful &&
    html`<span class="state down">last reload failed${configuration.error ? `: ${configuration.error}` : ""}</span>`}
    ${status.dropped_records > 0 && html`<span class="state down">${status.dropped_records} records dropped</span>`}
  </section>`;
}

function describe(event) {
  if (event.event === "session_ended" || event.event === "session_began") {
    const session = event.session ?? {};
    const client = session.client?.address ?? session.client ?? "";
    return `#${session.id} ${session.forwarding ?? ""} ${client} ${session.summary ?? ""}`;
  }
  if (event.event === "member_changed") {
    return `${event.group} ${event.member}: ${event.state}${event.reason ? ` (${event.reason})` : ""}`;
  }
  if (event.event === "reload") return event.successful ? "successful" : `failed: ${event.reason ?? ""}`;
  if (event.event === "dropped") return `${event.count} events did not reach this page`;
  return event.reason ?? "";
}

function Events({ events }) {
  return html`<section aria-labelledby="events-title">
    <h2 id="events-title">Events</h2>
    ${events.length === 0
      ? html`<p>No event since this view was opened. Sessions that begin and end, changes of members, and reloads appear here.</p>`
      : html`<ol class="events" tabindex="0" aria-label="events, the newest first">
          ${events.map(
            (event, index) => html`<li key=${events.length - index}>
              <time>${event.at.slice(11, 23)}</time> <b>${event.event.replace("_", " ")}</b> ${describe(event)}
            </li>`,
          )}
        </ol>`}
  </section>`;
}

render(html`<${App} />`, document.getElementById("app"));
