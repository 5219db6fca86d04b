"""What all commands have in common."""

import click
import pytest
from click.testing import CliRunner

from cosmodag.commands.main import main
from cosmodag.commands.stage import Stage


def commands(group: click.Group = main, *words: str):
    """Yield the words of each command, and the command."""
    for name in group.list_commands(click.Context(group)):
        found = group.get_command(click.Context(group), name)
        if isinstance(found, click.Group):
            yield from commands(found, *words, name)
        else:
            yield (*words, name), found


@pytest.mark.parametrize(
    ("words", "command"), [pytest.param(*each, id=" ".join(each[0])) for each in commands()]
)
def test_no_option_can_be_given_twice(words, command):
    assert isinstance(command, Stage)
    for option in command.params:
        if isinstance(option, click.Option) and not option.multiple:
            value = [] if option.is_flag else ["1"]
            done = CliRunner().invoke(main, [*words, *2 * [option.opts[0], *value]])
            assert done.exit_code == 2
            assert f"{option.opts[0]} is given twice; give it once" in done.output
