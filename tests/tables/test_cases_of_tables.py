"""Tables as people have them (meta.tables, meta.commands): read right, or refused with the right sentence.

The numbers are those of R (metafor 3.8: escalc, rma with REML and knha) for the same data written plainly.
"""

import io
import json
import sys

import openpyxl
import pytest

import meta
from meta import cli
from meta.errors import InputError

TRIALS = "Study,events1,n1,events2,n2\nA,4,123,11,139\nB,6,306,29,303\nC,3,231,11,220\n"
RISK_RATIO = (0.264, 0.107, 0.651)


@pytest.fixture
def pooled(monkeypatch, capsys, tmp_path):
    """Pool a file's content; return what is printed as JSON (None where it is refused) and the notes."""
    monkeypatch.chdir(tmp_path)

    def call(content, *arguments, name="t.csv", command="pool"):
        path = tmp_path / name
        if isinstance(content, openpyxl.Workbook):
            content.save(path)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        monkeypatch.setattr(sys, "argv", ["meta", command, str(path), "--json", *arguments])
        with pytest.raises(SystemExit) as stopped:
            cli.main()
        printed = capsys.readouterr()
        assert "Traceback" not in printed.err
        return (None if stopped.value.code else json.loads(printed.out)), printed.err

    return call


def read_back(found):
    return tuple(round(found["read"][name], 3) for name in ("estimate", "ci_low", "ci_high"))


def numbers(found):
    return tuple(round(found[name], 3) for name in ("estimate", "ci_low", "ci_high"))


def sheet(*rows, merged=(), title="Sheet1"):
    book = openpyxl.Workbook()
    book.active.title = title
    for row in rows:
        book.active.append(row)
    for cells in merged:
        book.active.merge_cells(cells)
    return book


DATA = [["A", 4, 123, 11, 139], ["B", 6, 306, 29, 303], ["C", 3, 231, 11, 220]]
HEADER = ["Study", "events1", "n1", "events2", "n2"]


def test_thousands_with_commas_beside_decimal_points(pooled):
    table = (
        'study\tmean1\tsd1\tn1\tmean2\tsd2\tn2\nA\t"1,204"\t210.5\t30\t"1,150"\t205.2\t30\n'
        'B\t980\t190.1\t25\t"1,010"\t200.3\t26\nC\t"1,102"\t220.7\t40\t"1,080"\t199.9\t41\n'
    )
    found, notes = pooled(table, "-m", "MD", name="t.tsv")
    assert numbers(found) == pytest.approx((16.47, -83.37, 116.32), abs=0.01)
    assert "a comma groups thousands, so mean1 = '1,204' is 1204" in notes


@pytest.mark.parametrize("rest", ["", ";dose\n{};12,5\n{};10,5\n"])
def test_thousands_with_points_in_a_column_of_people(rest, tmp_path):
    text = "study;events1;n1;events2;n2\nA;12;1.204;15;1.198\nB;30;2.400;41;2.380\n"
    if rest:
        head, *lines = text.splitlines()
        text = "\n".join([head + ";dose", *(f"{line};12,5" for line in lines)])
    (tmp_path / "t.csv").write_text(text)
    assert meta.read_table(tmp_path / "t.csv")["n1"].tolist() == [1204, 2400]


@pytest.mark.parametrize("codec", ["cp1252", "utf-8", "utf-16", "utf-16-le", "utf-8-sig", "latin-1"])
def test_encodings_and_decimal_commas(pooled, codec):
    text = "study;yi;sei\nÁva 2001;0,31;0,10\nBjörk 2003;-0,20;0,15\nÇelik;0,55;0,12\n"
    found, notes = pooled(text.encode(codec))
    assert numbers(found) == (0.229, -0.710, 1.168)
    assert found["study"] == ["Áva 2001", "Björk 2003", "Çelik"]
    assert ("encoding: " in notes) == (not codec.startswith("utf-8"))


