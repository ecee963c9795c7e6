"""Attributes that are made when they are first looked at."""

from collections.abc import Callable
from typing import Any, Generic, Self, TypeVar, overload

T_co = TypeVar("T_co", covariant=True)


class lazy(Generic[T_co]):  # noqa: N801  reads like `property`, whose place it takes
    """`functools.cached_property` as it is from Python 3.12 on: without its lock, which is dear.

    Two threads that look first at the same time may both make the value: it must not matter which one stays.
    """

    def __init__(self, make: Callable[[Any], T_co]) -> None:
        """As a decorator of the method that makes the value."""
        self._make = make
        self._name = make.__name__
        self.__doc__ = make.__doc__

    @overload
    def __get__(self, instance: None, owner: type) -> Self: ...
    @overload
    def __get__(self, instance: object, owner: type) -> T_co: ...
    def __get__(self, instance: object | None, owner: type) -> Self | T_co:
        """The value; from then on it is an attribute of the instance, and found before this is asked."""
        if instance is None:
            return self
        value = instance.__dict__[self._name] = self._make(instance)
        return value
