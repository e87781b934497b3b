#!/usr/bin/env python3
"""Compares lastbyte with HAProxy, nginx stream, socat, LXD's proxy device and a direct connection; ./dev bench runs it.

All systems of a workload run at once and take turns in short slices, in random order within each round, so that a noisy
moment disturbs all of them. A full run writes docs/benchmarks.md, .svg and .json; a partial or quick one writes into
build/bench."""

import argparse
import datetime
import json
import os
import pathlib
import platform
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile

sys.dont_write_bytecode = True
import measure  # noqa: E402
import report  # noqa: E402
from systems import systems  # noqa: E402
from workloads import KINDS, WORKLOADS  # noqa: E402

REPOSITORY = pathlib.Path(__file__).resolve().parent.parent
ONLY = [*KINDS, "memory", "workers", "syscalls"]


def machine(chosen, options, own_network):
    text = pathlib.Path("/proc/cpuinfo").read_text()
    model = re.search(r"^model name\s*:\s*(.+)$", text, re.M)
    git = subprocess.run(["git", "-C", REPOSITORY, "describe", "--always", "--dirty"], capture_output=True, text=True)
    return {
        "cpu": model.group(1) if model else platform.machine(),
        "cores": len(os.sched_getaffinity(0)),
        "kernel": platform.release(),
        "date": datetime.date.today().isoformat(),
        "commit": git.stdout.strip(),
        "versions": {system.title: system.version() for system in chosen if system.name != "direct"},
        "rounds": options.rounds,
        "slice": options.slice,
        "seed": options.seed,
        "own_network": own_network,
    }


def arguments():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="three rounds, to see that it works")
    parser.add_argument("--only", default=",".join(ONLY), help=f"some of {','.join(ONLY)}")
    parser.add_argument("--workloads", default="", help="of these kinds, only workloads whose names contain this")
    parser.add_argument("--systems", default="", help="some of direct,lastbyte,haproxy,haproxy-splice,nginx,socat,lxd")
    parser.add_argument("--rounds", type=int, default=25, help="rounds of slices")
    parser.add_argument("--slice", type=float, default=0.1, help="seconds")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="seed of the random order")
    parser.add_argument("--sessions", type=int, default=5000, help="idle sessions for the memory")
    parser.add_argument("--starts", type=int, default=10, help="starts that show how workers share their connections")
    parser.add_argument("--binary", default=str(REPOSITORY / "build/release/lastbyte"))
    parser.add_argument("--against", help="another lastbyte as an additional system")
    parser.add_argument("--haproxy", metavar="TREE", help="a source tree with a built HAProxy, instead of Debian's")
    parser.add_argument("--nginx", metavar="TREE", help="a source tree with a built nginx that includes the stream module")
    parser.add_argument("--output", type=pathlib.Path, help="the directory for benchmarks.md, .svg and .json")
    options = parser.parse_args()
    options.programs = REPOSITORY / "build/release"
    if options.quick:
        options.rounds, options.starts = 3, 2
    return options


def choose(parser_value, known, what):
    names = [name for name in parser_value.split(",") if name] or known
    for name in names:
        if name not in known:
            sys.exit(f"bench: '{name}' is no {what}; known: {', '.join(known)}")
    return names


def main():
    options = arguments()
    wanted = choose(options.only, ONLY, "measurement")
    everything = systems(options.binary, options.haproxy, options.nginx, options.against)
    names = choose(options.systems, [system.name for system in everything], "system")
    chosen = [system for system in everything if system.name in names]
    if "lastbyte" in names and not os.access(options.binary, os.X_OK):
        sys.exit(f"bench: {options.binary} is not there: ./dev build first")
    complete = wanted == ONLY and not (options.systems or options.workloads or options.quick or options.against)
    output = options.output or REPOSITORY / ("docs" if complete else "build/bench")
    output.mkdir(parents=True, exist_ok=True)

    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGALRM):
        signal.signal(number, lambda *_: sys.exit("bench: stopped"))
    signal.alarm(1800 + options.rounds * 60)
    limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
    if 2 * options.sessions + 1000 > limit:
        sys.exit(f"bench: {options.sessions} sessions need {2 * options.sessions + 1000} descriptors; the limit is {limit}")
    own_network = measure.enter_namespace()

    directory = tempfile.mkdtemp(prefix="lastbyte-bench-")
    try:
        bench = measure.Bench(options, directory, own_network)
        results, latencies = measure.run(bench, chosen, wanted, [w for w in WORKLOADS if options.workloads in w.name])
    finally:
        shutil.rmtree(directory, ignore_errors=True)
    data = {"machine": machine(chosen, options, own_network), "results": results,
            "latencies": latencies, "failures": bench.failures}
    (output / "benchmarks.json").write_text(json.dumps(data, indent=1) + "\n")
    titles = {system.name: system.title for system in everything}
    print(report.write(data, titles, output))
    sys.exit(1 if bench.failures else 0)


if __name__ == "__main__":
    main()
