// Arithmetic for agents. Whole numbers are exact whatever their size; nothing is evaluated but what the grammar below knows.
import { invalidInput, json, plugin } from '../.wingman/wingman.js';

const [LONGEST, MOST_DIGITS] = [1000, 10_000];
const inputSchema = JSON.stringify({
  type: 'object',
  properties: { expression: { type: 'string', maxLength: LONGEST, description: 'Whole numbers, + - * / % ^ and parentheses' } },
  required: ['expression'],
});

export const tool = plugin({
  tools() {
    const description = 'Computes an expression of whole numbers exactly. Division is cut to a whole number.';
    return [{ name: 'calculate', description, inputSchema, readOnly: true, idempotent: true }];
  },
  call(invocation) {
    const { expression } = json(invocation.input, 'the input');
    if (typeof expression !== 'string' || expression.length > LONGEST) throw invalidInput('`expression` must be a string');
    const tokens = expression.match(/\d+|\S/g) ?? [];
    const text = `${sum(tokens, 0)}`;
    if (tokens.length > 0) throw invalidInput(`cannot read the expression at ${tokens[0]}`);
    return { text, data: JSON.stringify({ value: text }), attachments: [] };
  },
});

const LEVELS = [['+', '-'], ['*', '/', '%']];
const APPLY = {
  '+': (a, b) => a + b, '-': (a, b) => a - b, '*': (a, b) => a * b, '/': (a, b) => a / divisor(b), '%': (a, b) => a % divisor(b),
};

function sum(tokens, level) {
  if (level === LEVELS.length) return power(tokens);
  let value = sum(tokens, level + 1);
  while (LEVELS[level].includes(tokens[0])) value = APPLY[tokens.shift()](value, sum(tokens, level + 1));
  return value;
}

function power(tokens) {
  if (tokens[0] === '-') return tokens.shift() && -power(tokens);
  const base = atom(tokens);
  if (tokens[0] !== '^') return base;
  tokens.shift();
  const exponent = power(tokens);
  if (exponent < 0n || exponent * BigInt(`${base}`.length) > MOST_DIGITS) throw invalidInput('the result would be too long');
  return base ** exponent;
}

function atom(tokens) {
  const token = tokens.shift();
  if (/^\d+$/.test(token)) return BigInt(token);
  if (token !== '(') throw invalidInput(`expected a number, found ${token ?? 'the end'}`);
  const value = sum(tokens, 0);
  if (tokens.shift() !== ')') throw invalidInput('a parenthesis is not closed');
  return value;
}

function divisor(value) {
  if (value === 0n) throw invalidInput('division by zero');
  return value;
}
