"""Expressions that each kind of database writes otherwise."""

from typing import Any

from sqlalchemy import Boolean, ColumnElement, Integer, LargeBinary, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.compiler import SQLCompiler
from sqlalchemy.sql.functions import FunctionElement


class whole_part(FunctionElement[int]):  # noqa: N801  # it is used as a function
    """A number without what is behind the point."""

    inherit_cache = True
    type = Integer()


@compiles(whole_part)
def _cut(element: whole_part, compiler: SQLCompiler, **options: Any) -> str:
    return f"CAST({compiler.process(element.clauses, **options)} AS INTEGER)"


@compiles(whole_part, "postgresql")
def _cut_there(element: whole_part, compiler: SQLCompiler, **options: Any) -> str:
    # A cast alone rounds.
    return f"CAST(trunc({compiler.process(element.clauses, **options)}) AS INTEGER)"


class _InBytes(FunctionElement[bool]):
    """Whether bytes hold others, capital letters A to Z taken for small ones."""

    inherit_cache = True
    type = Boolean()


def in_bytes(column: ColumnElement[bytes], form: bytes) -> ColumnElement[bool]:
    """Whether a column holds these bytes, which have no capital letters; the database does it, beside Python."""
    return _InBytes(
        column, literal(form, LargeBinary), literal(form.replace(b"\x00", b"\x01").decode("latin-1"))
    )


@compiles(_InBytes)
def _in_bytes(element: _InBytes, compiler: SQLCompiler, **options: Any) -> str:
    column, form, _ = (compiler.process(one, **options) for one in element.clauses)
    return f"instr(CAST(lower(CAST({column} AS TEXT)) AS BLOB), {form}) > 0"


@compiles(_InBytes, "postgresql")
def _in_bytes_there(element: _InBytes, compiler: SQLCompiler, **options: Any) -> str:
    # As text of one byte a character, in which everything may stand but zero bytes: those become ones.
    column, _, form = (compiler.process(one, **options) for one in element.clauses)
    without_zeros = rf"decode(replace(encode({column}, 'escape'), '\000', '\001'), 'escape')"
    content = f"convert_from({without_zeros}, 'LATIN1')"
    return f'position({form} IN lower({content} COLLATE "C")) > 0'
