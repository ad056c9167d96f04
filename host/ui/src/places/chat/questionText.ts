// What became of a question, in words.
import type { Asked } from "../../lib/conversation/questions";

export function outcome({ question, by, approved, answer }: Asked): string {
  const who = by === "you" ? "You" : by === "other" ? "Somebody else" : undefined;
  if (question.kind === "approval") {
    const what = `\`${question.toolName}\``;
    if (approved === undefined) return `${who ?? "Somebody"} answered whether ${what} may be called.`;
    const verdict = approved ? `approved ${what}` : `did not approve ${what}`;
    return `${who ?? "Somebody"} ${verdict}${answer === undefined || answer === "" ? "." : `: ${answer}`}`;
  }
  return `“${question.text}” ${who ?? "Somebody"} answered${answer === undefined ? "." : `: ${answer}`}`;
}
