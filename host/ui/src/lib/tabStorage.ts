// Small things that must outlive a reload of this tab: what was typed, what was not yet sent, and
// the id by which the gateway knows this tab. Storage may be forbidden or full; then memory serves.
const memory = new Map<string, string>();
const prefix = "wingman.";

export function recall(key: string): string | null {
  try {
    return sessionStorage.getItem(prefix + key) ?? memory.get(key) ?? null;
  } catch {
    return memory.get(key) ?? null;
  }
}

export function remember(key: string, value: string | null): void {
  if (value === null || value === "") memory.delete(key);
  else memory.set(key, value);
  try {
    if (value === null || value === "") sessionStorage.removeItem(prefix + key);
    else sessionStorage.setItem(prefix + key, value);
  } catch {
    // Memory has it.
  }
}
