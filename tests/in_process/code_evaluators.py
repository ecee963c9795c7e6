"""A subject for functions that evaluate."""

from spanjudge.judging.subject import Subject
from spanjudge.spans.span import Document

SUBJECT = Subject(
    input="Where is my parcel?",
    output="It is on its way, please wait.",
    context=(Document(content="Parcel 7 left Lyon."),),
    model="gpt-4o-mini",
)
