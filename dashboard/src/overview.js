// Rates, endings over time, latency, port space, resets.
import { COLOURS, Chart } from "./charts.js";
import { bytes, count, duration, percent, words } from "./format.js";
import { html } from "./html.js";
import { ENDINGS, quantile, rates } from "./rates.js";

/** Gives the most frequent state the colour of the most frequent ending. */
const STATES = { connecting: COLOURS[5], open: COLOURS[0], half_closed: COLOURS[1], lingering: COLOURS[3], flushing: COLOURS[4] };

export function Overview({ status, samples, theme, chosen, choose }) {
  const steps = [];
  for (let at = 1; at < samples.length; at += 1) {
    const seconds = samples[at].at - samples[at - 1].at;
    steps.push({ at: samples[at].at, ...rates(samples[at - 1].totals, samples[at].totals, seconds) });
  }
  const times = steps.map((step) => step.at);
  const now = samples.at(-1)?.totals;
  const last = steps.at(-1);
  const line = (label, colour, value, dash) => ({ label, colour, dash, values: steps.map(value) });
  const us = (seconds) => (seconds === null ? null : seconds * 1e6);
  const endings = ENDINGS.filter((each) => (now?.ended[each] ?? 0) > 0);

  return html`
    <section aria-label="figures now" class="tiles">
      <${Tile} name="Open sessions" value=${count(now?.openSessions)} />
      <${Tile} name="Half-closed" value=${count(now?.sessions.half_closed)} />
      <${Tile} name="Ended a second" value=${count(last?.endedAll ?? null)} />
      <${Tile} name="Received a second" value=${bytes(last?.received ?? null)} />
      <${Tile}
        name="Ended by a reset"
        value=${percent((now?.ended.reset_by_client ?? 0) + (now?.ended.reset_by_upstream ?? 0), now?.endedSessions ?? 0)}
      />
      <${Tile} name="Rescued" value=${bytes(now?.rescued)} title="Delivered after bytes for their source had been refused" />
      <${Tile} name="Lost" value=${bytes(now?.lost)} title="Received and not known to be delivered" />
    </section>
    <p class="filters">
      <label
        >Forwarding${" "}
        <select data-filter value=${chosen} onChange=${(event) => choose(event.target.value)}>
          <option value="">all</option>
          ${status.forwardings.map((each) => html`<option key=${each.name} value=${each.name}>${each.name}</option>`)}
        </select>
      </label>
    </p>
    <div class="charts">
      <${Chart}
        title="Open sessions by state"
        times=${samples.map((each) => each.at)}
        stacked
        theme=${theme}
        show=${count}
        series=${Object.entries(STATES).map(([state, colour]) => ({
          label: words(state),
          colour,
          values: samples.map((each) => each.totals.sessions[state] ?? 0),
        }))}
      />
      <${Chart}
        title="Sessions that ended, a second, by ending"
        times=${times}
        stacked
        theme=${theme}
        show=${count}
        series=${(endings.length > 0 ? endings : ["complete"]).map((each) => ({
          label: words(each),
          colour: COLOURS[ENDINGS.indexOf(each)],
          values: steps.map((step) => step.ended[each] ?? 0),
        }))}
      />
      <${Chart}
        title="Received a second"
        times=${times}
        theme=${theme}
        show=${bytes}
        series=${[line("received", COLOURS[0], (step) => step.received), line("lost", COLOURS[1], (step) => step.lost, [4, 3])]}
      />
      <${Chart}
        title="Time to connect to the upstream"
        times=${times}
        theme=${theme}
        show=${duration}
        series=${[
          line("median", COLOURS[0], (step) => us(quantile(step.connect, 0.5))),
          line("99 %", COLOURS[1], (step) => us(quantile(step.connect, 0.99)), [4, 3]),
        ]}
      />
      <${Chart}
        title="Time to the upstream's first byte"
        times=${times}
        theme=${theme}
        show=${duration}
        series=${[
          line("median", COLOURS[0], (step) => us(quantile(step.firstByte, 0.5))),
          line("99 %", COLOURS[1], (step) => us(quantile(step.firstByte, 0.99)), [4, 3]),
        ]}
      />
      <${Chart}
        title="Resets a second"
        times=${times}
        theme=${theme}
        show=${count}
        series=${[
          line("received", COLOURS[1], (step) => step.resetsReceived),
          line("sent", COLOURS[5], (step) => step.resetsSent, [4, 3]),
        ]}
      />
    </div>
    <section aria-labelledby="ports-title">
      <h2 id="ports-title">Local ports towards each upstream</h2>
      ${status.ports.length === 0
        ? html`<p>lastbyte has no figures of local ports yet.</p>`
        : html`<div class="scroll" tabindex="0" role="region" aria-label="table of local ports"><table>
            <thead>
              <tr><th>Destination</th><th class="number">In use</th><th class="number">TIME_WAIT</th><th class="number">Available</th><th>Used</th></tr>
            </thead>
            <tbody>
              ${status.ports.map(
                (each) => html`<tr key=${each.destination}>
                  <td>${each.destination}</td>
                  <td class="number">${count(each.in_use)}</td>
                  <td class="number">${count(each.time_wait)}</td>
                  <td class="number">${count(each.available)}</td>
                  <td>
                    <meter min="0" max=${each.available} high=${each.available * 0.8} value=${each.in_use} aria-label=${`ports to ${each.destination}`}></meter>
                    ${" "}${percent(each.in_use, each.available)}
                  </td>
                </tr>`,
              )}
            </tbody>
          </table></div>`}
    </section>
  `;
}

function Tile({ name, value, title }) {
  return html`<div class="tile" title=${title}><span>${name}</span><strong>${value}</strong></div>`;
}
