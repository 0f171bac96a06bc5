"""The spellings of column names in metafor, meta, RevMan, CMA and Stata, without case, spaces and signs."""

from __future__ import annotations

ARMS = {
    "1": (
        *("1", "1i", "e", "exp", "experimental", "t", "trt", "treat", "treated", "treatment"),
        *("intervention", "int", "i", "active", "groupa", "group1", "arma", "arm1", "g1", "tx"),
    ),
    "2": (
        *("2", "2i", "c", "con", "ctrl", "ctl", "control", "controls", "placebo", "p", "comparator"),
        *("comparison", "groupb", "group2", "armb", "arm2", "g2"),
    ),
}
BASES = {
    "events": (
        *("events", "event", "cases", "case", "ev", "x", "deaths", "death", "pos", "npos", "responders"),
    ),
    "nonevents": (
        "nonevents",
        "nonevent",
        "noevent",
        "noevents",
        "nodeath",
        "nodeaths",
        "neg",
        "nneg",
        "alive",
    ),
    "n": ("n", "total", "totaln", "ntotal", "size", "samplesize", "participants", "patients"),
    "percent": ("percent", "pct"),
    "mean": ("mean", "m", "avg", "average"),
    "sd": ("sd", "stddev", "stdev", "std", "standarddeviation"),
    "se": ("se", "sem", "stderr", "standarderror"),
    "time": ("time", "persontime", "personyears", "py", "followup"),
}
MEASURED_BY = {
    **dict.fromkeys(("logor", "lnor", "logoddsratio", "lnoddsratio"), "OR"),
    **dict.fromkeys(("loghr", "lnhr", "loghazardratio", "lnhazardratio"), "HR"),
    **dict.fromkeys(("logirr", "lnirr", "lograteratio"), "IRR"),
    **dict.fromkeys(("logriskratio", "lnriskratio"), "RR"),
    **dict.fromkeys(("smd", "hedgesg", "hedgessg", "stddiffinmeans", "cohensd"), "SMD"),
    **dict.fromkeys(("differenceinmeans", "meandifference"), "MD"),
    **dict.fromkeys(("fishersz", "zcor"), "ZCOR"),
    **dict.fromkeys(("riskdifference",), "RD"),
}
PRINTED_AS = {
    **dict.fromkeys(("or", "oddsratio"), "OR"),
    **dict.fromkeys(("rr", "riskratio", "relativerisk"), "RR"),
    **dict.fromkeys(("hr", "hazardratio"), "HR"),
    **dict.fromkeys(("irr", "rateratio"), "IRR"),
}
OTHERS = {
    "events1": ("ai",),
    "nonevents1": ("bi",),
    "events2": ("ci",),
    "nonevents2": ("di",),
    "time1": ("t1i", "t1"),
    "time2": ("t2i", "t2"),
    "events": ("xi", "events", "cases", "event", "x"),
    "n": ("ni", "n", "total", "samplesize", "size", "ntotal", "totaln"),
    "time": ("ti", "time", "persontime", "personyears"),
    "mean": ("mi", "mean"),
    "sd": ("sdi", "sd", "stddev"),
    "se": ("sei", "se", "stderr"),
    "r": ("ri", "r", "cor", "correlation", "corr"),
    "yi": (
        *("yi", "y", "te", "es", "effect", "effectsize", "d", "g", "theta", "metaes", "givmean", "lnes"),
        *("logrr", "lnrr", *MEASURED_BY),
    ),
    "vi": ("vi", "v", "var", "variance"),
    "sei": (
        *("sei", "se", "sete", "stderr", "stderror", "standarderror", "metase", "seyi", "sees", "givse"),
        *("selogor", "selogrr", "seloghr", "selnor", "selnrr", "selnhr"),
    ),
    "estimate": ("estimate", "est", "effectestimate", *PRINTED_AS),
    "ci_low": (
        *("cilow", "cilower", "lower", "lowerci", "lcl", "ll", "lci", "cilb", "lowerlimit", "cil", "low"),
        *("metacil", "cistart", "lb", "cilo"),
    ),
    "ci_high": (
        *("cihigh", "ciupper", "upper", "upperci", "ucl", "ul", "uci", "ciub", "upperlimit", "ciu", "high"),
        *("metaciu", "ciend", "ub", "cihi"),
    ),
}
LABELS = (
    *("study", "studlab", "slab", "studyname", "studylabel", "metastudylabel", "studyorsubgroup", "studyid"),
    *("trial", "trialname", "author", "authors", "name", "label", "labels", "metaid", "id"),
)
