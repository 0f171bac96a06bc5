"""Networks that several tests use, and a fit of them that shares no code with the package."""

from __future__ import annotations

import numpy as np
import pandas as pd
from scipy.optimize import minimize_scalar

import meta

SENN = {"reference": "plac", "measure": "MD", "better": "low"}


def senn(**options):
    return meta.pool_network(meta.datasets.load("senn2013"), **SENN | options)


def smoking(**options):
    given = {"measure": "OR", "reference": "no_contact", "better": "high"}
    return meta.pool_network(meta.datasets.load("hasselblad1998"), **given | options)


def arms(seed=4, trials=14, treatments="abcde"):
    """A random network of means with trials of two to four arms; the first joins all treatments."""
    rng = np.random.default_rng(seed)
    rows = []
    for trial in range(trials):
        size = rng.integers(2, 5)
        own = list(treatments) if trial == 0 else list(rng.choice(list(treatments), size, replace=False))
        shift = rng.normal(0, 2)
        for name in own:
            mean = 10 + shift + 2 * "abcde".index(name) + rng.normal(0, 0.7)
            rows.append((f"T{trial}", name, mean, rng.uniform(2, 5), int(rng.integers(15, 60))))
    return pd.DataFrame(rows, columns=["study", "treatment", "mean", "sd", "n"])


def blocks(table):
    """Effects, design, covariance and between-trial covariance of a table of means, arm by arm."""
    names = sorted(set(table["treatment"]))
    ys, Xs, Ss, Hs = [], [], [], []
    for _, trial in table.groupby("study", sort=False):
        v = (trial["sd"] ** 2 / trial["n"]).to_numpy()
        mean = trial["mean"].to_numpy()
        size = len(trial) - 1
        ys.append(mean[1:] - mean[0])
        Ss.append(np.diag(v[1:]) + v[0])
        Hs.append((np.eye(size) + 1) / 2)
        X = np.zeros((size, len(names)))
        for row, name in enumerate(trial["treatment"].to_numpy()[1:]):
            X[row, names.index(name)] += 1
            X[row, names.index(trial["treatment"].to_numpy()[0])] -= 1
        Xs.append(X)
    from scipy.linalg import block_diag

    return names, np.concatenate(ys), np.vstack(Xs)[:, 1:], block_diag(*Ss), block_diag(*Hs)


def dense(y, X, S, H, tau2):
    """Coefficients, their covariance and the restricted log-likelihood by plain matrix algebra."""
    V = S + tau2 * H
    W = np.linalg.inv(V)
    C = np.linalg.inv(X.T @ W @ X)
    b = C @ X.T @ W @ y
    r = y - X @ b
    n = len(y) - X.shape[1]
    logs = np.linalg.slogdet(V)[1], np.linalg.slogdet(X.T @ W @ X)[1]
    return b, C, -0.5 * (n * np.log(2 * np.pi) + sum(logs) + r @ W @ r), r @ W @ r


def dense_reml(y, X, S, H):
    found = minimize_scalar(
        lambda t: -dense(y, X, S, H, t)[2], bounds=(0, 50), method="bounded", options={"xatol": 1e-10}
    )
    return float(found.x)
