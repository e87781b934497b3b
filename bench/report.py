"""Makes tables, plots and a verdict on each goal from the figures of a benchmark."""

import statistics

from workloads import BY_NAME

BETTER_OF = ("haproxy", "nginx")


def median(results, what, system, figure):
    """Returns None if it was not measured."""
    values = [round_[figure] for round_ in results.get(what, {}).get(system, []) if round_.get(figure) is not None]
    return statistics.median(values) if values else None


def ratio(results, what, figure, peer, of="lastbyte"):
    """Returns the ratio of lastbyte to the peer: the median of the rounds' ratios, because both ran in the same second."""
    ours, theirs = (results.get(what, {}).get(system, []) for system in (of, peer))
    ratios = [a[figure] / b[figure] for a, b in zip(ours, theirs) if a.get(figure) and b.get(figure)]
    return statistics.median(ratios) if ratios else None


def best(results, what, figure, peers, of="lastbyte"):
    """Returns the ratio of lastbyte to the best peer: the largest of all ratios."""
    return max((r for r in (ratio(results, what, figure, peer, of) for peer in peers) if r is not None), default=None)


SESSION_KINDS = ("sessions 16", "sessions paced", "sessions reset")


def goals(results, latencies):
    """Yields (what, value, limit, unit) for each goal that was measured."""
    found = []

    def add(what, value, limit, unit=""):
        if value is not None:
            found.append((what, value, limit, unit))

    for what in ("bulk 1", "bulk 8"):
        add(f"{title_of(what)}: CPU per GB, to the best of HAProxy, HAProxy with splice and nginx",
            best(results, what, "cpu_s_per_gb", (*BETTER_OF, "haproxy-splice")), 0.45)
        for peer, title, limit in (("haproxy", "HAProxy", 0.4), ("nginx", "nginx", 0.6),
                                   ("haproxy-splice", "HAProxy with splice", 1.0)):
            add(f"{title_of(what)}: CPU per GB, to {title}", ratio(results, what, "cpu_s_per_gb", peer), limit)
    for what, limit in (("messages 1", 1.0), ("messages 64", 0.85), ("messages 512", 0.85),
                        *((kind, 0.95) for kind in SESSION_KINDS)):
        for of, with_io in (("lastbyte", ""), ("lastbyte-uring", ", with io: io-uring")):
            add(f"{title_of(what)}{with_io}: CPU per {BY_NAME[what].unit}, to the better of HAProxy and nginx",
                best(results, what, "cpu_us", BETTER_OF, of), limit)
    ours, theirs = (latencies.get("mixed 16", {}).get(system) for system in ("lastbyte", "haproxy"))
    if ours and theirs:
        for figure, title in (("p99_us", "p99"), ("p999_us", "p99.9")):
            add(f"{title_of('mixed 16')}: {title} of a small request, to HAProxy", ours[figure] / theirs[figure], 1.0)
    for what in ("messages 64 workers 2", "sessions 16 workers 2"):
        add(f"{title_of(what)}: CPU per {BY_NAME[what].unit}, to the better of HAProxy and nginx",
            best(results, what, "cpu_us", BETTER_OF), 1.0)
    add("CPU of the data plane for each session, observed to not observed",
        ratio(results, "cost observed", "worker_us", "lastbyte", "lastbyte-observed"), 1.03)
    for what in (name for name in results if name.startswith("datagrams")):
        for peer, title in (("nginx", "nginx"), ("socat", "socat")):
            add(f"{title_of(what)}: CPU of each, to {title}", ratio(results, what, "cpu_us", peer), 1.0)
    add("own memory per idle session", median(results, "memory", "lastbyte", "rss_per_session"), 1024, " B")
    add("system calls per small message", median(results, "syscalls messages", "lastbyte", "per_unit"), 2.1)
    add("system calls per short session", median(results, "syscalls sessions", "lastbyte", "per_unit"), 19)
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
    return BY_NAME[what].title if what in BY_NAME else "Memory of an idle session"


def measured_table(results, latencies, titles, what):
    """One row per system. The last column compares its CPU with lastbyte's."""
    workload = BY_NAME[what]
    if workload.unit == "GB":
        figures, cpu = [("gb_per_s", "GB/s"), ("cpu_s_per_gb", "proxy CPU, s/GB")], "cpu_s_per_gb"
    else:
        figures, cpu = [("per_s", "per second"), ("cpu_us", "proxy CPU, µs each")], "cpu_us"
    if workload.datagrams:
        figures = [("offered_per_s", "sent per second"), ("per_s", "echoed per second"), ("loss_percent", "lost, %"), figures[-1]]
    times = [] if workload.unit == "GB" or workload.datagrams else [
        ("p50_us", "p50, µs"), ("p99_us", "p99, µs"), ("p999_us", "p99.9, µs")]
    if workload.systems:
        figures.insert(1, ("worker_us", "of the data plane, µs each"))
    rows = []
    for system, title in titles.items():
        if system not in results[what]:
            continue
        relative = ratio(results, what, cpu, system)
        took = latencies.get(what, {}).get(system, {})
        rows.append([title, *(number(median(results, what, system, figure)) for figure, _ in figures[:-1]),
                     *(number(took.get(figure)) for figure, _ in times),
                     number(median(results, what, system, figures[-1][0])),
                     "-" if relative is None or system == "lastbyte" else f"{relative:.2f}"])
    heads = [name for _, name in (*figures[:-1], *times, figures[-1])]
    return table(["", *heads, "lastbyte's CPU / its CPU"], rows)


