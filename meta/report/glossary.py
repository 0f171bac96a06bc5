"""The words of the report, in plain language."""

from __future__ import annotations

from meta.evidence.claims import Topic


def glossary(topic: Topic) -> tuple[tuple[str, str], ...]:
    """Words and what they mean, with what the treatment and the control are called.

    >>> glossary(Topic(treatment="zinc", control="nothing"))[0]
    ('Effect', 'The difference that zinc makes compared with nothing. Where it is a ratio of averages, ...')
    """
    treatment, control = topic.treatment, topic.control
    return (
        (
            "Effect",
            f"The difference that {treatment} makes compared with {control}. Where it is a ratio of "
            f"averages, 0.59 means that the average under {treatment} is 59% of that without, so 41% less.",
        ),
        *_WORDS,
        (
            "Indirect evidence",
            f"Trials of something other than what the claim is about: another form or dose of {treatment}, "
            "other people.",
        ),
        *_MORE,
    )


_WORDS: tuple[tuple[str, str], ...] = (
    (
        "SD (standard deviation)",
        "How much people differ from each other. An effect of 0.5 SD lower moves an average person to "
        "where about 30 of 100 people are without treatment.",
    ),
    (
        "95% interval",
        "The range of effects that go well with the data. A confidence interval catches the true value in"
        " 95 of 100 studies done alike; a credible interval contains it with 95% probability, given the "
        "prior.",
    ),
    (
        "Prediction interval",
        "Where the true effect of one more trial of the same kind would lie. It is wider than the "
        "interval of the average, because trials differ.",
    ),
    (
        "Prior, posterior",
        "The prior says which effects were thought possible before any trial was looked at; the posterior"
        " is what the trials make of it. With few trials the prior weighs heavily, so it is always shown "
        "beside the result.",
    ),
    (
        "p-value",
        "How often results at least this far off would turn up if the stated value were true. Small means"
        " that the data and that value are hard to reconcile. Large does not mean that the value is true.",
    ),
    (
        "Surprisal (bits)",
        "A p-value as coin tosses: 4 bits are as surprising as four heads in a row with a fair coin.",
    ),
    (
        "Bayes factor",
        "How many times as likely the data are under one statement as under another. 1 means that they "
        "cannot tell the two apart; below 3 hardly counts.",
    ),
    (
        "Heterogeneity (tau2, I2)",
        "How much the true effects differ between trials. tau2 is their variance; I2 is the share of the "
        "visible differences that is not chance. With few trials both are hardly known.",
    ),
    (
        "Tier A, B, C, D",
        "How an effect was obtained from what a paper printed. A: from reported statistics alone. B: with"
        " a stated assumption. C: only a range is known. D: nothing to compute with.",
    ),
)
_MORE: tuple[tuple[str, str], ...] = (
    (
        "Regression to the mean",
        "Whoever is picked for one high reading tends to have a lower one next time, with no treatment at"
        " all, because part of any high reading is chance.",
    ),
    (
        "Test-retest correlation",
        "How well a second measurement agrees with the first in the same people: 1 perfectly, 0 not at all.",
    ),
    (
        "Random effects, REML, Hartung-Knapp",
        "The trials are taken as a sample of possible trials whose true effects differ. REML estimates by"
        " how much; Hartung-Knapp makes an interval that stays honest with few trials.",
    ),
)
