// Forwardings, and upstream groups with the health of their members.
import { useState } from "preact/hooks";
import { api } from "./api.js";
import { count, duration } from "./format.js";
import { html } from "./html.js";

export function Groups({ status, refresh }) {
  const [trouble, setTrouble] = useState("");
  const run = (change) => change.then(refresh, (error) => setTrouble(error.message));
  const may = status.may_administer;
  return html`
    ${trouble && html`<p class="trouble" role="alert">${trouble}</p>`}
    <section aria-labelledby="forwardings-title">
      <h2 id="forwardings-title">Forwardings</h2>
      <div class="scroll" tabindex="0" role="region" aria-label="table of forwardings">
        <table>
          <thead>
            <tr><th>Name</th><th>Listens on</th><th>Connects to</th><th>State</th><th class="number">Open</th><th class="number">Retries</th><th class="number">Denied</th>${may && html`<th>Actions</th>`}</tr>
          </thead>
          <tbody>
            ${status.forwardings.map(
              (each) => html`<tr key=${each.name}>
                <th scope="row">${each.name}</th>
                <td>${each.listen.join(", ")}</td>
                <td>${each.connect}</td>
                <td><span class=${each.state === "enabled" ? "state up" : "state warn"}>${each.state}</span></td>
                <td class="number">${count(Object.values(each.sessions).reduce((a, b) => a + b, 0))}</td>
                <td class="number">${count(each.retries)}</td>
                <td class="number">${count(each.denied)}</td>
                ${may && html`<td><${Actions} name=${each.name} act=${(action) => run(api.changeForwarding(status.instance, each.name, action))} /></td>`}
              </tr>`,
            )}
          </tbody>
        </table>
      </div>
    </section>
    ${status.groups.map((group) => html`<${Group} key=${group.name} instance=${status.instance} group=${group} may=${may} run=${run} />`)}
    ${status.groups.length === 0 && html`<p>No forwarding uses an upstream group or a name.</p>`}
  `;
}

function Group({ instance, group, may, run }) {
  const healthy = group.members.filter((each) => each.state === "up").length;
  return html`<section aria-label=${`group ${group.name}`}>
    <h2>
      ${group.name} <small>${group.policy}, ${healthy} of ${group.members.length} up${group.waiting ? `, ${group.waiting} sessions wait` : ""}</small>
    </h2>
    <div class="scroll" tabindex="0" role="region" aria-label=${`table of the members of ${group.name}`}>
      <table>
        <thead>
          <tr><th>Member</th><th>State</th><th>Since</th><th class="number">Weight</th><th class="number">Open</th><th class="number">Begun</th><th class="number">Failed</th><th class="number">Round trip</th>${may && html`<th>Actions</th>`}</tr>
        </thead>
        <tbody>
          ${group.members.map(
            (each) => html`<tr key=${each.name}>
              <th scope="row">${each.name}${each.backup ? " (backup)" : ""}<br /><small>${each.addresses.join(", ")}</small></th>
              <td>
                <span class=${each.state === "up" ? "state up" : each.state === "down" || each.state === "ejected" ? "state down" : "state warn"}>${each.state}</span>
                ${each.reason && html`<br /><small>${each.reason}</small>`}
              </td>
              <td><time>${each.since.slice(0, 19).replace("T", " ")}</time></td>
              <td class="number">${each.weight}</td>
              <td class="number">${count(each.sessions)}</td>
              <td class="number">${count(each.began)}</td>
              <td class="number">${count(each.failed)}</td>
              <td class="number">${duration(each.round_trip_us)}</td>
              ${may && html`<td><${Actions} name=${each.name} act=${(action) => run(api.changeMember(instance, group.name, each.name, action))} /></td>`}
            </tr>`,
          )}
        </tbody>
      </table>
    </div>
  </section>`;
}

function Actions({ name, act }) {
  return html`<span class="actions">
    ${["enable", "drain", "disable"].map(
      (action) => html`<button
        key=${action}
        type="button"
        aria-label=${`${action} ${name}`}
        onClick=${() => (action === "disable" && !confirm(`Disable ${name} and reset its sessions?`)) || act(action)}
      >
        ${action}
      </button>`,
    )}
  </span>`;
}
