"""Own side of the comparison: ``python of_meta.py DATA.csv FOLDER``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from timing import many, run

import meta
from meta.effects.effect_size_table import EffectSizes


def main() -> None:
    table = pd.read_csv(sys.argv[1])
    out = Path(sys.argv[2]) / "ours.svg"
    y, v = table["yi"].to_numpy(), table["vi"].to_numpy()
    study, latitude = table["study"].to_numpy(dtype=object), table["ablat"].to_numpy()
    es = EffectSizes(y, v, "RR", study, columns={"ablat": latitude})
    fit = meta.pool(es)
    ys, vs = many(10_000)
    run(
        {
            "one fit, REML and Hartung-Knapp": (
                lambda: meta.pool(yi=y, vi=v),
                lambda r: r.ci_high,
                200,
            ),
            "one fit, DerSimonian-Laird": (
                lambda: meta.pool(yi=y, vi=v, method="DL", test="z"),
                lambda r: r.tau2,
                200,
            ),
            "Q-profile interval of tau2": (
                lambda: meta.pool(yi=y, vi=v).tau2_interval("QP"),
                lambda r: r.high,
                100,
            ),
            "leave-one-out, 13 studies": (
                lambda: meta.diagnostics.leave_one_out(fit),
                lambda r: (r if hasattr(r, "columns") else r.to_frame())["estimate"].iloc[0],
                20,
            ),
            "meta-regression, one moderator": (
                lambda: meta.regress(es, "~ ablat", test="z"),
                lambda r: r.coefficients["estimate"].iloc[1],
                50,
            ),
            "10,000 fits of 20 studies, DerSimonian-Laird": (
                lambda: meta.pool_many(ys, vs, method="DL", test="z"),
                lambda r: np.asarray(r.tau2)[0],
                5,
            ),
            "10,000 fits of 20 studies, REML": (
                lambda: meta.pool_many(ys, vs),
                lambda r: np.asarray(r.tau2)[0],
                5,
            ),
            "forest plot, 13 studies, to a file": (
                lambda: meta.forest(fit).save(out),
                lambda r: float(out.stat().st_size > 1000),
                3,
            ),
        }
    )


if __name__ == "__main__":
    main()
