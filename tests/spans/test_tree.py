"""Trees of spans: calls recorded twice, and what a call was based on."""

import random
from itertools import permutations
from typing import Any

import pytest

from spanjudge.spans.span import Document, Message, Span, TextPart, ToolResultPart
from spanjudge.spans.tree import SpanTree
from tests.spans.captures import capture

ASKED = (Message(role="user", parts=(TextPart("Where?"),)),)


def span(span_id: str, parent: str = "", operation: str | None = "chat", **given: Any) -> Span:
    fields: dict[str, Any] = {"trace_id": "t", "start_ns": 10, "end_ns": 20, "name": span_id, **given}
    return Span(span_id=span_id, parent_span_id=parent, operation=operation, **fields)


def answered(span_id: str, parent: str = "", **given: Any) -> Span:
    return span(span_id, parent, input_text="Where?", input_messages=ASKED, output_text="There.", **given)


def judged(*spans: Span) -> dict[str, str | None]:
    tree = SpanTree(spans)
    instead = {each.span_id: tree.judged_instead_of(each) for each in spans}
    return {key: other.span_id if other else None for key, other in instead.items()}


def test_parents_children_and_roots() -> None:
    spans = [
        span("a", operation="invoke_agent"),
        span("c", "a", start_ns=12),
        span("b", "a", start_ns=11),
        span("d", "gone"),
        span("e", "a", trace_id="other"),
    ]
    tree = SpanTree(spans)

    assert [root.span_id for root in tree.roots] == ["a", "d", "e"]
    assert [child.span_id for child in tree.children(spans[0])] == ["b", "c"]
    assert tree.parent(spans[1]) is spans[0]
    assert tree.parent(spans[3]) is None


def test_spans_that_are_their_own_ancestors_end_nothing() -> None:
    spans = [answered("a", "b"), answered("b", "a"), answered("c", "c")]
    tree = SpanTree(spans)

    for each in spans:
        tree.judged_instead_of(each)
        tree.context_of(each)
    assert [root.span_id for root in tree.roots] == ["c"]


def test_a_span_that_is_given_twice_is_there_once() -> None:
    assert len(SpanTree([answered("a"), answered("a")]).roots) == 1


class TestSameCall:
    def test_a_call_inside_a_call_is_the_same(self) -> None:
        spans = [answered("a", operation="generate_content"), answered("b", "a")]
        tree = SpanTree(spans)

        assert [tree.same_call_as_parent(each) for each in spans] == [False, True]

    def test_a_call_inside_an_agent_is_its_own(self) -> None:
        spans = [answered("a", operation="invoke_agent"), answered("b", "a")]

        assert not SpanTree(spans).same_call_as_parent(spans[1])
        assert judged(*spans) == {"a": None, "b": None}

    def test_the_one_with_content_is_judged(self) -> None:
        assert judged(answered("a"), span("b", "a")) == {"a": None, "b": "a"}
        assert judged(span("a"), answered("b", "a")) == {"a": "b", "b": None}

    def test_the_innermost_is_judged_where_all_have_content(self) -> None:
        assert judged(answered("a"), answered("b", "a"), answered("c", "b")) == {
            "a": "c",
            "b": "c",
            "c": None,
        }

    def test_an_answer_goes_before_a_question(self) -> None:
        asked = span("b", "a", input_text="Where?", input_messages=ASKED)

        assert judged(answered("a"), asked) == {"a": None, "b": "a"}

    def test_without_any_content_none_is_preferred(self) -> None:
        assert judged(span("a"), span("b", "a")) == {"a": None, "b": None}

    def test_the_attempt_that_worked_is_judged(self) -> None:
        failed = span("b", "a", error="timeout", input_text="Where?")

        assert judged(answered("a"), failed, answered("c", "a", start_ns=15)) == {
            "a": "c",
            "b": "c",
            "c": None,
        }

    @pytest.mark.parametrize("order", list(permutations(range(3))))
    def test_the_order_of_arrival_changes_nothing(self, order: tuple[int, ...]) -> None:
        spans = [answered("a"), answered("b", "a"), span("c", "b")]

        assert judged(*(spans[place] for place in order)) == {"a": "b", "b": None, "c": "b"}

    def test_exactly_one_of_any_chain_is_judged(self) -> None:
        chance = random.Random(7)  # noqa: S311  # no secret, the same trees every time
        for _ in range(300):
            length = chance.randint(1, 6)
            spans = [
                (answered if chance.random() < 0.6 else span)(str(place), str(place - 1) if place else "")
                for place in range(length)
            ]
            chance.shuffle(spans)
            instead = judged(*spans)
            if any(each.output_text for each in spans):
                assert len([key for key, other in instead.items() if other is None]) == 1
            assert all(instead[other] is None for other in instead.values() if other)

    def test_absurdly_nested_calls_are_read_in_no_time(self) -> None:
        spans = [answered(str(place), str(place - 1) if place else "") for place in range(600)]

        instead = judged(*spans)

        assert instead["599"] is None
        assert all(instead[str(place)] for place in range(599))


