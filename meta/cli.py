"""The command line: ``meta run``, ``add``, ``check``, ``claims``, ``show``, ``pool``, ``forest`` and more.

Nothing heavy is imported before a command runs, so that help is there at once.
"""

from __future__ import annotations

import sys
from typing import Annotated

import typer

from meta.commands.adding.add import ANY_FLAG, add
from meta.commands.evidence import check, claims, print_problems, show
from meta.commands.output import clean
from meta.commands.running import run
from meta.commands.schema import schema
from meta.commands.tables import forest, funnel, pool
from meta.errors import EvidenceError, MetaError

app = typer.Typer(
    name="meta",
    help="From what papers actually report to a verdict on a stated claim; and meta-analysis of any table.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
app.command()(run)
app.command(context_settings=ANY_FLAG)(add)
for command in (check, claims, show, pool, forest, funnel, schema):
    app.command()(command)


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
    try:
        app()
    except EvidenceError as error:
        if error.problems:
            print_problems(error.problems)
            _stop(f"{len(error.problems)} problem(s) in the study files; nothing was written")
        _stop(str(error))
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