@pytest.mark.parametrize(
    "text",
    [
        '"study" "yi" "vi"\n"1" "A 2001" 0.1 0.02\n"2" "B 2002" 0.3 0.04\n"3" "C" 0.2 0.03\n',
        'study yi vi\n"A 2001" 0.1 0.02\n"B 2002" 0.3 0.04\nC 0.2 0.03\n',
        '"study","yi","vi"\n"1","A 2001",0.1,0.02\n"2","B 2002",0.3,0.04\n"3","C",0.2,0.03\n',
        '"","study","yi","vi"\n"1","A 2001",0.1,0.02\n"2","B 2002",0.3,0.04\n"3","C",0.2,0.03\n',
        "study     yi    vi\nA 2001   0.1  0.02\nB 2002   0.3  0.04\nC        0.2  0.03\n",
        "| study | yi | vi |\n|---|---|---|\n| A 2001 | .1 | .02 |\n| B 2002 | .3 | .04 |\n| C | .2 | .03 |",
    ],
)
def test_text_as_r_and_markdown_write_it(pooled, text):
    found, _ = pooled(text, name="t.txt")
    assert found["study"] == ["A 2001", "B 2002", "C"]
    assert numbers(found) == (0.177, -0.066, 0.420)


def test_workbooks_of_all_shapes(pooled):
    cover = sheet(["Prepared for the review; see sheet 'data'"], title="README")
    data = cover.create_sheet("data")
    for row in [HEADER, *DATA]:
        data.append(row)
    upper, lower = ["Study", "Treatment", None, "Control", None], [None, "Events", "Total", "Events", "Total"]
    twice = [[*HEADER, "notes", "notes"], *([*row, "x", "y"] for row in DATA)]
    titled = [["Table 2. Deaths"], [], HEADER, *DATA, [], ["Note: counts at the longest follow-up"]]
    books = {
        "cover": cover,
        "merged": sheet(upper, lower, *DATA, merged=("B1:C1", "D1:E1", "A1:A2")),
        "not merged": sheet(upper, lower, *DATA),
        "repeated": sheet(*twice),
        "titled": sheet(*titled),
        "text": sheet(HEADER, *([str(cell) for cell in row] for row in DATA)),
    }
    for kind, book in books.items():
        found, _ = pooled(book, "-m", "RR", name="t.xlsx")
        assert found is not None, kind
        assert read_back(found) == RISK_RATIO, kind


def test_merged_cells_of_groups_hold_for_each_of_their_rows(pooled):
    rows = [[*HEADER, "group"], [*DATA[0], "x"], [*DATA[1], None], [*DATA[2], "y"], ["D", 5, 99, 7, 98, None]]
    found, _ = pooled(sheet(*rows, merged=("F2:F3", "F4:F5")), "-m", "RR", "--by", "group", name="t.xlsx")
    assert list(found["groups"]) == ["x", "y"] or {"x", "y"} <= set(json.dumps(found).split('"'))


def test_a_sheet_can_be_named(pooled):
    book = sheet(HEADER, *DATA)
    other = book.create_sheet("more")
    for row in [["study", "yi", "vi"], ["A", 0.1, 0.02], ["B", 0.3, 0.04], ["C", 0.2, 0.03]]:
        other.append(row)
    assert pooled(book, "--sheet", "more", name="t.xlsx")[0]["k"] == 3
    assert pooled(book, "--sheet", "2", name="t.xlsx")[0]["k"] == 3
    assert "has no sheet 'x'; it has 'Sheet1', 'more'" in pooled(book, "--sheet", "x", name="t.xlsx")[1]
    assert "sheet: 'Sheet1'; there is also 'more'" in pooled(book, "-m", "RR", name="t.xlsx")[1]


@pytest.mark.parametrize(
    "header",
    [
        *("estimate,se", "beta,se", "cohens_d,se_cohens_d", "cohens_d,cohens_d_se", "b,SE(b)", "z,sez"),
        *("logOR,logOR_se", "Hedges' g,SE of Hedges' g", "est,std.error"),
    ],
)
def test_an_effect_with_its_error_by_rule(pooled, header):
    found, _ = pooled(f"study,{header}\nA,0.3,0.1\nB,0.5,0.2\nC,0.1,0.15\n")
    assert numbers(found) == (0.277, -0.114, 0.668)


