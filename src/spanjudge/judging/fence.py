"""Fences around untrusted text that its author cannot close, forge or see through.

A fenced field is

    <<<output 5f0c9a3b7d21e684>>>
    …
    <<<end output 5f0c9a3b7d21e684>>>

The tag is a keyed hash of everything that is fenced: nobody without the server's key can know it before the
text is written, and every call on the same subject gets the same one, so that providers can cache the prefix.
"""

import hashlib
import re
import secrets
import unicodedata
from collections.abc import Iterable

TAG_DIGITS = 16

_FENCE_WORDS = (
    "end",
    "input",
    "output",
    "messages",
    "system",
    "systemprompt",
    "context",
    "expected",
    "tools",
    "toolcalls",
    "toolcall",
    "variable",
    "subject",
    "criterion",
    "criteria",
    "rubric",
    "answer",
    "instruction",
    "policy",
    "judge",
    "fence",
)
"""What follows the opening brackets of a look-alike, folded: lower case, letters only."""

_ANGLES = "<＜﹤‹〈⟨《«⟪❮❰≪⋘˂ᐸ❬⧼⪡⫷"
_INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f\u205f-\u206f"
    "\ufe00-\ufe0f\ufeff"
)
_CLOSERS = ">＞﹥›〉⟩》»⟫❯❱≫⋙˃ᐳ❭⧽⪢⫸"
_DOUBLE, _TRIPLE = "⟪≪⪡", "⋘⫷"
_LOOKALIKE = re.compile(rf"[{_ANGLES}](?:[\s{_INVISIBLE}]*[{_ANGLES}])+|[{_DOUBLE}{_TRIPLE}]")
_FENCE_LENGTH = 3
_WORD_NEXT = re.compile(rf"[\s{_INVISIBLE}/\\]*\w")
_CLOSED = re.compile(rf"[\w\s{_INVISIBLE}/\\:.=#-]{{1,70}}[{_CLOSERS}]")
_LETTERS = str.maketrans("аеорсухіјѕіοερτυινκ", "aeopcyxijsioeptuivk")
_LOOK_AHEAD = 80

# Bytes that mean nothing in text and something to terminals and tokenizers; tab and line feed stay.
_CONTROL_BYTES = bytes(b for b in range(32) if b not in (9, 10)) + b"\x7f"
# The same, C1 controls, bidirectional overrides, lone surrogates, interlinear marks and tag characters.
_CONTROLS = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufff9-\ufffb\U000e0000-\U000e007f]"
)

# Words a chat template gives a meaning to. A local server may read them as its own even inside content.
_TEMPLATE_WORDS = re.compile(
    r"<[|｜][^<>|｜\n]{1,40}[|｜]>|<(?:start|end)_of_turn>|<</?SYS>>|\[/?(?:INST|SYSTEM_PROMPT|AVAILABLE_TOOLS|TOOL_CALLS|TOOL_RESULTS)\]"
)
_TEMPLATE_SIGNS = ("<|", "<｜", "_of_turn>", "SYS>>", "INST]", "SYSTEM_PROMPT]", "TOOL")
_TEMPLATE_SHOWN = str.maketrans({"<": "‹", ">": "›", "|": "¦", "｜": "¦", "[": "［", "]": "］"})

_DATA_ADDRESS = re.compile(
    r"data:([\w.+-]+/[\w.+-]+)?(?:;[\w=.+-]+){0,4};base64,[A-Za-z0-9+/=_%-]{64,}+", re.ASCII
)
_LONG_BASE64 = 1024
_BASE64 = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{1024,}+={0,2}")


def new_key() -> bytes:
    """A key for this process's fences."""
    return secrets.token_bytes(32)


