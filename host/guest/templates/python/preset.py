"""What a monitor reports becomes a message."""

from wingman import invalid_input, json, message, plugin
from wit_world.imports.types import Sender


@plugin
class Preset:
    def normalize(self, delivery):
        report = json(delivery.body)
        service, state, url = report.get("service"), report.get("state"), report.get("url")
        if not service:
            raise invalid_input("`service` is missing: send the service's name")
        if not state:
            raise invalid_input("`state` is missing: send `up` or `down`")
        # Nobody needs to be told that all is well.
        if state == "up":
            return []
        link = f"\n\n{url}" if url else ""
        # The report has no id of its own, so its digest is one: the same report twice is one message.
        sender = Sender(id=service, name=None, is_bot=True)
        return [message(f"{service}/{delivery.digest}", f"**{service}** is {state}.{link}", sender=sender)]
