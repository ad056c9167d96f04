"""A chat network with rooms: it calls us with each message, and takes ours by POST."""

from json import dumps
from urllib.parse import quote

from componentize_py_types import Err
from wingman import json, message, place, plugin
from wit_world.exports.channel import Phase, Receipt, Received
from wit_world.imports import http
from wit_world.imports import types as t


@plugin
class Channel:
    def receive(self, request):
        said = json(request.body)
        where = place(peer=t.Peer(t.PeerKind.GROUP, said["room"]))
        sender = t.Sender(id=said["user"], name=None, is_bot=False)
        reply = t.HttpResponse(status=200, headers=[], body=b"")
        return Received(reply, [message(said["id"], said["text"], place=where, sender=sender)])

    def deliver(self, outbound):
        # The network cannot edit: the host then sends the whole text at the end.
        if outbound.phase != Phase.FINISH:
            raise Err(t.PluginError_Unsupported("this network cannot edit messages"))
        if outbound.place.peer is None:
            raise Err(t.PluginError_Permanent("a message to no room"))
        request = http.Outgoing(
            method="POST",
            url=f"https://chat.example.com/rooms/{quote(outbound.place.peer.id, safe='')}/messages",
            headers=[t.Header("content-type", "application/json")],
            body=http.Body_Bytes(dumps({"text": outbound.markdown}).encode()),
            # The host puts the secret in; it never comes here.
            secrets=[t.SecretUse("bot-token", t.SecretPlace_Header("authorization"), "Bearer ")],
            timeout_ms=None,
        )
        response = http.send(request)
        if response.status == 401:
            raise Err(t.PluginError_Unauthorized("the network refuses the bot token"))
        if response.status >= 300:
            raise Err(t.PluginError_Temporary(f"the network answered {response.status}"))
        return Receipt(ids=[json(response.body, "the answer")["id"]], edit_after_ms=None, unfinished=None)
