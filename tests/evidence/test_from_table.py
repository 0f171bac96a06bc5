"""Rows of CSV, TSV and Excel sheets as study files."""

import builtins

import pytest

from meta.errors import EvidenceError
from meta.evidence.from_table import entries, read_table

COMMON = {
    "group": "healthy exercisers",
    "read": "full text",
    "place": "Table 2",
    "outcome": "soreness",
    "phase": "final",
    "allocation": "randomised",
    "control": "placebo",
}
PLAIN = """author,year,time,mean1,sd1,n1,mean2,sd2,n2
Foo A,2001,24 h,1.5,0.4,20,2.5,0.5,21
Foo A,2001,48 h,1.1,0.3,20,1.9,0.5,21
"Bar B; Baz C",2002,24 h,1.25,,22,2,NA,25
"""


def made(text, **more):
    return [entry.make() for entry in entries(read_table("data.csv", text=text), COMMON | more)]


def test_rows_of_one_study_make_one_file_with_a_result_each():
    foo, bar = made(PLAIN)
    assert (foo.id, bar.id) == ("foo-2001", "bar-2002")
    assert [result.id for result in foo.results] == ["soreness-24-h", "soreness-48-h"]
    assert [arm.mean for arm in foo.results[1].statistic.arms] == [1.1, 1.9]
    assert bar.authors == ("Bar B", "Baz C")
    assert bar.results[0].statistic.arms[0].sd is None
    assert bar.results[0].statistic.arms[1].sd is None


def semicolons(text):
    return text.replace("; ", " and ").replace(",", ";").replace(".", ",").replace('"', "")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: "\ufeff" + text,
        lambda text: text.replace("\n", "\r\n"),
        semicolons,
        lambda text: "sep=;\n" + semicolons(text),
        lambda text: text.replace(",", "\t"),
        lambda text: text.replace("\n", "\n,,,,,,,,\n"),
        lambda text: text.replace("mean1", "Mean1").replace("time", " TIME ").replace("author", "Author"),
        lambda text: text.replace("NA", "–"),
    ],
    ids=["bom", "windows", "semicolons", "sep=", "tabs", "empty rows", "spelling", "dash"],
)
def test_the_same_table_written_otherwise_gives_the_same_studies(change):
    assert made(change(PLAIN)) == made(PLAIN)


def test_percentages_keep_the_decimals_that_were_printed():
    text = "author,year,time,percent1,n1,percent2,n2\nFoo A,2001,4 weeks,86.0,43,60,43\n"
    (study,) = made(text, outcome="cramp-reduction", group="pregnant women with cramps")
    assert [(arm.percent, arm.decimals) for arm in study.results[0].statistic.arms] == [(86.0, 1), (60.0, 0)]


def test_a_study_column_names_the_file():
    (study,) = made("study,time,md,ci_low,ci_high,n1,n2\nSteward et al 2019,24 h,-3,-5,-1,10,11\n")
    assert (study.id, study.label) == ("steward-et-al-2019", "Steward et al 2019")
    assert study.title == "Steward et al 2019 (title not recorded)"
    assert study.results[0].statistic.kind == "mean-difference"
    assert [arm.n_analysed for arm in study.arms] == [10, 11]


@pytest.mark.parametrize("kind", ["utf-8", "utf-8-sig", "utf-16"])
def test_files_in_any_unicode(tmp_path, kind):
    path = tmp_path / "data.csv"
    path.write_bytes(PLAIN.replace("Foo", "Fóo").encode(kind))
    assert entries(read_table(path), COMMON)[0].make().authors == ("Fóo A",)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a table"),
        ("author,year\n", "is not a table"),
        ("author,,year\nFoo,1,2\n", "column 2 .* has no name"),
        ("author,author\nFoo,1\n", "two columns .* called 'author'"),
        ("author,authors\nFoo,1\n", "two columns mean authors"),
        ("author,yaer\nFoo,1\n", "did you mean year"),
        ("author,year\nFoo,2001,3\n", "row 2 .* more cells than the header"),
        ('author,year\n"Foo,2001\n', "damaged"),
        ("author;sd1;sd2\nFoo;1,5;1.5\n", "row 2 writes '1.5' with a point"),
        ("author,year,country\nFoo A,2001,UK\nFoo A,2001,US\n", "row 2 says 'UK' of the same study"),
    ],
)
def test_tables_that_are_none_are_refused_with_the_remedy(text, message):
    with pytest.raises(EvidenceError, match=message):
        made(text)


