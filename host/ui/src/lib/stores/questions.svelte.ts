// The questions that wait for a person, in all sessions: what the list of sessions is marked by.
import type { ApiClient } from "../api/client";
import type { PendingQuestion, ServerFrame } from "../protocol/generated";

/** How often they are asked for while one is open: an answer given elsewhere is told to watchers only. */
const whileOpen = 10_000;
const gather = 150;

export class QuestionsStore {
  open = $state.raw<PendingQuestion[]>([]);
  #api: ApiClient;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #latest = 0;

  constructor(api: ApiClient) {
    this.#api = api;
  }

  has(sessionId: string): boolean {
    return this.open.some((one) => one.sessionId === sessionId);
  }

  hear(frame: ServerFrame): void {
    if (frame.type !== "event:agent") return;
    const event = frame.payload;
    if (event.type === "question-asked") {
      const rest = this.open.filter(({ id }) => id !== event.question.id);
      this.open = [...rest, event.question];
      this.refreshSoon(whileOpen);
    } else if (event.type === "question-answered") {
      this.open = this.open.filter(({ id }) => id !== event.questionId);
    } else if (["session-message", "agent-complete", "agent-error"].includes(event.type) && this.has(event.sessionId)) {
      this.refreshSoon(gather);
    }
  }

  refreshSoon(delay: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => void this.#refresh(), delay);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#latest += 1;
    this.open = [];
  }

  async #refresh(): Promise<void> {
    const call = ++this.#latest;
    try {
      const open = await this.#api.questions();
      if (call === this.#latest) this.open = open;
    } catch {
      // The list of sessions asks the same gateway, and says that it does not answer.
    }
    if (call === this.#latest && this.open.length > 0) this.refreshSoon(whileOpen);
  }
}
