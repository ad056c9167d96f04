// A chat network with rooms: it calls us with each message, and takes ours by POST.
import { send } from 'wingman:plugin/http@0.1.0';
import { bytes, fail, json, message, plugin } from '../.wingman/wingman.js';

export const channel = plugin({
  receive(request) {
    const said = json(request.body);
    const more = { place: { peer: { kind: 'group', id: said.room } }, sender: { id: said.user, isBot: false } };
    return { reply: { status: 200, headers: [], body: bytes('') }, messages: [message(said.id, said.text, more)] };
  },

  deliver(outbound) {
    // The network cannot edit: the host then sends the whole text at the end.
    if (outbound.phase !== 'finish') throw fail('unsupported', 'this network cannot edit messages');
    if (!outbound.place.peer) throw fail('permanent', 'a message to no room');
    const response = send({
      method: 'POST',
      url: `https://chat.example.com/rooms/${encodeURIComponent(outbound.place.peer.id)}/messages`,
      headers: [{ name: 'content-type', value: 'application/json' }],
      body: { tag: 'bytes', val: bytes({ text: outbound.markdown }) },
      // The host puts the secret in; it never comes here.
      secrets: [{ secret: 'bot-token', place: { tag: 'header', val: 'authorization' }, prefix: 'Bearer ' }],
    });
    if (response.status === 401) throw fail('unauthorized', 'the network refuses the bot token');
    if (response.status >= 300) throw fail('temporary', `the network answered ${response.status}`);
    return { ids: [json(response.body, 'the answer').id] };
  },
});
