// Shows one session in full: state, both flows, both sockets, and its events as a sequence diagram.
import { useEffect, useState } from "preact/hooks";
import { api } from "./api.js";
import { bytes, count, duration, words } from "./format.js";
import { html } from "./html.js";
import { Sequence } from "./sequence.js";
import { Flows } from "./sessions.js";

const SOCKET = [
  ["local", "local address", (value) => value],
  ["peer", "peer address", (value) => value],
  ["state", "TCP state", (value) => value],
  ["unread", "unread", bytes],
  ["unacknowledged", "unacknowledged", bytes],
  ["unsent", "unsent", bytes],
  ["round_trip_us", "round trip", duration],
  ["retransmissions", "retransmissions", count],
  ["congestion_window", "congestion window", count],
  ["last_received_us", "last received", (value) => `${duration(value)} ago`],
  ["last_sent_us", "last sent", (value) => `${duration(value)} ago`],
];

export function SessionView({ id, may }) {
  const [session, setSession] = useState(null);
  const [trouble, setTrouble] = useState("");
  const [over, setOver] = useState(false);
  const [ending, setEnding] = useState(null);

  // The event of the end has the whole story; the session itself can no longer be asked for.
  useEffect(() => api.events((event) => event.event === "session_ended" && setEnding(event), id), [id]);

  useEffect(() => {
    let stopped = false;
    let timer = 0;
    const run = async () => {
      let ended = false;
      try {
        const now = await api.session(id);
        if (!stopped) setSession(now);
      } catch (error) {
        ended = error.status === 404;
        if (!stopped) ended ? setOver(true) : setTrouble(error.message);
      }
      if (!stopped && !ended) timer = setTimeout(run, 1000);
    };
    run();
    return () => {
      stopped = true;
      clearTimeout(timer);
    };
  }, [id]);

  const end = (action) => {
    if (confirm(`${action === "reset" ? "Reset" : "Close"} session ${id}?`)) {
      api.endSession(session.instance, id, action).catch((error) => setTrouble(error.message));
    }
  };

  return html`<section aria-labelledby="session-title">
    <p><a href="#/sessions">All sessions</a></p>
    <h2 id="session-title">Session ${id}</h2>
    ${trouble && html`<p class="trouble" role="alert">${trouble}</p>`}
    ${(over || ending) &&
    html`<p class="trouble" role="alert">
      Session ${id} has ended${ending?.session.summary ? `: ${ending.session.summary}` : ""}. Its record is in the log.
    </p>`}
    ${session &&
    html`
      <p class="pair">
        <span class="peer">${session.client ?? "–"}</span>
        <${Flows} session=${session} />
        <span class="peer">${session.upstream ?? "–"}</span>
      </p>
      <dl class="facts">
        <dt>Forwarding</dt><dd>${session.forwarding}</dd>
        <dt>Member</dt><dd>${session.member ?? "–"}</dd>
        <dt>State</dt><dd>${words(session.state)}</dd>
        <dt>Age</dt><dd>${duration(session.age_us)}</dd>
        <dt>Silent for</dt><dd>${duration(session.idle_us)}</dd>
        <dt>Deadline</dt>
        <dd>${session.deadline === "none" ? "none" : `${words(session.deadline)}, in ${duration(session.fires_in_us)}`}</dd>
        ${["client", "upstream"].map((side) => {
          const flow = session.flows[side];
          return html`<dt>From the ${side}</dt>
            <dd>
              ${words(flow.state)}: ${bytes(flow.received)} received, ${bytes(flow.sent)} sent, ${bytes(flow.waiting)} waiting${flow.discarded ? `, ${bytes(flow.discarded)} discarded` : ""}
            </dd>`;
        })}
      </dl>
      ${may &&
      html`<p class="actions">
        <button type="button" onClick=${() => end("close")}>Close</button>
        <button type="button" class="danger" onClick=${() => end("reset")}>Reset</button>
      </p>`}
      <h3>Events</h3>
      <${Sequence} events=${ending?.events ?? session.events} />
      <h3>Sockets</h3>
      <div class="scroll" tabindex="0" role="region" aria-label="table of sockets">
        <table>
          <thead><tr><th>Figure</th><th>Client</th><th>Upstream</th></tr></thead>
          <tbody>
            ${SOCKET.map(
              ([key, title, show]) => html`<tr key=${key}>
                <th scope="row">${title}</th>
                ${["client", "upstream"].map((side) => {
                  const value = session.sockets?.[side]?.[key];
                  return html`<td>${value === undefined || value === null ? "–" : show(value)}</td>`;
                })}
              </tr>`,
            )}
          </tbody>
        </table>
      </div>
    `}
  </section>`;
}
