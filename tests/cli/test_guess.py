"""Column names in the dialects of other programs (meta.commands: guess, spellings)."""

import pytest

from meta.commands.column_guess import find, guess, guess_labels, guess_measure
from meta.errors import InputError

TWO_BY_TWO = ("events1", "n1", "events2", "n2")
MEANS = ("mean1", "sd1", "n1", "mean2", "sd2", "n2")
DIALECTS = [
    # metafor
    ("RR", "ai,n1i,ci,n2i", TWO_BY_TWO),
    ("OR", "ai,bi,ci,di", ("events1", "nonevents1", "events2", "nonevents2")),
    ("SMD", "m1i,sd1i,n1i,m2i,sd2i,n2i", MEANS),
    ("IRR", "x1i,t1i,x2i,t2i", ("events1", "time1", "events2", "time2")),
    ("ZCOR", "ri,ni", ("r", "n")),
    ("PLO", "xi,ni", ("events", "n")),
    ("IRLN", "xi,ti", ("events", "time")),
    ("MN", "mi,sdi,ni", ("mean", "sd", "n")),
    ("GEN", "yi,vi", ("yi", "vi")),
    ("GEN", "yi,sei", ("yi", "sei")),
    # meta
    ("RR", "event.e,n.e,event.c,n.c", TWO_BY_TWO),
    ("MD", "mean.e,sd.e,n.e,mean.c,sd.c,n.c", ("mean1", "sd1", "n1", "mean2", "sd2", "n2")),
    ("IRR", "event.e,time.e,event.c,time.c", ("events1", "time1", "events2", "time2")),
    ("GEN", "TE,seTE", ("yi", "sei")),
    # RevMan 5 and RevMan Web
    ("OR", "Events 1,Total 1,Events 2,Total 2", TWO_BY_TWO),
    ("MD", "Mean 1,SD 1,Total 1,Mean 2,SD 2,Total 2", MEANS),
    ("OR", "Experimental events,Experimental total,Control events,Control total", TWO_BY_TWO),
    ("RR", "Experimental cases,Experimental N,Control cases,Control N", TWO_BY_TWO),
    ("SMD", "Experimental mean,Experimental SD,Experimental N,Control mean,Control SD,Control N", MEANS),
    ("GEN", "GIV Mean,GIV SE", ("yi", "sei")),
    ("OR", "Effect Estimate,CI Start,CI End", ("estimate", "ci_low", "ci_high")),
    # CMA
    ("OR", "Group-A Events,Group-A Total N,Group-B Events,Group-B Total N", TWO_BY_TWO),
    ("RR", "Treated Events,Treated Total N,Control Events,Control Total N", TWO_BY_TWO),
    (
        "SMD",
        "Group-A Mean,Group-A Std-Dev,Group-A Sample size,Group-B Mean,Group-B Std-Dev,Group-B Sample size",
        MEANS,
    ),
    ("SMD", "Std diff in means,Std Err", ("yi", "sei")),
    ("SMD", "Hedges's g,Standard error", ("yi", "sei")),
    ("OR", "Odds ratio,Lower limit,Upper limit", ("estimate", "ci_low", "ci_high")),
    ("OR", "Log odds ratio,Variance", ("yi", "vi")),
    ("ZCOR", "Correlation,Sample size", ("r", "n")),
    ("ZCOR", "Fisher's Z,Std Err", ("yi", "sei")),
    # Stata
    ("GEN", "_meta_es,_meta_se", ("yi", "sei")),
    ("GEN", "_meta_es,_meta_cil,_meta_ciu", ("yi", "ci_low", "ci_high")),
    ("GEN", "_ES,_seES", ("yi", "sei")),
    ("GEN", "es,se", ("yi", "sei")),
    ("GEN", "es,lci,uci", ("yi", "ci_low", "ci_high")),
    ("HR", "hr,ll,ul", ("estimate", "ci_low", "ci_high")),
    ("OR", "tdeath,tnodeath,cdeath,cnodeath", ("events1", "nonevents1", "events2", "nonevents2")),
    ("RR", "tpos,tn,cpos,cn", TWO_BY_TWO),
    ("OR", "npost,nnegt,nposc,nnegc", ("events1", "nonevents1", "events2", "nonevents2")),
    ("GEN", "logor,selogor", ("yi", "sei")),
    ("MD", "n1,mean1,sd1,n2,mean2,sd2", ("n1", "mean1", "sd1", "n2", "mean2", "sd2")),
]


