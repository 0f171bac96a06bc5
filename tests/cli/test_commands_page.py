"""What docs/commands.md shows works."""

import re
import shlex
from pathlib import Path

from meta import cli

PAGE = (Path(__file__).parents[2] / "docs" / "commands.md").read_text(encoding="utf-8")


def test_every_line_of_the_page_runs(invoke, workplace):
    lines = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.S) for line in block.splitlines()]
    assert len(lines) > 15
    for line in lines:
        source, pipe, command = line.rpartition(" | ")
        stdin = (workplace / shlex.split(source)[1]).read_bytes() if pipe else None
        code, _, err = invoke(*shlex.split(command)[1:], stdin=stdin)
        assert code == 0, (line, err)


def test_every_command_is_on_the_page():
    for command in cli.app.registered_commands:
        assert f"`meta {command.callback.__name__}`" in PAGE
