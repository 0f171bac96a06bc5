"""Any bytes as a table: read right, or refused in one sentence; and tables that come out are harmless."""

from __future__ import annotations

import csv
import io
import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import meta
from meta.commands.output_files import Shown, as_csv
from meta.errors import InputError, MetaError, quiet
from meta.report.effects_table import csv_text
from meta.tables.encoding import decode_as
from meta.tables.numerals import MISSING
from meta.tables.reader import read_text
from tests.hostile.parsers import outcome


def decode(content, name):
    return decode_as(content, name)[0]


def parse(text, name):
    return read_text(text.encode("utf-8", "surrogatepass"), name).columns


QUICK = settings(settings.get_profile("hostile-quick"), max_examples=150)
LONG = settings(settings.get_profile("hostile-long"), max_examples=3000)

CELLS = [
    "",
    "0.1",
    "-1",
    "1e400",
    "nan",
    "--",
    "1_000",
    "½",
    "٣",
    "²",
    "0,5",
    "1.234,5",
    "1e-300",
    "inf",
    "−2",
]
CELLS += [
    '"',
    '"a',
    'a"b',
    '"a,b"',
    "=1+1",
    "+1",
    "@x",
    "-",
    "\0",
    "A\u2028B",
    "\u202eabc",
    "😀",
    "é" * 10_000,
]
CELLS += ["<script>alert(1)</script>", "../../x", "007", "1" * 5000, "TRUE", "2001-01-01", "#N/A", "\t", " "]
HEADERS = [
    "study",
    "yi",
    "vi",
    "sei",
    "ci_low",
    "ci_high",
    "events1",
    "n1",
    "events2",
    "n2",
    "year",
    "yi ",
    "",
    "x",
]
cell = st.one_of(st.sampled_from(CELLS), st.floats(-3, 3).map(repr), st.text(max_size=8))
coding = st.sampled_from(["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "latin-1", "utf-32"])


@st.composite
def files(draw):
    """A table of odd cells, ragged and wrongly quoted, in any encoding; sometimes with bytes changed."""
    separator = draw(st.sampled_from([",", ",", ";", "\t", "|", " "]))
    end = draw(st.sampled_from(["\n", "\r\n", "\r"]))
    width = draw(st.integers(0, 6))
    header = draw(st.permutations(HEADERS))[:width] if draw(st.booleans()) else ["study", "yi", "vi"]
    rows = draw(st.lists(st.lists(cell, max_size=7), max_size=8))
    text = end.join(separator.join(row) for row in [header, *rows])
    content = draw(st.sampled_from(["", "", "\ufeff", "\n", "sep=;\n"])) + text
    raw = bytearray(content.encode(draw(coding), "replace"))
    for _ in range(draw(st.integers(0, 2))):
        if raw:
            raw[draw(st.integers(0, len(raw) - 1))] = draw(st.integers(0, 255))
    return bytes(raw)


@QUICK
@given(content=files())
@pytest.mark.parametrize("reader", ["table of effects", "table of studies", "RevMan"])
def test_any_bytes_are_read_or_refused(reader, content):
    outcome(reader, content)


@pytest.mark.long
@LONG
@given(content=files())
@pytest.mark.parametrize("reader", ["table of effects", "table of studies", "RevMan"])
def test_many_more_bytes_are_read_or_refused(reader, content):
    outcome(reader, content)


label = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=12).map(str.strip)
number = st.floats(-1e6, 1e6)


@QUICK
@given(
    rows=st.lists(
        st.tuples(label.filter(lambda s: s.lower() not in MISSING), number), min_size=1, max_size=6
    ),
    separator=st.sampled_from(",;\t|"),
    end=st.sampled_from(["\n", "\r\n"]),
    coded=st.sampled_from(["utf-8", "utf-8-sig", "utf-16"]),
    comma=st.booleans(),
)
def test_what_was_written_is_what_is_read(rows, separator, end, coded, comma):
    """Also with line ends of Unicode, quotes and separators inside of labels, and decimal commas."""
    stream = io.StringIO()
    writer = csv.writer(stream, delimiter=separator, lineterminator=end, quoting=csv.QUOTE_ALL)
    writer.writerow(["label", "value"])
    shown = [repr(x).replace(".", ",") if comma and separator in ";\t" else repr(x) for _, x in rows]
    writer.writerows([f"s{text}", x] for (text, _), x in zip(rows, shown, strict=True))
    found = parse(decode(stream.getvalue().encode(coded), "t.csv"), "t.csv")
    assert found["label"].tolist() == [f"s{text}" for text, _ in rows]
    np.testing.assert_array_equal(found["value"], [x for _, x in rows])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "it is empty"),
        ("\n \n", "it is empty"),
        ("yi,vi\n", "a header but no rows"),
        ("yi,vi\n1,2,3\n", "line 2 has 3 cells, and the header has 2"),
        ('yi,vi\n"1,2\n', "line 2"),
        ("yi,vi\n1,2\0\n", "it is binary"),
        ("a\n" + "x" * 200_000, "field larger than field limit"),
    ],
)
def test_what_is_no_table_is_refused_with_its_line(text, message):
    with pytest.raises(InputError, match=message):
        parse(decode(text.encode(), "t.csv"), "t.csv")


def test_a_line_end_of_unicode_inside_a_cell_does_not_cut_the_row():
    found = parse("study,yi,vi\nA\u2028B,0.1,0.2\nC\x85D,0.3,0.1\n", "t.csv")
    assert found["study"].tolist() == ["A\u2028B", "C\x85D"]
    assert found["yi"].tolist() == [0.1, 0.3]


