// The wire's types as the page sees them. To be replaced by the file that the gateway's protocol
// crate generates: nothing but types may live here, and no other file may declare wire types.

/** One WebSocket frame. `payload` depends on `type`. */
export interface Envelope {
  type: string;
  /** Milliseconds since the epoch. */
  timestamp: number;
  id?: string;
  ok?: boolean;
  /** Per session, strictly rising, gaps allowed. Only on `event:agent`. */
  seq?: number;
  /** Only on events sent to the client that made the request. */
  clientId?: string;
  client?: { instanceId: string; clientType: string; version?: string };
  payload?: unknown;
}

interface AgentEventBase {
  sessionId: string;
  agentId: string;
  timestamp: number;
}

/** The payload of an `event:agent` frame. */
export type AgentEvent = AgentEventBase &
  (
    | {
        type: "session-message";
        messageId: string;
        role: "user" | "assistant";
        content: string;
        requestId?: string;
        message: StoredMessage;
      }
    | { type: "request-queued"; requestId: string; position: number }
    | { type: "agent-start"; agent: string; prompt: string }
    | { type: "agent-stream"; chunk: StreamChunk }
    | { type: "tool-start"; toolCallId: string; toolName: string; toolInput: unknown }
    | { type: "tool-end"; toolCallId: string; toolName: string; toolOutput: unknown; isError?: boolean }
    | { type: "agent-snapshot"; runId: string; requestId?: string; prompt: string; parts: MessagePart[] }
    | { type: "agent-complete"; result: AgentResult }
    | { type: "agent-error"; error: string; messageId?: string }
  );

export interface StreamChunk {
  event: string;
  run_id: string;
  name?: string;
  data: { chunk?: { content: string }; input?: unknown; output?: unknown; error?: unknown };
}

export interface AgentResult {
  response: string;
  messageId: string;
  truncated?: boolean;
  usage?: unknown;
}

export type MessagePart =
  | { type: "text"; text: string }
  | {
      type: "tool";
      toolCallId: string;
      toolName: string;
      toolInput: unknown;
      toolOutput?: unknown;
      isError?: boolean;
      /** Milliseconds since the epoch. */
      startedAt?: number;
      endedAt?: number;
    };

export interface StoredMessage {
  id: string;
  role: "user" | "assistant";
  /** All text of the message, joined. */
  content: string;
  createdAt: number;
  seq: number;
  requestId?: string;
  runId?: string;
  sender?: string;
  status?: "complete" | "truncated" | "cancelled" | "error";
  error?: string;
  /** Text and tools in the order in which they happened. */
  parts?: MessagePart[];
  attachments?: unknown[];
}

export interface SessionSummary {
  id: string;
  name: string;
  agentId: string;
  createdAt: number;
  updatedAt: number;
  messageCount: number;
  lastMessagePreview: string | null;
  workdir: string | null;
  source: "client" | "webhook" | "channel";
  running?: boolean;
}

export interface AgentSummary {
  id: string;
  name: string;
  default?: boolean;
  model?: string;
  /** True when the agent answers with the built-in demo model, which is no AI. */
  demo?: boolean;
}

export interface PluginSummary {
  name: string;
  version: string;
  kind: string;
  contract: string;
  state: "ready" | "failed" | "quarantined";
  grants: string[];
  failures: number;
  lastError?: string;
}

export interface ServerConfig {
  gatewayHost: string;
  gatewayPort: number;
  requireAuth: boolean;
  defaultAgentId: string;
  agents: AgentSummary[];
}

export interface AuthSession {
  authenticated: boolean;
  mode: "token" | "password" | "none";
  gatewayName?: string;
}

/** RFC 9457 problem details. */
export interface Problem {
  type: string;
  title: string;
  status: number;
  detail?: string;
}
