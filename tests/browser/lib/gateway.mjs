// Which gateway the journeys talk to: the one that the environment names, else a mock of their own.
import { spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

const mock = fileURLToPath(new URL("../mock.mjs", import.meta.url));

/** Resolves to `{url, token, stop}`. */
export async function findGateway() {
  const { WINGMAN_UI_URL: url, WINGMAN_TOKEN: token = "" } = process.env;
  if (url !== undefined) return { url: url.replace(/\/$/, ""), token, stop: () => {} };

  const env = { ...process.env, PORT: "0", WINGMAN_TOKEN: "mock-token", WINGMAN_MOCK_HISTORY: "1" };
  const child = spawn(process.execPath, [mock], { env, stdio: ["ignore", "pipe", "inherit"] });
  for await (const line of createInterface({ input: child.stdout })) {
    const found = /http:\/\/\S+?(?=,)/.exec(line);
    if (found !== null) return { url: found[0], token: "mock-token", stop: () => child.kill() };
  }
  throw new Error("The mock gateway did not start.");
}