@pytest.mark.parametrize(("measure", "columns", "arguments"), DIALECTS)
def test_each_column_of_a_dialect_is_taken_for_what_it_is(measure, columns, arguments):
    names = columns.split(",")
    found = guess(["Study", *names, "year"], measure, {})
    assert found == dict(zip(arguments, names, strict=True))


@pytest.mark.parametrize(
    ("columns", "measure"),
    [
        ("yi,vi", "GEN"),
        ("TE,seTE", "GEN"),
        ("_meta_es,_meta_se", "GEN"),
        ("lnrr,se", "GEN"),
        ("Hedges's g,Std Err", "SMD"),
        ("Log odds ratio,Std Err", "OR"),
        ("lnHR,se", "HR"),
        ("Odds ratio,Lower limit,Upper limit", "OR"),
        ("HR,lci,uci", "HR"),
        ("RR,ll,ul", "RR"),
    ],
)
def test_the_measure_is_guessed_where_a_name_states_it(columns, measure):
    assert guess_measure(columns.split(",")) == measure


@pytest.mark.parametrize(
    ("columns", "hint"),
    [
        ("ai,n1i,ci,n2i", "RR, OR or RD"),
        ("ai,bi,ci,di", "RR, OR or RD"),
        ("x1i,t1i,x2i,t2i", "IRR"),
        ("m1i,sd1i,n1i,m2i,sd2i,n2i", "SMD, MD or ROM"),
        ("estimate,lower,upper", "RR, OR or HR"),
        ("a,b", "such as --measure RR"),
    ],
)
def test_otherwise_the_choices_are_named(columns, hint):
    with pytest.raises(InputError, match="--measure") as caught:
        guess_measure(columns.split(","))
    assert hint in str(caught.value)


@pytest.mark.parametrize(
    ("columns", "argument", "pair"),
    [
        ("Hedges's g,Std diff in means,Std Err", "yi", ("Hedges's g", "Std diff in means")),
        ("effect,es,se", "yi", ("effect", "es")),
        ("events_t,cases_t,n_t,events_c,n_c", "events1", ("events_t", "cases_t")),
        ("es,se,stderr", "sei", ("se", "stderr")),
    ],
)
def test_two_candidates_are_refused_with_the_flag_to_use(columns, argument, pair):
    names = columns.split(",")
    with pytest.raises(InputError) as caught:
        find(argument, names)
    assert str(caught.value) == (
        f"both {pair[0]!r} and {pair[1]!r} could be {argument}; say which with --column {argument}={pair[0]}"
    )


def test_the_exact_name_wins_over_other_spellings():
    assert find("yi", ["es", "yi"]) == "yi"
    assert find("n1", ["n_t", "n1"]) == "n1"


@pytest.mark.parametrize(
    ("columns", "labels"),
    [
        ("Study or Subgroup,year", ("Study or Subgroup",)),
        ("Study name,Outcome", ("Study name",)),
        ("_meta_studylabel,_meta_es", ("_meta_studylabel",)),
        ("slab,author,year", ("slab",)),
        ("author,year", ("author", "year")),
        ("_LABELS,_ES", ("_LABELS",)),
        ("yi,vi", ()),
    ],
)
def test_the_column_that_names_the_studies(columns, labels):
    assert guess_labels(columns.split(",")) == labels
