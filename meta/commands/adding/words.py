"""What ``meta add`` says: kinds of statistic and choices in plain words."""

from __future__ import annotations

KINDS = {
    "means": (
        "the average (or the median) of each group",
        "The average of each group, mostly with a standard deviation (SD: how far single people lie from the "
        "average) or a standard error (SE: how precisely the average is known). This is the best thing to "
        "have: ratio of means, mean difference and standardised difference all follow from it.",
    ),
    "mean-difference": (
        "only the difference between the groups' averages",
        "Treatment minus control, with its interval, SE or p-value. Minus means lower under the treatment. "
        "The standardised difference follows from it together with the number of people.",
    ),
    "counts": (
        "how many people had the event, of how many",
        "Such as 12 of 40 against 21 of 41. Risk ratio and odds ratio follow from it.",
    ),
    "percentages": (
        "percentages of people, without the counts",
        "Such as 30.0% against 51.2%. With the number of people the counts can mostly be recovered; type as "
        "many decimals as are printed, because they tell how exact the percentage is.",
    ),
    "ratio": (
        "a risk, odds or rate ratio",
        "A ratio of the two groups, 1 meaning no difference, mostly with a 95% interval. It is used on the "
        "log scale, with the standard error that the interval tells.",
    ),
    "test": (
        "an exact p-value, t, F or eta squared",
        "The result of a test that compares the groups. With the number of people and the direction it can "
        "be turned back into a standardised difference.",
    ),
    "threshold": (
        'only "p < 0.01" and the direction',
        "The paper says that the difference was significant, not how large it was. It gives a bound: the "
        "effect was at least so large.",
    ),
    "not-significant": (
        'only "not significant"',
        "The groups were compared and did not differ significantly. It gives a bound: the effect was at most "
        "so large. This is worth entering: leaving such studies out would bias the result.",
    ),
    "within-arm-tests": (
        "p-values of change within each group",
        "Each group was tested against its own baseline, the groups were not tested against each other. It "
        "says little about the difference between groups, and gives bounds.",
    ),
    "interval": (
        'a range in words, such as "1 to 2 points lower"',
        "A range without a standard error. It gives bounds.",
    ),
    "variation": (
        "how much a measurement varies by itself",
        "Coefficients of variation or test-retest correlations of people without treatment; used for what "
        "would have happened anyway.",
    ),
    "narrative": (
        "words only, no number",
        "Nothing can be computed from words, but the study is listed, so that readers see that it exists.",
    ),
}
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