def test_a_separator_is_not_counted_inside_of_quotes_nor_on_blank_lines():
    assert list(parse('\n"a;b;c",yi\nx,1\n', "t.csv")) == ["a;b;c", "yi"]
    assert parse("\n\nstudy;yi\nA;0,5\n", "t.csv")["yi"].tolist() == [0.5]


@pytest.mark.parametrize("cell", ["1_000", "½", "²", "1.234,5", "0x10", "1e", "١٢٬٣", "TRUE"])
def test_what_is_no_number_is_no_number(cell):
    table = parse(
        f"study,yi,vi\nA,{cell if ',' not in cell else chr(34) + cell + chr(34)},0.1\nB,1,1\n", "t.csv"
    )
    with pytest.raises(InputError, match="yi must be numeric: study 'A'"):
        meta.effect_sizes(table, measure="GEN")


def test_what_is_more_than_a_double_holds_is_refused_by_study():
    table = parse("study,yi,vi\nA,1e400,0.1\nB,1,1\n", "t.csv")
    with pytest.raises(InputError, match="yi must be finite: study 'A'"):
        meta.effect_sizes(table, measure="GEN")


@pytest.mark.parametrize(
    "content",
    [
        "study;yi;vi\nA;0,1;0,2\nB;0,5;0,1\n",
        "\ufeffstudy,yi,vi\r\nA,0.1,0.2\r\nB,0.5,0.1\r\n",
        "study\tyi\tvi\nA\t0.1\t0.2\nB\t0.5\t0.1\n".encode("utf-16"),
        "sep=|\nstudy|yi|vi\nA|0.1|0.2\nB|0.5|0.1\n",
    ],
)
@pytest.mark.parametrize("name", ["t.csv", "t.txt", "t.tsv"])
def test_a_path_given_to_python_is_read_like_one_given_to_the_command(tmp_path, content, name):
    (tmp_path / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    es = meta.effect_sizes(tmp_path / name, measure="GEN")
    assert (es.study.tolist(), es.yi.tolist(), es.vi.tolist()) == (["A", "B"], [0.1, 0.5], [0.2, 0.1])


def test_a_damaged_spreadsheet_given_to_python_is_refused(tmp_path):
    (tmp_path / "t.xlsx").write_bytes(b"PK\x03\x04 no")
    with pytest.raises(MetaError, match="is not a spreadsheet that can be read"):
        meta.effect_sizes(tmp_path / "t.xlsx", measure="GEN")


DANGEROUS = [
    "=1+1",
    "+1",
    "-x",
    "@SUM(A1)",
    "\t=1",
    "\r=1",
    " =1",
    "\n=1",
    '=HYPERLINK("x")',
    "=cmd|' /C calc'!A0",
]


@pytest.mark.parametrize("text", DANGEROUS)
def test_no_cell_that_is_written_begins_a_formula(text):
    shown = Shown("", {}, [text], [[text, -1.5, None]], None, lambda: None)
    for written in (as_csv(shown), csv_text([{"a": text, "b": -1.5}], ("a", "b"))):
        for row in csv.reader(io.StringIO(written, newline="")):
            for item in row:
                assert item.strip()[:1] not in tuple("=+@") or item in ("", "-1.5"), item
                assert not item.strip().startswith("-") or float(item) == -1.5


def test_numbers_that_are_written_stay_numbers():
    row = next(csv.reader([csv_text([{"a": -0.5}], ("a",)).splitlines()[1]]))
    assert float(row[0]) == -0.5


REGRESSIONS = {
    "study file": [b"x = " + b"1" * 5000],
    "claims file": [b"x = " + b"1" * 5000],
    "table of studies": [
        "author,year,time\nFoo A,20²,24 h\n".encode(),
        b"author,year,time,outcome\nFoo A,2001," + b"1" * 5000 + b" h,soreness\n",
        "author,year,time,outcome\nFoo A,2001,٣٢ h,soreness\n".encode(),
        b"\xff\xfea",
        b'sep="\na,b\n1,2\n',
    ],
    "typed value": [b"\x00" + b"1" * 100_000, b"\x01" + b"0" * 5000 + b"1", "\x02²".encode()],
    "prior": [b"studentt((),)", b"normal([1], 2)", b"normal(1e400, 1)", b"normal(0, 1" + b"0" * 400 + b")"],
    "hypothesis": [b"mu=" + b"1" * 100_000, b"mu<" + b"1" * 100_000 + b"x"],
    "formula": [
        b"~ x | g",
        b"- 1",
        b"~ `x` | x",
        b"~ poly(x,:2) - 1",
        b" 2^000",
        b"~poly(x, 71_0009) - 1",
        b"~ (x + g)**99999",
        b"~ np.log( 1) - 1",
        b"~" + b"(" * 500 + b"x",
    ],
    "RevMan": [
        b"Analysis group,Analysis number,Study\r1,1\r\n\r2",
        "Analysis group,Analysis number,Study,Study year\n1,1,A,197²6\n".encode(),
        b'<?xml version="1.0" encoding="ISO-8859-j"?><COCHRANE_REVIEW/>',
        b"Analysis group,Analysis number,Study,O-E,Variance\n1,1,A,1,1e-320\n",
    ],
    "saved result": [
        b'{"format": ' + b"1" * 5000 + b"}",
        json.dumps(
            {
                "format": "meta-verdict/1",
                "class": "Pooled",
                "content": {"$array": {"dtype": "float32", "shape": [1], "values": [1e300]}},
            }
        ).encode(),
    ],
}
"""Bytes on which readers once failed or hung."""


@pytest.mark.parametrize(("reader", "content"), [(k, v) for k, vs in REGRESSIONS.items() for v in vs])
def test_what_once_failed(reader, content):
    with quiet():
        outcome(reader, content)