def test_problems_name_the_row_and_the_column():
    text = PLAIN.replace("0.4", "-0.4").replace("2002", "2OO2")
    found = []
    for entry in entries(read_table("data.csv", text=text), COMMON):
        with pytest.raises(EvidenceError) as caught:
            entry.make()
        found += [(problem.file, problem.field, problem.value) for problem in caught.value.problems]
    assert ("rows 2, 3", "sd1", "-0.4") in found
    assert ("row 4", "year", "'2OO2'") in found


def test_a_row_alone_with_a_bad_number_is_told():
    text = "id,time,events1,n1,events2,n2\nab-1,24 h,12,10,3,10\n"
    with pytest.raises(EvidenceError, match="events must be at most n: 12 > 10"):
        made(text)


def test_a_thousand_with_a_comma_is_not_read_as_one(tmp_path):
    with pytest.raises(EvidenceError, match="two ways"):
        made('author,year,time,mean1,mean2\nFoo A,2001,24 h,"1,234",2\n')


@pytest.fixture
def excel(tmp_path):
    openpyxl = pytest.importorskip("openpyxl")

    def write(rows, name="data.xlsx", sheet="Sheet"):
        book = openpyxl.Workbook()
        book.active.title = "notes"
        page = book.create_sheet(sheet, 0)
        for row in rows:
            page.append(row)
        path = tmp_path / name
        book.save(path)
        return path

    return write


def test_an_excel_sheet_gives_the_same_studies(excel):
    rows = [line.replace('"', "").split(",") for line in PLAIN.splitlines()]
    rows = [
        [float(cell) if cell.replace(".", "").isdigit() else cell or None for cell in row] for row in rows
    ]
    path = excel(rows)
    assert [entry.make() for entry in entries(read_table(path), COMMON)] == made(PLAIN)
    with pytest.raises(EvidenceError, match="has no sheet 'data'; it has Sheet, notes"):
        read_table(path, sheet="data")
    with pytest.raises(EvidenceError, match="is not a table"):
        read_table(path, sheet="notes")


def test_a_date_that_excel_made_is_refused(excel):
    import datetime

    path = excel([["author", "mean1"], ["Foo", datetime.date(2024, 4, 3)]])
    with pytest.raises(EvidenceError, match=r"2024-04-03.*format the column as text"):
        read_table(path)


def test_what_is_no_excel_file_is_told(tmp_path):
    path = tmp_path / "data.xlsx"
    path.write_text(PLAIN)
    pytest.importorskip("openpyxl")
    with pytest.raises(EvidenceError, match="is not an Excel file"):
        read_table(path)
    with pytest.raises(EvidenceError, match="save it as"):
        read_table(tmp_path / "data.xls") if (tmp_path / "data.xls").write_text("x") else None
    with pytest.raises(EvidenceError, match="no file"):
        read_table(tmp_path / "nowhere.csv")
    (tmp_path / "latin.csv").write_bytes("author\nMüller\n".encode("latin-1"))
    with pytest.raises(EvidenceError, match="not UTF-8"):
        read_table(tmp_path / "latin.csv")


def test_without_openpyxl_the_remedy_is_one_sentence(tmp_path, monkeypatch):
    real = builtins.__import__

    def without(name, *rest, **more):
        if name == "openpyxl":
            raise ImportError(name)
        return real(name, *rest, **more)

    (tmp_path / "data.xlsx").write_bytes(b"PK")
    monkeypatch.setattr(builtins, "__import__", without)
    with pytest.raises(EvidenceError, match=r"pip install openpyxl.*or save the sheet as CSV"):
        read_table(tmp_path / "data.xlsx")
