#!/usr/bin/env python3
"""Tests deploy/prometheus: the alert rules, and that rules and dashboard ask for metrics that lastbyte has.

usage: prometheus_test.py ROOT    exit status 77 where promtool is not installed
"""

import json
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

import yaml


def run(*command, cwd):
    got = subprocess.run(command, cwd=cwd, capture_output=True, text=True)
    if got.returncode != 0:
        sys.exit(f"{' '.join(command)}\n{got.stdout}{got.stderr}")


def queries(dashboard):
    """Returns the queries of the panels, with values for Grafana's own variables."""
    for panel in dashboard["panels"]:
        for target in panel["targets"]:
            yield target["expr"].replace("$__rate_interval", "1m").replace("$instance", ".*").replace("$forwarding", ".*")


def known_metrics(root):
    """Returns the names in docs/metrics.md; for histograms, the names of their series."""
    for line in (root / "docs/metrics.md").read_text().splitlines():
        row = re.match(r"\| `(\w+)` \| (\w+) \|", line)
        if not row:
            continue
        yield row.group(1)
        if row.group(2) == "histogram":
            yield from (row.group(1) + end for end in ("_bucket", "_sum", "_count"))


def unknown_metrics(texts, known):
    used = {name for text in texts for name in re.findall(r"\b(?:lastbyte|process)_\w+", text)}
    return sorted(used - known)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    root = pathlib.Path(sys.argv[1])
    here = root / "deploy/prometheus"
    known = set(known_metrics(root))
    rules = yaml.safe_load((here / "lastbyte.rules.yaml").read_text())
    asked = [rule["expr"] for group in rules["groups"] for rule in group["rules"]]
    asked += list(queries(json.loads((here / "grafana.json").read_text())))
    if unknown_metrics(["rate(lastbyte_no_such_metric[1m])"], known) != ["lastbyte_no_such_metric"]:
        sys.exit("a planted metric that lastbyte does not have was not found")
    if unknown := unknown_metrics(asked, known):
        sys.exit(f"docs/metrics.md has no {', '.join(unknown)}")
    if not shutil.which("promtool"):
        print("skipped: promtool is not installed")
        sys.exit(77)
    run("promtool", "check", "config", "prometheus.yaml", cwd=here)
    run("promtool", "test", "rules", "lastbyte.rules.test.yaml", cwd=here)
    with tempfile.TemporaryDirectory() as made:
        records = [{"record": f"panel:{number}", "expr": expr} for number, expr in enumerate(asked)]
        file = pathlib.Path(made) / "panels.yaml"
        file.write_text(yaml.safe_dump({"groups": [{"name": "panels", "rules": records}]}))
        run("promtool", "check", "rules", str(file), cwd=made)


if __name__ == "__main__":
    main()
