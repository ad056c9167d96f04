// Markdown tokens to HTML that is safe to show, whoever wrote the text.
//
// Two walls: raw HTML in the text is shown as text and never passed on, and what comes out is
// sanitised all the same. Images become links, because fetching one tells its server who reads.
import DOMPurify from "dompurify";
import { Marked, type Token, type TokensList } from "marked";

const marked = new Marked({
  gfm: true,
  breaks: true,
  renderer: {
    html: ({ text }) => escape(text),
    image: ({ href, text }) => `<a href="${escape(href)}">${escape(text === "" ? href : text)}</a>`,
    code: ({ text, lang }) =>
      `<div class="code"><div class="code-head"><span>${escape(lang ?? "")}</span>` +
      `<button type="button" data-copy>Copy</button></div>` +
      `<pre tabindex="0"><code>${escape(text)}</code></pre></div>`,
    checkbox: ({ checked }) => (checked ? "☑ " : "☐ "),
    table(token) {
      const head = token.header.map((cell) => `<th>${this.parser.parseInline(cell.tokens)}</th>`).join("");
      const row = (cells: typeof token.header) =>
        `<tr>${cells.map((cell) => `<td>${this.parser.parseInline(cell.tokens)}</td>`).join("")}</tr>`;
      const body = token.rows.map(row).join("");
      return `<div class="table" tabindex="0" role="region" aria-label="Table"><table><thead><tr>${head}</tr></thead><tbody>${body}</tbody></table></div>`;
    },
  },
});

const purify = DOMPurify();

purify.addHook("afterSanitizeAttributes", (node) => {
  if (node.tagName !== "A" || !node.hasAttribute("href")) return;
  node.setAttribute("target", "_blank");
  node.setAttribute("rel", "noopener noreferrer nofollow");
});

export function lex(text: string): TokensList {
  return marked.lexer(text);
}

export function renderTokens(tokens: Token[], links: TokensList["links"]): string {
  const list = Object.assign([...tokens], { links }) as TokensList;
  return purify.sanitize(marked.parser(list), {
    ALLOWED_URI_REGEXP: /^(?:https?|mailto|tel):/i,
    FORBID_TAGS: ["style", "form", "input", "img", "svg", "math", "iframe"],
    FORBID_ATTR: ["style", "id", "name"],
    ADD_ATTR: ["data-copy", "tabindex"],
    // The rule for addresses would otherwise be applied to their values too.
    ADD_URI_SAFE_ATTR: ["start", "tabindex", "type"],
  });
}

function escape(text: string): string {
  return text.replace(/[&<>"']/g, (char) => `&#${char.charCodeAt(0)};`);
}
