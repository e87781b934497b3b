// Draws one session as a sequence diagram: client, lastbyte, upstream, with time downwards. layout() is pure.
import { html } from "./html.js";
import { duration, words } from "./format.js";

const ROW = 30;
const TOP = 44;
const LANES = { client: 70, lastbyte: 290, upstream: 510 };

/** An arrow towards lastbyte shows what the side did; an arrow away from it shows what lastbyte did to the side. */
const FROM_SIDE = new Set(["accepted", "connected", "connect_failed", "fin_received", "reset_received", "refused"]);
const BAD = new Set(["connect_failed", "reset_received", "reset_sent", "refused", "limit"]);

/** Returns the diagram's rows: {y, from, to, label, bad, at}. An event without an arrow ("lingering", "limit") has from === to. */
export function layout(events) {
  return events.map((event, index) => {
    const still = event.what === "lingering" || event.what === "limit" || event.what === "closed";
    const from = event.what === "limit" ? "lastbyte" : still ? event.side : FROM_SIDE.has(event.what) ? event.side : "lastbyte";
    const to = event.what === "limit" ? "lastbyte" : still ? event.side : from === "lastbyte" ? event.side : "lastbyte";
    const detail = event.detail ? `: ${event.detail}` : "";
    return {
      y: TOP + (index + 1) * ROW,
      from,
      to,
      label: words(event.what) + detail,
      bad: BAD.has(event.what),
      at: event.at_us,
    };
  });
}

export function Sequence({ events }) {
  const rows = layout(events);
  const height = TOP + (rows.length + 1) * ROW;
  const described = rows.map((row) => `${duration(row.at)}: ${row.from} to ${row.to}: ${row.label}`).join("; ");
  return html`<div class="scroll" tabindex="0" role="region" aria-label="sequence diagram">
    <svg class="sequence" viewBox=${`0 0 640 ${height}`} width="640" height=${height} role="img" aria-label=${described}>
      <defs>
        <marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto-start-reverse">
          <path d="M0,0 L8,4 L0,8 z" />
        </marker>
      </defs>
      ${Object.entries(LANES).map(
        ([name, x]) => html`<g key=${name}>
          <text x=${x} y="20" text-anchor="middle" class="lane">${name}</text>
          <line x1=${x} y1="28" x2=${x} y2=${height - 8} class="life" />
        </g>`,
      )}
      ${rows.map((row) => {
        const from = LANES[row.from];
        const to = LANES[row.to];
        const middle = (from + to) / 2;
        const beside = from !== to ? 0 : row.from === "upstream" ? -10 : 10;
        return html`<g key=${row.y} class=${row.bad ? "bad" : ""}>
          ${from === to
            ? html`<circle cx=${from} cy=${row.y} r="4" />`
            : html`<line x1=${from} y1=${row.y} x2=${to} y2=${row.y} marker-end="url(#head)" />`}
          <text x=${middle + beside} y=${row.y - 5} text-anchor=${beside > 0 ? "start" : beside < 0 ? "end" : "middle"}>
            ${row.label}
          </text>
          <text x="636" y=${row.y + 4} text-anchor="end" class="time">${duration(row.at)}</text>
        </g>`;
      })}
    </svg>
  </div>`;
}
