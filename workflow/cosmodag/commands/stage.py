"""Commands that read what was typed as it was meant."""

from collections.abc import Callable
from typing import Any

import click


class Stage(click.Command):
    """A command that refuses an option given twice, of which click would take the last."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words after the command's name."""
        _, _, given = self.make_parser(ctx).parse_args(args=list(args))
        for option in given:
            if isinstance(option, click.Option) and not option.multiple and given.count(option) > 1:
                name = max(option.opts, key=len)
                raise click.UsageError(f"{name} is given twice; give it once", ctx)
        return super().parse_args(ctx, args)


def stage(cls: type[Stage] = Stage, **settings: Any) -> Callable[[Callable], Stage]:
    """Return a decorator that makes a function a command.

    Parameters
    ----------
    cls : type
        Class of the command.
    **settings
        Further arguments of `click.command`, such as `epilog`.
    """
    return click.command(cls=cls, **settings)
