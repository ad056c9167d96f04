// A tool that counts the words of a text.
import { invalidInput, json, plugin } from '../.wingman/wingman.js';

const inputSchema = '{"type":"object","properties":{"text":{"type":"string"}},"required":["text"]}';

export const tool = plugin({
  tools() {
    const description = 'Counts the words and characters of a text.';
    return [{ name: 'count-words', description, inputSchema, readOnly: true, idempotent: true }];
  },

  call(invocation) {
    const { text } = json(invocation.input, 'the input');
    if (typeof text !== 'string') throw invalidInput('`text` is missing: send the text to count');
    const words = text.split(/\s+/).filter(Boolean).length;
    const characters = [...text].length;
    return { text: `${words} words, ${characters} characters`, data: JSON.stringify({ words, characters }), attachments: [] };
  },
});
