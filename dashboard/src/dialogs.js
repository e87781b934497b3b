// The login dialog and the list of keys.
import { useEffect, useRef, useState } from "preact/hooks";
import { api } from "./api.js";
import { html } from "./html.js";

function Dialog({ title, close, children }) {
  const place = useRef(null);
  useEffect(() => {
    place.current.showModal();
    return () => place.current?.close();
  }, []);
  return html`<dialog ref=${place} onClose=${close} aria-labelledby="dialog-title">
    <h2 id="dialog-title">${title}</h2>
    ${children}
  </dialog>`;
}

export function Login({ close, done }) {
  const [trouble, setTrouble] = useState("");
  const send = async (event) => {
    event.preventDefault();
    try {
      await api.login(new FormData(event.target).get("token"));
      await done();
      close();
    } catch (error) {
      setTrouble(error.message);
    }
  };
  return html`<${Dialog} title="Log in" close=${close}>
    <form onSubmit=${send}>
      <p><label>Token <input name="token" type="password" autocomplete="current-password" required autofocus /></label></p>
      <p>The token is in the file that <code>admin.token-file</code> names.</p>
      ${trouble && html`<p class="trouble" role="alert">${trouble}</p>`}
      <p class="actions">
        <button type="submit">Log in</button>
        <button type="button" onClick=${close}>Cancel</button>
      </p>
    </form>
  <//>`;
}

const KEYS = [
  ["1 2 3 4", "choose a view"],
  ["/", "go to the filter"],
  ["j k, arrows", "choose a session in the list"],
  ["Enter", "open the chosen session"],
  ["Escape", "leave the field, the dialog or the session"],
  ["t", "change the theme"],
  ["?", "show this list"],
];

export function Help({ close }) {
  return html`<${Dialog} title="Keys" close=${close}>
    <dl class="facts">
      ${KEYS.map(([key, meaning]) => html`<dt key=${key}><kbd>${key}</kbd></dt><dd>${meaning}</dd>`)}
    </dl>
    <h3>Arrows</h3>
    <p>
      Solid with a head: open. A bar at the end: ended by a FIN that was delivered. A cross: the sink refuses bytes. Dotted:
      lastbyte reads and discards (lingering). Dashed: ended, and bytes still wait.
    </p>
    <p class="actions"><button type="button" onClick=${close} autofocus>Close</button></p>
  <//>`;
}
