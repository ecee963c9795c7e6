"""Who speaks, in one word, however a framework spells it."""

ROLES = {
    "system": "system",
    "developer": "system",
    "instruction": "system",
    "instructions": "system",
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "bot": "assistant",
    "chatbot": "assistant",
    "tool": "tool",
    "function": "tool",
    "ipython": "tool",
}
"""Every spelling, in lower case, and the role it means."""

_SUFFIXES = ("messagechunk", "message")


def known_role(written: object) -> str | None:
    """The role a text names, as a class (`HumanMessage`) or a member (`ChatRole.USER`) too; else `None`."""
    if not isinstance(written, str):
        return None
    if written in ROLES:
        return ROLES[written]
    word = written.rpartition(".")[2].strip().lower()
    for suffix in _SUFFIXES:
        word = word.removesuffix(suffix)
    return ROLES.get(word)
