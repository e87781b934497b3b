// Lists all open sessions: filters, a virtual list, both flows as arrows.
import { useCallback, useEffect, useRef, useState } from "preact/hooks";
import { api } from "./api.js";
import { bytes, count, duration, words } from "./format.js";
import { html } from "./html.js";

const ROW = 44;
const PAGE = 200;
const SORTS = [
  ["id", "newest"],
  ["age", "age"],
  ["idle", "silence"],
  ["received", "bytes"],
  ["rate", "rate"],
  ["half_close_age", "age of the half-close"],
  ["unacknowledged", "unacknowledged bytes"],
];
const STATES = ["", "connecting", "open", "half_closed", "lingering", "flushing"];

/** Returns which of `all` rows to draw when the list is scrolled to `top` in a window of `height`. Pure. */
export function windowOf(top, height, all, row = ROW, spare = 6) {
  const first = Math.max(0, Math.floor(top / row) - spare);
  const last = Math.min(all, Math.ceil((top + height) / row) + spare);
  return [first, last];
}

export function Sessions({ status }) {
  const [filter, setFilter] = useState({ forwarding: "", client: "", upstream: "", state: "", sort: "id", order: "desc" });
  const [pages, setPages] = useState({ known: false, matched: 0, total: 0, rows: new Map() });
  const [top, setTop] = useState(0);
  const [trouble, setTrouble] = useState("");
  const list = useRef(null);
  const [selected, setSelected] = useState(0);
  const height = list.current?.clientHeight ?? 600;
  const [first, last] = windowOf(top, height, pages.matched);

  const load = useCallback(async () => {
    const query = Object.fromEntries(Object.entries(filter).filter(([, value]) => value !== ""));
    const from = Math.floor(first / PAGE) * PAGE;
    const limit = Math.max(PAGE, Math.ceil((last - from) / PAGE) * PAGE);
    try {
      const page = await api.sessions({ ...query, offset: from, limit });
      const rows = new Map();
      page.sessions.forEach((each, index) => rows.set(from + index, each));
      setPages({ known: true, matched: page.matched, total: page.total, rows });
      setTrouble("");
    } catch (error) {
      setTrouble(error.message);
    }
  }, [filter, Math.floor(first / PAGE), Math.floor(last / PAGE)]);

  useEffect(() => {
    let stopped = false;
    let timer = 0;
    const run = async () => {
      if (document.visibilityState === "visible") await load();
      if (!stopped) timer = setTimeout(run, 1000);
    };
    run();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, [load]);

  const keys = (event) => {
    const steps = { ArrowDown: 1, j: 1, ArrowUp: -1, k: -1, PageDown: 15, PageUp: -15, Home: -1e9, End: 1e9 };
    if (event.key === "Enter") {
      const row = pages.rows.get(selected);
      if (row) location.hash = `#/sessions/${row.id}`;
    } else if (steps[event.key]) {
      event.preventDefault();
      const next = Math.max(0, Math.min(pages.matched - 1, selected + steps[event.key]));
      setSelected(next);
      const box = list.current;
      if (next * ROW < box.scrollTop) box.scrollTop = next * ROW;
      if ((next + 1) * ROW > box.scrollTop + box.clientHeight) box.scrollTop = (next + 1) * ROW - box.clientHeight;
    }
  };

  const set = (name) => (event) => {
    setFilter({ ...filter, [name]: event.target.value.trim() });
    setSelected(0);
    if (list.current) list.current.scrollTop = 0;
  };
  const indices = [];
  for (let index = first; index < last; index += 1) indices.push(index);

  return html`<section aria-labelledby="sessions-title">
    <h2 id="sessions-title">Sessions <small>${pages.known ? `${count(pages.matched)} of ${count(pages.total)}` : "…"}</small></h2>
    <form class="filters" onSubmit=${(event) => event.preventDefault()}>
      <label>Client <input data-filter value=${filter.client} onInput=${set("client")} placeholder="10.0.0.0/8" spellcheck=${false} /></label>
      <label>Upstream <input value=${filter.upstream} onInput=${set("upstream")} spellcheck=${false} /></label>
      <label
        >Forwarding${" "}
        <select value=${filter.forwarding} onChange=${set("forwarding")}>
          <option value="">all</option>
          ${status.forwardings.map((each) => html`<option key=${each.name} value=${each.name}>${each.name}</option>`)}
        </select></label
      >
      <label
        >State${" "}
        <select value=${filter.state} onChange=${set("state")}>
          ${STATES.map((each) => html`<option key=${each} value=${each}>${each ? words(each) : "all"}</option>`)}
        </select></label
      >
      <label
        >Sort by${" "}
        <select value=${filter.sort} onChange=${set("sort")}>
          ${SORTS.map(([value, title]) => html`<option key=${value} value=${value}>${title}</option>`)}
        </select></label
      >
      <label
        >Order${" "}
        <select value=${filter.order} onChange=${set("order")}>
          <option value="desc">largest first</option>
          <option value="asc">smallest first</option>
        </select></label
      >
    </form>
    ${trouble && html`<p class="trouble" role="alert">${trouble}</p>`}
    <div
      class="sessions"
      ref=${list}
      tabindex="0"
      role="listbox"
      aria-label="open sessions"
      aria-activedescendant=${pages.rows.get(selected) ? `session-${pages.rows.get(selected).id}` : undefined}
      onKeyDown=${keys}
      onScroll=${(event) => setTop(event.currentTarget.scrollTop)}
    >
      ${pages.matched === 0
        ? html`<p role="option" aria-selected="false">${pages.known ? "No open session matches." : "Waiting for the list."}</p>`
        : html`<div class="space" role="presentation" style=${{ height: `${pages.matched * ROW}px` }}>
            ${indices.map(
              (index) => html`<${Row}
                key=${index}
                index=${index}
                session=${pages.rows.get(index)}
                selected=${index === selected}
                all=${pages.matched}
              />`,
            )}
          </div>`}
    </div>
  </section>`;
}

function Row({ index, session, selected, all }) {
  const at = { transform: `translateY(${index * ROW}px)`, height: `${ROW}px` };
  if (!session) return html`<div class="row" style=${at} role="option" aria-selected="false">…</div>`;
  return html`<div
    id=${`session-${session.id}`}
    class=${selected ? "row selected" : "row"}
    style=${at}
    role="option"
    aria-selected=${selected}
    aria-posinset=${index + 1}
    aria-setsize=${all}
    onClick=${() => (location.hash = `#/sessions/${session.id}`)}
  >
    <span class="id">#${session.id}</span>
    <span class="peer client">${session.client ?? "–"}</span>
    <${Flows} session=${session} />
    <span class="peer upstream">${session.upstream ?? "–"}</span>
    <span class="forwarding">${session.forwarding}</span>
    <span class="age">${duration(session.age_us)}</span>
    <span class="deadline">${session.deadline === "none" ? "" : `${words(session.deadline)} in ${duration(session.fires_in_us)}`}</span>
  </div>`;
}

/** Draws two arrows: the client's flow to the right, the upstream's to the left. */
export function Flows({ session }) {
  const { client, upstream } = session.flows;
  return html`<span class="flows">
    <${Arrow} flow=${client} right />
    <${Arrow} flow=${upstream} />
  </span>`;
}

/** Solid: open. Dashed: ending, bytes still move. With a bar: ended. With a cross: refused. Dotted: discarded. */
function Arrow({ flow, right }) {
  const text = `${right ? "client to upstream" : "upstream to client"}: ${words(flow.state)}, ${bytes(flow.received)} received`;
  const end = { ended: "M70,2 V12", refused: "M65,2 L75,12 M75,2 L65,12" }[flow.state];
  const line = flow.state === "waiting" ? "M6,7 H20" : "M6,7 H70";
  return html`<span class=${`flow ${flow.state}`} title=${text}>
    <svg viewBox="0 0 80 14" width="80" height="14" role="img" aria-label=${text} class=${right ? "" : "left"}>
      <path d=${line} class="shaft" />
      ${end ? html`<path d=${end} class="end" />` : html`<path d="M66,3 L74,7 L66,11 z" class="head" />`}
    </svg>
    <small>${bytes(flow.received)}</small>
  </span>`;
}