def tag(key: bytes, texts: Iterable[str]) -> str:
    """The tag of a subject: 16 hexadecimal digits of BLAKE2b over all its texts, keyed.

    The texts must have gone through `neutralise`: then none holds the NUL that stands between them here.
    """
    return hashlib.blake2b("\0".join(texts).encode(), key=key[:64], digest_size=TAG_DIGITS // 2).hexdigest()


def fenced(name: str, text: str, subject_tag: str) -> str:
    """Text between the two lines of a fence; it must have gone through `neutralise` before."""
    return f"<<<{name} {subject_tag}>>>\n{text}\n<<<end {name} {subject_tag}>>>"


def neutralise(text: str) -> str:
    """The text with everything made harmless that could be taken for a fence or a word of a chat template.

    Look-alikes keep their letters and get other brackets (`‹‹‹end output>>>`), so a judge still sees that
    they were there. Control characters become their pictures (`␀`), and what cannot be shown becomes `�`.
    """
    text = without_controls(text)
    if ("<" in text or "[" in text) and any(sign in text for sign in _TEMPLATE_SIGNS):
        text = _TEMPLATE_WORDS.sub(lambda match: match.group().translate(_TEMPLATE_SHOWN), text)
    # One bracket opens no fence; looking for them one by one is ten times faster than the expression.
    if text.count("<") > 1 or (not text.isascii() and any(sign in text for sign in _ANGLES[1:])):
        return _LOOKALIKE.sub(_disarmed, text)
    return text


def without_controls(text: str) -> str:
    """The text with control characters as pictures; always encodable as UTF-8."""
    if text.isprintable():
        return text
    if text.isascii():
        data = text.encode("ascii")
        if len(data.translate(None, _CONTROL_BYTES)) == len(data):
            return text
    elif text.replace("\n", "").replace("\t", "").isprintable():
        return text
    if "\r" in text:
        text = text.replace("\r\n", "\n").replace("\r", "\n")
    return _CONTROLS.sub(_picture, text)


def without_media(text: str) -> str:
    """The text with base64 data left out and its size said; a judge can do nothing with it but pay for it."""
    if ";base64," in text:
        text = _DATA_ADDRESS.sub(lambda match: f"[{match.group(1) or 'data'}{_size(match)}]", text)
    if len(text) >= _LONG_BASE64 and _has_long_word(text):
        text = _BASE64.sub(_base64_left_out, text)
    return text


def _has_long_word(text: str) -> bool:
    """Whether such a word is possible at all: it would fill one aligned block of half its length."""
    half = _LONG_BASE64 // 2
    for start in range(0, len(text), half):
        block = text[start : start + half]
        if " " not in block and "\n" not in block:
            return True
    return False


def _size(match: re.Match[str]) -> str:
    return f", about {max(1, len(match.group()) * 3 // 4096)} KB, not shown"


def _base64_left_out(match: re.Match[str]) -> str:
    run = match.group()
    mixed = any(c.isdigit() for c in run[:512]) and not run.islower() and not run.isupper()
    return f"[base64{_size(match)}]" if mixed and not run.isdigit() else run


def _picture(match: re.Match[str]) -> str:
    code = ord(match.group())
    if code < 0x20:  # noqa: PLR2004  the C0 block has pictures, in the same order
        return chr(0x2400 + code)
    return "␡" if code == 0x7F else "\ufffd"  # noqa: PLR2004  delete


def _disarmed(match: re.Match[str]) -> str:
    """The brackets, replaced where what follows reads like the line of a fence.

    Two brackets are common in code (`cout << end`): they need closing ones on the same line. Three are not,
    unless something other than a word follows (`<<< "$input"`).
    """
    run = match.group()
    ahead = match.string[match.end() : match.end() + _LOOK_AHEAD]
    length = sum(2 if c in _DOUBLE else 3 if c in _TRIPLE else 1 for c in run if c in _ANGLES)
    shape = _WORD_NEXT if length >= _FENCE_LENGTH else _CLOSED
    if not shape.match(ahead) or not _folded(ahead).startswith(_FENCE_WORDS):
        return run
    return "".join("‹" if char in _ANGLES else char for char in run)


def _folded(text: str) -> str:
    """Letters only, as a reader takes them: no case, no invisible marks, twins of other alphabets folded."""
    plain = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    return "".join(char for char in plain if "a" <= char <= "z")
