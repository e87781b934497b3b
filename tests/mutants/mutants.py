#!/usr/bin/env python3
"""./dev mutants: small edits of the sources, each of which a named test must notice.

Reads tests/mutants/edits.txt, which explains its own form. Works in a copy of the tree below build/mutants, so that the
tree itself is never edited, whatever interrupts the run. Each edit is made in the copy, what its test needs is built,
the test is run, and the edit is taken back. First of all each edit must be found exactly once, and the tests must pass
without any.

Exit status: 0, every edit was killed; 1, one was not; 2, an edit or a test is not what the list says.
"""

import argparse
import dataclasses
import fcntl
import os
import pathlib
import re
import signal
import subprocess
import sys
import time

LIST = "tests/mutants/edits.txt"
TEST_SECONDS = 60  # a test that an edit makes wait for ever has noticed it
TRIES = 3  # for a test that needs the kernel's timing to notice an edit


class Wrong(Exception):
    """The list, a test or the tree is not as it should be."""


@dataclasses.dataclass(frozen=True)
class Edit:
    line: int  # of the list
    title: str
    file: str
    program: str
    test: str
    before: str  # whole lines
    after: str

    def applied_to(self, text):
        count = ("\n" + text).count("\n" + self.before)
        if count != 1:
            found = "is not found" if count == 0 else f"is found {count} times"
            raise Wrong(f"{LIST}:{self.line}: '{self.title}': its text {found} in {self.file}")
        at = ("\n" + text).index("\n" + self.before)
        return text[:at] + self.after + text[at + len(self.before):]


def parse(text):
    """All edits of a list."""
    edits = []
    fields = {}
    hunk = []

    def finish():
        if not fields:
            return
        where = f"{LIST}:{fields['line']}: '{fields['title']}'"
        for field in ("file", "test"):
            if field not in fields:
                raise Wrong(f"{where} has no line '{field}'")
        program, _, test = fields["test"].partition(" ")
        if not test:
            raise Wrong(f"{where}: a test is 'test PROGRAM SUITE.NAME'")
        before = "".join(line[1:] + "\n" for line in hunk if line[0] in " -")
        after = "".join(line[1:] + "\n" for line in hunk if line[0] in " +")
        if not before or before == after:
            raise Wrong(f"{where} changes nothing")
        edits.append(Edit(fields["line"], fields["title"], fields["file"], program, test, before, after))

    for number, line in enumerate(text.splitlines(), 1):
        if line.startswith("== "):
            finish()
            fields = {"line": number, "title": line[3:].strip()}
            hunk = []
        elif not line.strip() or line.startswith("#"):
            continue
        elif match := re.match(r"(file|test) +(.*\S)", line):
            fields[match[1]] = match[2]
        elif line[0] in " -+" and fields:
            hunk.append(line)
        else:
            raise Wrong(f"{LIST}:{number}: expected '== TITLE', 'file', 'test', or a line of an edit")
    finish()
    titles = [edit.title for edit in edits]
    for title in set(titles):
        if titles.count(title) > 1:
            raise Wrong(f"{LIST}: two edits are called '{title}'")
    return edits


def check(edits, root):
    """Each is found exactly once; all that are not are told at once."""
    wrong = []
    for edit in edits:
        try:
            edit.applied_to((root / edit.file).read_text())
        except Wrong as error:
            wrong.append(str(error))
        except OSError as error:
            wrong.append(f"{LIST}:{edit.line}: {edit.file}: {error.strerror}")
    if wrong:
        raise Wrong("\n".join(wrong))


