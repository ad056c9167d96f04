// Cuts Markdown that still grows into top-level blocks, so that only its end is rendered again.
import type { Token, TokensList } from "marked";
import { lex, renderTokens } from "./render";

export type Block = { raw: string } & ({ kind: "html"; html: string } | { kind: "code"; lang: string; text: string });

/**
 * Remembers the blocks of one text. Appended text can change its last block and join that to the
 * one before ("2" after a list is a paragraph until its "." comes), so these two are read again;
 * a block that comes out as it was stays the same object. Any other change reads everything.
 */
export class BlockStream {
  #text = "";
  #blocks: Block[] = [];

  update(source: string): Block[] {
    // The lexer normalises line ends; done here first, lengths of raw blocks keep matching the text.
    const text = source.replace(/\r\n?/g, "\n");
    if (text === this.#text) return this.#blocks;
    const known = text.startsWith(this.#text) ? this.#blocks : [];
    const kept = known.slice(0, -2);
    const offset = kept.reduce((length, block) => length + block.raw.length, 0);
    const read = toBlocks(text.slice(offset), known.slice(-2));
    this.#blocks = [...kept, ...read];
    this.#text = text;
    return this.#blocks;
  }
}

function toBlocks(text: string, known: Block[]): Block[] {
  const tokens = lex(text);
  const pieces: { raw: string; token: Token }[] = [];
  for (const token of tokens) {
    const last = pieces.at(-1);
    // Blank lines belong to the block before them: it may still go on after them.
    if (token.type === "space" && last !== undefined) last.raw += token.raw;
    else pieces.push({ raw: token.raw, token });
  }
  return pieces.map(({ raw, token }, index) => {
    const before = known[index];
    return before?.raw === raw ? before : toBlock(raw, token, tokens.links);
  });
}

function toBlock(raw: string, token: Token, links: TokensList["links"]): Block {
  if (token.type === "code") {
    return { kind: "code", raw, lang: String(token["lang"] ?? ""), text: String(token["text"]) };
  }
  return { kind: "html", raw, html: renderTokens([token], links) };
}
