// What the demo model does: it echoes, can be slow, can call a tool, can fail.
import { setTimeout as wait } from "node:timers/promises";

const introduction = "This is the built-in demo: no AI, it only repeats what you say.\n\n";

export async function* replyTo(prompt, run) {
  const [, pause = "30", said = prompt] = /^\/slow (\d+) ([\s\S]+)/.exec(prompt) ?? [];
  const [, tool, input] = /^\/tool (\S+) ?(.*)/.exec(prompt) ?? [];
  if (run.first) yield* say(introduction, Number(pause), run);
  if (prompt.startsWith("/fail")) {
    yield { text: "I began, and then " };
    throw new Error("The model's server answered 500: overloaded.");
  }
  if (tool !== undefined) yield* useTool(tool, input, run);
  const words = tool === undefined ? `${prompt.startsWith("/") ? "" : "You said: "}${said}` : `The tool ${tool} has answered.`;
  yield* say(words, Number(pause), run);
}

async function* say(text, pause, run) {
  for (const word of text.match(/\S+\s*/g) ?? []) {
    await pauseFor(pause, run);
    yield { text: word };
  }
}

async function* useTool(toolName, input, run) {
  const toolCallId = `call-${Math.random().toString(36).slice(2)}`;
  let toolInput = {};
  try {
    toolInput = JSON.parse(input === "" ? "{}" : input);
  } catch {
    toolInput = input;
  }
  const about = { toolCallId, toolName, toolInput };
  // No tool of the gateway is called so: a call that somebody has to approve.
  if (toolName === "approved_time") {
    const { approve, reason } = await run.ask({ kind: "approval", text: `May \`${toolName}\` be called with ${input}?`, ...about });
    if (!approve) {
      const toolOutput = `the user did not approve this call; it was not made. The user says: ${reason ?? ""}`;
      yield { type: "tool-start", ...about };
      yield { type: "tool-end", toolCallId, toolName, toolOutput, isError: true };
      return;
    }
  }
  yield { type: "tool-start", ...about };
  if (toolName === "ask_user") {
    const { question: text, choices } = toolInput;
    const { answer } = await run.ask({ kind: "question", text, choices, ...about });
    yield { type: "tool-end", toolCallId, toolName, toolOutput: answer };
    return;
  }
  if (toolName === "delegate") {
    yield { type: "tool-end", toolCallId, toolName, toolOutput: await run.delegate(toolCallId, toolInput) };
    return;
  }
  await pauseFor(250, run);
  if (toolName.endsWith("_time")) {
    yield { type: "tool-end", toolCallId, toolName, toolOutput: JSON.stringify({ now: new Date().toISOString() }) };
  } else {
    yield { type: "tool-end", toolCallId, toolName, toolOutput: `No tool is called ${toolName}.`, isError: true };
  }
}

async function pauseFor(ms, run) {
  await wait(ms);
  if (run.cancelled) throw new Error("The run was cancelled.");
}
