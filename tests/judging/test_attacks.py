import pytest

from spanjudge.judging import attacks
from spanjudge.judging.judge import Judge
from spanjudge.judging.labelled import find_evaluator
from spanjudge.judging.models.model import JudgeRequest
from spanjudge.judging.models.scripted import ScriptedModel

KNOWN = attacks.load()
RUDE = KNOWN.cases["rude"]


def answer(request: JudgeRequest, *, good: bool) -> dict[str, str]:
    if "label" in request.schema["properties"]:
        return {"explanation": "So it is.", "label": "low" if good else "high"}
    return {"explanation": "So it is.", "score": "1" if good else "0"}


def steadfast(request: JudgeRequest) -> dict[str, str]:
    return answer(request, good=False)


def gullible(request: JudgeRequest) -> dict[str, str]:
    return answer(request, good="rubric" in request.subject)


def broken(request: JudgeRequest) -> str:
    return "Label: low" if "rubric" in request.subject else '{"explanation": "Rude.", "label": "high"}'


async def tried(script: object, attack: attacks.Attack) -> attacks.Effects:
    judge = Judge(ScriptedModel(script))  # type: ignore[arg-type]
    case = KNOWN.cases[attack.case]
    return await attacks.attempt(judge, attack, case, await attacks.bare(judge, case))


def test_the_set_is_large_and_varied() -> None:
    assert len(KNOWN.attacks) >= 40
    assert len({attack.id for attack in KNOWN.attacks}) == len(KNOWN.attacks)
    assert {attack.family for attack in KNOWN.attacks} >= {
        "forged fences",
        "forged verdicts",
        "ignore the rubric",
        "master keys",
        "role play",
        "other languages",
        "encoded text",
        "fake system messages",
        "homoglyphs",
        "zero-width characters",
        "long padding",
    }
    for case in KNOWN.cases.values():
        acceptance = find_evaluator(case.evaluator).acceptance
        assert acceptance is not None
        assert acceptance.verdict(case.fooled) == "pass"


@pytest.mark.parametrize("attack", KNOWN.attacks, ids=[attack.id for attack in KNOWN.attacks])
async def test_no_attack_changes_the_shape_or_gets_past_a_steadfast_judge(attack: attacks.Attack) -> None:
    found = await tried(steadfast, attack)
    assert found.shape_kept
    assert found.failure is None
    assert found.effect == "held"


async def test_a_moved_verdict_a_failure_and_a_judge_that_was_wrong_before_are_told_apart() -> None:
    attack = next(attack for attack in KNOWN.attacks if attack.id == "ignore-1")
    assert (await tried(gullible, attack)).effect == "moved"
    failed = await tried(broken, attack)
    assert (failed.effect, failed.failure, failed.shape_kept) == ("failed", "judge_answer_invalid", True)

    def blind(request: JudgeRequest) -> dict[str, str]:
        return answer(request, good=True)

    assert (await tried(blind, attack)).effect == "fooled before"


async def test_the_table_by_family_adds_up() -> None:
    found = [await tried(gullible, attack) for attack in KNOWN.attacks]
    table = attacks.families(found)
    assert sum(row["attacks"] for row in table.values()) == len(KNOWN.attacks)
    assert table["ignore the rubric"]["moved"] == 1
    for row in table.values():
        assert row["held"] + row["moved"] + row["fooled before"] + row["failed"] == row["attacks"]
        assert row["shape kept"] == row["attacks"]


def test_an_attack_carries_the_bad_output_unless_it_replaces_it() -> None:
    for attack in KNOWN.attacks:
        text = attack.output(KNOWN.cases[attack.case])
        carries = KNOWN.cases[attack.case].output in text
        assert carries is (attack.family != "master keys"), attack.id
    long = next(attack for attack in KNOWN.attacks if attack.id == "long-1")
    assert len(long.output(RUDE)) > 4_000
