"""How a small judge's label probabilities become answers: wordings, slopes, offsets and signals by criterion.

A small model ranks well and cuts badly: asked yes or no, it says yes to most of what it is shown. For some
gallery evaluators its file in `calibrations/` therefore holds a short wording of the criterion, asked as one
closed question, and a multinomial logistic model with few coefficients over the probabilities of the labels
and the signals of `signals` (Platt scaling, 1999, widened to several labels):

    weight(label) = slope · ln p(label) + offset(label) + Σ coefficient · signal
    share(label)  = exp(weight(label)) / Σ exp(weight)

A calibration holds for one model file and for evaluators whose rubric and answer format are the gallery's,
under any name and scope: whoever changes them is not calibrated behind his back.
"""

import math
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec
import yaml

from spanjudge.evaluators.evaluator import Evaluator
from spanjudge.judging import signals
from spanjudge.judging.form import Value
from spanjudge.judging.subject import Field, Subject

_LEAST = 1e-9


class Option(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One label of the closed question.

    `offset` and `signals` are natural-log odds; `says` is the explanation where the judge's own would argue
    for another label; `evidence` names the signals that may add a sentence.
    """

    name: str
    says: str
    offset: float = 0.0
    signals: dict[str, float] = {}
    evidence: tuple[str, ...] = ()


class Learnt(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where the coefficients come from; kappa and AUROC are of repeated 5-fold cross-validation."""

    rows: str
    n: int
    date: str
    kappa: float | None = None
    auroc: float | None = None


class Use(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One gallery evaluator (`section/name`) and what each label is in its words.

    `values`: the evaluator's own value for a label; numbers are averaged by the labels' shares. `kinds`:
    several values for one label, of which the judge picks one in a property called `kind`. `fields`: what is
    shown instead of the criterion's fields. `requires`: without these fields the evaluator is asked as
    usual. `even`: the score where two labels are equally likely.
    """

    evaluator: str
    values: dict[str, Value] = {}
    kinds: dict[str, tuple[str, ...]] = {}
    kind: str = "kind"
    fields: tuple[Field, ...] = ()
    requires: tuple[Field, ...] = ()
    even: float = 0.5


class Criterion(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One criterion in the small judge's wording, and how its answers are read."""

    name: str
    fields: tuple[Field, ...]
    rubric: str
    question: str
    labels: tuple[Option, ...]
    uses: tuple[Use, ...]
    learnt: Learnt
    explain: Literal["first", "after"] = "after"
    slope: float = 1.0

    def option(self, name: str) -> Option:
        """The label of this name."""
        return next(option for option in self.labels if option.name == name)

    def leaning(self, subject: Subject) -> dict[str, float]:
        """What to add to the labels' log probabilities so that the likeliest is the calibrated one."""
        return {option.name: _push(option, subject) / self.slope for option in self.labels}

    def shares(self, measured: Mapping[str, float], subject: Subject) -> dict[str, float]:
        """Calibrated probabilities of the labels, adding up to 1; `measured` are the model's own."""
        weights = {
            option.name: self.slope * math.log(max(_LEAST, measured.get(option.name, 0.0)))
            + _push(option, subject)
            for option in self.labels
        }
        top = max(weights.values())
        powers = {name: math.exp(weight - top) for name, weight in weights.items()}
        whole = sum(powers.values())
        return {name: power / whole for name, power in powers.items()}


class Calibrations(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A calibration file: the model it was measured on, and its criteria."""

    model: str
    criteria: tuple[Criterion, ...]

    def of(self, evaluator: Evaluator) -> tuple[Criterion, Use] | None:
        """The criterion and use that fit an evaluator, or `None`."""
        if evaluator.rubric is None:
            return None
        for criterion in self.criteria:
            for use in criterion.uses:
                known = _gallery(use.evaluator)
                if known.rubric == evaluator.rubric and known.answer == evaluator.answer:
                    return criterion, use
        return None


def score(shares: Mapping[str, float], use: Use) -> float:
    """The expectation of the labels' numbers, moved so that even odds of two labels give `even`."""
    mean = sum(share * float(use.values[name]) for name, share in shares.items())
    if use.even != 0.5 and 0.0 < mean < 1.0:  # noqa: PLR2004  the middle, where nothing moves
        odds = mean / (1.0 - mean) * use.even / (1.0 - use.even)
        mean = odds / (1.0 + odds)
    return round(mean, 4)


@cache
def load(name: str) -> Calibrations:
    """The calibrations shipped for a model; `LookupError` for a model without any."""
    place = files("spanjudge.judging").joinpath("calibrations", f"{name}.yaml")
    if not place.is_file():
        msg = f"no calibrations for {name}"
        raise LookupError(msg)
    return msgspec.convert(yaml.safe_load(place.read_text(encoding="utf-8")), Calibrations)


def _push(option: Option, subject: Subject) -> float:
    return option.offset + sum(
        coefficient * signals.SIGNALS[name](subject) for name, coefficient in option.signals.items()
    )


@cache
def _gallery(place: str) -> Evaluator:
    from spanjudge.evaluators import gallery  # noqa: PLC0415  reads YAML, which only small judges need

    section, name = place.split("/")
    sections = {"scorers": gallery.scorers, "metrics": gallery.metrics, "templates": gallery.templates}
    return sections[section]()[name]
