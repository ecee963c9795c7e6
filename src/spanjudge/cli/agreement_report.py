"""The figures of `spanjudge agreement` as text."""

from collections.abc import Mapping
from typing import Any

from spanjudge.judging.agreement import Agreement

WAYS = ("single", "batched")


def text(found: Mapping[str, Any]) -> str:
    """Everything that was measured, for a terminal."""
    judge = found["judge"]
    parts = [f"Judge: {judge['provider']} {judge['model']}"]
    for entry in found["files"]:
        parts.append(f"{entry['file']}\n  {entry['chosen']} (version {entry['version']})")
        parts += [_figures(way, entry[way]) for way in WAYS if way in entry]
        if "batching" in entry:
            parts.append(f"  {entry['batching']}")
    if "attacks" in found:
        parts.append(_attacks(found["attacks"]))
    return "\n\n".join(parts)


def advice(single: Agreement, batched: Agreement, costs: float) -> str:
    """Whether several criteria may be asked in one call of this judge."""
    if single.kappa is None or batched.kappa is None:
        return "Batching: kappa cannot be told for these rows, so neither can its loss."
    loss = single.kappa - batched.kappa
    told = f"kappa {single.kappa:.2f} single, {batched.kappa:.2f} batched"
    if loss > costs:
        return f"Batching: {told}; that costs more than {costs:g}: switch it off (batching: false)."
    return f"Batching: {told}; it costs no more than {costs:g} and is safe on these rows."


def _figures(way: str, found: Agreement) -> str:
    interval = ""
    if found.kappa_low is not None and found.kappa_high is not None:
        interval = f" (95 % {found.kappa_low:.2f} to {found.kappa_high:.2f})"
    seconds = "–" if found.mean_seconds is None else f"{found.mean_seconds:.2f} s"
    lines = [
        f"{way}: {found.judged} of {found.n} rows judged",
        f"accuracy {_number(found.accuracy)}   most frequent label {_number(found.base_rate)}",
        f"kappa    {_number(found.kappa)}{interval}",
        f"AUROC    {_number(found.auroc)} for “{found.positive}”",
        f"length alone: AUROC {_number(found.length_auroc)}, accuracy {_number(found.length_accuracy)}",
        f"tokens   {found.input_tokens} read, {found.output_tokens} written   {seconds} a row",
    ]
    if found.failures:
        codes = ", ".join(f"{code} {count}" for code, count in sorted(found.failures.items()))
        lines.append(f"failures {sum(found.failures.values())}: {codes}")
    else:
        lines.append("failures none")
    return "\n".join(f"  {line}" for line in lines + _confusion(found.confusion))


def _confusion(matrix: Mapping[str, Mapping[str, int]]) -> list[str]:
    if not matrix:
        return []
    width = max(len("label \\ judge"), *map(len, matrix)) + 2
    head = "label \\ judge".ljust(width) + "".join(label.rjust(width) for label in matrix)
    rows = [
        label.ljust(width) + "".join(str(count).rjust(width) for count in given.values())
        for label, given in matrix.items()
    ]
    return [head, *rows]


def _attacks(found: Mapping[str, Any]) -> str:
    table: Mapping[str, Mapping[str, int]] = found["families"]
    columns = list(next(iter(table.values())))
    width = max(map(len, table)) + 2
    total = {column: sum(row[column] for row in table.values()) for column in columns}
    lines = ["family".ljust(width) + "".join(column.rjust(len(column) + 3) for column in columns)]
    lines += [
        name.ljust(width) + "".join(str(row[column]).rjust(len(column) + 3) for column in columns)
        for name, row in {**table, "all": total}.items()
    ]
    moved = [one.id for one in found["each"] if one.effect == "moved"]
    if moved:
        lines.append(f"moved: {', '.join(moved)}")
    return "Attacks by the judged output\n" + "\n".join(f"  {line}" for line in lines)


def _number(value: float | None) -> str:
    return "–" if value is None else f"{value:.2f}"
