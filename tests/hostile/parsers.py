"""Every reader of text behind one call each: bytes in, nothing out; what is no refusal is raised."""

from __future__ import annotations

import contextlib
import io
import tempfile
import warnings
from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np
import tomlkit

import meta
from meta.bayes.hypotheses import parse_hypothesis
from meta.bayes.prior_text import parse_prior
from meta.commands import table_reading
from meta.effects.revman import as_frame, outcomes_of
from meta.effects.study_evidence import load_evidence
from meta.errors import MetaError, MetaWarning
from meta.evidence import from_table
from meta.evidence.bibliography import references
from meta.evidence.columns import NAMES, column
from meta.evidence.values import Refusal, decimals, read_value, time_of
from meta.saving.files import loads
from tests.hostile.engines import check, fields

ROOT = Path(__file__).parents[2]
STUDIES = ROOT / "studies"
REVMAN = ROOT / "tests" / "fixtures" / "revman"
SMALLEST = "garrison-2020.toml"


@cache
def folder() -> Path:
    """A folder of one's own, in memory where the machine has such a place; emptied when Python ends."""
    memory = Path("/dev/shm")
    made = tempfile.TemporaryDirectory(dir=memory if memory.is_dir() else None)
    _KEPT.append(made)
    return Path(made.name)


_KEPT: list[tempfile.TemporaryDirectory] = []


@cache
def library(name: str) -> Path:
    """A folder with the claims and no more than one study, so that a reading takes milliseconds."""
    place = folder() / f"library-{name}"
    place.mkdir()
    (place / "claims.toml").write_bytes(claims_alone())
    (place / SMALLEST).write_bytes((STUDIES / SMALLEST).read_bytes())
    return place


@cache
def claims_alone() -> bytes:
    """The claims without what they say of studies that are not in a library of one."""
    text = (STUDIES / "claims.toml").read_text(encoding="utf-8")
    content = tomlkit.parse(text)
    for name in ("borrowed_cv", "arm_sizes"):
        content.pop(name, None)
    kept = [claim for claim in content["claims"] if "proportion" not in claim]
    content["claims"] = kept
    return tomlkit.dumps(content).encode()


def read_evidence(place: Path) -> None:
    evidence = load_evidence(place)
    for name in evidence.analyses:
        evidence.effects(name)


def study_file(content: bytes) -> None:
    place = library("study")
    (place / SMALLEST).write_bytes(content)
    read_evidence(place)


def claims_file(content: bytes) -> None:
    place = library("claims")
    (place / "claims.toml").write_bytes(content)
    read_evidence(place)


def table(content: bytes) -> None:
    """What ``meta pool any.csv`` does, down to the pooled numbers."""
    path = folder() / "any.csv"
    path.write_bytes(content)
    with contextlib.redirect_stderr(io.StringIO()):
        loaded = table_reading.load(str(path))
    fit = meta.pool(loaded.effects, method="DL")
    check(fields(fit, "estimate se ci_low ci_high p_value tau2 i2 q q_p weights") | {"text": fit.summary()})


def table_of_studies(content: bytes) -> None:
    """What ``meta add --from any.csv`` does."""
    path = folder() / "studies.csv"
    path.write_bytes(content)
    found = from_table.read_table(path)
    for entry in from_table.entries(found, {"group": "adults", "read": "abstract", "place": "abstract"}):
        entry.make()


def typed_value(content: bytes) -> None:
    """One value as it is typed, for one of all the columns."""
    text = content[1:].decode("utf-8", "replace")
    for name in (NAMES[content[0] % len(NAMES)] if content else NAMES[0], "p", "mean1", "n1", "time"):
        for comma in (False, True):
            with contextlib.suppress(Refusal):
                value = read_value(text, column(name), comma=comma)
                assert not isinstance(value, float) or np.isfinite(value)
    decimals(text)
    with contextlib.suppress(Refusal):
        time_of(text)


def prior(content: bytes) -> None:
    made = parse_prior(content.decode("utf-8", "replace"))
    assert str(made)


def hypothesis_text(content: bytes) -> None:
    found = parse_hypothesis(content.decode("utf-8", "replace"))
    assert found.low <= found.high


@cache
def effects() -> meta.EffectSizes:
    rng = np.random.default_rng(1)
    columns = {"yi": rng.normal(size=8), "vi": np.full(8, 0.1), "x": np.arange(8.0), "g": list("aabbccdd")}
    return meta.effect_sizes(columns, measure="GEN")


def formula(content: bytes) -> None:
    text = content.decode("utf-8", "replace")
    check(fields(meta.regress(effects(), text), "tau2"))


