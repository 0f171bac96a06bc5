"""Write ``docs/priors.md`` from the priors themselves: run ``python docs/build_priors.py``."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import meta
from meta.bayes.informed import informed

PAGE = Path(__file__).parent / "priors.md"
HEAD = """# Priors

Generated from the classes and tables by `python docs/build_priors.py`; do not edit. Each prior prints, plots
(`.plot()`) and evaluates (`pdf`, `cdf`, `ppf`); those of tau stand on tau unless they say `on="tau2"`.
`meta.priors.sensitivity(es)` lays a grid of them over the data.

## By family

| prior | what it is | proper | source |
|---|---|---|---|
"""
INFORMED = """
## Informed by many meta-analyses

`meta.priors.turner(outcome, comparison)` for log odds ratios, `meta.priors.rhodes(outcome, comparison)` for
standardised mean differences, `meta.priors.cochrane(subfield)` for their effect and heterogeneity by medical
subfield, `meta.priors.van_erp()` for psychology; without arguments the general setting. Those of Cochrane
subfields for binary and time-to-event outcomes (Bartos et al. 2023) were not seen and are not here.

"""


def row(name: str) -> str:
    """One family as a line of the table."""
    item = getattr(meta.priors, name)
    parameters = [
        p.replace(annotation=inspect.Parameter.empty) for p in inspect.signature(item).parameters.values()
    ]
    call = f"{name}({', '.join(str(p) for p in parameters)})"
    told = (inspect.getdoc(item) or "").splitlines()[0].replace("``", "`").replace("|", "\\|")
    source = re.sub(r"doi:(10\.\S+)", r"[doi:\1](https://doi.org/\1)", getattr(item, "citation", "") or "–")
    return f"| `{call}` | {told} | {'yes' if item.proper else 'no'} | {source} |"


def table(frame: object) -> str:
    """A frame as Markdown."""
    names = [str(name) for name in frame.columns]  # type: ignore[attr-defined]
    lines = [f"| {' | '.join(names)} |", "|" + "---|" * len(names)]
    lines += [f"| {' | '.join(map(str, values))} |" for values in frame.itertuples(index=False)]  # type: ignore[attr-defined]
    return "\n".join(lines)


def page() -> str:
    """The whole page."""
    families = [name for name in meta.priors.__all__ if name not in ("Prior", *meta.priors._ON_DEMAND)]
    return HEAD + "\n".join(row(name) for name in families) + "\n" + INFORMED + table(informed()) + "\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
