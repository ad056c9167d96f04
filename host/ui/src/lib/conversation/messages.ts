// The settled messages of a conversation: merging what the store says, without repeats, in order.
import type { StoredMessage } from "../protocol/generated";

/**
 * Adds stored messages to those already known. A message replaces the one with its id, and also the
 * local copy of the same turn that was shown before the stored one was known.
 */
export function merge(known: StoredMessage[], added: StoredMessage[]): StoredMessage[] {
  if (added.length === 0) return known;
  const kept = known.filter((old) => !added.some((fresh) => isSame(old, fresh)));
  return inOrder([...kept, ...added]);
}

function isSame(old: StoredMessage, fresh: StoredMessage): boolean {
  if (old.id === fresh.id) return true;
  return old.id.startsWith(localPrefix) && old.role === fresh.role && old.requestId === fresh.requestId;
}

const localPrefix = "local:";

/** The id of a message whose stored id the page does not know yet. */
export function localId(role: StoredMessage["role"], key: string): string {
  return `${localPrefix}${role}:${key}`;
}

/**
 * Order of `seq`, but a reply stands right after the last message that it answers: a message that was
 * queued while an earlier turn ran is stored before that turn's reply.
 */
function inOrder(messages: StoredMessage[]): StoredMessage[] {
  const asked = new Map<string, number>();
  const said = new Map<string, number>();
  for (const { role, requestId, runId, seq } of messages) {
    if (role !== "user") continue;
    if (requestId !== undefined) asked.set(requestId, seq);
    // A run answers more than one message where others joined it.
    if (runId !== undefined) said.set(runId, Math.max(seq, said.get(runId) ?? 0));
  }
  const place = ({ role, requestId, runId, seq }: StoredMessage): number => {
    if (role !== "assistant") return seq;
    const own = requestId === undefined ? undefined : asked.get(requestId);
    const last = runId === undefined ? undefined : said.get(runId);
    return own === undefined && last === undefined ? seq : Math.max(own ?? 0, last ?? 0);
  };
  return messages.sort((a, b) => place(a) - place(b) || a.seq - b.seq);
}
