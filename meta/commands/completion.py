"""``meta completion``: what a shell needs to complete commands, options, measures and methods."""

from __future__ import annotations

from typing import Annotated

import typer

from meta.errors import unknown_option

SHELLS = ("bash", "zsh", "fish", "powershell", "pwsh")


def completion(
    shell: Annotated[
        str,
        typer.Argument(
            metavar="SHELL",
            help="bash, zsh, fish, powershell or pwsh.",
            autocompletion=lambda incomplete: [name for name in SHELLS if name.startswith(incomplete)],
        ),
    ],
) -> None:
    """Print the script that lets a shell complete commands, options, measures, methods, tests and priors.

    Examples:
      meta completion bash >> ~/.bashrc
      meta completion fish > ~/.config/fish/completions/meta.fish
    """
    from typer.completion import get_completion_script

    if shell not in SHELLS:
        raise unknown_option("shell", shell, SHELLS)
    print(get_completion_script(prog_name="meta", complete_var="_META_COMPLETE", shell=shell))
