"""A small folder of study files, and what tests of runs on it share."""

CLAIMS = """
[[claims]]
id = "calm"
kind = "effect"
statement = "Magnesium <b>halves</b> cortisol."
short = "half the cortisol"
citation = { made_in = "an article", attributed_to = "nothing", found = false }
intervention = { form = "glycinate", dose_mg = 300 }
estimand = { measure = "SMD", value = -1.0, value_text = "1 SD lower", side = "below" }

[[claims.analyses]]
id = "cortisol"
label = "Cortisol"
outcome = "cortisol"
measure = "SMD"
eligibility = { groups = ["adults"] }
prior = { effect_sd = 1.0, tau_sd = 0.5 }
"""

STUDY = """
id = "{id}"
label = "{label}"
title = "{title}"
year = 2000
status = "included"

[[sources]]
key = "paper"
citation = "{label}. A trial. 2000."
doi = "10.1000/{id}"
read = "abstract"

[design]
kind = "parallel"
allocation = "randomised"
blinding = "double-blind"
control = "placebo"

[population]
group = "adults"
description = "healthy adults"

[[arms]]
id = "mg"
role = "treatment"
label = "Magnesium"
n_analysed = 20

[[arms]]
id = "placebo"
role = "control"
label = "Placebo"
n_analysed = 22

[[results]]
id = "cortisol"
outcome = "cortisol"
measured = "serum cortisol"
time = {{ label = "8 weeks", value = 8, unit = "wk" }}
phase = "final"
arms = ["mg", "placebo"]
source = "paper"
place = "Table 2"
statistic = {{ kind = "means", arms = [
    {{ arm = "mg", mean = {mean}, sd = 3, n = 20 }}, {{ arm = "placebo", mean = 12, sd = 3, n = 22 }} ] }}
"""


def add(folder, name, mean, **replaced):
    text = STUDY.format(id=name, label=name.title(), title="A trial", mean=mean)
    for old, new in replaced.items():
        text = text.replace(old, new)
    (folder / f"{name}.toml").write_text(text)


def make(folder):
    folder.mkdir()
    (folder / "claims.toml").write_text(CLAIMS)
    add(folder, "first-2000", 10)
    add(folder, "second-2000", 11)
    return folder


def snapshot(folder):
    return {
        path.relative_to(folder).as_posix(): path.read_bytes() for path in folder.rglob("*") if path.is_file()
    }
