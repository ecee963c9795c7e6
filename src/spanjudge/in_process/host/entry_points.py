"""Our evaluators for the GenAI utilities of the Splunk distribution, which find them by entry points.

The host of the group `opentelemetry_util_genai_evaluators` loads `native` and `deepeval`, asks which metrics
they take unless told, and calls the factory once for each type of invocation. Loading them imports nothing of
the judging core.
"""

import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from spanjudge.in_process.host.evaluator import HostEvaluator

__all__ = ["Registration", "deepeval", "native"]

_EVALUATORS = "OTEL_INSTRUMENTATION_GENAI_EVALS_EVALUATORS"


class Registration:
    """One entry point: what the host asks of it."""

    def __init__(self, name: str, *, unasked: bool) -> None:
        """`unasked`: whether it evaluates when nobody specified any evaluator.

        The host then takes every evaluator it finds, and one of ours is enough: each would ask, and pay, a
        judge for the same metrics.
        """
        self.name = name
        self._unasked = unasked

    def factory(
        self,
        metrics: Sequence[str] | None = None,
        invocation_type: str | None = None,
        options: Mapping[str, object] | None = None,
    ) -> "HostEvaluator":
        """An evaluator of these metrics for one type of invocation.

        What cannot be used (an unknown metric, a threshold out of range) is logged and left out. Raises
        `SettingsError` when nothing is left: the host then goes on without this evaluator.
        """
        from spanjudge.in_process.host.evaluator import host_evaluator  # noqa: PLC0415  the judging core

        return host_evaluator(self.name, metrics, invocation_type=invocation_type, options=options)

    def default_metrics(self) -> Mapping[str, Sequence[str]]:
        """Metrics by type of invocation when the specification names none; custom rubrics are among them.

        Of model calls only: an agent's answer is that of its model, and would be judged and paid twice.
        """
        if not self._unasked and not os.environ.get(_EVALUATORS, "").strip():
            return {}
        from spanjudge.in_process.metrics import definitions, rubrics_from_environment  # noqa: PLC0415  as above

        found = definitions(custom_rubrics=rubrics_from_environment())
        return {"LLMInvocation": tuple(evaluator.name for evaluator in found)}


native = Registration("native", unasked=True)
deepeval = Registration("deepeval", unasked=False)
