"""Provides Node.js and the packages of a package-lock.json to tests. If they are missing, the test is skipped with the
reason."""

import fcntl
import os
import re
import shutil
import subprocess
import sys

SKIPPED = 77


def skip(why):
    print(f"skipped: {why}")
    sys.exit(SKIPPED)


def need_node(major):
    if not shutil.which("node") or not shutil.which("npm"):
        skip("Node.js and npm are not installed")
    version = subprocess.run(["node", "--version"], capture_output=True, text=True, check=True).stdout.strip()
    if int(version.lstrip("v").split(".")[0]) < major:
        skip(f"Node.js is {version}; expected {major} or newer")


def install(directory):
    """Installs the packages of `directory`, once for all tests that run at the same time."""
    with open(directory / ".install.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        wanted, done = directory / "package-lock.json", directory / "node_modules" / ".package-lock.json"
        if done.exists() and done.stat().st_mtime >= wanted.stat().st_mtime:
            return
        command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
        got = subprocess.run(command, cwd=directory, capture_output=True, text=True)
        if got.returncode != 0:
            if re.search(r"ENOTFOUND|ECONNREFUSED|ECONNRESET|ETIMEDOUT|EAI_AGAIN", got.stderr):
                skip("the npm registry cannot be reached")
            sys.exit(f"npm ci failed:\n{got.stderr}")
        os.utime(done)