def sources(root):
    """What makes up the tree: tracked files and new ones, as they are now."""
    listed = subprocess.run(["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=root,
                            check=True, capture_output=True).stdout
    return [name for name in listed.decode().split("\0") if name and (root / name).is_file()]


def copy_tree(root, copy):
    """Makes the copy the same as the tree. A file that is the same already keeps its time, so that it is not compiled
    anew; an edit that an interrupted run has left goes."""
    wanted = set(sources(root))
    for name in wanted:
        data = (root / name).read_bytes()
        to = copy / name
        if not to.is_file() or to.read_bytes() != data:
            to.parent.mkdir(parents=True, exist_ok=True)
            to.write_bytes(data)
        to.chmod((root / name).stat().st_mode)
    for directory, _, names in os.walk(copy):
        for name in names:
            path = pathlib.Path(directory) / name
            if str(path.relative_to(copy)) not in wanted:
                path.unlink()


class Build:
    """The copy, built by cmake."""

    def __init__(self, root, jobs):
        self.copy = root / "build/mutants/tree"
        self.out = root / "build/mutants/out"
        self.jobs = jobs

    def configure(self):
        if error := self._run(["cmake", "--preset", "mutants", "-B", str(self.out)]):
            raise Wrong(error)

    def build(self, programs):
        """What is wrong; "" where it builds."""
        return self._run(["cmake", "--build", str(self.out), "-j", str(self.jobs), "--target", *programs])

    def passes(self, program, test):
        """Whether the test passes. An error where there is no such test, or where it is skipped."""
        try:
            run = subprocess.run([str(self.out / program), f"--gtest_filter={test}", "--gtest_color=no"],
                                 cwd=self.out, capture_output=True, timeout=TEST_SECONDS, errors="replace")
        except subprocess.TimeoutExpired:
            return False
        if re.search(r"^\[==========\] Running 0 tests", run.stdout, re.M):
            raise Wrong(f"{program} has no test {test}")
        if run.returncode == 0 and "[  SKIPPED ]" in run.stdout:
            raise Wrong(f"{test} is skipped on this machine")
        return run.returncode == 0

    def _run(self, command):
        run = subprocess.run(command, cwd=self.copy, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, errors="replace")
        return "" if run.returncode == 0 else f"{' '.join(command)} failed:\n{run.stdout[-4000:]}"


def verdict(build, edit):
    """What becomes of an edit, in one word. The copy is afterwards as it was."""
    path = build.copy / edit.file
    unedited = path.read_text()
    path.write_text(edit.applied_to(unedited))
    try:
        if build.build([edit.program]):
            return "BROKEN"  # it says nothing about any test
        passes = all(build.passes(edit.program, edit.test) for _ in range(TRIES))
        return "SURVIVED" if passes else "killed"
    finally:
        path.write_text(unedited)


def run(edits, build, say):
    """Tries every edit. True: each was killed."""
    say(f"building {build.out}")
    build.configure()
    if error := build.build(sorted({edit.program for edit in edits})):
        raise Wrong(f"the unedited tree does not build: {error}")
    wrong = []
    for program, test in sorted({(edit.program, edit.test) for edit in edits}):
        try:
            if not build.passes(program, test):
                wrong.append(f"{program} {test} fails without any edit")
        except Wrong as error:
            wrong.append(str(error))
    if wrong:
        raise Wrong("\n".join(wrong))
    say(f"all named tests pass; trying {len(edits)} edits")
    left = []
    for edit in edits:
        began = time.monotonic()
        word = verdict(build, edit)
        say(f"{word:8} {time.monotonic() - began:4.0f} s  {edit.title}")
        if word != "killed":
            left.append(edit)
            say(f"         {LIST}:{edit.line}: {edit.file}, {edit.program} {edit.test}")
    say(f"{len(edits) - len(left)} of {len(edits)} edits were killed")
    return not left


def main(arguments):
    parser = argparse.ArgumentParser(prog="./dev mutants", description=__doc__.split("\n\n")[0])
    parser.add_argument("words", nargs="*", metavar="WORD", help="only edits with this word in their title or file")
    parser.add_argument("--list", action="store_true", help="print the edits and their tests, and run nothing")
    parser.add_argument("--jobs", type=int, default=os.cpu_count(), help="for the compiler")
    options = parser.parse_args(arguments)
    root = pathlib.Path(__file__).resolve().parents[2]
    try:
        edits = parse((root / LIST).read_text())
        check(edits, root)
        if options.words:
            edits = [each for each in edits if any(word in each.title or word in each.file for word in options.words)]
            if not edits:
                raise Wrong(f"no edit of {LIST} has {' or '.join(options.words)} in its title or file")
        if options.list:
            for edit in edits:
                print(f"{edit.title}\n    {edit.file}: {edit.program} {edit.test}")
            return 0
        build = Build(root, options.jobs)
        build.copy.mkdir(parents=True, exist_ok=True)
        with open(root / "build/mutants/lock", "w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise Wrong("another ./dev mutants is running") from None
            copy_tree(root, build.copy)
            return 0 if run(edits, build, lambda text: print(text, flush=True)) else 1
    except Wrong as error:
        print(f"./dev mutants: {error}", file=sys.stderr)
        return 2


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    try:
        sys.exit(main(sys.argv[1:]))
    except KeyboardInterrupt:
        sys.exit(130)
