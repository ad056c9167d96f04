"""What every Python plugin needs. `wingman plugin build` writes this file: changes to it are lost."""

import functools
import json as _json

from componentize_py_types import Err
from wit_world.imports import types


def plugin(interface):
    """Decorates a class whose mistakes are told: without it an exception is a trap, and its text is gone."""
    for name, method in list(vars(interface).items()):
        if callable(method) and not name.startswith("_"):
            setattr(interface, name, _guarded(name, method))
    return interface


def _guarded(name, method):
    @functools.wraps(method)
    def call(*arguments):
        try:
            return method(*arguments)
        except Err:
            raise
        except Exception as error:
            raise Err(types.PluginError_Permanent(f"{name}: {type(error).__name__}: {error}"))

    return call


def message(id, text, **more):
    """A message in, with whatever differs from the usual: `place`, `sender`, `facts`, ..., as `inbound` in the contract."""
    usual = dict(kind=types.InboundKind.MESSAGE, place=place(), sender=None, attachments=[], mentioned=True)
    usual |= dict(reply_to=None, sent_at=None, facts=[], context=None)
    return types.Inbound(id=id, text=text, **(usual | more))


def place(account=None, guild=None, team=None, peer=None, thread=None):
    """Where something was said."""
    return types.Place(account=account, guild=guild, team=team, peer=peer, thread=thread)


def invalid_input(text):
    """The input can never be used; the text says what to send instead. To be raised."""
    return Err(types.PluginError_InvalidInput(text))


# A component's stack is small, and a parser that runs out of it is a trap.
_MAX_DEPTH = 100


def _depth(text):
    """How deep lists and objects are nested in a text; brackets within strings do not count."""
    deepest = depth = 0
    in_string = escaped = False
    for character in text:
        if in_string:
            in_string, escaped = escaped or character != '"', character == "\\" and not escaped
        elif character == '"':
            in_string = True
        elif character in "[{":
            depth += 1
            deepest = max(deepest, depth)
        elif character in "]}":
            depth -= 1
    return deepest


def json(input, what="the body"):
    """A JSON object from bytes or text."""
    try:
        text = input if isinstance(input, str) else bytes(input).decode("utf-8")
        # Counting costs more than parsing, so only a text that could be too deep is counted.
        if text.count("[") + text.count("{") > _MAX_DEPTH and _depth(text) > _MAX_DEPTH:
            raise invalid_input(f"{what} is nested more than {_MAX_DEPTH} deep")
        value = _json.loads(text)
    except ValueError as error:
        raise invalid_input(f"{what} is not JSON: {error}")
    if not isinstance(value, dict):
        raise invalid_input(f"{what} is not a JSON object")
    return value
