// What needs no browser: figures, rates, quantiles, the window of the list, the rows of a sequence diagram.
import assert from "node:assert/strict";
import { test } from "node:test";
import { bytes, count, duration, marks, percent, words } from "../../src/format.js";
import { History, quantile, rates, stack, totals } from "../../src/rates.js";
import { layout } from "../../src/sequence.js";
import { windowOf } from "../../src/sessions.js";

test("sizes and times read as people write them", () => {
  assert.equal(bytes(0), "0 B");
  assert.equal(bytes(1023), "1023 B");
  assert.equal(bytes(1536), "1.5 KiB");
  assert.equal(bytes(5 * 1024 ** 3), "5 GiB");
  assert.equal(bytes(null), "–");
  assert.equal(duration(412), "412 µs");
  assert.equal(duration(1204512), "1.2 s");
  assert.equal(duration(200e6), "3 m 20 s");
  assert.equal(duration(7500e6), "2 h 5 m");
  assert.equal(duration(3.2 * 86400e6), "3 d 4 h");
  assert.equal(count(1234567), "1,234,567");
  assert.equal(count(0.04), "0");
  assert.equal(count(3.14), "3.1");
  assert.equal(percent(1, 0), "–");
  assert.equal(percent(1, 8), "12.5 %");
  assert.equal(words("reset_by_client"), "reset by client");
});

test("marks of an axis that would read alike are told once", () => {
  assert.deepEqual(marks([0, 0.4, 0.8, 1.2], duration), ["0 µs", "", "1 µs", ""]);
  assert.deepEqual(marks([0, 1024, 2048], bytes), ["0 B", "1 KiB", "2 KiB"]);
});

const forwarding = (name, complete, open, received) => ({
  name,
  sessions: { open, half_closed: 1 },
  sessions_ended: { complete, reset_by_client: 2 },
  received_bytes: { client: received, upstream: received },
  lost_bytes: { client: 0, upstream: 3 },
  rescued_bytes: { client: 0, upstream: 0 },
  resets_received: { client: 2, upstream: 0 },
  resets_sent: { client: 0, upstream: 2 },
  connect_seconds: { bounds: [0.001, 0.01], counts: [complete, 0, 0], sum: 0 },
  first_byte_seconds: { bounds: [0.001, 0.01], counts: [0, 0, 0], sum: 0 },
});

test("totals add up the forwardings, or take the one that is named", () => {
  const status = { forwardings: [forwarding("a", 10, 1, 100), forwarding("b", 5, 2, 50)] };
  const all = totals(status, "");
  assert.equal(all.openSessions, 5);
  assert.equal(all.endedSessions, 19);
  assert.equal(all.received, 300);
  assert.equal(all.lost, 6);
  assert.deepEqual(all.connect.counts, [15, 0, 0]);
  assert.equal(totals(status, "b").ended.complete, 5);
});

test("rates are a second's, and never negative", () => {
  const before = totals({ forwardings: [forwarding("a", 10, 1, 100)] });
  const now = totals({ forwardings: [forwarding("a", 30, 1, 300)] });
  const rate = rates(before, now, 2);
  assert.equal(rate.ended.complete, 10);
  assert.equal(rate.received, 200);
  assert.equal(rates(now, before, 2).received, 0);
});

test("a quantile lies in the bucket that holds it", () => {
  assert.equal(quantile(null, 0.5), null);
  assert.equal(quantile({ bounds: [1, 2], counts: [0, 0, 0] }, 0.5), null);
  assert.equal(quantile({ bounds: [1, 2], counts: [10, 0, 0] }, 0.5), 0.5);
  assert.equal(quantile({ bounds: [1, 2], counts: [5, 5, 0] }, 0.75), 1.5);
  assert.equal(quantile({ bounds: [1, 2], counts: [0, 0, 4] }, 0.99), 2);
});

test("the history keeps the newest samples", () => {
  const history = new History(3);
  for (let each = 0; each < 5; each += 1) history.push(each);
  assert.deepEqual(history.samples, [2, 3, 4]);
});

test("stacked values stand on those behind them", () => {
  assert.deepEqual(stack([{ values: [1, 2] }, { values: [10, 20] }]), [
    [11, 22],
    [10, 20],
  ]);
});

test("the list draws the rows in sight and a few around them", () => {
  assert.deepEqual(windowOf(0, 440, 5000), [0, 16]);
  assert.deepEqual(windowOf(44 * 100, 440, 5000), [94, 116]);
  assert.deepEqual(windowOf(44 * 4990, 440, 5000), [4984, 5000]);
  assert.deepEqual(windowOf(0, 440, 3), [0, 3]);
});

test("an arrow points from who acted to who was told", () => {
  const [accepted, fin, lingering, limit] = layout([
    { at_us: 0, side: "client", what: "accepted" },
    { at_us: 5, side: "upstream", what: "fin_sent", detail: "half" },
    { at_us: 9, side: "client", what: "lingering" },
    { at_us: 11, side: "client", what: "limit", detail: "half_close" },
  ]);
  assert.deepEqual([accepted.from, accepted.to, accepted.bad], ["client", "lastbyte", false]);
  assert.deepEqual([fin.from, fin.to, fin.label], ["lastbyte", "upstream", "fin sent: half"]);
  assert.deepEqual([lingering.from, lingering.to], ["client", "client"]);
  assert.deepEqual([limit.from, limit.to, limit.label, limit.bad], ["lastbyte", "lastbyte", "limit: half_close", true]);
});
