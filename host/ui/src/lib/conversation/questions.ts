// The questions that the runs of a conversation asked, and what became of each. A question is open
// until somebody answered it, here or elsewhere; the gateway takes one answer.
import type { AgentEvent, PendingQuestion, QuestionReply } from "../protocol/generated";
import type { Run } from "./run";

export interface Asked {
  question: PendingQuestion;
  /** `sending`: an answer is on its way from this page. */
  state: "open" | "sending" | "answered";
  /** Who answered, where the page can know. */
  by?: "you" | "other";
  /** What was said to an approval. */
  approved?: boolean;
  /** The answer in words, or why the tool may not be called. */
  answer?: string;
  /** Why the last answer from here was not taken. */
  error?: string;
}

/** How many are remembered; an open one is always among the newest. */
const most = 100;

/** A question can be told several times; what was answered stays answered. */
export function ask(asked: Asked[], question: PendingQuestion): Asked[] {
  if (asked.some((one) => one.question.id === question.id)) return asked;
  return [...asked, { question, state: "open" } as const].slice(-most);
}

export function answering(asked: Asked[], questionId: string): Asked[] {
  return change(asked, questionId, ({ question }) => ({ question, state: "sending" }));
}

/** The gateway took the answer from here. */
export function kept(asked: Asked[], questionId: string, reply: QuestionReply): Asked[] {
  return change(asked, questionId, ({ question, approved = reply.approve, answer = reply.answer ?? reply.reason }) => ({
    question,
    state: "answered",
    by: "you",
    ...(approved === undefined ? {} : { approved }),
    ...(answer === undefined ? {} : { answer }),
  }));
}

/** The gateway did not take the answer from here: most often, somebody else was faster. */
export function refused(asked: Asked[], questionId: string, error: string): Asked[] {
  return change(asked, questionId, (one) =>
    one.state === "answered" ? { ...one, by: "other" } : { question: one.question, state: "open", error },
  );
}

/** Everybody is told of an answer, also who gave it: while one from here is on its way, it may be that one. */
export function answered(asked: Asked[], event: Extract<AgentEvent, { type: "question-answered" }>): Asked[] {
  const { questionId, approved, answer } = event;
  return change(asked, questionId, (one) => {
    const by = one.state === "answered" ? one.by : one.state === "open" ? "other" : undefined;
    return {
      question: one.question,
      state: "answered",
      ...(by === undefined ? {} : { by }),
      ...(approved === undefined ? {} : { approved }),
      ...(answer === undefined ? {} : { answer }),
    };
  });
}

/** What a snapshot says of its run: `open` is the one question that it waits for. */
export function confirmed(asked: Asked[], runId: string, open: PendingQuestion | undefined): Asked[] {
  const rest = asked.map((one): Asked => {
    const isOver = one.question.runId === runId && one.state !== "answered" && one.question.id !== open?.id;
    return isOver ? { question: one.question, state: "answered" } : one;
  });
  return open === undefined ? rest : ask(rest, open);
}

/** Only the run in flight can wait: what another one asked and nobody answered is asked no more. */
export function ofRun(asked: Asked[], run: Run | null): Asked[] {
  const isKept = (one: Asked) => one.state === "answered" || (run !== null && one.question.runId === run.runId);
  return asked.every(isKept) ? asked : asked.filter(isKept);
}

function change(asked: Asked[], questionId: string, to: (one: Asked) => Asked): Asked[] {
  return asked.map((one) => (one.question.id === questionId ? to(one) : one));
}
