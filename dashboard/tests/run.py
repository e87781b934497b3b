#!/usr/bin/env python3
"""Runs tests of the dashboard.

usage: run.py unit            what needs no browser
       run.py fresh           dashboard/dist is what the sources give
       run.py page NAME       tests/page/NAME.test.mjs in Chromium

Exit status 77 where Node.js, its packages or Chromium cannot be had: skipped, with the reason.
"""

import fcntl
import filecmp
import os
import pathlib
import re
import shutil
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
SKIPPED = 77
CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def need_node(major):
    if not shutil.which("node") or not shutil.which("npm"):
        skip("Node.js and npm are not installed")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < major:
        skip(f"Node.js is {version}; expected {major} or newer")


def install():
    """Once for all tests that run at a time."""
    with open(ROOT / ".install.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted, done = ROOT / "package-lock.json", ROOT / "node_modules" / ".package-lock.json"
        if done.exists() and done.stat().st_mtime >= wanted.stat().st_mtime:
            return
        got = subprocess.run(["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"], cwd=ROOT, capture_output=True, text=True)
        if got.returncode != 0:
            if re.search(r"ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN", got.stderr):
                skip("the npm registry cannot be reached")
            sys.exit(f"npm ci failed:\n{got.stderr}")
        os.utime(done)


def fresh():
    with tempfile.TemporaryDirectory() as made:
        subprocess.run(["npx", "vite", "build", "--outDir", made, "--emptyOutDir", "--logLevel", "warn"], cwd=ROOT, check=True)
        compared = filecmp.dircmp(ROOT / "dist", made)
        differ = compared.left_only + compared.right_only
        differ += [name for name in compared.common_files if not filecmp.cmp(ROOT / "dist" / name, pathlib.Path(made) / name, False)]
    if differ:
        sys.exit(f"dashboard/dist is stale ({', '.join(sorted(differ))}): run `npm ci && npm run build` in dashboard/")


def main():
    match sys.argv[1:]:
        case ["unit"]:
            need_node(18)
            install()
            sys.exit(subprocess.run(["node", "--test", "tests/unit/"], cwd=ROOT).returncode)
        case ["fresh"]:
            need_node(20)
            install()
            fresh()
        case ["page", name]:
            need_node(18)
            if not os.access(CHROMIUM, os.X_OK):
                skip(f"{CHROMIUM} is not installed")
            install()
            sys.exit(subprocess.run(["node", "--test", f"tests/page/{name}.test.mjs"], cwd=ROOT).returncode)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
