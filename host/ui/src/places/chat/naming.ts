// A session's first name, from what was said first.

const longest = 60;

export function nameFor(text: string): string {
  const line = text.trim().split("\n", 1)[0]?.replace(/^[#>*\-\s]+/, "").replace(/\s+/g, " ") ?? "";
  if (line.length <= longest) return line === "" ? "New chat" : line;
  const cut = line.slice(0, longest);
  const end = cut.lastIndexOf(" ");
  return `${cut.slice(0, end > longest / 2 ? end : longest)}…`;
}
