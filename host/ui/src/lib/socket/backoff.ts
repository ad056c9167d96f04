// How long to wait before the next attempt to connect.

const first = 400;
const most = 15_000;

/**
 * Milliseconds to wait after `failures` failed attempts in a row: doubling, capped, and spread by
 * up to half so that many pages do not return to a restarted gateway at the same moment.
 */
export function backoff(failures: number, random: () => number = Math.random): number {
  const full = Math.min(most, first * 2 ** Math.max(0, failures - 1));
  return Math.round(full * (0.5 + random() / 2));
}
