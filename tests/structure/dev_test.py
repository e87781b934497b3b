#!/usr/bin/env python3
"""What ./dev builds and starts: seen by stand-ins for the programs that it calls."""

import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]

# Each writes its name and arguments to the file `calls`, and what it would print or make.
STAND_INS = {
    "dpkg-query": """sed -n 's/^/installed:/p' "$HERE/packages" | tr '\\n' ' '""",
    "cmake": """
echo "cmake $*" >>"$HERE/calls"
[ "$1" = --build ] || exit 0
mkdir -p "$2"
printf '#!/bin/sh\\necho "lastbyte $*" >>"%s/calls"\\n' "$HERE" >"$2/lastbyte"
chmod 755 "$2/lastbyte"
""",
    "apt-get": """echo "apt-get $*" >>"$HERE/calls"; exit 1""",
    "sudo": """echo "sudo $*" >>"$HERE/calls"; exit 1""",
}


class DevTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.here = pathlib.Path(directory.name)
        shutil.copy(ROOT / "dev", self.here / "dev")
        (self.here / "bin").mkdir()
        for name, text in STAND_INS.items():
            stand_in = self.here / "bin" / name
            stand_in.write_text("#!/bin/sh\n" + text.strip() + "\n")
            stand_in.chmod(0o755)

    def packages(self, array):
        """As the script has them."""
        print_them = f'source <(sed -n "/^{array}=(/,/)/p" dev); echo "${{{array}[@]}}"'
        return subprocess.run(["bash", "-c", print_them], cwd=self.here, check=True, capture_output=True,
                              text=True).stdout.split()

    def dev(self, *arguments):
        """The calls that it makes, with the packages for building there and no others."""
        (self.here / "packages").write_text("\n".join(self.packages("build_packages")) + "\n")
        path = f"{self.here / 'bin'}:{os.environ['PATH']}"
        subprocess.run(["./dev", *arguments], cwd=self.here, check=True, capture_output=True,
                       env={**os.environ, "PATH": path, "HERE": str(self.here)})
        return (self.here / "calls").read_text().splitlines()

    def test_run_builds_the_program_alone_and_installs_nothing_for_tests(self):
        configured, built, ran = self.dev("run")
        self.assertEqual(configured, "cmake --preset release")
        self.assertRegex(built, r"^cmake --build build/release -j \d+ --target lastbyte$")
        self.assertEqual(ran, "lastbyte demo")

    def test_run_with_arguments_is_lastbyte_proxy(self):
        *_, ran = self.dev("run", "--", "--listen", "tcp::1")
        self.assertEqual(ran, "lastbyte proxy --listen tcp::1")

    def test_build_builds_everything(self):
        *_, built = self.dev("build")
        self.assertNotIn("--target", built)


if __name__ == "__main__":
    unittest.main()
