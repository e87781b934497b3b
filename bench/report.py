"""From the numbers of a benchmark to a table, a plot and a verdict on each goal."""

import statistics

BETTER_OF = ("haproxy", "nginx")


def median(results, what, system, figure):
    """None where it was not measured."""
    values = [round_[figure] for round_ in results.get(what, {}).get(system, []) if round_.get(figure) is not None]
    return statistics.median(values) if values else None


def ratio(results, what, figure, peer):
    """lastbyte to the peer: the median of the rounds' ratios, since both were measured in the same minutes."""
    ours, theirs = (results.get(what, {}).get(system, []) for system in ("lastbyte", peer))
    ratios = [a[figure] / b[figure] for a, b in zip(ours, theirs) if a.get(figure) and b.get(figure)]
    return statistics.median(ratios) if ratios else None


def goals(results):
    """(what, value, limit, unit) for each goal whose figures are there."""
    found = []

    def add(what, value, limit, unit=""):
        if value is not None:
            found.append((what, value, limit, unit))

    for what in (name for name in results if name.startswith("bulk")):
        for peer, title, limit in (("haproxy", "HAProxy", 0.4), ("nginx", "nginx", 0.6),
                                   ("haproxy-splice", "HAProxy with splice", 1.0)):
            add(f"{what}: CPU per GB, to {title}", ratio(results, what, "cpu_s_per_gb", peer), limit)
    for what in (name for name in results if name.startswith(("messages", "sessions"))):
        ratios = [r for r in (ratio(results, what, "cpu_us", peer) for peer in BETTER_OF) if r is not None]
        unit = "request" if what.startswith("messages") else "connection"
        add(f"{what}: CPU per {unit}, to the better of HAProxy and nginx", max(ratios, default=None), 1.0)
    for what in (name for name in results if name.startswith("datagrams")):
        for peer, title in (("nginx", "nginx"), ("socat", "socat")):
            add(f"{title_of(what)}: CPU of each, to {title}", ratio(results, what, "cpu_us", peer), 1.0)
    add("own memory per idle session", median(results, "memory", "lastbyte", "rss_per_session"), 1024, " B")
    add("system calls per small message", median(results, "syscalls messages", "lastbyte", "per_unit"), 2.1)
    add("system calls per short session", median(results, "syscalls sessions", "lastbyte", "per_unit"), 18)
    return found


def number(value):
    if value is None:
        return "-"
    if abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.3g}"


def table(head, rows):
    lines = ["| " + " | ".join(head) + " |", "|" + "|".join(["---"] + ["---:"] * (len(head) - 1)) + "|"]
    return "\n".join([*lines, *("| " + " | ".join(row) + " |" for row in rows)]) + "\n"


def title_of(what):
    """"bulk 8" as a reader wants it."""
    if what.startswith("datagrams"):
        _, clients, rate = what.split()
        return f"Datagrams, {int(rate):,} a second from {clients} client{'' if clients == '1' else 's'}"
    kind, _, count = what.rpartition(" ")
    connections = f"{count} connection{'' if count == '1' else 's'}"
    return {"bulk": f"Bulk, {connections}", "messages": f"64-byte request and response, {connections}",
            "sessions": f"Connect, request, response, close; {count} at a time"}.get(kind, "Memory of an idle session")


def measured_table(results, titles, what, figures):
    """One row a system; the last column sets its CPU against lastbyte's."""
    cpu = figures[-1][0]
    rows = []
    for system, title in titles.items():
        if system not in results[what]:
            continue
        relative = ratio(results, what, cpu, system)
        rows.append([title, *(number(median(results, what, system, figure)) for figure, _ in figures),
                     "-" if relative is None or system == "lastbyte" else f"{relative:.2f}"])
    return table(["", *(name for _, name in figures), "lastbyte's CPU / its CPU"], rows)


