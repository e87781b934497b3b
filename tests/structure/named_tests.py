#!/usr/bin/env python3
"""Proves that docs/kernel-facts.md names tests that exist.

usage: named_tests.py ROOT    prints each name without a test as file:line: what; exit status 1 if there is any
"""

import pathlib
import re
import sys

TEST = re.compile(r"\bTEST(?:_F|_P)?\(\s*\w+,\s*(\w+)\)")
PAGE = "docs/kernel-facts.md"


def tests_in(root):
    return {name for file in (root / "tests").rglob("*.cpp") for name in TEST.findall(file.read_text())}


def unknown_names(text, tests):
    """The names in the last column of each table row, in backticks, that no test has. "..._x" is the end of one."""
    for number, line in enumerate(text.splitlines(), 1):
        if not line.startswith("| ") or line.startswith("| fact"):
            continue
        shown_by = line.rstrip("| ").split("|")[-1]
        for name in re.findall(r"`([\w.]+)`", shown_by):
            if name.startswith("..."):
                known = any(test.endswith(name[3:]) for test in tests)
            else:
                known = name.split(".")[-1] in tests
            if not known:
                yield f"{PAGE}:{number}: no test has the name {name}"


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    root = pathlib.Path(sys.argv[1])
    tests = tests_in(root)
    planted = list(unknown_names("| a | b | c | `no_such_test` |", tests))
    if len(planted) != 1:
        sys.exit("a planted name without a test was not found")
    found = list(unknown_names((root / PAGE).read_text(), tests))
    print("\n".join(found) if found else f"all tests that {PAGE} names exist")
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