@pytest.mark.parametrize("header", ["z,var.z", "d,var.d", "SMD,v_SMD", "es,vi_es"])
def test_an_effect_with_its_variance_by_rule(pooled, header):
    found, _ = pooled(f"study,{header}\nA,0.3,0.01\nB,0.5,0.04\nC,0.1,0.0225\n")
    assert numbers(found) == (0.277, -0.114, 0.668)


def test_a_ratio_by_its_name_and_what_overrules_it(pooled):
    table = "study,OR,SE\nA,1.35,0.1\nB,1.65,0.2\nC,1.1,0.15\n"
    by_hand = ("-m", "OR", "-c", "yi=OR", "-c", "sei=SE")
    for arguments in ((), ("-m", "OR"), by_hand, ("--scale", "ratio")):
        found, notes = pooled(table, *arguments)
        assert read_back(found) == pytest.approx((1.318, 0.879, 1.976), abs=2e-3)
        assert "SE' is taken for the standard error of the log" in notes
    found, _ = pooled(table, "-m", "OR", "--scale", "log")
    assert round(found["estimate"], 2) == 1.34
    logs = table.replace("OR", "logOR")
    assert pooled(logs)[0]["estimate"] == found["estimate"]
    named_yi = table.replace("OR", "yi")
    found, notes = pooled(named_yi, "-m", "OR")
    assert round(found["estimate"], 2) == 1.34
    assert "are they ratios" in notes
    assert "--scale ratio" in notes


def test_a_standard_error_of_the_ratio_is_seen_by_the_interval(pooled):
    se_of_ratio = (
        "study,OR,SE,lower,upper\nA,1.35,0.135,1.11,1.64\nB,1.65,0.33,1.11,2.44\nC,1.1,0.165,0.82,1.48\n"
    )
    found, notes = pooled(se_of_ratio, "-c", "yi=OR", "-c", "sei=SE")
    assert read_back(found) == pytest.approx((1.318, 0.879, 1.976), abs=2e-3)
    assert "'SE' is the standard error of the ratio" in notes


@pytest.mark.parametrize(
    ("header", "rows"),
    [
        ("study,Drug,Placebo", ["A,12/45,15/44", "B,5/50,9/50", "C,7/30,8/31"]),
        ("study,Drug,Placebo", ["A,12 of 45,15 of 44", "B,5 of 50,9 of 50", "C,7 of 30,8 of 31"]),
        (
            "study,Drug n/N (%),Placebo n/N (%)",
            ["A,12/45 (26.7),15/44 (34.1)", "B,5/50 (10),9/50 (18)", "C,7/30 (23),8/31 (26)"],
        ),
        (
            "study,Drug,N drug,Placebo,N placebo",
            ["A,12 (27%),45,15 (34%),44", "B,5 (10%),50,9 (18%),50", "C,7 (23%),30,8 (26%),31"],
        ),
    ],
)
def test_counts_as_printed(pooled, header, rows):
    found, _ = pooled("\n".join([header, *rows]), "-m", "RR")
    assert numbers(found) == (-0.276, -0.790, 0.239)


@pytest.mark.parametrize(
    ("header", "cell"),
    [
        ("Mean (SD) {}", "{} ({})"),
        ("{}, mean (SD)", "{} ({})"),
        ("{}", "{} ± {}"),
        ("{} mean ± SD", "{} +/- {}"),
    ],
)
def test_means_as_printed(pooled, header, cell):
    arms = [header.format(arm) for arm in ("drug", "placebo")]
    rows = [("A", "5.0", "1.0", "6.0", "1.1"), ("B", "5.2", "1.3", "6.0", "1.2")]
    lines = [f'study,"{arms[0]}",N drug,"{arms[1]}",N placebo']
    lines += [f"{s},{cell.format(a, b)},20,{cell.format(c, d)},20" for s, a, b, c, d in rows]
    found, _ = pooled("\n".join(lines), "-m", "SMD")
    plain = "study,mean1,sd1,n1,mean2,sd2,n2\nA,5,1,20,6,1.1,20\nB,5.2,1.3,20,6,1.2,20\n"
    assert numbers(found) == numbers(pooled(plain, "-m", "SMD")[0])


