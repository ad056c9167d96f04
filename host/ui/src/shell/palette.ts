// What the command palette offers, and what a few letters mean.
import type { IconName } from "../lib/components/icons";
import type { SearchHit, SessionSummary, SnippetPart } from "../lib/protocol/generated";
import type { Place } from "./places";

export interface Target {
  key: string;
  title: string;
  icon: IconName;
  place: string;
  detail?: string;
  /** The message, where it is one. */
  part?: string;
  at?: number;
  /** What was said there. */
  snippet?: SnippetPart[];
}

const most = 30;

export function candidates(places: Place[], sessions: SessionSummary[]): Target[] {
  return [
    { key: "new", title: "New chat", icon: "plus", place: "chat", detail: "new" },
    ...places
      .filter((place) => place.id !== "chat")
      .map((place): Target => ({ key: `place:${place.id}`, title: place.title, icon: place.icon, place: place.id })),
    ...sessions.map(
      (session): Target => ({
        key: `session:${session.id}`,
        title: session.name,
        icon: "chat",
        place: "chat",
        detail: session.id,
        at: session.updatedAt,
      }),
    ),
  ];
}

/** Those that hold every word, in any order; names that begin with what was typed come first. */
export function matching(targets: Target[], wanted: string): Target[] {
  const typed = wanted.trim().toLowerCase();
  const words = typed.split(/\s+/);
  const hits = targets.filter(({ title }) => words.every((word) => title.toLowerCase().includes(word)));
  const rank = ({ title }: Target) => (title.toLowerCase().startsWith(typed) ? 0 : 1);
  return hits.sort((a, b) => rank(a) - rank(b)).slice(0, most);
}

/** Where something was said that holds what was typed. */
export function said(hits: SearchHit[]): Target[] {
  return hits.map((hit) => ({
    key: `message:${hit.messageId}`,
    title: hit.sessionName,
    icon: "search",
    place: "chat",
    detail: hit.sessionId,
    part: hit.messageId,
    at: hit.createdAt,
    snippet: hit.snippet,
  }));
}
