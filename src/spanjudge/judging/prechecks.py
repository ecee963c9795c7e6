"""What needs no model: an input that is missing, and answers that are certain."""

from spanjudge.judging.case import Case
from spanjudge.judging.subject import Subject


def settle(case: Case, subject: Subject) -> bool:
    """Settle a case where no judge is needed; tells whether it did."""
    missing = [need for need in case.evaluator.needs if not subject.has(need)]
    if missing:
        case.missing(
            f"{case.evaluator.name} needs {' and '.join(missing)}; send {'them' if len(missing) > 1 else 'it'}"
        )
    return bool(missing)
