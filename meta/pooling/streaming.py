"""Batches larger than memory: the same fits, block by block, through Dask.

Dask is an optional extra (``scale``). Nothing of it is imported unless a Dask array comes in, and any
scheduler serves: threads, a local cluster, or a remote one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.lib.format import open_memmap

from meta.arguments import floats
from meta.errors import InputError
from meta.kernels.weights import CHUNK

Fit = Callable[[np.ndarray, np.ndarray, "np.ndarray | None", int], dict[str, np.ndarray]]
"""Fits one block: effects, variances, weights, and the position of its first column."""

_BLOCK = 1 << 22
"""Effects in a block by default: 32 MB of effects and as much of variances."""


def is_dask(*arrays: Any) -> bool:
    """Whether any of the arrays is a Dask array."""
    return any(hasattr(array, "__dask_graph__") for array in arrays)


def stream(fit: Fit, kinds: Mapping[str, type], Y: Any, V: Any, weights: Any = None) -> dict[str, Any]:
    """Return lazy arrays of length p, one a field, of fits that are made block by block.

    Parameters
    ----------
    fit : callable
        Fits one block in memory.
    kinds : mapping of str to type
        Fields of the result and their types.
    Y, V, weights : dask or numpy arrays of shape (k, p)
        Blocks are laid so that each holds all k studies of its meta-analyses.

    Raises
    ------
    InputError
        If a shape is unknown or the shapes differ.
    """
    import dask.array as da

    given = [Y, V] if weights is None else [Y, V, weights]
    blocks = _aligned(da, given)
    names = tuple(kinds)

    def work(*parts: np.ndarray, block_info: Any = None) -> np.ndarray:
        start = int(block_info[0]["array-location"][1][0]) if block_info else 0
        fitted = fit(parts[0], parts[1], parts[2] if len(parts) > 2 else None, start)
        return np.stack([np.asarray(fitted[name], dtype=float) for name in names])

    columns = blocks[0].chunks[1]
    fitted = da.map_blocks(
        work,
        *blocks,
        dtype=float,
        chunks=((len(names),), columns),
        meta=np.empty((0, 0)),
        name="pooled-" + _token(blocks),
    )
    return {name: fitted[i].astype(kinds[name]) for i, name in enumerate(names)}


def _token(blocks: list[Any]) -> str:
    from dask.base import tokenize

    return str(tokenize(*blocks))


def _aligned(da: Any, given: list[Any]) -> list[Any]:
    """Return the arrays as Dask arrays with equal blocks that hold all studies.

    Blocks are whole numbers of the pieces that a batch in memory is fitted in, so that the numbers are the
    same to the last bit: an iteration over a piece ends when all its fits have converged.
    """
    arrays = [array if is_dask(array) else da.asarray(floats(array, "Y and V")) for array in given]
    arrays = [array[:, None] if array.ndim == 1 else array for array in arrays]
    for array in arrays:
        if array.ndim != 2:
            raise InputError(f"Y must have shape (k, p), not {array.shape}")
        if any(np.isnan(size) for size in array.shape):
            raise InputError("Y and V must have known shapes; call .compute_chunk_sizes() on them first")
    shape = np.broadcast_shapes(*(array.shape for array in arrays))
    if shape[0] == 0:
        raise InputError("Y has no rows: at least one study is needed")
    arrays = [da.broadcast_to(array, shape) for array in arrays]
    piece = max(1, CHUNK // shape[0])
    columns = piece * max(1, min(_BLOCK // shape[0], max(arrays[0].chunks[1], default=1)) // piece)
    return [array.rechunk({0: shape[0], 1: columns}) for array in arrays]


def compute(arrays: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Return lazy arrays in memory, all fields in one pass over the data."""
    import dask

    values = dask.compute(*arrays.values())
    return dict(zip(arrays, values, strict=True))


def store(arrays: Mapping[str, Any], folder: str | Path) -> dict[str, Path]:
    """Write each field to ``<folder>/<field>.npy`` block by block, never holding a whole field.

    The files appear under their names when all are complete.
    """
    import dask
    import dask.array as da

    place = Path(folder)
    place.mkdir(parents=True, exist_ok=True)
    parts = {name: place / f".{name}.npy.part" for name in arrays}
    lazy = {name: array if is_dask(array) else da.from_array(array) for name, array in arrays.items()}
    for name, array in lazy.items():
        open_memmap(parts[name], mode="w+", dtype=array.dtype, shape=array.shape).flush()
    targets: list[Any] = [_Npy(parts[name]) for name in lazy]
    writes = da.store(
        list(lazy.values()),
        targets,
        lock=False,
        compute=False,
        return_stored=False,
    )
    dask.compute(writes)
    done = {name: place / f"{name}.npy" for name in arrays}
    for name, path in done.items():
        parts[name].replace(path)
    return done


class _Npy:
    """A file that blocks are written to by position; it travels to a worker as a path, not as its content."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __setitem__(self, place: Any, values: np.ndarray) -> None:
        target = open_memmap(self.path, mode="r+")
        target[place] = values
        target.flush()
