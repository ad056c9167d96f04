// A tool's input or output as text for people.

export function readable(value: unknown): string {
  if (value === undefined || value === null || value === "") return "none";
  if (typeof value !== "string") return JSON.stringify(value, null, 2);
  // Many tools answer JSON in a string; laid out, it can be read.
  if (/^\s*[[{]/.test(value)) {
    try {
      return JSON.stringify(JSON.parse(value), null, 2);
    } catch {
      return value;
    }
  }
  return value;
}
