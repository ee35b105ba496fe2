"""A property that is worked out once for each object."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, TypeVar, overload

if TYPE_CHECKING:
    from collections.abc import Callable

Value = TypeVar("Value")


class memo(Generic[Value]):  # noqa: N801 - used as a decorator, as `property` is
    """Keep what a method gives in the object, under the method's name.

    As `functools.cached_property`, but without the lock that it has up to Python 3.11. That lock is
    one for all objects of a class: queries that have nothing to do with each other would wait for
    each other, and a process that is forked while a thread holds it would wait for ever. Two
    threads that ask at once may both run the method; they give the same.
    """

    def __init__(self, method: Callable[[Any], Value]) -> None:
        self._method = method
        self.__doc__ = method.__doc__

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    @overload
    def __get__(self, instance: None, owner: type[Any]) -> memo[Value]: ...

    @overload
    def __get__(self, instance: object, owner: type[Any]) -> Value: ...

    def __get__(self, instance: object | None, owner: type[Any]) -> memo[Value] | Value:
        """Give the value, found in the object from the second time on."""
        if instance is None:
            return self
        value = self._method(instance)
        # The first of several threads wins, so that all of them get one object.
        found: Value = vars(instance).setdefault(self._name, value)
        return found