class TestSplitStream:
    def streamed(self, **given: Any) -> list[Span]:
        request = span("a", "p", input_text="Where?", input_messages=ASKED, scope="logfire.openai", end_ns=15)
        response = answered("b", "p", scope="logfire.openai", start_ns=30, end_ns=30, **given)
        return [span("p", operation=None, kind="chain"), request, response]

    def test_the_later_half_with_the_answer_is_judged(self) -> None:
        assert judged(*self.streamed()) == {"p": None, "a": "b", "b": None}

    @pytest.mark.parametrize(
        "other",
        [{"start_ns": 29}, {"input_messages": ()}, {"scope": "another"}, {"start_ns": 5, "end_ns": 5}],
    )
    def test_another_call_is_not_a_half(self, other: dict[str, Any]) -> None:
        parent, request, response = self.streamed()
        changed = Span(**{**{key: getattr(response, key) for key in response.__struct_fields__}, **other})

        assert judged(parent, request, changed)["a"] is None


class TestContext:
    DOCUMENT = Document(content="Within 30 days.", id="d1")

    def retrieval(self, span_id: str, parent: str = "", text: str = "Within 30 days.", **given: Any) -> Span:
        context = (Document(content=text),)
        return span(span_id, parent, "retrieval", **{"start_ns": 1, "end_ns": 5, "context": context, **given})

    def context(self, target: Span, *others: Span) -> list[str]:
        return [document.content for document in SpanTree([*others, target]).context_of(target)]

    def test_retrievals_before_a_call_somewhere_below_a_common_ancestor(self) -> None:
        root = span("root", operation=None, kind="chain", start_ns=0, end_ns=99)
        inner = span("inner", "root", operation=None, kind="chain", start_ns=0, end_ns=8)

        assert self.context(answered("call", "root"), root, inner, self.retrieval("r", "inner")) == [
            "Within 30 days."
        ]

    def test_retrievals_after_a_call_do_not_count(self) -> None:
        late = self.retrieval("r", "root", start_ns=30, end_ns=40)

        assert self.context(answered("call", "root"), late) == []

    def test_of_an_agent_the_retrievals_inside_it_count(self) -> None:
        agent = answered("agent", operation="invoke_agent", start_ns=0, end_ns=99)

        assert self.context(agent, self.retrieval("r", "agent", start_ns=30, end_ns=40)) == [
            "Within 30 days."
        ]

    def test_the_nearest_ones_count(self) -> None:
        turns = [span(turn, "root", operation="invoke_agent", start_ns=0) for turn in ("one", "two")]
        others = [self.retrieval("r1", "one", "old"), self.retrieval("r2", "two", "new")]

        assert self.context(answered("call", "two"), *turns, *others) == ["new"]

    def test_siblings_are_known_without_their_parent(self) -> None:
        others = [self.retrieval("r1", "elsewhere", "far"), self.retrieval("r2", "gone", "near")]

        assert self.context(answered("call", "gone"), *others) == ["near"]
        assert self.context(answered("call", "unknown"), *others) == ["far", "near"]

    def test_the_same_document_counts_once_and_one_without_text_never(self) -> None:
        empty = self.retrieval("r3", "root", "")
        others = [self.retrieval("r1", "root"), self.retrieval("r2", "r1"), empty]

        assert self.context(answered("call", "root"), *others) == ["Within 30 days."]

    def test_retrievals_of_another_trace_do_not_count(self) -> None:
        assert self.context(answered("call", "root"), self.retrieval("r", "root", trace_id="other")) == []

    def test_results_of_tools_are_the_context_where_nothing_was_retrieved(self) -> None:
        sent = (*ASKED, Message(role="tool", parts=(ToolResultPart(" a map ", "1"), ToolResultPart("", "2"))))
        call = span("call", "root", input_messages=sent, output_text="There.")

        assert SpanTree([call]).context_of(call) == (Document(content="a map", id="1"),)
        assert self.context(call, self.retrieval("r", "root")) == ["Within 30 days."]

    def test_results_within_an_agents_run_count(self) -> None:
        run = (Message(role="tool", parts=(ToolResultPart("a map"),)),)

        assert self.context(span("agent", operation="invoke_agent", output_messages=run)) == ["a map"]
        assert self.context(span("call", output_messages=run)) == []

    def test_a_span_with_documents_of_its_own_needs_no_other(self) -> None:
        own = self.retrieval("r2", "root", "own")

        assert self.context(own, self.retrieval("r1", "root")) == ["own"]

    @pytest.mark.parametrize("folder", ["openinference-langchain", "langsmith-langchain"])
    def test_in_a_real_trace(self, folder: str) -> None:
        read = capture(folder, "rag")
        (call,) = [each for each in read.spans.values() if each.is_model_call]
        (root,) = read.tree.roots
        texts = [
            "Our refund policy: you can return an item within 30 days of purchase for a full refund.",
            "Shipping takes 3 to 5 business days within the country.",
        ]

        assert [document.content for document in read.tree.context_of(call)] == texts
        assert [document.content for document in read.tree.context_of(root)] == texts
