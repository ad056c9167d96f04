// Brings a message into sight and marks it for a moment.

const marked = 2_000;

/** False when the message is not on the page. */
export function showMessage(messageId: string): boolean {
  const turn = document.querySelector<HTMLElement>(`[data-message="${CSS.escape(messageId)}"]`);
  if (turn === null) return false;
  turn.scrollIntoView({ block: "center" });
  turn.dataset["found"] = "";
  setTimeout(() => delete turn.dataset["found"], marked);
  return true;
}
