"""The questions for each kind of statistic, in plain words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from meta.commands.adding.interview import Answers, Question
from meta.evidence.values import choose

Of = Callable[..., Question]
NOT_SAID = "not said"
BESIDE_MEAN = (
    ("SD", "standard deviation"),
    ("SE", "standard error (SEM)"),
    ("interval", "95% confidence interval"),
    (NOT_SAID, "a number of a kind not named; it is taken to be an SD, which is noted"),
    ("nothing", ""),
)
BESIDE_MEDIAN = (
    ("quartiles", "first and third, also called IQR"),
    ("range", "lowest and highest value"),
    ("interval", "95% confidence interval of the median"),
    ("nothing", ""),
)
BESIDE_DIFFERENCE = (
    ("interval", "95% confidence interval"),
    ("SE", "standard error"),
    ("p", "only a p-value"),
    ("nothing", ""),
)
WHICH_TEST = (
    ("p", "an exact p-value"),
    ("t", "a t statistic"),
    ("F", "an F statistic"),
    ("eta squared", "a share of variance"),
)
SPREAD_HELP = (
    "SD and SE are often mixed up. The SD tells how far single people lie from the average and does not "
    "shrink with more people; the SE tells how precisely the average is known and is the SD divided by the "
    "square root of n. Taking one for the other changes the weight of the study by a factor of n."
)


def statistic_questions(
    kind: str, number: int, answers: Answers, of: Of, treatment: str = "treatment"
) -> Iterator[Question]:
    """Yield the questions for one result's statistic.

    Parameters
    ----------
    kind : str
        Kind of statistic; no questions if it is not known yet.
    number : int
        Number of the result, part of every key.
    answers : mapping of str to str
        The answers so far.
    of : callable
        Makes the question for a flat name.
    treatment : str
        What the treatment is called.
    """
    if kind in _SCRIPTS:
        yield from _SCRIPTS[kind](_Asking(kind, number, answers, of, treatment))


class _Asking:
    """What the scripts have in common: the kind, the number of the result, and the answers."""

    def __init__(self, kind: str, number: int, answers: Answers, of: Of, treatment: str) -> None:
        self.kind, self.number, self.answers, self._of, self.treatment = kind, number, answers, of, treatment
        arms = (("1", f"the {treatment} group"), ("2", "the control group"))
        self.arms = arms[:1] if answers.get("control") == "none" else arms

    def ask(self, name: str, words: str, **more: Any) -> Question:
        return self._of(name, words, kind=self.kind, **more)

    def choice(
        self, name: str, words: str, choices: tuple[tuple[str, str], ...], help_: str = "", default: str = ""
    ) -> Question:
        values = tuple(value for value, _ in choices)
        return Question(
            f"_{name}@{self.number}", words, default, choices, help=help_,
            read=lambda text: choose(text, values),
        )  # fmt: skip

    def chosen(self, name: str) -> str:
        return self.answers.get(f"_{name}@{self.number}", "")

    def answer(self, name: str) -> str:
        return self.answers.get(f"{name}@{self.number}", "")

    def p(self, words: str = "p-value of the comparison of the groups?") -> Question:
        return self.ask("p", words, optional=True)

    def sizes(self) -> Iterator[Question]:
        for arm, who in self.arms:
            yield self.ask(f"n{arm}", f"How many people in {who} were analysed?", optional=True)

    def adjusted(self) -> Question:
        return self.ask("adjusted", "Was the comparison adjusted?", default="no")


def _means(a: _Asking) -> Iterator[Question]:
    yield a.choice("centre", "Means or medians?", (("means", "averages"), ("medians", "half lie below")),
                   "If the paper gives both, take the means.", "means")  # fmt: skip
    medians = a.chosen("centre") == "medians"
    if medians:
        yield a.choice("beside", "What stands beside the medians?", BESIDE_MEDIAN)
    else:
        yield a.choice("beside", "What stands beside the means?", BESIDE_MEAN, SPREAD_HELP)
    for arm, who in a.arms:
        what = "Median" if medians else "Mean"
        yield a.ask(f"{what.lower()}{arm}", f"{what} of {who}?")
        yield from (_beside_median if medians else _beside_mean)(a, arm, who)
        yield a.ask(f"n{arm}", f"How many people in {who}?", optional=True)
    yield a.p()


def _beside_mean(a: _Asking, arm: str, who: str) -> Iterator[Question]:
    beside = a.chosen("beside")
    if beside in ("SD", NOT_SAID):
        yield a.ask(f"sd{arm}", f"{'SD' if beside == 'SD' else 'The number beside it'} in {who}?")
    if beside == "SE":
        yield a.ask(f"se{arm}", f"SE in {who}?")
    if beside == "interval":
        yield a.ask(f"ci_low{arm}", f"Lower end of the interval in {who}?")
        yield a.ask(f"ci_high{arm}", f"Upper end of the interval in {who}?")


def _beside_median(a: _Asking, arm: str, who: str) -> Iterator[Question]:
    pairs = {
        "quartiles": (f"q1_{arm}", f"q3_{arm}", "quartile"),
        "range": (f"minimum{arm}", f"maximum{arm}", "value"),
        "interval": (f"median_ci_low{arm}", f"median_ci_high{arm}", "end of the interval"),
    }
    if a.chosen("beside") in pairs:
        low, high, what = pairs[a.chosen("beside")]
        yield a.ask(low, f"Lower {what} in {who}?")
        yield a.ask(high, f"Upper {what} in {who}?")


def _mean_difference(a: _Asking) -> Iterator[Question]:
    yield a.ask("md", f"Difference, {a.treatment} minus control? Minus means lower under {a.treatment}")
    yield a.choice("beside", "What stands beside it?", BESIDE_DIFFERENCE)
    beside = a.chosen("beside")
    if beside == "SE":
        yield a.ask("se", "Standard error of the difference?")
    if beside == "interval":
        yield a.ask("ci_low", "Lower end of the interval?")
        yield a.ask("ci_high", "Upper end of the interval?")
    yield a.ask("p", "p-value?", optional=beside != "p")
    yield a.adjusted()
    yield from a.sizes()


def _ratio(a: _Asking) -> Iterator[Question]:
    yield a.ask("measure", "Which ratio?")
    yield a.ask("estimate", f"The ratio, {a.treatment} to control?")
    yield a.ask("ci_low", "Lower end of its 95% interval?", optional=True)
    if a.answer("ci_low"):
        yield a.ask("ci_high", "Upper end?")
    yield a.p("p-value?")
    yield a.ask("n_total", "How many people in both groups together?", optional=True)
    yield a.adjusted()


def _test(a: _Asking) -> Iterator[Question]:
    yield a.choice("which", "Which of these is printed? Take the first that is", WHICH_TEST)
    which = a.chosen("which")
    name = {"F": "f", "eta squared": "eta_squared"}.get(which, which)
    if name:
        yield a.ask(name, f"{which}?")
    if name in ("t", "f"):
        yield a.ask("df", "Degrees of freedom? One number for t, two for F", optional=True)
    if name != "p":
        yield a.p("p-value beside it?")
    yield a.ask("direction", f"Was the outcome lower or higher under {a.treatment}?")
    yield a.ask("test", "Name of the test?", default="not stated")
    yield a.adjusted()
    yield from a.sizes()


def _within(a: _Asking) -> Iterator[Question]:
    for arm, who in a.arms:
        yield a.ask(f"p{arm}", f"p-value of the change in {who}?", optional=True)
        if not a.answer(f"p{arm}"):
            yield a.ask(f"significant{arm}", f"Was the change in {who} called significant?", optional=True)
        yield a.ask(f"direction{arm}", f"Did the values of {who} fall or rise?", default="not stated")
        yield a.ask(f"n{arm}", f"How many people in {who}?", optional=True)


def _threshold(a: _Asking) -> Iterator[Question]:
    yield a.ask("p_below", "p below which number? 0.01 for p < 0.01")
    yield a.ask("direction", f"Was the outcome lower or higher under {a.treatment}?")
    yield a.ask("comparisons", "For how many comparisons was it corrected?", default="1")
    yield a.ask("selected", "Is it reported because it was significant, the best of several?", default="no")
    yield from a.sizes()


def _not_significant(a: _Asking) -> Iterator[Question]:
    yield a.ask("alpha", "Above which p?", default="0.05")
    yield a.ask("direction", "Does the paper name a direction?", default="not stated")
    yield from a.sizes()


def _interval(a: _Asking) -> Iterator[Question]:
    yield a.ask("low", "The smaller end, without a sign?")
    yield a.ask("high", "The larger end, without a sign?")
    yield a.ask("direction", "Lower or higher?")
    yield a.ask("scale_low", "Lowest value that the scale allows?", optional=True)
    yield a.ask("scale_high", "Highest value that the scale allows?", optional=True)
    yield a.ask("significant", "Was this change called significant?", optional=True)
    yield a.ask("other_arm_significant", "Was the other group's change?", optional=True)
    yield from a.sizes()


def _counts(a: _Asking) -> Iterator[Question]:
    for arm, who in a.arms:
        yield a.ask(f"events{arm}", f"How many people in {who} had the event?")
        yield a.ask(f"n{arm}", f"Of how many people in {who}?")
    yield a.p()


def _percentages(a: _Asking) -> Iterator[Question]:
    for arm, who in a.arms:
        yield a.ask(f"percent{arm}", f"Percentage in {who}, with its decimals as printed?")
        yield a.ask(f"n{arm}", f"Of how many people in {who}?", optional=True)
    yield a.p()


def _variation(a: _Asking) -> Iterator[Question]:
    for name, words in (
        ("within_person_cv", "Coefficient of variation within a person, in percent"),
        ("between_person_cv", "Coefficient of variation between people, in percent"),
        ("retest_correlation", "Test-retest correlation or ICC"),
    ):
        yield a.ask(f"{name}_low", f"{words}? The lower, if it is a range", optional=True)
        if a.answer(f"{name}_low"):
            yield a.ask(f"{name}_high", "The upper?", default=a.answer(f"{name}_low"))
    yield a.ask("analytical_cv", "Coefficient of variation of the assay, in percent?", optional=True)
    yield a.ask("n", "How many people were measured?", optional=True)


def _narrative(a: _Asking) -> Iterator[Question]:
    yield a.ask("direction", f"What do the words say happened under {a.treatment}?")
    yield a.ask("words", "The words?")


_SCRIPTS: dict[str, Callable[[_Asking], Iterator[Question]]] = {
    "means": _means,
    "mean-difference": _mean_difference,
    "ratio": _ratio,
    "test": _test,
    "within-arm-tests": _within,
    "threshold": _threshold,
    "not-significant": _not_significant,
    "interval": _interval,
    "counts": _counts,
    "percentages": _percentages,
    "variation": _variation,
    "narrative": _narrative,
}