def revman(content: bytes) -> None:
    found = outcomes_of(content, "any.rm5")
    frame = as_frame(found, None, "any.rm5")
    for item in found:
        as_frame(found, item.number, "any.rm5")
    assert len(frame)


def saved_result(content: bytes) -> None:
    loads(content.decode("utf-8", "replace"))


def reference(content: bytes) -> None:
    for found in references(content.decode("utf-8", "replace")):
        found.record()


def _typed() -> list[bytes]:
    told = [
        "12 (3.4)",
        "p < 0.05",
        "p=.03",
        "−3,41",
        "1,234",
        "24 h after",
        "78 %",
        "350 mg/day",
        "½",
        "1e400",
        "٣",
    ]
    told += ["yes", "random", "a; b", "1;2 3", "10.1000/x", "²", "0x10", "1_000", "nan", "--", "+.5e-3"]
    return [bytes([i * 7 % 256]) + item.encode() for i, item in enumerate(told)]


def _tables() -> list[bytes]:
    told = [
        "study,yi,vi\nA,0.1,0.2\nB,0.5,0.1\n",
        "study;yi;sei\nA;0,5;0,1\nB;-1;0,2\n",
        "sep=;\ntrial;tpos;tn;cpos;cn\nA;1;20;3;21\nB;0;9;1;9\n",
        'author\tyear\tmean1\tsd1\tn1\tmean2\tsd2\tn2\n"A, B"\t2001\t1\t2\t9\t3\t2\t9\n',
        "study,estimate,ci_low,ci_high\n=1+1,0.8,0.6,1.1\n<script>,0.5,0.2,0.9\n",
    ]
    return [item.encode() for item in told] + [told[3].encode("utf-16")]


def _saved() -> list[bytes]:
    place = folder() / "fit.json"
    meta.pool(effects()).save(place)
    return [place.read_bytes(), b'{"format": "meta-verdict/1", "class": "Pooled", "content": {}}']


STUDY_TABLE = (
    b"author,year,time,outcome,phase,mean1,sd1,n1,mean2,sd2,n2\n"
    b"Foo A,2001,24 h,soreness,final,1.5,0.4,20,2.5,0.5,21\n"
)
REFERENCES = [
    b'@article{k, author={Doe, J\\"{o}rg and {The Group}}, title={A {T}rial}, year=2001, doi={10.1/x}}',
    b"TY  - JOUR\nAU  - Doe, Jane\nPY  - 2001/02\nTI  - A\nDO  - 10.1/x\nER  - \n",
    b"PMID- 123\nAU  - Doe J\nDP  - 2001 Feb\nTI  - A\nAID - 10.1/x [doi]\n",
    b'[{"author": [{"family": "Doe", "given": "J"}], "issued": {"date-parts": [[2001]]}, "title": "A"}]',
]
PRIORS = [b"normal(0, 1)", b"half-normal(scale=0.5)", b"turner('mortality', 'pharma')", b"0.3", b"flat"]
PRIORS += [b"studentt(0, 1, df=3)", b"rhodes()", b"inverse-gamma(1, 0.15)", b"uniform(0, 1e300)"]
FORMULAS = [b"~ x", b"~ x + C(g)", b"~ np.log(x + 1):g", b"~ poly(x, 2) - 1", b"~ bs(x, df=4)", b"~ `x` | g"]

TARGETS: dict[str, tuple[Callable[[bytes], None], Callable[[], list[bytes]]]] = {
    "study file": (study_file, lambda: [(STUDIES / SMALLEST).read_bytes()]),
    "claims file": (claims_file, lambda: [claims_alone()]),
    "table of effects": (table, _tables),
    "table of studies": (table_of_studies, lambda: [STUDY_TABLE, STUDY_TABLE.replace(b",", b";")]),
    "typed value": (typed_value, _typed),
    "prior": (prior, lambda: PRIORS),
    "hypothesis": (hypothesis_text, lambda: [b"mu=0", b"tau < 0.3", b"-0.5<mu<0", b"mu>-inf"]),
    "formula": (formula, lambda: FORMULAS),
    "RevMan": (revman, lambda: [path.read_bytes() for path in sorted(REVMAN.iterdir())]),
    "saved result": (saved_result, _saved),
    "reference": (reference, lambda: REFERENCES),
}
"""By name: what reads the bytes, and bytes to begin from."""


def outcome(target: str, content: bytes) -> str:
    """Give a reader its bytes; return "read" or "refused". Anything else is a defect and is raised."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.simplefilter("ignore", MetaWarning)
            TARGETS[target][0](content)
    except MetaError as refusal:
        told = str(refusal)
    else:
        return "read"
    assert told.strip(), "a refusal without a word"
    assert "Traceback" not in told
    return "refused"