@pytest.mark.parametrize(
    "rows",
    [
        ["study,OR,95% CI", "A,1.35,1.11-1.64", "B,1.65,1.11-2.44", "C,1.1,0.82-1.48"],
        ["study,OR (95% CI)", "A,1.35 (1.11-1.64)", "B,1.65 (1.11-2.44)", "C,1.1 (0.82-1.48)"],
        ["study,OR (95% CI)", "A,1.35 (1.11 to 1.64)", "B,1.65 (1.11 to 2.44)", "C,1.1 (0.82 to 1.48)"],
        ["study;OR [95% CI]", "A;1.35 [1.11, 1.64]", "B;1.65 [1.11, 2.44]", "C;1.1 [0.82, 1.48]"],
        ["study;OR (95%-KI)", "A;1,35 (1,11–1,64)", "B;1,65 (1,11–2,44)", "C;1,1 (0,82–1,48)"],
        ["study,OR,CI lower,CI upper", "A,1·35,1·11,1·64", "B,1·65*,1·11,2·44", "C,1·1,0·82,1·48†"],
    ],
)
def test_ratios_with_intervals_as_printed(pooled, rows):
    found, _ = pooled("\n".join(rows))
    assert found["measure"] == "OR"
    assert read_back(found) == pytest.approx((1.318, 0.883, 1.970), abs=3e-3)


@pytest.mark.parametrize("blank", ["NR", "ND", "n.r.", "not reported", "—", "NA", "#N/A", ""])
def test_words_for_what_was_not_reported(pooled, blank):
    found, _ = pooled(
        f"study,event.e,n.e,event.c,n.c\nA,0,30,{blank},30\nB,4,33,6,30\nC,2,31,5,33\n", "-m", "RR"
    )
    assert found["k"] == 2


def test_the_bad_cells_are_named_and_can_be_left_out(pooled):
    table = "study,yi,vi\nA,0.2,0.1\nB,abc,0.04\nC,0.1,0.05\nD,2024-05-01,0.05\n"
    _, notes = pooled(table)
    assert "study 'B' has yi = 'abc' and study 'D' has yi = '2024-05-01'" in notes
    assert "lines 3 and 5" in notes
    found, notes = pooled(table, "--skip-bad")
    assert found["study"] == ["A", "C"]
    assert "left out (--skip-bad)" in notes


def test_all_impossible_rows_are_listed_at_once(pooled):
    table = (
        "study,event.e,n.e,event.c,n.c\nZB,60,200,83,200\nLYK,48.4,32,59.9,32\nX,-1,9,3,9\nW,27,43,34,41\n"
    )
    _, notes = pooled(table, "-m", "RR")
    for cell in ("events1 = 48.4 and n1 = 32", "events2 = 59.9 and n2 = 32", "events1 = -1"):
        assert cell in notes
    assert pooled(table, "-m", "RR", "--skip-bad")[0]["k"] == 2
    limits = "study,HR,lower,upper\nA,0.8,0.5,1.2\nB,0.7,0.00,1.4\nC,1.1,0.9,0.7\nD,0.9,0.6,1.3\n"
    _, notes = pooled(limits)
    assert "study 'B' has ci_low = 0" in notes
    assert "study 'C' has ci_low = 0.9 and ci_high = 0.7" in notes
    assert pooled(limits, "--skip-bad")[0]["study"] == ["A", "D"]


def test_repeated_columns_are_refused_only_where_they_are_needed(pooled):
    assert pooled("study,yi,vi,x,x\nA,1,1,2,3\nB,2,1,2,3\n")[0]["k"] == 2
    _, notes = pooled("study,yi,yi,vi\nA,1,2,1\nB,2,2,1\n")
    assert "two columns are called 'yi'" in notes
    assert pooled("study,yi,yi,vi\nA,1,2,1\nB,2,2,1\n", "-c", "yi=yi.2")[0]["estimate"] == 2


