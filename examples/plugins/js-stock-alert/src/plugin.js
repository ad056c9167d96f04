// A broker's price alerts become messages. One delivery brings many; moves that are smaller than the webhook's setting
// `minPercent` are left out.
import { write } from 'wingman:plugin/log@0.1.0';
import { invalidInput, json, message, plugin } from '../.wingman/wingman.js';

const DEFAULT_PERCENT = 1;

export const preset = plugin({
  normalize(delivery) {
    const { alerts } = json(delivery.body);
    if (!Array.isArray(alerts)) throw invalidInput('`alerts` is missing: send a list of alerts');
    const { minPercent = DEFAULT_PERCENT } = json(delivery.settings, "the webhook's settings");
    const moves = alerts.map(read);
    const large = moves.filter((move) => Math.abs(move.percent) >= minPercent);
    write('debug', 'alerts read', [['all', `${moves.length}`], ['large', `${large.length}`]]);
    return large.map(told);
  },
});

function read(alert, index) {
  const { id, symbol, price, previous, currency = 'USD' } = alert ?? {};
  const at = `alert ${index + 1}`;
  if (typeof id !== 'string' || typeof symbol !== 'string') throw invalidInput(`${at}: \`id\` and \`symbol\` must be strings`);
  if (!(price > 0) || !(previous > 0)) throw invalidInput(`${at}: \`price\` and \`previous\` must be positive numbers`);
  return { id, symbol, price, previous, currency, percent: (price / previous - 1) * 100 };
}

function told({ id, symbol, price, previous, currency, percent }) {
  const direction = percent > 0 ? 'up' : 'down';
  const text = `**${symbol}** is ${direction} ${Math.abs(percent).toFixed(1)} %: ${price} ${currency}, before ${previous}.`;
  return message(id, text, { sender: { id: 'broker', isBot: true }, facts: [['symbol', symbol]] });
}
