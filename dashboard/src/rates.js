// Computes rates from the counters of two moments, and quantiles from histograms. Pure.

export const ENDINGS = [
  "complete",
  "reset_by_client",
  "reset_by_upstream",
  "refused_by_client",
  "refused_by_upstream",
  "client_vanished",
  "upstream_vanished",
  "unreachable",
  "rejected",
  "limit",
  "stopped",
  "other",
];

/** Sums over all forwardings of a status, or over the named one. */
export function totals(status, name) {
  const sum = {
    sessions: { connecting: 0, open: 0, half_closed: 0, lingering: 0, flushing: 0 },
    ended: Object.fromEntries(ENDINGS.map((each) => [each, 0])),
    received: 0,
    lost: 0,
    rescued: 0,
    resetsReceived: 0,
    resetsSent: 0,
    connect: null,
    firstByte: null,
  };
  for (const forwarding of status.forwardings) {
    if (name && forwarding.name !== name) continue;
    for (const [state, number] of Object.entries(forwarding.sessions)) {
      sum.sessions[state] = (sum.sessions[state] ?? 0) + number;
    }
    for (const [ending, number] of Object.entries(forwarding.sessions_ended)) {
      sum.ended[ending] = (sum.ended[ending] ?? 0) + number;
    }
    sum.received += both(forwarding.received_bytes);
    sum.lost += both(forwarding.lost_bytes);
    sum.rescued += both(forwarding.rescued_bytes);
    sum.resetsReceived += both(forwarding.resets_received);
    sum.resetsSent += both(forwarding.resets_sent);
    sum.connect = add(sum.connect, forwarding.connect_seconds);
    sum.firstByte = add(sum.firstByte, forwarding.first_byte_seconds);
  }
  sum.openSessions = Object.values(sum.sessions).reduce((a, b) => a + b, 0);
  sum.endedSessions = Object.values(sum.ended).reduce((a, b) => a + b, 0);
  return sum;
}

/** Returns the rates per second between two totals `seconds` apart. Never negative: a new process begins at 0. */
export function rates(before, now, seconds) {
  const rate = (a, b) => Math.max(0, b - a) / seconds;
  return {
    ended: Object.fromEntries(ENDINGS.map((each) => [each, rate(before.ended[each] ?? 0, now.ended[each] ?? 0)])),
    endedAll: rate(before.endedSessions, now.endedSessions),
    received: rate(before.received, now.received),
    lost: rate(before.lost, now.lost),
    rescued: rate(before.rescued, now.rescued),
    resetsReceived: rate(before.resetsReceived, now.resetsReceived),
    resetsSent: rate(before.resetsSent, now.resetsSent),
    connect: subtract(now.connect, before.connect),
    firstByte: subtract(now.firstByte, before.firstByte),
  };
}

/** Returns the value below which `share` of the histogram lies, interpolated within its bucket; null: empty. */
export function quantile(histogram, share) {
  if (!histogram) return null;
  const all = histogram.counts.reduce((a, b) => a + b, 0);
  if (all === 0) return null;
  let left = share * all;
  for (let bucket = 0; bucket < histogram.counts.length; bucket += 1) {
    const number = histogram.counts[bucket];
    if (left <= number && number > 0) {
      const low = bucket === 0 ? 0 : histogram.bounds[bucket - 1];
      const high = bucket < histogram.bounds.length ? histogram.bounds[bucket] : low;
      return low + ((high - low) * left) / number;
    }
    left -= number;
  }
  return histogram.bounds[histogram.bounds.length - 1];
}

/** A ring of samples, the oldest first. */
export class History {
  constructor(length) {
    this.length = length;
    this.samples = [];
  }

  push(sample) {
    this.samples.push(sample);
    if (this.samples.length > this.length) this.samples.shift();
  }
}

/** Stacks values for drawing: the last series begins at 0, each other series on top of those after it. */
export function stack(series) {
  const length = series[0]?.values.length ?? 0;
  const above = new Array(length).fill(0);
  const sums = [];
  for (let index = series.length - 1; index >= 0; index -= 1) {
    for (let at = 0; at < length; at += 1) above[at] += series[index].values[at] ?? 0;
    sums[index] = [...above];
  }
  return sums;
}

function both(sides) {
  return sides ? sides.client + sides.upstream : 0;
}

function add(a, b) {
  if (!a) return b ? { bounds: b.bounds, counts: [...b.counts] } : null;
  if (!b) return a;
  return { bounds: a.bounds, counts: a.counts.map((each, index) => each + (b.counts[index] ?? 0)) };
}

function subtract(a, b) {
  if (!a || !b) return a;
  return { bounds: a.bounds, counts: a.counts.map((each, index) => Math.max(0, each - (b.counts[index] ?? 0))) };
}
