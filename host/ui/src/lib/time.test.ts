import { describe, expect, test } from "vitest";
import { duration, relative } from "./time";

const now = Date.UTC(2026, 5, 15, 12);
const minute = 60_000;

describe("relative", () => {
  test.each([
    [0, "now"],
    [59_000, "now"],
    [5 * minute, "5m ago"],
    [3 * 60 * minute, "3h ago"],
    [24 * 60 * minute, "yesterday"],
    [9 * 24 * 60 * minute, "Jun 6"],
    [400 * 24 * 60 * minute, "May 11, 2025"],
  ])("%d ms ago is %s", (age, words) => {
    expect(relative(now - age, now, "en-US")).toBe(words);
  });

  test("a clock that runs ahead is not shown as the future", () => {
    expect(relative(now + 5_000, now)).toBe("now");
  });
});

test("durations have units", () => {
  expect([45, 1_240, 65_000, 3_605_000].map(duration)).toEqual(["45 ms", "1.2 s", "1 min 05 s", "60 min 05 s"]);
});
