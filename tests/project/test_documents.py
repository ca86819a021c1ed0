"""Every example in README.md and docs/ is run, or says why it is not.

A document is a story in a folder of its own. Its blocks of ``python`` together are one test module, run by pytest
at the end. A comment ``<!-- file: jobs.py -->`` before a block makes the block that file instead. In a block of
``console``, each line with a ``$`` is run in the folder and must print what stands below it (``...`` stands for any
text). ``toml`` and ``yaml`` must at least be readable. Blocks of any other language are for reading only. What
cannot be run is marked: ``<!-- skip: next "the reason" -->``.
"""

from __future__ import annotations

import doctest
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterable
from pathlib import Path
from unittest import SkipTest

import pytest
import yaml
from sybil import Document, Example, Region
from sybil.parsers.markdown.lexers import DirectiveInHTMLCommentLexer
from sybil.parsers.myst import CodeBlockParser, SkipParser

CHECKOUT = Path(__file__).resolve().parent.parent.parent
DOCUMENTS = sorted(
    path
    for path in [CHECKOUT / "README.md", *(CHECKOUT / "docs").rglob("*.md")]
    if not {"examples", "_build", "rules"} & set(path.relative_to(CHECKOUT).parts)
)
PROGRAMS = Path(sys.executable).parent
SAME_TEXT = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE

SETTINGS = """\
[pytest]
pythonpath = .
addopts = -p no:randomly -p no:cacheprovider
filterwarnings = error
asyncio_default_fixture_loop_scope = function
"""


class Story:
    """One document, told in `folder`: which file the next block is, and the test module that grows."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.next_file: str | None = None
        self.module = ""
        (folder / "pytest.ini").write_text(SETTINGS)

    def parsers(self) -> list[object]:
        """What sybil should look for in the document."""
        return [
            self.file_names,
            SkipParser(),
            CodeBlockParser("python", self.python),
            CodeBlockParser("toml", self.toml),
            CodeBlockParser("yaml", self.yaml),
            CodeBlockParser("console", self.console),
        ]

    def file_names(self, document: Document) -> Iterable[Region]:
        for lexed in DirectiveInHTMLCommentLexer("file")(document):
            yield Region(lexed.start, lexed.end, lexed.lexemes["arguments"].strip(), self.name_file)

    def name_file(self, example: Example) -> None:
        self.next_file = example.parsed

    def write(self, example: Example) -> bool:
        """Make the block the file that a comment has named, if one has."""
        if self.next_file is None:
            return False
        path = self.folder / self.next_file
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(example.parsed, encoding="utf-8")
        self.next_file = None
        return True

    def python(self, example: Example) -> None:
        if not self.write(example):
            # Blank lines in between, so that a traceback names the line of the document.
            self.module += "\n" * (example.line - self.module.count("\n")) + example.parsed

    def toml(self, example: Example) -> None:
        self.write(example)
        tomllib.loads(example.parsed)

    def yaml(self, example: Example) -> None:
        self.write(example)
        yaml.safe_load(example.parsed)

    def console(self, example: Example) -> None:
        for command, expected in commands(example.parsed):
            printed = self.run(*shlex.split(command))
            if not doctest.OutputChecker().check_output(expected, printed, SAME_TEXT):
                raise AssertionError(f"$ {command}\nshould print\n{expected}\nand printed\n{printed}")

    def run(self, program: str, *arguments: str) -> str:
        """The combined output of a program of this environment, run in the story's folder."""
        quiet = {"NO_COLOR": "1", "COLUMNS": "100", "TERM": "dumb"}
        kept = {key: value for key, value in os.environ.items() if not key.startswith(("PYTEST", "FORCE_COLOR"))}
        return subprocess.run(
            [PROGRAMS / program, *arguments],
            cwd=self.folder,
            env=kept | quiet,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        ).stdout

    def finish(self) -> None:
        """Run the document's python as one test module."""
        tests = re.findall(r"^(?:async )?def (test_\w+)", self.module, re.MULTILINE)
        assert len(tests) == len(set(tests)), "two tests of one name in a document: the first would never run"
        if not self.module:
            return
        (self.folder / "test_document.py").write_text(self.module, encoding="utf-8")
        if tests:
            output = self.run("pytest", "-q", "test_document.py")
            assert re.search(rf"^{len(tests)} passed", output, re.MULTILINE), output
        else:
            output = self.run("python", "-W", "error", "test_document.py")
            assert "Traceback" not in output, output


def commands(block: str) -> Iterable[tuple[str, str]]:
    """The commands of a console block, each with the text that it should print."""
    first, *rest = re.split(r"^\$ ", block, flags=re.MULTILINE)
    assert not first.strip(), f"a console block begins with a command, this one with {first!r}"
    for part in rest:
        command, _, expected = part.partition("\n")
        yield command, expected.rstrip("\n") + "\n" if expected.strip() else ""


@pytest.mark.slow
@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_the_examples_of(path: Path, tmp_path: Path) -> None:
    story = Story(tmp_path)

    for example in Document.parse(str(path), *story.parsers()):
        try:
            example.evaluate()
        except SkipTest:
            story.next_file = None

    story.finish()


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(CHECKOUT).as_posix())
def test_what_is_not_run_says_why_in(path: Path) -> None:
    marks = re.findall(r"<!--+\s*skip:.*?-->", path.read_text(encoding="utf-8"))

    assert [mark for mark in marks if not re.search(r'next "[^"]+"', mark)] == []


def test_an_example_that_prints_something_else_fails(tmp_path: Path) -> None:
    story = Story(tmp_path)
    document = tmp_path / "wrong.md"
    document.write_text("```console\n$ python -c 'print(1)'\n2\n```\n")

    (example,) = Document.parse(str(document), *story.parsers())

    with pytest.raises(AssertionError, match="should print"):
        example.evaluate()


def test_an_example_whose_test_fails_fails(tmp_path: Path) -> None:
    story = Story(tmp_path)
    document = tmp_path / "wrong.md"
    document.write_text("```python\ndef test_sum():\n    assert 1 + 1 == 3\n```\n")
    for example in Document.parse(str(document), *story.parsers()):
        example.evaluate()

    with pytest.raises(AssertionError, match="1 failed"):
        story.finish()


def test_a_file_of_an_example_can_be_imported_by_the_next(tmp_path: Path) -> None:
    story = Story(tmp_path)
    document = tmp_path / "right.md"
    document.write_text(
        "<!-- file: shop.py -->\n```python\nPRICE = 5\n```\n"
        "```python\nfrom shop import PRICE\n\ndef test_price():\n    assert PRICE == 5\n```\n"
        '<!-- skip: next "it has no end" -->\n```python\nwhile True: pass\n```\n'
    )

    for example in Document.parse(str(document), *story.parsers()):
        try:
            example.evaluate()
        except SkipTest:
            continue

    story.finish()
