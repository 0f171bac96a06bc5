"""How many inputs a run tries: few in the quick suite, many with ``-m long``."""

from __future__ import annotations

import matplotlib as mpl
from hypothesis import HealthCheck, settings

mpl.use("Agg")
COMMON = {
    "deadline": None,
    "derandomize": True,
    "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
}
settings.register_profile("hostile-quick", max_examples=25, **COMMON)
settings.register_profile("hostile-long", max_examples=2000, **COMMON)