def test_german_french_and_spanish_headers(pooled):
    for header in (
        "Studie;Ereignisse Behandlung;N Behandlung;Ereignisse Kontrolle;N Kontrolle",
        "Étude;Évènements traitement;Effectif traitement;Évènements témoin;Effectif témoin",
        "Estudio;Eventos tratamiento;Total tratamiento;Eventos control;Total control",
    ):
        table = f"{header}\nGarcía 2001;12;45;15;44\nPérez 2002;5;50;9;50\nLópez 2003;7;30;8;31\n"
        found, _ = pooled(table, "-m", "RR")
        assert numbers(found) == (-0.276, -0.790, 0.239)
        assert found["study"][0] == "García 2001"


RM5 = """<?xml version="1.0" encoding="UTF-8"?>
<COCHRANE_REVIEW><STUDIES_AND_REFERENCES><STUDIES><INCLUDED_STUDIES><STUDY ID="STD-A" NAME="Álvarez 2001"/>
<STUDY ID="STD-B" NAME="Beta 2002"/><STUDY ID="STD-C" NAME="Gamma 2003"/></INCLUDED_STUDIES></STUDIES>
</STUDIES_AND_REFERENCES><ANALYSES_AND_DATA><COMPARISON NO="1"><NAME>Drug {} B</NAME>
<DICH_OUTCOME EFFECT_MEASURE="RR" NO="1"><NAME>Death</NAME>
<DICH_DATA ESTIMABLE="YES" EVENTS_1="4" EVENTS_2="11" STUDY_ID="STD-A" TOTAL_1="123" TOTAL_2="139"/>
<DICH_DATA ESTIMABLE="YES" EVENTS_1="6" EVENTS_2="29" STUDY_ID="STD-B" TOTAL_1="306" TOTAL_2="303"/>
<DICH_DATA ESTIMABLE="NO" EVENTS_1="0" EVENTS_2="0" STUDY_ID="STD-C" TOTAL_1="50" TOTAL_2="52"/>
</DICH_OUTCOME></COMPARISON></ANALYSES_AND_DATA></COCHRANE_REVIEW>"""


@pytest.mark.parametrize(
    "content", [RM5.format("and").encode(), RM5.format("&").encode(), RM5.format("&amp;").encode("cp1252")]
)
def test_revman_with_its_slips_and_what_it_calls_not_estimable(pooled, content):
    found, notes = pooled(content, name="t.rm5")
    assert found["k"] == 2
    assert found["study"][0] == "Álvarez 2001"
    assert read_back(found) == pytest.approx((0.266, 0.004, 19.20), abs=5e-3)
    assert "'Gamma 2003', which RevMan marks as not estimable (--keep00 keeps them)" in notes
    kept, _ = pooled(content, "--keep00", name="t.rm5")
    assert kept["k"] == 3
    assert read_back(kept) == pytest.approx((0.277, 0.081, 0.949), abs=2e-3)


def test_totals_go_only_where_label_and_sums_agree(pooled):
    table = TRIALS + "Total,13,660,51,662\n"
    found, notes = pooled(table, "-m", "RR")
    assert read_back(found) == RISK_RATIO
    assert "row 4, 'Total', is a total" in notes
    assert pooled(table, "-m", "RR", "--keep-totals")[0]["k"] == 4
    found, notes = pooled(TRIALS + "Total,14,660,51,662\n", "-m", "RR")
    assert found["k"] == 4
    assert "is called like a total, but does not sum up" in notes
    found, notes = pooled(TRIALS + "Delta,13,660,51,662\n", "-m", "RR")
    assert found["k"] == 4
    assert "has the sums of all other rows" in notes


@pytest.mark.parametrize("command", ["pool", "forest", "funnel", "bias", "bayes"])
def test_every_command_says_the_same(pooled, command):
    found, notes = pooled(TRIALS + "Total,13,660,51,662\nA,0,30,2,31\n", "-m", "RR", command=command)
    assert found is not None
    assert "'Total', is a total" in notes
    assert "study 'A' has 2 rows" in notes


