#!/usr/bin/env python3
"""Tests deploy/kubernetes: the manifests against their schemas and each other, and their configurations by lastbyte.

usage: kubernetes_test.py ROOT LASTBYTE    exit status 77 where Node.js or its packages cannot be had
"""

import pathlib
import subprocess
import sys

import yaml

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1] / "harness"))
from node_packages import install, need_node  # noqa: E402


def configurations(directory):
    for file in sorted(directory.glob("*.yaml")):
        for document in yaml.safe_load_all(file.read_text()):
            if document["kind"] == "ConfigMap":
                yield f"{file.name}: {document['metadata']['name']}", document["data"]["lastbyte.yaml"]


def main():
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    root, lastbyte = pathlib.Path(sys.argv[1]), sys.argv[2]
    manifests = root / "deploy/kubernetes"
    found = list(configurations(manifests))
    if not found:
        sys.exit("no ConfigMap was found")
    for where, text in found:
        command = [lastbyte, "proxy", "--config", "-", "--check-config"]
        checked = subprocess.run(command, input=text, capture_output=True, text=True)
        if checked.returncode != 0:
            sys.exit(f"{where}: {checked.stderr}")
    need_node(18)
    here = pathlib.Path(__file__).resolve().parent / "kubernetes"
    install(here)
    sys.exit(subprocess.run(["node", "validate.mjs", str(manifests)], cwd=here).returncode)


if __name__ == "__main__":
    main()
