"""Readings of sensors: those out of range become messages. The ranges are the webhook's setting `ranges`."""

from statistics import median

from wingman import invalid_input, json, message, place, plugin
from wit_world.imports import log
from wit_world.imports.types import Peer, PeerKind, Sender

RANGES = {"temperature": [5, 30], "humidity": [20, 70]}


@plugin
class Preset:
    def normalize(self, delivery):
        body = json(delivery.body)
        sensor, unit = body.get("sensor"), body.get("quantity")
        if not isinstance(sensor, str) or not isinstance(unit, str):
            raise invalid_input("`sensor` and `quantity` must be strings")
        values = numbers(body.get("values"))
        ranges = RANGES | json(delivery.settings, "the webhook's settings").get("ranges", {})
        if unit not in ranges:
            raise invalid_input(f"nobody knows the range of {unit!r}: add it to the webhook's `ranges`")
        # A single outlier is noise; the median is not.
        low, high = ranges[unit]
        value = median(values)
        log.write(log.Level.DEBUG, "readings", [("sensor", sensor), ("median", str(value))])
        if low <= value <= high:
            return []
        return [alarm(sensor, unit, value, f"{low} to {high}", delivery.digest)]


def numbers(values):
    if not isinstance(values, list) or not values:
        raise invalid_input("`values` must be a list of numbers, and not an empty one")
    if any(isinstance(value, bool) or not isinstance(value, (int, float)) for value in values):
        raise invalid_input("`values` holds something that is no number")
    return values


def alarm(sensor, unit, value, expected, digest):
    return message(
        f"{sensor}/{digest}",
        f"The {unit} at **{sensor}** is {value:g}; it should be {expected}.",
        place=place(peer=Peer(PeerKind.CHANNEL, sensor)),
        sender=Sender(id=sensor, name=None, is_bot=True),
    )