def test_a_p_value_column_with_bounds_is_read(tmp_path):
    (tmp_path / "t.csv").write_text("study,p,n\nA,<0.001,20\nB,p=.04,30\nC,NS,40\nD,0·2,50\n")
    found = meta.read_table(tmp_path / "t.csv")
    assert found["p"].tolist()[1::2] == [0.04, 0.2]
    assert found["p_below"].tolist()[0] == 0.001
    assert found["not_significant"].tolist()[2] == 1


def test_what_may_be_read_in_two_ways_is_refused_with_both(pooled):
    table = 'study,mean1,sd1,n1,mean2,sd2,n2\nA,"1,204",210,30,"1,150",205,30\nB,980,190,25,"1,010",200,26\n'
    _, notes = pooled(table, "-m", "MD")
    assert "mean1 = '1,204' may be 1.204 (decimal comma) or 1204 (thousands)" in notes
    assert pooled(table, "-m", "MD", "--decimal", ".")[0]["k"] == 2
    table = "study,yi,vi,n1\nA,0.1,0.2,1.204\nB,0.3,0.1,2.400\n"
    assert pooled(table)[0]["k"] == 2
    counts = "study,events1,n1,events2,n2,dose\nA,12,1.204,15,1.198,0.5\nB,30,2.400,41,2.380,0.5\n"
    _, notes = pooled(counts, "-m", "RR")
    assert "n1 = '1.204' (line 2) may be 1.204 or 1204" in notes


def test_what_is_not_a_file_is_refused_at_once(tmp_path):
    import os

    os.mkfifo(tmp_path / "pipe.csv")
    with pytest.raises(InputError, match="is not a regular file"):
        meta.read_table(tmp_path / "pipe.csv")
    with pytest.raises(InputError, match="is a folder"):
        meta.read_table(tmp_path)
    (tmp_path / "wide.csv").write_text(",".join("x" * 1 for _ in range(20_000)) + "\n")
    with pytest.raises(InputError, match="more than the 16384 columns"):
        meta.read_table(tmp_path / "wide.csv")


def test_a_value_in_the_last_cell_of_a_sheet_takes_no_room(tmp_path):
    book = sheet(HEADER, *DATA)
    book.active["XFD1048576"] = 1
    book.save(tmp_path / "t.xlsx")
    assert len(meta.read_table(tmp_path / "t.xlsx")) == 3


def test_standard_input_is_read_like_a_file(monkeypatch, capsys):
    raw = "study;yi;sei\nÁ;0,31;0,10\nB;0,2;0,15\n".encode("cp1252")
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(raw)))
    monkeypatch.setattr(sys, "argv", ["meta", "pool", "-", "--json"])
    with pytest.raises(SystemExit):
        cli.main()
    assert json.loads(capsys.readouterr().out)["study"] == ["Á", "B"]


def test_the_library_warns_of_totals_and_codes_and_drops_nothing():
    table = {"study": ["A", "B", "C", "Total"], "events1": [4, 6, 3, 13], "n1": [123, 306, 231, 660]}
    table |= {"events2": [11, 29, 11, 51], "n2": [139, 303, 220, 662]}
    with pytest.warns(meta.errors.DataWarning, match="row 4, 'Total', is a total"):
        es = meta.effect_sizes(table, measure="RR")
    assert es.k == 4
    means = {"mean1": [5.0, 6, 4], "sd1": [2.1, 999, 3], "n1": [20, 30, 40]}
    means |= {"mean2": [4.0, 5, 4], "sd2": [2.0, 2.5, 3], "n2": [20, 30, 40]}
    with pytest.warns(meta.errors.DataWarning, match="sd1 = 999 of study '2' looks like a code"):
        assert meta.effect_sizes(means, measure="MD").k == 3


def test_what_is_not_a_study_file_does_not_hide_other_problems(tmp_path):
    import os

    from meta.errors import EvidenceError

    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "device.toml").symlink_to("/dev/zero")
    (tmp_path / "broken.toml").write_text("id = ")
    with pytest.raises(EvidenceError) as caught:
        meta.load_evidence(tmp_path)
    files = {problem.file for problem in caught.value.problems}
    assert {"pipe.toml", "folder.toml", "device.toml", "broken.toml"} <= files
