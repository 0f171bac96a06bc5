"""What a claims file says in two places must agree."""

import tomllib

import pytest
from pydantic import ValidationError

from meta.evidence.claims import ClaimsFile

TEXT = """
[[outcomes]]
id = "sleep"
label = "Sleep"
better = "higher"

[[claims]]
id = "rest"
kind = "effect"
statement = "More sleep."
short = "sleep"
citation = {{ made_in = "a page", attributed_to = "nothing", found = false }}
intervention = {{ treatment = "zinc" }}
estimand = {{ measure = "SMD", value = 0.5, value_text = "half an SD more", side = "above" }}

[[claims.analyses]]
id = "sleep"
label = "Sleep"
outcome = "sleep"
measure = "SMD"
eligibility = {{ groups = ["adults"] }}
prior = {{ effect_sd = 1.0, tau_sd = 0.5 }}
{benefit}
"""


@pytest.mark.parametrize("benefit", ["", 'benefit = "higher"'])
def test_benefit_is_the_outcomes(benefit):
    file = ClaimsFile.model_validate(tomllib.loads(TEXT.format(benefit=benefit)))
    assert file.claims[0].analyses[0].benefit == "higher"


def test_a_benefit_against_its_outcome_is_refused():
    with pytest.raises(ValidationError, match="leave benefit out"):
        ClaimsFile.model_validate(tomllib.loads(TEXT.format(benefit='benefit = "lower"')))
