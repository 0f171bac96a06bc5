"""The spellings of column names in metafor, meta, RevMan, CMA and Stata, without case, spaces and signs."""

from __future__ import annotations

ARMS = {
    "1": (
        *("1", "1i", "e", "exp", "experimental", "t", "trt", "treat", "treated", "treatment"),
        *("intervention", "int", "i", "active", "groupa", "group1", "arma", "arm1", "g1", "tx"),
        *("behandlung", "behandlungsgruppe", "verum", "interventionsgruppe", "tratamiento", "intervencion"),
        *("traitement", "traites", "experimentale", "experimentell"),
    ),
    "2": (
        *("2", "2i", "c", "con", "ctrl", "ctl", "control", "controls", "placebo", "p", "comparator"),
        *("comparison", "groupb", "group2", "armb", "arm2", "g2", "sham", "usualcare", "waitlist"),
        *("kontrolle", "kontrollgruppe", "kontroll", "plazebo", "vergleich", "controle", "controles"),
        *("temoin", "temoins", "comparador", "comparateur"),
    ),
}
BASES = {
    "events": (
        *("events", "event", "cases", "case", "ev", "x", "deaths", "death", "pos", "npos", "responders"),
        *("ereignisse", "ereignis", "falle", "todesfalle", "eventos", "evento", "casos", "muertes"),
        *("evenements", "evenement", "cas", "deces"),
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
    "n": (
        *("n", "total", "totaln", "ntotal", "size", "samplesize", "participants", "patients", "subjects"),
        *("gesamt", "gesamtzahl", "anzahl", "teilnehmer", "patienten", "stichprobe", "stichprobengrosse"),
        *("participantes", "pacientes", "muestra", "tamano", "effectif", "effectifs", "numberofpatients"),
    ),
    "percent": ("percent", "pct", "prozent", "porcentaje", "pourcentage"),
    "mean": ("mean", "m", "avg", "average", "mittelwert", "mw", "media", "moyenne", "moy"),
    "sd": (
        *("sd", "stddev", "stdev", "std", "standarddeviation", "standardabweichung", "sa", "ecarttype"),
        *("desviacionestandar", "desviaciontipica", "desvestandar", "de", "ds", "et"),
    ),
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
    "events": ("xi", *BASES["events"]),
    "n": ("ni", *BASES["n"]),
    "time": ("ti", "time", "persontime", "personyears"),
    "mean": ("mi", *BASES["mean"]),
    "sd": ("sdi", *BASES["sd"]),
    "percent": (
        *("percent", "pct", "percentage", "prevalence", "prev", "proportion", "prop", "prozent"),
        *("pravalenz", "praevalenz", "prevalencia", "porcentaje", "pourcentage"),
    ),
    "se": ("sei", "se", "stderr"),
    "p": ("pvalue", "pval", "pwert", "valeurp", "valorp"),
    "p_signed": ("psigned", "signedp"),
    "t": ("tvalue", "tstat", "tstatistic", "twert"),
    "f": ("fvalue", "fstat", "fstatistic", "fwert"),
    "d": ("cohensd", "cohend"),
    "eta_squared": ("etasquared", "eta2", "etasq", "partialetasquared"),
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
    *("trial", "trialname", "studie", "estudio", "etude", "ensayo", "essai", "author", "authors"),
    *("firstauthor", "autor", "autoren", "autores", "auteur", "auteurs", "reference", "citation"),
    *("name", "label", "labels", "metaid", "id"),
)
AUTHORS = ("author", "authors", "autor", "autoren", "autores", "auteur", "auteurs")
YEARS = ("year", "jahr", "ano", "annee", "publicationyear")
EFFECTS = frozenset(
    (
        *("estimate", "est", "effect", "effectsize", "es", "yi", "y", "te", "beta", "b", "coef"),
        *("coefficient", "slope", "d", "cohensd", "g", "hedgesg", "smd", "md", "z", "fisherz", "fishersz"),
        *("r", "cor", "correlation", "rd", "theta", "delta", "glassdelta", "diff", "difference"),
        *("meandifference", "effekt", "efecto", "effet", "logor", "lnor", "logrr", "lnrr", "loghr", "lnhr"),
        *PRINTED_AS,
    )
)
"""Names that effects have in tables, for columns called only "se" or "lower" beside them."""
SPREADS = {
    "sei": ("se", "sei", "stderr", "stderror", "standarderror", "std err", "sem", "sterr", "standardfehler"),
    "vi": ("vi", "v", "var", "variance", "varianz", "varianza", "sampvar", "samplingvariance"),
    "ci_low": (
        *("lower", "low", "lo", "ll", "lcl", "lci", "cil", "lb", "lowerlimit", "lowerbound"),
        *("cilow", "cilower", "lowerci", "cilb", "untere", "untergrenze", "inferior", "start"),
        *("unten", "unterer", "unteres", "inf", "inferieur", "inferieure"),
    ),
    "ci_high": (
        *("upper", "high", "hi", "ul", "ucl", "uci", "ciu", "ub", "upperlimit", "upperbound"),
        *("cihigh", "ciupper", "upperci", "ciub", "obere", "obergrenze", "superior", "end"),
        *("oben", "oberer", "oberes", "sup", "superieur", "superieure"),
    ),
}
"""Words beside an effect's name (or alone) for its error and its limits."""
