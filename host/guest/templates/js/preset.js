// What a monitor reports becomes a message.
import { invalidInput, json, message, plugin } from '../.wingman/wingman.js';

export const preset = plugin({
  normalize(delivery) {
    const { service, state, url } = json(delivery.body);
    if (!service) throw invalidInput("`service` is missing: send the service's name");
    if (!state) throw invalidInput('`state` is missing: send `up` or `down`');
    // Nobody needs to be told that all is well.
    if (state === 'up') return [];
    const link = url ? `\n\n${url}` : '';
    // The report has no id of its own, so its digest is one: the same report twice is one message.
    const sender = { id: service, isBot: true };
    return [message(`${service}/${delivery.digest}`, `**${service}** is ${state}.${link}`, { sender })];
  },
});
