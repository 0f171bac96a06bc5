"""``meta bayes``: the same table, as a posterior."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from meta.commands import options
from meta.commands.output import progress
from meta.commands.output_files import Shown, check_out, show
from meta.commands.table_options import DEFAULTS, TableOptions, on_tables
from meta.commands.table_reading import Loaded, load
from meta.errors import MetaError, quiet


@on_tables
def bayes(
    source: options.Source,
    measure: options.Measure = None,
    effect: options.EffectPrior = None,
    tau: options.TauPrior = None,
    column: options.Column = None,
    study: options.Study = None,
    level: options.Level = 0.95,
    engine: Annotated[
        str, typer.Option("--engine", help="exact (quadrature, at once) or pymc (sampling).")
    ] = "exact",
    seed: Annotated[int | None, typer.Option("--seed", help="For the sampler.")] = None,
    outcome: options.Outcome = None,
    json: options.Json = False,
    code: options.PythonCode = None,
    out: options.Out = None,
    reading: TableOptions = DEFAULTS,
) -> None:
    """Pool the studies of a table with priors.

    For standardised mean differences and log ratios there are default priors, which are printed. A number
    for --tau is a known value.

    Examples:
      meta bayes trials.csv -m RR --effect "normal(0, 1)" --tau "halfnormal(0.5)"
      meta bayes trials.csv -m RR --effect flat --tau "half-cauchy(0.3)" --json
      meta bayes trials.csv -m RR --out posterior.json
    """
    from meta.bayes.fit import bayes as fit_model
    from meta.bayes.prior_text import parse_prior

    check_out(out)
    priors = {"effect": effect, "tau": tau}
    parsed = {name: None if text is None else parse_prior(text) for name, text in priors.items()}
    with quiet():
        loaded = load(source, measure, column, study, outcome, reading)
        if code is not None:
            print(_python(loaded, code, parsed, engine, level, seed))
            return
        if engine == "pymc":
            progress("sampling ...")
        post = fit_model(loaded.effects, engine=engine, level=level, seed=seed, **parsed)  # type: ignore[arg-type]
        factors = {name: _factor(post, name) for name in ("mu=0", "tau=0")}
        tidy = post.tidy()
        lines = [str(post)]
        if factors["mu=0"] is not None:
            lines.append(_factor_text(factors["mu=0"]))
        rows: list[list[Any]] = tidy.to_numpy().tolist()
        numbers = post.to_dict() | {
            "posterior": tidy.to_dict("records"),
            "bayes_factors": factors,
            "shrinkage": post.shrinkage().to_dict("records"),
            "columns": loaded.columns,
        }
        shown = Shown("\n".join(lines), numbers, tuple(tidy.columns), rows, post.save, lambda: _figure(post))
        show(shown, out, json)


def _python(
    loaded: Loaded, code: str, priors: dict[str, Any], engine: str, level: float, seed: int | None
) -> str:
    from meta.commands.code import call, check_code, keywords_of, python

    check_code(code, r=False)
    named = [f"{name}=meta.{prior!r}" for name, prior in priors.items() if prior is not None]
    more = keywords_of({"engine": engine, "level": level, "seed": seed}, {"engine": "exact", "level": 0.95})
    return python(loaded, [call("post", "meta.bayes", ["es", *named, *more]), "print(post)"])


def _figure(post: Any) -> Any:
    from meta.plots.forest import forest

    return forest(post)


def _factor(post: Any, hypothesis: str) -> float | None:
    try:
        return float(post.bayes_factor(hypothesis))
    except MetaError:
        return None


def _factor_text(bf01: float) -> str:
    from meta.formatting import significant

    return f"Bayes factor of mu = 0 against the prior of mu: {significant(bf01)}"