def sections(results, latencies, titles):
    for what in (name for name in results if name in BY_NAME):
        yield f"## {title_of(what)}\n"
        own = [f"slices of {BY_NAME[what].slice:g} s"] * bool(BY_NAME[what].slice)
        own += [f"at most {BY_NAME[what].rounds} of them"] * bool(BY_NAME[what].rounds)
        yield BY_NAME[what].note + (f" ({', '.join(own)})" if own else "") + "\n"
        yield measured_table(results, latencies, titles, what)
    if "memory" in results:
        yield f"## {title_of('memory')}\n"
        yield ("The process's own memory: what the sessions added to its resident, proportional and anonymous memory. "
               "Socket buffers are the kernel's and the same for all.\n")
        rows = [[title, *(number(median(results, "memory", system, figure)) for figure in (
            "sessions", "rss_per_session", "pss_per_session", "anonymous_per_session", "rss_full"))]
            for system, title in titles.items() if system in results["memory"]]
        yield table(["", "sessions", "Rss, B each", "Pss, B each", "anonymous, B each", "Rss of all, B"], rows)
    if "workers" in results:
        yield "## How two workers share 20 connections\n"
        yield ("The part of the worker that has more of them, over several starts. 0.50 is an even share; with SO_REUSEPORT "
               "the kernel draws a worker for each connection, which makes 0.59 on average.\n")
        rows = [[titles[system], number(values[0]["largest_part"]), number(values[0]["worst_part"]),
                 number(values[0]["starts"])] for system, values in results["workers"].items()]
        yield table(["", "larger part, mean", "larger part, worst", "starts"], rows)
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
    results, latencies, machine = data["results"], data["latencies"], data["machine"]
    versions = "; ".join(dict.fromkeys(machine["versions"].values()))
    reached = [[what, f"{value:.2f}{unit}" if value < 100 else f"{value:,.0f}{unit}", f"{limit:g}{unit}",
                "yes" if value <= limit else "**no**"] for what, value, limit, unit in goals(results, latencies)]
    parts = [
        "# Benchmarks\n",
        "Written by `./dev bench`; do not edit. All systems of a table are up and connected at once, and take turns in slices "
        f"of {machine['slice'] * 1000:g} ms, {machine['rounds']} each, in random order within each round. CPU is the clock of "
        "the proxy's process. Numbers are medians of the slices, ratios medians of each round's ratio, and times (p50 to "
        "p99.9) are over all slices. Memory, the shares of workers and system calls are counted once, afterwards. Every proxy "
        "has one worker, where the title does not say two (socat has a process for each connection).\n",
        f"{machine['date']}, commit {machine['commit']}, Linux {machine['kernel']}, {machine['cores']} cores "
        f"({machine['cpu']}), which load, proxy and origin share, over loopback"
        f"{' in a network namespace of their own' if machine['own_network'] else ''}.\n",
        f"{versions}\n",
        "![CPU time of each proxy](benchmarks.svg)\n",
        "## Goals\n",
        table(["goal", "measured", "at most", "reached"], reached),
        "io: io-uring gains where peers share the cores, as they do here: a batch of sends is one return from the kernel at "
        "which a peer that was woken may take the worker's core. A send through the ring is not cheaper than one by itself.\n",
        "Short sessions cost lastbyte the calls that its contract needs and the others do not make: it reads the end of both "
        "sides, sends a FIN to both, and asks before it closes whether all was acknowledged (T1, T11). One call more lets the "
        "handshake with the upstream end in the segment that carries the request.\n",
        *sections(results, latencies, titles),
    ]
    if data["failures"]:
        parts += ["## What could not be measured\n", "".join(f"- {failure}\n" for failure in data["failures"])]
    return "\n".join(parts)


def plot(results, titles, path):
    import matplotlib

    matplotlib.use("svg")
    import matplotlib.pyplot as pyplot

    pyplot.rcParams.update({"svg.hashsalt": "lastbyte", "font.size": 9})
    panels = [(what, "cpu_s_per_gb", "CPU s per GB") if BY_NAME[what].unit == "GB" else
              (what, "cpu_us", f"CPU µs per {BY_NAME[what].unit}") for what in results if what in BY_NAME]
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
    """Writes benchmarks.md and .svg into a directory. Returns the text."""
    text = markdown(data, titles)
    (output / "benchmarks.md").write_text(text)
    plot(data["results"], titles, output / "benchmarks.svg")
    return text
