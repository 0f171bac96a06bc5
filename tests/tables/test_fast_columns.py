"""The fast ways through long columns find what the careful ones do."""

import itertools
import re

import numpy as np
import pytest

from meta.effects.inputs import study_labels
from meta.tables.containers import Columns
from meta.tables.numerals import characters, quick

CELLS = ("0", "00", "007", "0.7", "00.7", "7", "70", "-0.5", "1e3", "")


def test_numbers_with_leading_zeros_are_labels_wherever_they_stand():
    for cells in itertools.product(CELLS, repeat=3):
        found = quick(list(cells))
        if any(re.fullmatch(r"0\d+", cell) for cell in cells) or not any(cells):
            assert found is None, cells
        else:
            expected = [float(cell) if cell else np.nan for cell in cells]
            np.testing.assert_array_equal(found, expected, err_msg=str(cells))


@pytest.mark.parametrize("text", ["", "0.5\n-1", "NA\n1e5", "0·5\n−1", "\x00a\x7f", "ä"])
def test_characters_are_those_of_the_text(text):
    assert characters(text) == set(text)


def test_labels_that_are_all_texts_are_as_they_stand():
    mixed = np.array(["A", "", "C", 4.0, None], dtype=object)
    texts = np.array(["A", "", "C"], dtype=object)
    assert study_labels(Columns({"s": mixed}, None, 5), "s", 5).tolist() == ["A", "", "C", "4", "row 5"]
    assert study_labels(Columns({"s": texts}, None, 3), "s", 3).tolist() == ["A", "", "C"]
