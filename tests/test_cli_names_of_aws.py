"""Options and commands as `aws logs` has them: one sentence that says what they are called here."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from cwnb.cli import aws_names, cli, main

TABLE = Path(__file__).parent / "fixtures" / "cli" / "aws_names.txt"
CASES = [
    re.split(r"\s+\| ", line)
    for line in TABLE.read_text().splitlines()
    if line and not line.startswith("#")
]


@pytest.mark.parametrize(("typed", "said"), CASES, ids=[case[0] for case in CASES])
def test_the_error_says_what_it_is_called_here(typed, said, capsys):
    with pytest.raises(SystemExit) as ended:
        main(typed.split())
    assert ended.value.code == 2
    told = capsys.readouterr()
    assert (told.out, told.err) == ("", f"cwnb: {said}\n")


def test_every_command_that_is_named_is_there():
    for ours in aws_names.COMMANDS.values():
        words = [word for word in ours.split() if not word.startswith("--")]
        found = cli
        for word in words:
            found = found.commands[word]
        options = {name for parameter in found.params for name in parameter.opts}
        assert set(ours.split()) - set(words) <= options
