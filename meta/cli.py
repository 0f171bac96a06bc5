"""The command line: ``meta run``, ``add``, ``check``, ``claims``, ``show``, ``pool``, ``forest`` and more.

Nothing heavy is imported before a command runs, so that help is there at once.
"""

from __future__ import annotations

import copy
import inspect
import os
import sys
from collections.abc import Callable, Sequence
from typing import Annotated, Any

# pydantic looks through every installed package for plugins of its own; a command has none and does not wait
os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")

import typer

from meta.commands.adding.add import ANY_FLAG, add
from meta.commands.bayesian import bayes
from meta.commands.bias_tests import bias
from meta.commands.completion import completion
from meta.commands.dose import dose
from meta.commands.drawing import forest, funnel
from meta.commands.flags import columns_as_options
from meta.commands.moderators import regress
from meta.commands.multilevel import multilevel
from meta.commands.network import network
from meta.commands.new_review import init
from meta.commands.output import clean
from meta.commands.pooling import pool
from meta.commands.rename import remove, rename
from meta.commands.running import run
from meta.commands.schema import schema
from meta.commands.solving import solve
from meta.commands.study_files import check, claims, print_problems, show
from meta.errors import EvidenceError, MetaError

SETTINGS: dict[str, Any] = {
    "name": "meta",
    "help": "From what papers actually report to a verdict on a stated claim; "
    "and meta-analysis of any table.",
    "epilog": "Exit codes: 0 done; 1 the engines disagree, or the reader of the output has gone; "
    "2 a mistake in what was given, said in one sentence.",
    "no_args_is_help": True,
    "pretty_exceptions_enable": False,
    "rich_markup_mode": None,
    "context_settings": {"help_option_names": ["-h", "--help"]},
}
app = typer.Typer(**SETTINGS)


def _help(command: Callable[..., None]) -> str:
    """The docstring, with its examples kept line by line."""
    return inspect.cleandoc(command.__doc__ or "").replace("\nExamples:\n", "\n\b\nExamples:\n")


for command in (
    init,
    run,
    add,
    check,
    claims,
    show,
    rename,
    remove,
    solve,
    pool,
    forest,
    funnel,
    bias,
    regress,
    multilevel,
    network,
    dose,
    bayes,
    schema,
    completion,
):
    told = _help(command)
    app.command(
        help=told,
        short_help=told.partition("\n")[0],
        context_settings=ANY_FLAG if command is add else None,
    )(command)


def _version(asked: bool) -> None:
    if asked:
        import meta

        print(f"meta-verdict {meta.__version__}")
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and stop.")
    ] = False,
) -> None:
    pass


def main() -> None:
    """Run the command line; a user's mistake ends in one sentence and exit code 2, never in a traceback."""
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    try:
        _run()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        raise SystemExit(1) from None


def _unused() -> None:
    """A command that is not called: its options need not be made."""


def _app_for(words: Sequence[str]) -> typer.Typer:
    """The commands, of which only the called one has its options; making those of all takes most of the time.

    Shell completion asks for any command's options, through the environment, and gets all of them.
    """
    if any(name.endswith("_COMPLETE") for name in os.environ):
        return app
    called = next((word for word in words if not word.startswith("-")), "")
    lean = typer.Typer(**SETTINGS)
    lean.callback()(_options)
    for info in app.registered_commands:
        own = copy.copy(info)
        own.name = info.callback.__name__ if info.callback is not None else info.name
        if own.name != called:
            own.callback = _unused
        lean.registered_commands.append(own)
    return lean


def _run() -> None:
    try:
        words = columns_as_options(sys.argv[1:])
        _app_for(words)(words, prog_name="meta")
    except SystemExit:
        if sys.stdout is not None:
            sys.stdout.flush()
        raise
    except EvidenceError as error:
        if error.problems:
            print_problems(error.problems)
            _stop(f"{len(error.problems)} problem(s) in the study files; nothing was written")
        _stop(str(error))
    except BrokenPipeError:
        raise
    except (MetaError, OSError) as error:
        _stop(_sentence(error))


def _sentence(error: Exception) -> str:
    if isinstance(error, OSError) and error.strerror:
        where = f" {str(error.filename)!r}" if error.filename else ""
        return f"{error.strerror}:{where}" if where else error.strerror
    return str(error)


def _stop(message: str) -> None:
    print(f"error: {clean(message)}", file=sys.stderr)
    raise SystemExit(2)


if __name__ == "__main__":
    main()
