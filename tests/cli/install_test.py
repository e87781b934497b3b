#!/usr/bin/env python3
"""Tests `cmake --install` under a prefix that the build does not know: install_test.py CMAKE BUILD_DIRECTORY"""

import os
import pathlib
import re
import subprocess
import sys
import tempfile
import unittest

CMAKE, BUILD = sys.argv[1:3]
PREFIX = "/opt/lastbyte-test"


def output(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True, errors="replace").stdout


class InstallTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.directory.cleanup)
        # The manifest is written into the build directory; the installation itself is elsewhere.
        for _ in range(2):  # a second one finds the first
            subprocess.run([CMAKE, "--install", BUILD, "--prefix", PREFIX], check=True, capture_output=True,
                           env={**os.environ, "DESTDIR": cls.directory.name})
        cls.root = pathlib.Path(cls.directory.name + PREFIX)
        cls.program = str(cls.root / "bin/lastbyte")

    def test_the_program_runs(self):
        self.assertRegex(output(self.program, "--version"), r"^lastbyte \d")

    def test_the_unit_names_the_program_where_it_is(self):
        unit = (self.root / "lib/systemd/system/lastbyte.service").read_text()
        self.assertEqual(set(re.findall(r"^Exec(?:Start|Reload)=(.*) proxy ", unit, re.M)), {PREFIX + "/bin/lastbyte"})
        self.assertNotIn("@LASTBYTE", unit)
        self.assertTrue((self.root / "lib/systemd/system/lastbyte.socket").exists())

    def test_the_program_is_stripped_and_leads_to_its_debug_information(self):
        debug = str(self.root / "bin/.debug/lastbyte.debug")
        sections = output("readelf", "-SW", self.program)
        self.assertNotIn(".debug_info", sections)
        self.assertNotIn(".symtab", sections)
        self.assertIn("lastbyte.debug", output("readelf", "-p", ".gnu_debuglink", self.program))
        self.assertIn(".debug_info", output("readelf", "-SW", debug))
        build_id = re.compile(r"Build ID: (\w+)")
        self.assertEqual(build_id.findall(output("readelf", "-n", self.program)),
                         build_id.findall(output("readelf", "-n", debug)))

    def test_the_completions_are_those_of_the_program(self):
        for shell, file in (("bash", "bash-completion/completions/lastbyte"), ("zsh", "zsh/site-functions/_lastbyte"),
                            ("fish", "fish/vendor_completions.d/lastbyte.fish")):
            self.assertEqual((self.root / "share" / file).read_text(), output(self.program, "completion", shell))

    def test_the_manual_and_the_examples_are_there_and_right(self):
        self.assertTrue((self.root / "share/man/man1/lastbyte.1").exists())
        for name in ("example.yaml", "starter.yaml"):
            example = self.root / "share/doc/lastbyte" / name
            self.assertIn("ok: ", output(self.program, "proxy", "--check-config", "--config", str(example)))


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
