"""What ``meta add`` says: kinds of statistic and choices in plain words."""

from __future__ import annotations

from meta.evidence.kinds import KINDS as statistic_kinds

KINDS = {kind.name: (kind.asked, kind.means) for kind in statistic_kinds.values()}
"""Kinds of statistic, the most usual first: in a few words, and what they mean and are used for."""

CHOICES = {
    "read": {
        "full text": "the whole paper",
        "full table": "the table with the numbers",
        "abstract": "the abstract only",
        "abstract (copy)": "the abstract on another site than the publisher's or PubMed",
        "registry": "a trial register",
        "secondary": "a review or a report about the study",
    },
    "design": {
        "parallel": "each person got one treatment",
        "crossover": "each person got both, one after the other",
        "before-after": "one group, before and after",
        "contralateral": "one arm or leg each",
    },
    "allocation": {
        "randomised": "chance decided",
        "counterbalanced": "the order was balanced; chance is not mentioned",
        "not randomised": "people or doctors chose",
        "none": "there was nothing to allocate",
    },
    "blinding": {
        "double-blind": "neither people nor staff knew",
        "single-blind": "one of them knew",
        "open": "all knew",
    },
    "control": {
        "placebo": "a sham treatment",
        "no supplement": "nothing",
        "active": "another treatment",
        "none": "there was no comparison group",
    },
    "phase": {
        "final": "values at that time",
        "change": "change since the start",
        "baseline": "before treatment",
        "average": "over all times",
    },
    "higher_is": {"worse": "such as pain", "better": "such as being free of pain"},
    "direction": {"lower": "under the treatment", "higher": "under the treatment"},
    "dose_is": {"elemental": "the active element itself", "compound": "the whole compound"},
    "adjusted": {
        "no": "the groups as they are",
        "yes": "for baseline or other covariates (ANCOVA)",
        "unknown": "the paper does not say",
    },
    "status": {"included": "may enter an analysis", "excluded": "is listed with the reason"},
}
"""What choices mean, where their name does not say it."""

WELCOME = """Answer in your own words; Enter takes what stands in [brackets].
  ?  explains a question     <  goes back one     -  leaves an answer out     quit  stops; nothing is written
What the paper does not say is left out or "not stated": Enter never makes up a fact."""

REFERENCE = """Most journal pages have "Cite" or "Export citation". Copy one reference as BibTeX, RIS,
PubMed format or JSON and paste it here; an empty line ends it. Nothing is looked up on the internet.
Without one, press Enter and type the fields."""
