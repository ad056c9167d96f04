// What every JavaScript plugin needs. `wingman plugin build` writes this file: changes to it are lost.

/** Makes an interface whose mistakes are told: without it an exception is a trap, and its text is gone. */
export function plugin(functions) {
  const guarded = ([name, run]) => [name, (...input) => {
    try {
      return run(...input);
    } catch (thrown) {
      // An error with a payload is a host function's typed one.
      throw thrown instanceof Error && !('payload' in thrown) ? fail('permanent', `${name}: ${thrown}`) : thrown;
    }
  }];
  return Object.fromEntries(Object.entries(functions).map(guarded));
}

/** A message in, with whatever differs from the usual: `{ place, sender, facts, sentAt, ... }`, as `inbound` in the contract. */
export const message = (id, text, more = {}) =>
  ({ id, text, kind: 'message', place: {}, attachments: [], mentioned: true, facts: [], ...more });

/** An error of the contract, to be thrown: `fail('temporary', 'try again')`. */
export const fail = (tag, val) => ({ tag, val });

/** The input can never be used; the text says what to send instead. */
export const invalidInput = (text) => fail('invalid-input', text);

/** A JSON object from bytes or text. */
export function json(input, what = 'the body') {
  let value;
  try {
    value = JSON.parse(typeof input === 'string' ? input : new TextDecoder('utf-8', { fatal: true }).decode(input));
  } catch (error) {
    throw invalidInput(`${what} is not JSON: ${error.message}`);
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) throw invalidInput(`${what} is not a JSON object`);
  return value;
}

/** Text or a value as the bytes of a body. */
export const bytes = (value) => new TextEncoder().encode(typeof value === 'string' ? value : JSON.stringify(value));
