#!/usr/bin/env python3
"""The check of the check: ./dev mutants, with a build that is none."""

import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.dont_write_bytecode = True
import mutants

ROOT = pathlib.Path(__file__).resolve().parents[2]

ONE = """\
== a sum is a sum
file  sum.cpp
test  sum_test Sum.adds
 int sum(int a, int b) {
-  return a + b;
+  return a - b;
 }
"""
SOURCE = "// A sum.\nint sum(int a, int b) {\n  return a + b;\n}\n"


class ParseTest(unittest.TestCase):
    def wrong(self, text):
        with self.assertRaises(mutants.Wrong) as raised:
            mutants.parse(text)
        return str(raised.exception)

    def test_an_edit_is_read_as_it_is_written(self):
        (edit,) = mutants.parse("# a comment\n\n" + ONE)
        self.assertEqual((edit.title, edit.file, edit.program, edit.test, edit.line),
                         ("a sum is a sum", "sum.cpp", "sum_test", "Sum.adds", 3))
        self.assertEqual(edit.applied_to(SOURCE), SOURCE.replace("a + b", "a - b"))

    def test_lines_are_added_and_removed(self):
        (edit,) = mutants.parse(ONE.replace("+  return a - b;\n", "+  a = 0;\n+  return b;\n"))
        self.assertEqual(edit.applied_to(SOURCE), SOURCE.replace("  return a + b;\n", "  a = 0;\n  return b;\n"))
        (edit,) = mutants.parse(ONE.replace("+  return a - b;\n", ""))
        self.assertEqual(edit.applied_to(SOURCE), SOURCE.replace("  return a + b;\n", ""))

    def test_what_is_missing_is_told(self):
        self.assertIn(":1: 'a sum is a sum' has no line 'file'", self.wrong(ONE.replace("file  sum.cpp\n", "")))
        self.assertIn("has no line 'test'", self.wrong(ONE.replace("test  sum_test Sum.adds\n", "")))
        self.assertIn("test PROGRAM SUITE.NAME", self.wrong(ONE.replace("sum_test Sum", "Sum")))
        self.assertIn("changes nothing", self.wrong(ONE.replace("-  ", "   ").replace("+  return a - b;\n", "")))
        self.assertIn("two edits are called", self.wrong(ONE + ONE))
        self.assertIn(":1: expected", self.wrong("return a - b;\n" + ONE))

    def test_the_list_of_this_tree_is_right(self):
        edits = mutants.parse((ROOT / mutants.LIST).read_text())
        self.assertGreaterEqual(len(edits), 30)
        mutants.check(edits, ROOT)


class FakeBuild:
    """Notices what `notices` says of the text of sum.cpp."""

    def __init__(self, copy, notices, compiles=lambda text: True):
        self.copy = self.out = copy
        self.notices = notices
        self.compiles = compiles
        self.built = ""

    def configure(self):
        pass

    def build(self, programs):
        self.built = (self.copy / "sum.cpp").read_text()
        return "" if self.compiles(self.built) else "wrong"

    def passes(self, program, test):
        return not self.notices(self.built)


class RunTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name)
        self.file = self.root / "sum.cpp"
        self.file.write_text(SOURCE)
        self.said = []

    def run_edits(self, notices, **build):
        return mutants.run(mutants.parse(ONE), FakeBuild(self.root, notices, **build), self.said.append)

    def test_an_edit_that_its_test_notices_is_killed(self):
        self.assertTrue(self.run_edits(lambda text: "a - b" in text))
        self.assertEqual(self.file.read_text(), SOURCE)
        self.assertEqual(self.said[-1], "1 of 1 edits were killed")

    def test_a_test_that_notices_an_edit_at_its_second_try_kills_it(self):
        tries = iter([False, True])
        self.assertTrue(self.run_edits(lambda text: "a - b" in text and next(tries)))

    def test_an_edit_that_nobody_notices_has_survived(self):
        self.assertFalse(self.run_edits(lambda text: False))
        self.assertEqual(self.file.read_text(), SOURCE)
        self.assertTrue(any(line.startswith("SURVIVED") for line in self.said), self.said)

    def test_an_edit_that_does_not_compile_is_not_killed(self):
        self.assertFalse(self.run_edits(lambda text: "a - b" in text, compiles=lambda text: "a - b" not in text))
        self.assertTrue(any(line.startswith("BROKEN") for line in self.said), self.said)

    def test_a_test_that_fails_without_any_edit_is_an_error(self):
        with self.assertRaisesRegex(mutants.Wrong, "fails without any edit"):
            self.run_edits(lambda text: True)

    def test_a_tree_that_does_not_build_is_an_error(self):
        with self.assertRaisesRegex(mutants.Wrong, "does not build"):
            self.run_edits(lambda text: False, compiles=lambda text: False)

    def test_an_interruption_takes_the_edit_back(self):
        def interrupt(text):
            if "a - b" in text:
                raise KeyboardInterrupt
            return False
        with self.assertRaises(KeyboardInterrupt):
            self.run_edits(interrupt)
        self.assertEqual(self.file.read_text(), SOURCE)

    def test_an_edit_whose_text_is_gone_is_an_error(self):
        self.file.write_text(SOURCE.replace("a + b", "b + a"))
        with self.assertRaisesRegex(mutants.Wrong, "is not found in sum.cpp"):
            mutants.check(mutants.parse(ONE), self.root)

    def test_an_edit_whose_text_is_there_twice_is_an_error(self):
        self.file.write_text(SOURCE + SOURCE)
        with self.assertRaisesRegex(mutants.Wrong, "is found 2 times in sum.cpp"):
            mutants.check(mutants.parse(ONE), self.root)

    def test_an_edit_of_a_file_that_is_gone_is_an_error(self):
        self.file.unlink()
        with self.assertRaisesRegex(mutants.Wrong, "sum.cpp: No such file"):
            mutants.check(mutants.parse(ONE), self.root)


class CopyTest(unittest.TestCase):
    def setUp(self):
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = pathlib.Path(directory.name) / "tree"
        self.copy = pathlib.Path(directory.name) / "copy"
        self.root.mkdir()
        self.copy.mkdir()
        subprocess.run(["git", "init", "-q"], cwd=self.root, check=True)
        (self.root / ".gitignore").write_text("/build/\n")
        (self.root / "build").mkdir()
        (self.root / "build/out").write_text("x")
        (self.root / "sum.cpp").write_text(SOURCE)
        mutants.copy_tree(self.root, self.copy)

    def test_the_copy_has_the_sources_and_no_more(self):
        (self.copy / "old.cpp").write_text("x")
        mutants.copy_tree(self.root, self.copy)
        self.assertEqual(sorted(path.name for path in self.copy.rglob("*")), [".gitignore", "sum.cpp"])

    def test_a_file_that_is_the_same_keeps_its_time(self):
        before = (self.copy / "sum.cpp").stat().st_mtime_ns
        (self.root / "sum.cpp").touch()
        mutants.copy_tree(self.root, self.copy)
        self.assertEqual((self.copy / "sum.cpp").stat().st_mtime_ns, before)

    def test_an_edit_that_was_left_behind_goes(self):
        (self.copy / "sum.cpp").write_text(SOURCE.replace("a + b", "a - b"))
        mutants.copy_tree(self.root, self.copy)
        self.assertEqual((self.copy / "sum.cpp").read_text(), SOURCE)


if __name__ == "__main__":
    unittest.main()
