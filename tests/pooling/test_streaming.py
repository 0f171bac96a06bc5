"""Batches through Dask: the same numbers as in memory, whatever the blocks, and refusals in one sentence."""

from __future__ import annotations

import numpy as np
import pytest

import meta
from meta.errors import InputError
from meta.kernels.weights import CHUNK

da = pytest.importorskip("dask.array")
dask = pytest.importorskip("dask")


@pytest.fixture(autouse=True)
def _threads():
    with dask.config.set(scheduler="synchronous"):
        yield


@pytest.fixture(scope="module")
def batch():
    rng = np.random.default_rng(3)
    v = rng.uniform(0.02, 0.4, (7, 2 * CHUNK // 7 + 500))
    y = rng.normal(0.2, np.sqrt(v + 0.1))
    y[rng.random(y.shape) < 0.1] = np.nan
    return y, v


@pytest.mark.parametrize(("method", "test"), [("EE", "z"), ("DL", "t"), ("REML", "hksj"), ("PM", "adhoc")])
@pytest.mark.parametrize("chunks", [(7, 10_000), (3, 25_000), (-1, -1)])
def test_every_array_is_the_one_from_memory_to_the_last_bit(batch, method, test, chunks):
    y, v = batch
    expected = meta.pool_many(y, v, method=method, test=test).arrays()
    lazy = meta.pool_many(da.from_array(y, chunks), da.from_array(v, chunks), method=method, test=test)
    found = lazy.compute().arrays()
    for name, values in expected.items():
        assert found[name].dtype == values.dtype
        np.testing.assert_array_equal(found[name], values, err_msg=name)


def test_nothing_is_computed_until_asked_for():
    def refuse(block):
        raise AssertionError("computed")

    v = da.ones((3, 10), chunks=(3, 5)).map_blocks(refuse, dtype=float, meta=np.empty((0, 0)))
    many = meta.pool_many(da.zeros((3, 10), chunks=(3, 5)), v)
    assert len(many) == 10
    assert "not computed yet" in repr(many)


def test_weights_and_broadcast_variances_are_streamed_too(batch):
    y, v = batch[0][:, :100], batch[1][:, :1]
    w = np.arange(1.0, 8.0)
    expected = meta.pool_many(y, np.broadcast_to(v, y.shape), method="GENQ", weights=w, test="z")
    found = meta.pool_many(da.from_array(y, (7, 30)), v, method="GENQ", weights=w, test="z").compute()
    np.testing.assert_array_equal(found.estimate, expected.estimate)
    np.testing.assert_array_equal(found.tau2, expected.tau2)


def test_arrays_are_written_block_by_block_and_appear_when_complete(batch, tmp_path):
    y, v = batch
    lazy = meta.pool_many(da.from_array(y, (7, 9_000)), da.from_array(v, (7, 9_000)), method="DL", test="z")
    files = lazy.save_arrays(tmp_path / "out", ["estimate", "k", "converged"])
    expected = meta.pool_many(y, v, method="DL", test="z")
    for name, path in files.items():
        np.testing.assert_array_equal(np.load(path, mmap_mode="r"), getattr(expected, name))
    assert sorted(item.name for item in (tmp_path / "out").iterdir()) == [
        "converged.npy",
        "estimate.npy",
        "k.npy",
    ]


def test_a_result_in_memory_is_written_in_the_same_way(batch, tmp_path):
    many = meta.pool_many(batch[0][:, :50], batch[1][:, :50])
    assert many.compute() is many
    files = many.save_arrays(tmp_path)
    np.testing.assert_array_equal(np.load(files["tau2"]), many.tau2)


def test_a_failure_leaves_the_files_of_the_last_run(batch, tmp_path):
    y, v = batch[0][:, :50], batch[1][:, :50].copy()
    good = meta.pool_many(da.from_array(y), da.from_array(v), test="z")
    good.save_arrays(tmp_path, ["estimate"])
    before = (tmp_path / "estimate.npy").read_bytes()
    v[2, 7] = -1.0
    y = np.nan_to_num(y)
    with pytest.raises(InputError, match="row 2, column 7 has -1"):
        meta.pool_many(da.from_array(y), da.from_array(v), test="z").save_arrays(tmp_path, ["estimate"])
    assert (tmp_path / "estimate.npy").read_bytes() == before


def test_a_refusal_names_the_column_of_the_whole_batch_not_of_the_block():
    width = 2 * (CHUNK // 2) + 11
    v = np.ones((2, width))
    v[1, width - 3] = 0.0
    many = meta.pool_many(da.zeros((2, width), chunks=(2, 1000)), da.from_array(v, (2, 1000)), test="z")
    with pytest.raises(InputError, match=f"row 1, column {width - 3} has 0"):
        many.compute()


@pytest.mark.parametrize(("shape", "message"), [((2, 3, 4), "must have shape"), ((0, 4), "has no rows")])
def test_shapes_are_checked_before_anything_is_computed(shape, message):
    with pytest.raises(InputError, match=message):
        meta.pool_many(da.zeros(shape), da.ones(shape))


def test_unknown_shapes_and_fields_are_refused():
    y = da.zeros((2, 10), chunks=(2, 5))
    with pytest.raises(InputError, match="compute_chunk_sizes"):
        meta.pool_many(y[:, y[0] > 1], da.ones((2, 10)))
    with pytest.raises(InputError, match="no array 'effect'"):
        meta.pool_many(y, da.ones((2, 10))).save_arrays("nowhere", ["effect"])


@pytest.mark.slow
def test_a_cluster_of_processes_gives_the_same_numbers(batch, tmp_path):
    distributed = pytest.importorskip("distributed")
    y, v = batch
    expected = meta.pool_many(y, v)
    with (
        dask.config.set(scheduler=None),
        distributed.LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster,
        distributed.Client(cluster),
    ):
        lazy = meta.pool_many(da.from_array(y, (7, 9_000)), da.from_array(v, (7, 9_000)))
        files = lazy.save_arrays(tmp_path, ["estimate", "p_value"])
        np.testing.assert_array_equal(lazy.compute().ci_low, expected.ci_low)
    np.testing.assert_array_equal(np.load(files["p_value"]), expected.p_value)