def sections(results, titles):
    for what in (name for name in results if name.startswith(("bulk", "messages", "sessions", "datagrams"))):
        yield f"## {title_of(what)}\n"
        if what.startswith("bulk"):
            yield "The origin sends as fast as it can, the client reads and discards.\n"
            yield measured_table(results, titles, what, [("gb_per_s", "GB/s"), ("cpu_s_per_gb", "proxy CPU, s/GB")])
        elif what.startswith("datagrams"):
            yield ("200 bytes each over UDP, echoed by the origin. CPU is for one datagram in one "
                   "direction, of those that came back.\n")
            yield measured_table(results, titles, what, [
                ("offered_per_s", "sent per second"), ("per_s", "echoed per second"), ("loss_percent", "lost, %"),
                ("cpu_us", "proxy CPU, µs each")])
        else:
            yield measured_table(results, titles, what, [
                ("per_s", "per second"), ("p50_us", "p50, µs"), ("p99_us", "p99, µs"), ("cpu_us", "proxy CPU, µs each")])
    if "memory" in results:
        yield f"## {title_of('memory')}\n"
        yield ("The process's own memory: what the sessions added to its resident, proportional and anonymous memory. "
               "Socket buffers are the kernel's and the same for all.\n")
        rows = [[title, *(number(median(results, "memory", system, figure)) for figure in (
            "sessions", "rss_per_session", "pss_per_session", "anonymous_per_session", "rss_full"))]
            for system, title in titles.items() if system in results["memory"]]
        yield table(["", "sessions", "Rss, B each", "Pss, B each", "anonymous, B each", "Rss of all, B"], rows)
    for what, unit in (("syscalls messages", "small message, 64 connections"), ("syscalls sessions", "short session, 16 at a time")):
        if what in results:
            yield f"## System calls per {unit}\n"
            if what == "syscalls messages":
                yield "A message is one direction of a request and its response. Counted by `strace -c` under load.\n"
            rows = []
            for system in (s for s in titles if s in results[what]):
                calls = results[what][system][0].get("calls", {})
                named = ", ".join(f"{name} {count:.2f}" for name, count in calls.items() if count >= 0.005)
                rows.append([titles[system], number(median(results, what, system, "per_unit")), named])
            yield table(["", "all", "of these"], rows)


def markdown(data, titles):
    results, machine = data["results"], data["machine"]
    versions = "; ".join(dict.fromkeys(machine["versions"].values()))
    parts = [
        "# Benchmarks\n",
        "Written by `./dev bench`; do not edit. All numbers are medians; ratios are medians of each round's ratio, in "
        "which all systems took turns; memory and system calls are counted once, after the rounds. Every proxy has one worker (socat a process for each connection).\n",
        f"{machine['date']}, commit {machine['commit']}, Linux {machine['kernel']}, {machine['cores']} cores "
        f"({machine['cpu']}), rounds: {machine['rounds']}, {machine['seconds']:g} s each; load, proxy and origin on one "
        f"machine over loopback{', in a network namespace of their own' if machine['own_network'] else ''}"
        f"{'; the proxy alone on one core' if machine['pinned'] else '; the cores shared'}.\n",
        f"{versions}\n",
        "![CPU time of each proxy](benchmarks.svg)\n",
        "## Goals\n",
        table(["goal", "measured", "at most", "reached"], [
            [what, f"{value:.2f}{unit}" if value < 100 else f"{value:,.0f}{unit}", f"{limit:g}{unit}", "yes" if value <= limit else "**no**"]
            for what, value, limit, unit in goals(results)]),
        *sections(results, titles),
    ]
    if data["failures"]:
        parts += ["## What could not be measured\n", "".join(f"- {failure}\n" for failure in data["failures"])]
    return "\n".join(parts)


def plot(results, titles, path):
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as pyplot

    pyplot.rcParams.update({"svg.hashsalt": "lastbyte", "font.size": 9})
    panels = [(what, "cpu_s_per_gb" if what.startswith("bulk") else "cpu_us", unit) for what in results
              for prefix, unit in (("bulk", "CPU s per GB"), ("messages", "CPU µs per request"), ("sessions", "CPU µs per session"),
                                  ("datagrams", "CPU µs per datagram"))
              if what.startswith(prefix)]
    if "memory" in results:
        panels.append(("memory", "rss_per_session", "bytes per idle session"))
    if not panels:
        return
    columns = 2
    height = -(-len(panels) // columns)
    figure, grid = pyplot.subplots(height, columns, figsize=(10, 2.3 * height), squeeze=False)
    for axes in grid.flat[len(panels):]:
        axes.remove()
    for axes, (what, name, unit) in zip(grid.flat, panels):
        shown = [(titles[s], v) for s in titles if (v := median(results, what, s, name)) is not None]
        bars = axes.barh([title for title, _ in shown], [value for _, value in shown],
                         color=["#c0392b" if title == "lastbyte" else "#95a5a6" for title, _ in shown])
        axes.bar_label(bars, labels=[number(value) for _, value in shown], padding=3)
        axes.invert_yaxis()
        axes.margins(x=0.15)
        axes.set_title(f"{title_of(what)}\n{unit}, less is better", fontsize=9)
        axes.spines[["top", "right"]].set_visible(False)
        if what == "memory":
            axes.set_xscale("log")
            axes.set_xlim(left=10)
    figure.tight_layout()
    figure.savefig(path, metadata={"Date": None})


def write(data, titles, output):
    """benchmarks.md and .svg into a directory; returns the text."""
    text = markdown(data, titles)
    (output / "benchmarks.md").write_text(text)
    plot(data["results"], titles, output / "benchmarks.svg")
    return text
