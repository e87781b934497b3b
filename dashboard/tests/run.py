#!/usr/bin/env python3
"""Runs tests of the dashboard.

usage: run.py unit            runs the tests that need no browser
       run.py fresh           checks that dashboard/dist is up to date with the sources
       run.py page NAME [LASTBYTE]    runs tests/page/NAME.test.mjs in Chromium, with that program if the test needs one

Exit status 77: skipped, because Node.js, its packages or Chromium is missing; the output says which.
"""

import filecmp
import os
import pathlib
import subprocess
import sys
import tempfile

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT.parent / "tests/harness"))
from node_packages import install, need_node, skip  # noqa: E402

CHROMIUM = os.environ.get("CHROMIUM", "/usr/bin/chromium")


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
            install(ROOT)
            sys.exit(subprocess.run(["node", "--test", "tests/unit/"], cwd=ROOT).returncode)
        case ["fresh"]:
            need_node(20)
            install(ROOT)
            fresh()
        case ["page", name, *program]:
            need_node(18)
            if not os.access(CHROMIUM, os.X_OK):
                skip(f"{CHROMIUM} is not installed")
            install(ROOT)
            environment = dict(os.environ, **({"LASTBYTE": program[0]} if program else {}))
            sys.exit(subprocess.run(["node", "--test", f"tests/page/{name}.test.mjs"], cwd=ROOT, env=environment).returncode)
        case _:
            sys.exit(__doc__)


if __name__ == "__main__":
    main()
