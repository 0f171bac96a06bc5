"""Pasted references: BibTeX, RIS, PubMed and JSON give the same fields."""

import json

import pytest

from meta.errors import EvidenceError
from meta.evidence.bibliography import is_whole, references
from meta.evidence.field_names import authors_of, short_name, slug, surname

STEWARD = {
    "authors": "Steward CJ; Zhou Y; Keane G; Cook MD; Liu Y; Cullen T",
    "year": "2019",
    "title": "One week of magnesium supplementation lowers IL-6",
    "journal": "Eur J Appl Physiol 2019;119(11-12):2617-2627",
    "doi": "10.1007/s00421-019-04238-y",
}
BIBTEX = r"""% exported
@article{Steward_2019,
  title = {One week of {Magnesium} supplementation lowers {IL}-6},
  volume={119}, number = "11-12", pages = {2617--2627},
  DOI={10.1007/S00421-019-04238-Y},
  journal={Eur J Appl Physiol}, publisher={Springer {\&} Co},
  author={Steward, Christopher J. and Zhou, Yiyu and Keane, Gary and Matthew D. Cook
    and Liu, Y. and Tom Cullen},
  year={2019}, month=nov }
"""
RIS = """TY  - JOUR
AU  - Steward, Christopher J.
AU  - Zhou, Yiyu
AU  - Keane, Gary
AU  - Cook, Matthew D.
AU  - Liu, Y.
AU  - Cullen, Tom
PY  - 2019
DA  - 2019/12/01
TI  - One week of magnesium supplementation lowers IL-6
JO  - European Journal of Applied Physiology
JA  - Eur J Appl Physiol
SP  - 2617
EP  - 2627
VL  - 119
IS  - 11-12
DO  - https://doi.org/10.1007/s00421-019-04238-y
ER  -
"""
NBIB = """PMID- 31624951
DP  - 2019 Dec
TI  - One week of magnesium supplementation
      lowers IL-6.
LID - 10.1007/s00421-019-04238-y [doi]
FAU - Steward, Christopher J
AU  - Steward CJ
AU  - Zhou Y
AU  - Keane G
AU  - Cook MD
AU  - Liu Y
AU  - Cullen T
TA  - Eur J Appl Physiol
VI  - 119
IP  - 11-12
PG  - 2617-2627
"""
CSL = {
    "type": "article-journal",
    "title": "One week of magnesium supplementation lowers <i>IL-6</i>",
    "author": [
        {"given": "Christopher J.", "family": "Steward", "sequence": "first"},
        {"given": "Yiyu", "family": "Zhou"},
        {"given": "Gary", "family": "Keane"},
        {"given": "Matthew D.", "family": "Cook"},
        {"given": "Y.", "family": "Liu"},
        {"given": "Tom", "family": "Cullen"},
    ],
    "issued": {"date-parts": [[2019, 10, 17]]},
    "container-title": "European Journal of Applied Physiology",
    "container-title-short": "Eur J Appl Physiol",
    "volume": "119",
    "issue": "11-12",
    "page": "2617-2627",
    "DOI": "10.1007/s00421-019-04238-y",
}
CROSSREF = {
    "status": "ok",
    "message-type": "work",
    "message": {**CSL, "title": [CSL["title"]], "container-title": [CSL["container-title"]],
                "container-title-short": None, "short-container-title": ["Eur J Appl Physiol"]},
}  # fmt: skip


@pytest.mark.parametrize(
    ("text", "lower"),
    [
        (BIBTEX, True),
        (RIS, False),
        (NBIB, False),
        (json.dumps(CSL), False),
        (json.dumps([CSL]), False),
        (json.dumps(CROSSREF), False),
        ("\ufeff" + RIS.replace("\n", "\r\n"), False),
    ],
    ids=["bibtex", "ris", "nbib", "csl", "csl list", "crossref", "ris of Windows"],
)
def test_every_format_gives_the_same_fields(text, lower):
    (found,) = references(text)
    record = found.record()
    assert record.pop("pmid", "31624951") == "31624951"
    if lower:
        record["title"] = record["title"].replace("Magnesium", "magnesium")
    assert record == STEWARD
    assert short_name(found.authors, found.year) == "steward-2019"


@pytest.mark.parametrize(
    ("written", "read"),
    [
        (r"M{\"u}ller, J{\"o}rg", "Müller J"),
        (r"{\'A}lvarez-P{\'e}rez, Mar{\'\i}a", "Álvarez-Pérez M"),
        (r"S{\o}rensen, Bj{\o}rn", "Sørensen B"),
        (r"{\v{S}}imi{\'c}, {\v Z}eljko", "Šimić Ž"),
        ("van Beek, Andr{\\'e} P.", "van Beek AP"),
        ("Ludwig van Beek", "van Beek L"),
        ("{World Health Organization}", "World Health Organization"),
        ("{Smith and Sons}", "Smith and Sons"),
        ("Dupont, Jean-Paul", "Dupont JP"),
        ("King, Jr., Martin L.", "King ML"),
    ],
)
def test_names_in_bibtex(written, read):
    (found,) = references(f"@article{{k, author = {{{written}}}, title = {{T}}}}")
    assert found.authors == (read,)


def test_bibtex_joins_strings_and_skips_comments():
    text = """@string{ej = {Eur J}}
    @comment{x, y}
    @article{k, title = "A " # "b {"}c", journal = ej, year = 1999}"""
    (found,) = references(text)
    assert (found.title, found.year, found.key) == ('A b "c', 1999, "k")


def test_several_references_in_one_text():
    assert [item.key for item in references(BIBTEX + BIBTEX.replace("Steward_2019", "other"))] == [
        "Steward_2019",
        "other",
    ]
    assert len(references(RIS + "\n" + RIS)) == 2
    assert len(references(NBIB + "\n" + NBIB)) == 2


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "paste it as BibTeX"),
        ("Steward CJ. One week of magnesium. 2019.", "paste it as BibTeX"),
        ('{"title": "cut', "cut off or damaged"),
        ("[" * 3000, "cut off or damaged"),
        ("[1, 2]", "no title, author or DOI"),
        ('{"message": {}}', "no title, author or DOI"),
        ("@article{k, title = {not closed", "not closed"),
        ("@article{k, }", "no title, author or DOI"),
        ("TY  - JOUR\nER  -", "no title, author or DOI"),
    ],
)
def test_what_is_no_reference_is_refused_with_the_remedy(text, message):
    with pytest.raises(EvidenceError, match=message):
        references(text)


@pytest.mark.parametrize("name", ["author", "title", "issued", "DOI", "container-title", "volume"])
@pytest.mark.parametrize("value", [None, [], {}, "", 3, [None], [[None]], {"date-parts": [[None]]}])
def test_odd_json_is_read_as_far_as_it_goes(name, value):
    (found,) = references(json.dumps({**CSL, name: value}))
    assert found.key == ""


def test_a_paste_is_whole():
    assert is_whole(BIBTEX.partition("\n")[2])
    assert not is_whole("@article{k,\n title = {A},")
    assert is_whole(RIS)
    assert not is_whole(NBIB)


def test_names_and_slugs():
    assert authors_of("Steward CJ; Zhou Y") == ("Steward CJ", "Zhou Y")
    assert authors_of("C. J. Steward and Y. Zhou") == ("Steward CJ", "Zhou Y")
    assert surname("Minovic I") == "Minovic"
    assert surname("Álvarez ÁM") == "Álvarez"
    assert slug("Łoś's  24-h") == "loss-24-h"
    assert short_name(("王伟",), 2020) == ""
    assert short_name((), 2020) == ""
