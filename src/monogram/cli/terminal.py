"""Where the commands print: user's texts appear as they are, no markup or emoji read into them."""

from rich.console import Console

LEFT_OUT = 3  # exit status: done, but without some
SHOWN = 10  # individuals set aside that are named


def terminal(*, stderr: bool = False, wrap: bool = False) -> Console:
    """A console for text that may hold anything.

    Args:
        stderr: print to standard error.
        wrap: break lines at the terminal's width; else the terminal does.
    """
    return Console(stderr=stderr, soft_wrap=not wrap, highlight=False, markup=False, emoji=False)
