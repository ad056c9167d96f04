// What the palette leads to.
import { expect, test } from "vitest";
import { said } from "./palette";

test("a hit of the search leads to the message, not to its session alone", () => {
  const hit = { sessionId: "s", sessionName: "Mail", agentId: "main", messageId: "m1", seq: 4, role: "user", createdAt: 1, snippet: [] } as const;
  expect(said([{ ...hit, snippet: [] }])).toMatchObject([{ place: "chat", detail: "s", part: "m1", title: "Mail" }]);
});
