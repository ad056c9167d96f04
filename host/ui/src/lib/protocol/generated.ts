// The wire's types. Generated from host/protocol by `cargo xtask generate`; do not edit.

/** One frame of either side, as a reader sees it before it looks at `type`. Keys that are not listed are ignored. */
export type Envelope = {
  /** What the frame is; `payload` depends on it. */
  type: string;
  /** Milliseconds since the Unix epoch. Any number is taken. */
  timestamp: number;
  /** Ties a reply to its request. */
  id?: string;
  /** Only on `res`. */
  ok?: boolean;
  /** Only on `event:agent`: strictly rising within a session, gaps allowed. */
  seq?: number;
  /** Only on events for the client that made the request. */
  clientId?: string;
  /** On what a node hears, and on acks to a node: which node. */
  nodeId?: string;
  /** On `broadcast`, and on acks of `join_group` and `leave_group`: which group. */
  groupId?: string;
  /** Only on `direct`: the node that it is for. */
  targetNodeId?: string;
  /** Only on `connect`: who connects. */
  client?: ClientInfo;
  /** What the frame says. */
  payload?: unknown;
};

/** A client's frame as it is written; `ClientFrame::parse` is how the gateway reads it. */
export type ClientFrame = {
  "type": "connect";
  /** Echoed by the answer. */
  id?: string;
  /** Who connects. */
  client: ClientInfo;
  /** With what right; not needed where the page's cookie says it, or where the gateway asks for nothing. */
  auth?: Auth;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
} | {
  "type": "req:agent";
  /** The request's name, unique for this client for ever: the same id again gets the first one's outcome. */
  id: string;
  /** What is asked. */
  payload: AgentRequest;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
} | {
  "type": "req:agent:cancel";
  /** Echoed by the answer. */
  id?: string;
  /** What to stop. */
  payload: CancelRequest;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
} | {
  "type": "req:answer";
  /** Echoed by the answer. */
  id?: string;
  /** The question, and what is said to it. */
  payload: AnswerRequest;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
} | {
  "type": "session_subscribe";
  /** Echoed by the answer. */
  id?: string;
  /** What to watch. */
  payload: SubscribeRequest;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
} | {
  "type": "session_unsubscribe";
  /** Echoed by the answer. */
  id?: string;
  /** What to watch no more. */
  payload: UnsubscribeRequest;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
} | {
  "type": "register";
  /** Echoed by the answer. */
  id?: string;
  /** With what right; `payload.token` does as well. */
  auth?: Auth;
  /** Who registers. */
  payload: RegisterRequest;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
} | {
  "type": "unregister";
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
} | {
  "type": "join_group";
  /** Echoed by the answer. */
  id?: string;
  /** Which group. */
  payload: JoinGroupRequest;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
} | {
  "type": "leave_group";
  /** Echoed by the answer. */
  id?: string;
  /** Which group. */
  payload: LeaveGroupRequest;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
} | {
  "type": "broadcast";
  /** Echoed by an error. */
  id?: string;
  /** What, and in which group. */
  payload: BroadcastRequest;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
} | {
  "type": "direct";
  /** Echoed by an error. */
  id?: string;
  /** What, and to whom. */
  payload: DirectRequest;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
} | {
  "type": "ping";
  /** Echoed by the answer. */
  id?: string;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
} | {
  "type": "pong";
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
};

/** Who connects. */
export type ClientInfo = {
  /** The client's own name for itself, the same over reconnects: 1 to 200 characters. */
  instanceId: string;
  /** What kind of client it is, such as `cli`, `webui`, `desktop`: 1 to 64 characters. */
  clientType: string;
  /** The client's version. */
  version?: string;
};

/** With what right a client connects. */
export type Auth = {
  /** The gateway's token. */
  token?: string;
  /** The gateway's password. */
  password?: string;
  /** The device, where devices are paired. */
  deviceId?: string;
};

/** What is asked. Without `agentId` and `sessionKey` the bindings decide which agent answers, and in which session. */
export type AgentRequest = {
  /** The agent. */
  agentId?: string;
  /** The text. A request has text or attachments. */
  content?: string;
  /** Files beside the text. */
  attachments?: Array<NewAttachment>;
  /** Where the request comes from, for the bindings. */
  routing?: Routing;
  /** The session to speak in. */
  sessionKey?: string;
  /** Whether to wait where the session is busy, rather than fail. True unless said otherwise; false is the mode `reject`. */
  queueIfBusy?: boolean;
  /** What to do where the session is busy. The agent's own mode unless said otherwise. */
  queueMode?: QueueMode;
  /** Settings of this one run; kept as they are. */
  execution?: Record<string, unknown>;
};

/** A file that a client sends with a request; its bytes are in `dataUrl`, its text, where it is text, in `textContent`. */
export type NewAttachment = {
  /** What it is. */
  kind: AttachmentKind;
  /** A `data:` URL. */
  dataUrl?: string;
  /** The text of a text file. */
  textContent?: string;
  /** Its media type. */
  mimeType?: string;
  /** The file's name. */
  name?: string;
  /** Its size in bytes. */
  size?: number;
};

/** How an attachment is to be shown. */
export type AttachmentKind = "image" | "audio" | "file";

/** What a request does where its session is busy. */
export type QueueMode = "queue" | "steer" | "collect" | "interrupt" | "reject";

/** Where a request comes from. Ids are compared exactly as written. */
export type Routing = {
  /** The network. */
  channel: string;
  /** Which of the gateway's accounts on that network. */
  accountId?: string;
  /** A guild (a community) of the network. */
  guildId?: string;
  /** A team (a workspace) of the network. */
  teamId?: string;
  /** The person, group or room. */
  peer?: Peer;
  /** A thread below the peer. */
  threadId?: string;
};

/** Whom a conversation is with. */
export type Peer = {
  /** What kind of conversation it is. */
  kind: PeerKind;
  /** The network's id, exactly as written there. */
  id: string;
};

/** What kind of conversation a peer is. */
export type PeerKind = "dm" | "group" | "channel";

/** Which request to stop. */
export type CancelRequest = {
  /** The `id` of the `req:agent`. */
  requestId: string;
};

/** An answer. A question for an approval takes `approve`, any other one `answer`. */
export type AnswerRequest = {
  /** The session that waits. */
  sessionId: string;
  /** The question. */
  questionId: string;
  /** The answer in words: one of the choices, or any text. */
  answer?: string;
  /** Whether the tool may be called. */
  approve?: boolean;
  /** Why it may not, for the agent to read. */
  reason?: string;
};

/** Which session to watch. */
export type SubscribeRequest = {
  /** The session; it need not exist yet. */
  sessionId: string;
  /** The newest `seq` that the client has: stored messages after it come first. */
  since?: number;
};

/** Which session to watch no more. */
export type UnsubscribeRequest = {
  /** The session. */
  sessionId: string;
};

/** Who a node is. */
export type RegisterRequest = {
  /** The node's name for people: 1 to 100 characters. Names need not differ. */
  name: string;
  /** What the node can do, in words of its own: at most 64, each of at most 100 characters. */
  capabilities?: Array<string>;
  /** The gateway's token or password, where it asks for one and the frame has no `auth`. */
  token?: string;
  /** A session that the node works in; kept, and told to those who list nodes. */
  sessionId?: string;
  /** An agent that the node belongs to; kept, and told to those who list nodes. */
  agentName?: string;
};

/** Which group to join: by id, or by name. */
export type JoinGroupRequest = {
  /** The group's id. Counts before the name. */
  groupId?: string;
  /** The group's name, exactly as written: 1 to 100 characters. */
  groupName?: string;
  /** Whether a name that no group has makes a new group. True unless said otherwise. */
  createIfNotExists?: boolean;
  /** What a new group is for: at most 500 characters. */
  description?: string;
};

/** Which group to leave. The id may stand in the envelope instead. */
export type LeaveGroupRequest = {
  /** The group's id. */
  groupId: string;
};

/** A message for all other members of a group. The group's id may stand in the envelope instead. */
export type BroadcastRequest = {
  /** The group's id. */
  groupId: string;
  /** The message, any JSON; passed on as it is written. */
  message: unknown;
};

/** A message for one node. The node's id may stand in the envelope instead. */
export type DirectRequest = {
  /** The node's id. */
  targetNodeId: string;
  /** The message, any JSON; passed on as it is written. */
  message: unknown;
};

/** A frame of the gateway. Clients ignore types and keys that they do not know. */
export type ServerFrame = {
  "type": "res"
} & ResFrame | {
  "type": "ack"
} & AckFrame | {
  "type": "error"
} & ErrorFrame | {
  "type": "event:agent"
} & AgentFrame | {
  "type": "broadcast"
} & BroadcastFrame | {
  "type": "direct"
} & DirectFrame | {
  "type": "ping"
} & PingFrame | {
  "type": "pong"
} & PongFrame;

/** Whether a client was let in. After a refusal the gateway closes the socket. */
export type ResFrame = {
  /** The id of the `connect`. */
  id?: string;
  /** The client was let in. */
  ok: boolean;
  /** `gateway-ready`, or why not, for people. */
  payload: string;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
};

/** A confirmation. */
export type AckFrame = {
  /** The id of the frame that is confirmed. */
  id?: string;
  /** The node that it is confirmed to. */
  nodeId?: string;
  /** The group that was joined or left. No other ack has it: clients read it as that. */
  groupId?: string;
  /** What is confirmed. */
  payload: Ack;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
};

/** What is confirmed; `action` is the type of the frame that asked. */
export type Ack = {
  "action": "req:agent"
} & QueueAck | {
  "action": "req:agent:cancel";
  /** The request. */
  requestId: string;
  /** What became of it. */
  status: CancelStatus;
} | {
  "action": "req:answer";
  /** The session. */
  sessionId: string;
  /** The question. */
  questionId: string;
} | {
  "action": "session_subscribe";
  /** The session. */
  sessionId: string;
  /** The newest event of the session. */
  seq: number;
} | {
  "action": "session_unsubscribe";
  /** The session. */
  sessionId: string;
  /** The newest event of the session. */
  seq: number;
} | {
  "action": "register";
  /** The node's id, for as long as the connection lasts. */
  nodeId: string;
  /** Its name. */
  name: string;
  /** The session that it works in, where it has said so. */
  sessionId?: string;
  /** The agent that it belongs to, where it has said so. */
  agentName?: string;
} | {
  "action": "join_group";
  /** The group's id. */
  groupId: string;
  /** The group's name. */
  groupName: string;
} | {
  "action": "leave_group";
};

/** How a request waits. */
export type QueueAck = {
  "status": "queued";
  /** The request. */
  requestId: string;
  /** The session. */
  sessionId: string;
  /** The agent. */
  agentId: string;
  /** How many stand before it, the running one included. */
  position: number;
} | {
  "status": "dequeued";
  /** The request. */
  requestId: string;
  /** The session. */
  sessionId: string;
  /** The agent. */
  agentId: string;
  /** How many still wait. */
  remaining: number;
} | {
  "status": "steered";
  /** The request. */
  requestId: string;
  /** The session. */
  sessionId: string;
  /** The agent. */
  agentId: string;
  /** The run that answers it. */
  runId: string;
  /** The request that it has joined, where a client's request began the run. */
  joinedRequestId?: string;
} | {
  "status": "merged";
  /** The request. */
  requestId: string;
  /** The session. */
  sessionId: string;
  /** The agent. */
  agentId: string;
  /** The run that answers it. */
  runId: string;
  /** The request that it has joined, where a client's request began the run. */
  joinedRequestId?: string;
};

/** What became of a cancellation. */
export type CancelStatus = "cancelled" | "cancelled_queued" | "not_found";

/** A refusal. */
export type ErrorFrame = {
  /** The id of the frame that is refused, where it could be read. */
  id?: string;
  /** What is wrong. */
  payload: ErrorBody;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
};

/** What is wrong. */
export type ErrorBody = {
  /** For programs. */
  code: ErrorCode;
  /** For people: what is wrong and what would be right. */
  message: string;
  /** More, for programs. */
  details?: unknown;
  /** The same message can succeed later. */
  retryable?: boolean;
  /** When to try again, in milliseconds. */
  retryAfterMs?: number;
};

/** The `code` of an `error` frame. */
export type ErrorCode = "INVALID_MESSAGE" | "UNKNOWN_MESSAGE_TYPE" | "INVALID_CONNECT" | "INVALID_REQUEST" | "AUTH_FAILED" | "AUTH_REQUIRED" | "NOT_REGISTERED" | "GROUP_NOT_FOUND" | "NODE_NOT_FOUND" | "MAX_NODES_REACHED" | "RATE_LIMITED" | "FORBIDDEN" | "NOT_FOUND" | "CONFLICT" | "BUSY" | "SHUTTING_DOWN" | "INTERNAL" | "UNKNOWN";

/** Another member of a group says something to all. */
export type BroadcastFrame = {
  /** Who says it. */
  nodeId: string;
  /** In which group. */
  groupId: string;
  /** What it says. */
  payload: unknown;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
};

/** Another node says something to this one alone. */
export type DirectFrame = {
  /** Who says it. */
  nodeId: string;
  /** To whom. */
  targetNodeId: string;
  /** What it says. */
  payload: unknown;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
};

/** Asks a registered node whether it is still there. Any frame is an answer; `pong` is the usual one. */
export type PingFrame = {
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
};

/** The gateway is there. */
export type PongFrame = {
  /** The id of the `ping`. */
  id?: string;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
};

/** An event of a session. */
export type AgentFrame = {
  /** The id of the `req:agent` that the event belongs to, where a client made one. */
  id?: string;
  /** The `instanceId` of the client that made the request; only that client gets it. */
  clientId?: string;
  /** Strictly rising within a session; gaps are allowed. */
  seq: number;
  /** What happened. */
  payload: AgentEvent;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
};

/** One event of a session. */
export type AgentEvent = {
  /** The session. */
  sessionId: string;
  /** The session's agent. */
  agentId: string;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
  /** The session whose run waits for this one, where another agent handed the task over. */
  parentSessionId?: string;
  /** The run that waits. */
  parentRunId?: string;
} & ({
  "type": "session-message";
  /** The message's id. */
  messageId: string;
  /** Who speaks. */
  role: Role;
  /** Its text. */
  content: string;
  /** Files beside it. */
  attachments?: Array<Attachment>;
  /** The client's request that it belongs to. */
  requestId?: string;
  /** The whole stored message. */
  message: StoredMessage;
} | {
  "type": "request-queued";
  /** The request. */
  requestId: string;
  /** How many stand before it, the running one included. */
  position: number;
} | {
  "type": "agent-start";
  /** The agent's name. */
  agent: string;
  /** What it answers. */
  prompt: string;
} | {
  "type": "agent-stream";
  /** The piece, in the form that parsers of agent streams know. */
  chunk: StreamChunk;
} | {
  "type": "tool-start";
  /** Unique within the run. */
  toolCallId: string;
  /** The tool. */
  toolName: string;
  /** What it is called with. */
  toolInput: unknown;
} | {
  "type": "tool-end";
  /** The call that ended. */
  toolCallId: string;
  /** The tool. */
  toolName: string;
  /** What came of it. */
  toolOutput: string;
  /** It failed; `toolOutput` says how. */
  isError?: boolean;
} | {
  "type": "agent-snapshot";
  /** The run. */
  runId: string;
  /** The client's request, if a client made one. */
  requestId?: string;
  /** What it answers. */
  prompt: string;
  /** The answer so far. */
  parts: Array<MessagePart>;
  /** What it waits to be answered. */
  question?: PendingQuestion;
} | {
  "type": "question-asked";
  /** The question. */
  question: PendingQuestion;
} | {
  "type": "question-answered";
  /** The question. */
  questionId: string;
  /** Whether the tool may be called, where that was asked. */
  approved?: boolean;
  /** The answer in words, or why the tool may not be called. */
  answer?: string;
} | {
  "type": "delegate-start";
  /** The other agent's session. */
  childSessionId: string;
  /** The other agent. */
  childAgentId: string;
  /** The call that waits. */
  parentCallId: string;
} | {
  "type": "agent-complete";
  /** The answer. */
  result: AgentResult;
} | {
  "type": "agent-error";
  /** What went wrong, for people. */
  error: string;
  /** What was said until then, where it was stored. */
  messageId?: string;
});

/** The answer to a request. */
export type AgentResult = {
  /** All its text. */
  response: string;
  /** The stored message. */
  messageId: string;
  /** The model hit its output limit: the answer is not whole. */
  truncated?: boolean;
  /** Tokens used, where known. */
  usage?: Usage;
  /** What it cost, in millionths of a US dollar, where the gateway knows the model's price. */
  cost?: number;
  /** The model that answered, `provider:model-name`, where known. It may be a fallback of the agent's model. */
  model?: string;
};

/** Tokens used by a run. */
export type Usage = {
  /** Tokens read, those from a cache included. */
  inputTokens: number;
  /** Tokens written, those of reasoning included. */
  outputTokens: number;
  /** Those of the tokens read that came from the provider's cache. */
  cachedInputTokens: number;
  /** Those of the tokens written that were reasoning. */
  reasoningTokens: number;
};

/** A piece of an agent's stream. Tools come as `tool-start` and `tool-end` events too; a client reads one of the two forms. */
export type StreamChunk = {
  "event": "on_chat_model_stream";
  /** The run. */
  run_id: string;
  /** The text. */
  data: TextData;
} | {
  "event": "on_chat_model_reasoning";
  /** The run. */
  run_id: string;
  /** The text. */
  data: TextData;
} | {
  "event": "on_chat_model_retry";
  /** The run. */
  run_id: string;
  /** Why, and when. */
  data: Retry;
} | {
  "event": "on_tool_start";
  /** The call's id. */
  run_id: string;
  /** The tool. */
  name: string;
  /** What it is called with. */
  data: ToolInput;
} | {
  "event": "on_tool_stream";
  /** The call's id. */
  run_id: string;
  /** The tool. */
  name: string;
  /** The piece. */
  data: ToolChunk;
} | {
  "event": "on_tool_end";
  /** The call's id. */
  run_id: string;
  /** The tool. */
  name: string;
  /** What came of it. */
  data: ToolOutput;
} | {
  "event": "on_tool_error";
  /** The call's id. */
  run_id: string;
  /** The tool. */
  name: string;
  /** How. */
  data: ToolFailure;
};

/** Where a chunk keeps its text. */
export type TextData = {
  /** The text. */
  chunk: ChunkText;
};

/** The text of a chunk. */
export type ChunkText = {
  /** To be appended to what was said before. */
  content: string;
};

/** Why and when a model is asked again. */
export type Retry = {
  /** The pause before it, in milliseconds. */
  afterMs: number;
  /** What went wrong, and who is asked next, for people. */
  reason: string;
};

/** Where a chunk keeps a tool's input. */
export type ToolInput = {
  /** The input. */
  input: unknown;
};

/** Where a chunk keeps a piece of a tool's output. */
export type ToolChunk = {
  /** To be appended to what the call has put out before. */
  chunk: string;
};

/** Where a chunk keeps a tool's output. */
export type ToolOutput = {
  /** The output. */
  output: string;
};

/** Where a chunk keeps a tool's failure. */
export type ToolFailure = {
  /** What went wrong. */
  error: string;
};

/** One message of a session. */
export type StoredMessage = {
  /** Its id, a UUID. */
  id: string;
  /** Who speaks. */
  role: Role;
  /** All its text, joined. */
  content: string;
  /** When it was stored: milliseconds since the Unix epoch. */
  createdAt: number;
  /** The `seq` of the event that announced it; `session_subscribe` takes it as `since`. */
  seq: number;
  /** The client's request that it belongs to. */
  requestId?: string;
  /** The run that it started (user) or came from (assistant). */
  runId?: string;
  /** What people call the one who wrote it, or else the network's id of them. */
  sender?: string;
  /** Nobody said it to the agent: it is what was said and done around it since the turn before, for the agent to know. */
  overheard?: boolean;
  /** How it ended; on an assistant's message. */
  status?: Status;
  /** What went wrong, for people. */
  error?: string;
  /** Text and tools in the order in which they happened; on an assistant's message. */
  parts?: Array<MessagePart>;
  /** Files beside it. */
  attachments?: Array<Attachment>;
};

/** Who speaks. */
export type Role = "user" | "assistant";

/** How an assistant's message ended. */
export type Status = "complete" | "truncated" | "cancelled" | "error";

/** A piece of an assistant's message, in the order in which it came. */
export type MessagePart = {
  "type": "text";
  /** Markdown. */
  text: string;
} | {
  "type": "reasoning";
  /** Markdown. */
  text: string;
} | {
  "type": "tool"
} & ToolCallPart;

/** A tool call. */
export type ToolCallPart = {
  /** Unique within the run. */
  toolCallId: string;
  /** The tool. */
  toolName: string;
  /** What it was called with. */
  toolInput: unknown;
  /** What came of it; absent while it runs. */
  toolOutput?: string;
  /** It failed; `toolOutput` says how. */
  isError?: boolean;
  /** Milliseconds since the Unix epoch. */
  startedAt?: number;
  /** Milliseconds since the Unix epoch. */
  endedAt?: number;
};

/** A file beside a stored message. */
export type Attachment = {
  /** What it is. */
  kind: AttachmentKind;
  /** Its media type. */
  mimeType: string;
  /** The file's name. */
  name?: string;
  /** Its size in bytes, where known. */
  size?: number;
  /** Its bytes as a `data:` URL, where the sender gave them so. */
  dataUrl?: string;
  /** Where it can be fetched, where it lives elsewhere. */
  url?: string;
};

/** A question that a run waits to be answered. The run goes on when it is, however long that takes. */
export type PendingQuestion = {
  /** Its id. */
  id: string;
  /** What kind of question it is. */
  kind: QuestionKind;
  /** The session that waits. */
  sessionId: string;
  /** The session's agent. */
  agentId: string;
  /** The run that waits. */
  runId: string;
  /** The call that waits. */
  toolCallId: string;
  /** The tool. */
  toolName: string;
  /** What it is called with. */
  toolInput: unknown;
  /** The question, for people. */
  text: string;
  /** Answers to choose from; without them, any text answers it. */
  choices?: Array<string>;
  /** When it was asked: milliseconds since the Unix epoch. */
  askedAt: number;
};

/** What kind of question it is. */
export type QuestionKind = "approval" | "question";

/** A session. */
export type SessionSummary = {
  /** Its key; contains `:`, so it is percent-encoded in an address. */
  id: string;
  /** Its display name. */
  name: string;
  /** Its agent. */
  agentId: string;
  /** Milliseconds since the Unix epoch. */
  createdAt: number;
  /** Milliseconds since the Unix epoch. */
  updatedAt: number;
  /** How many messages it has. */
  messageCount: number;
  /** The beginning of its newest message. */
  lastMessagePreview: string | null;
  /** Its working folder, where it has one of its own: an absolute path. */
  workdir: string | null;
  /** What it was opened by. */
  source: SessionSource;
  /** Something runs or waits in it. */
  running?: boolean;
  /** The session whose run handed over the task that it was opened for. */
  parentSessionId?: string;
  /** That run. */
  parentRunId?: string;
};

/** What a session was opened by. */
export type SessionSource = "client" | "webhook" | "channel" | "delegate";

/** Opens a session. The default agent, a name made of the first message and a new id stand where nothing is said. */
export type CreateSession = {
  /** Its agent. */
  agentId?: string;
  /** Its display name. */
  name?: string;
  /** Its key; must be one of the agent's. */
  sessionId?: string;
};

/** Renames a session. */
export type RenameSession = {
  /** The new display name. */
  name: string;
};

/** Makes a session of what was said up to a message, that one included. */
export type ForkSession = {
  /** The last message that the new session shall have. */
  messageId: string;
  /** The new session's display name; without it, one made of the old name. */
  name?: string;
};

/** Sets the folder that a session's agent works in. */
export type SetWorkdir = {
  /** An absolute path below one of the roots (`/api/fs/roots`). Null, or nothing but spaces: the agent's own folder again. */
  workdir: string | null;
};

/** A message that holds every word that was looked for. Case and accents do not count, and the last letters of a word may be missing. */
export type SearchHit = {
  /** The session. */
  sessionId: string;
  /** The session's display name. */
  sessionName: string;
  /** The session's agent. */
  agentId: string;
  /** The message. */
  messageId: string;
  /** The message's number in its session. */
  seq: number;
  /** Who speaks. */
  role: Role;
  /** When it was stored: milliseconds since the Unix epoch. */
  createdAt: number;
  /** The part of it around the first hit, in pieces. Plain text. */
  snippet: Array<SnippetPart>;
};

/** A piece of a snippet. */
export type SnippetPart = {
  /** The text, as it was written. */
  text: string;
  /** It is what was looked for. */
  hit?: boolean;
};

/** The first line of an exported session. */
export type ExportHeader = {
  /** `wingman-session`. */
  format: string;
  /** The version of the format: 1. A gateway refuses a newer one than it knows. */
  version: number;
  /** How many messages follow: a file that was cut short is known by it. */
  messages: number;
  /** The session's display name, where it has one. */
  name?: string;
  /** What the session was called where it comes from. An import gets a key of its own. */
  sessionId?: string;
  /** Its agent there. An import goes to the agent that it names itself, or to the default one. */
  agentId?: string;
  /** When it was opened there: milliseconds since the Unix epoch. */
  createdAt?: number;
};

/** Every other line of an exported session: a message without what ties it to one gateway. */
export type ExportedMessage = {
  /** Who speaks. */
  role: Role;
  /** All its text. */
  content: string;
  /** When it was said: milliseconds since the Unix epoch. */
  createdAt: number;
  /** How it ended; absent where it ended as it was meant. */
  status?: Status;
  /** What went wrong, for people. */
  error?: string;
  /** Who sent it. */
  sender?: unknown;
  /** Text and tools in the order in which they happened; on an assistant's message. */
  parts?: unknown[];
  /** Files beside it: where their bytes are, not the bytes. */
  attachments?: unknown[];
  /** Strangers wrote it: a model is shown it as data. */
  untrusted?: boolean;
  /** It is what was said and done around the agent, and not to it. */
  overheard?: boolean;
  /** What a model is shown of the run that it came from, step by step. */
  journal?: unknown[];
};

/** The folders that may be used, with all that is in them. */
export type FolderRoots = {
  /** Their paths, symbolic links resolved. Roots of the configuration that are not there are left out. */
  roots: Array<string>;
};

/** What is in a folder. */
export type FolderListing = {
  /** The folder, symbolic links resolved. */
  path: string;
  /** The folder above, where that may be used as well. */
  parent: string | null;
  /** The folders in it, by name. */
  entries: Array<FolderEntry>;
  /** The files in it, by name. */
  files: Array<FileEntry>;
  /** There is more in it than is listed. */
  truncated?: boolean;
};

/** A folder in a folder. */
export type FolderEntry = {
  /** Its name. */
  name: string;
  /** Its path. */
  path: string;
};

/** A file in a folder. */
export type FileEntry = {
  /** Its name. */
  name: string;
  /** Its path. */
  path: string;
  /** Its size in bytes. */
  size: number;
  /** When it was changed: milliseconds since the Unix epoch. */
  modifiedAt?: number;
};

/** Makes a folder in one that is there. */
export type MakeFolder = {
  /** Its path. In the answer: with symbolic links resolved. */
  path: string;
};

/** An agent. */
export type AgentSummary = {
  /** Its id. */
  id: string;
  /** Its display name. */
  name: string;
  /** It answers where no binding matches. */
  default?: boolean;
  /** What it is for. */
  description?: string;
  /** It takes no new messages. */
  disabled?: boolean;
  /** Its model, as configured: `provider:model-name`. */
  model?: string;
  /** It answers with the built-in demo model, which is no AI. */
  demo?: boolean;
};

/** One agent in full. */
export type AgentDetails = {
  /** Its id. */
  id: string;
  /** Its display name. */
  name: string;
  /** It answers where no binding matches. */
  default: boolean;
  /** What it is for. */
  description?: string;
  /** It takes new messages. */
  enabled: boolean;
  /** Its model, as configured: `provider:model-name`. */
  model: string;
  /** It answers with the built-in demo model, which is no AI. */
  demo: boolean;
  /** The tools that it may use, by name or family; all where nothing is said. */
  tools?: Array<string>;
  /** The tools that it has now. */
  availableTools: Array<string>;
  /** What it is told before every conversation. */
  instructions?: string;
  /** How much its model is shown, where that was said. */
  context?: AgentContext;
  /** Where its description stands. */
  source: AgentSource;
};

/** Where an agent's description stands. */
export type AgentSource = "config" | "file";

/** How much of a conversation an agent's model is shown. */
export type AgentContext = {
  /** The model's context window, in tokens. */
  maxTokens: number;
  /** The part of the window, from 0 to 1, that a conversation may fill before its older part is summarised. */
  compactAt: number;
  /** How many of the newest turns stay word for word. */
  keepRecent: number;
};

/** Makes an agent. To change one, `PUT` the same fields: what is left out stays, `null` goes back to the default. */
export type CreateAgent = {
  /** Its id: 1 to 64 letters, digits, `.`, `_` or `-`. Made from the name where it is not said. */
  id?: string;
  /** Its display name; the id where it is not said. */
  name?: string;
  /** What it is for. */
  description?: string;
  /** It takes new messages; true unless said otherwise. */
  enabled?: boolean;
  /** Its model: `provider:model-name`. */
  model?: string;
  /** The tools that it may use, by name or family; all where nothing is said. */
  tools?: Array<string>;
  /** What it is told before every conversation. */
  instructions?: string;
  /** How much its model is shown. */
  context?: AgentContext;
};

/** What a page needs to know of the gateway. */
export type ServerConfig = {
  /** Where the gateway listens. */
  gatewayHost: string;
  /** Where the gateway listens. */
  gatewayPort: number;
  /** Clients have to sign in. */
  requireAuth: boolean;
  /** The agent that answers where no binding matches. */
  defaultAgentId: string;
  /** The folder below which agents write files. */
  outputRoot: string;
  /** Agents may draw their own user interface. */
  dynamicUiEnabled: boolean;
  /** All agents, the default one among them. */
  agents: Array<AgentSummary>;
  /** The last change of the configuration that could not be taken; what was there before is in force. */
  reloadError?: ReloadError;
};

/** A change of the configuration, or of an agent's file, that could not be taken. */
export type ReloadError = {
  /** When it was tried: milliseconds since the Unix epoch. */
  at: number;
  /** What is wrong, and where. */
  message: string;
};

/** A plugin. */
export type PluginSummary = {
  /** Its name; its folder's where the manifest cannot be read. */
  name: string;
  /** Its version. */
  version: string;
  /** `preset`, `channel` or `tool`. */
  kind: string;
  /** The contract version that it speaks. */
  contract: string;
  /** It came with the gateway. */
  builtIn?: boolean;
  /** Whether it can be called. */
  state: PluginState;
  /** What it may use, in words. */
  grants: Array<string>;
  /** Calls in which it misbehaved since the gateway started. */
  failures: number;
  /** The last failure, or why it could not be loaded. */
  lastError?: string;
  /** What the operator should know or do besides, such as a grant that the plugin asks for and does not have. */
  notes?: Array<string>;
};

/** Whether a plugin can be called. */
export type PluginState = "ready" | "failed" | "quarantined" | "disabled";

/** An MCP server whose tools agents may call. */
export type McpServerSummary = {
  /** Its name in the configuration; the names of its tools begin with it. */
  name: string;
  /** Whether its tools can be called. */
  state: McpServerState;
  /** The names of its tools, as agents call them. */
  tools: Array<string>;
  /** Since when it is so: milliseconds since the Unix epoch. */
  since: number;
  /** Why it failed or was lost the last time; it stays when the server is well again. */
  lastError?: string;
  /** When a failing server is tried again: milliseconds since the Unix epoch, in the past while it is being tried. */
  nextTry?: number;
};

/** Whether the tools of an MCP server can be called. */
export type McpServerState = "connecting" | "ready" | "failing" | "stopped";

/** A model provider that the gateway can speak to. */
export type ProviderSummary = {
  /** Its name, as in a model's `provider:model-name`. */
  name: string;
  /** Where it is asked. */
  baseUrl: string;
  /** The environment variable that holds its key, if it needs one. */
  apiKeyEnv?: string;
  /** Its key is there, or it needs none. */
  configured: boolean;
};

/** A webhook; its secret is never shown again after its creation. */
export type WebhookSummary = {
  /** The last part of its address. */
  id: string;
  /** Its display name. */
  name: string;
  /** The agent that its deliveries go to. */
  agentId: string;
  /** It takes deliveries. */
  enabled: boolean;
  /** What its events are called. */
  eventLabel?: string;
  /** The plugin that reads its deliveries. */
  preset?: string;
  /** The session that its deliveries go to; its own where nothing is said. */
  sessionId?: string;
  /** Addresses and networks that may deliver; all where the list is empty. */
  allowedIps: Array<string>;
  /** Milliseconds since the Unix epoch. */
  createdAt: number;
};

/** Makes a webhook. */
export type CreateWebhook = {
  /** The last part of its address; made where it is not said. */
  id?: string;
  /** Its display name. */
  name: string;
  /** The agent that its deliveries go to; the default agent where it is not said. */
  agentId?: string;
  /** Its secret; made where it is not said. */
  secret?: string;
  /** It takes deliveries; true unless said otherwise. */
  enabled?: boolean;
  /** What its events are called. */
  eventLabel?: string;
  /** The plugin that reads its deliveries. */
  preset?: string;
  /** The session that its deliveries go to. */
  sessionId?: string;
  /** Addresses and networks that may deliver; all where nothing is said. */
  allowedIps?: Array<string>;
};

/** A webhook that was just made, with its secret, this once. */
export type CreatedWebhook = {
  /** What a sender has to show. */
  secret: string;
  /** The last part of its address. */
  id: string;
  /** Its display name. */
  name: string;
  /** The agent that its deliveries go to. */
  agentId: string;
  /** It takes deliveries. */
  enabled: boolean;
  /** What its events are called. */
  eventLabel?: string;
  /** The plugin that reads its deliveries. */
  preset?: string;
  /** The session that its deliveries go to; its own where nothing is said. */
  sessionId?: string;
  /** Addresses and networks that may deliver; all where the list is empty. */
  allowedIps: Array<string>;
  /** Milliseconds since the Unix epoch. */
  createdAt: number;
};

/** A delivery is kept; nothing that happens later loses it. */
export type WebhookAccepted = {
  /** Always true. */
  ok: boolean;
  /** The session that it went to. */
  sessionId: string;
  /** The delivery; a repeat gets the same id. */
  deliveryId: string;
};

/** Whether the caller is signed in. Open to all. */
export type AuthSession = {
  /** The caller is signed in, or need not be. */
  authenticated: boolean;
  /** What a client has to show. */
  mode: AuthMode;
  /** The gateway's name, where it has one. */
  gatewayName?: string;
};

/** What a client has to show. */
export type AuthMode = "token" | "password" | "none";

/** Signs in; one of the two, as `AuthMode` says. */
export type LoginRequest = {
  /** The gateway's token. */
  token?: string;
  /** The gateway's password. */
  password?: string;
};

/** Something that failed for good, unless a person has it tried again. */
export type DeadLetter = {
  /** Its id. */
  id: string;
  /** What it is. */
  kind: DeadLetterKind;
  /** The session that it was for, or was said in. */
  sessionId: string;
  /** The session's agent. */
  agentId: string;
  /** Where it came from or was to go: a client, a webhook or a channel, in words. */
  origin: string;
  /** Why it failed. */
  reason: string;
  /** When it came, or was said: milliseconds since the Unix epoch. */
  at: number;
  /** Of a reply: its text. */
  text?: string;
  /** Of a reply: how often its delivery was tried. */
  attempts?: number;
};

/** What failed. */
export type DeadLetterKind = "inbound" | "reply";

/** Something that is to be delivered to a chat network, and is not yet. */
export type OutboxEntry = {
  /** The delivery that it answers. A reply that is given up is a dead letter of this id. */
  id: string;
  /** What it is. */
  kind: OutboxKind;
  /** The session that it was said in. */
  sessionId: string;
  /** The session's agent. */
  agentId: string;
  /** The channel that it goes to. */
  channel: string;
  /** The reply's text, or the emoji. */
  text: string;
  /** When it was stored: milliseconds since the Unix epoch. */
  at: number;
  /** How often its delivery was tried in vain. */
  attempts: number;
  /** What the last attempt failed with: what it waits for. */
  reason?: string;
  /** When it is tried again, at the latest: milliseconds since the Unix epoch. Absent where it is due. */
  nextAt?: number;
};

/** What goes out. */
export type OutboxKind = "reply" | "reaction";

/** Answers a question. One for an approval takes `approve`, any other one `answer`. */
export type QuestionReply = {
  /** The answer in words: one of the choices, or any text. */
  answer?: string;
  /** Whether the tool may be called. */
  approve?: boolean;
  /** Why it may not, for the agent to read. */
  reason?: string;
};

/** The gateway answers. Open to all. */
export type Health = {
  /** `healthy`. */
  status: string;
  /** The gateway's version. */
  version: string;
  /** What it has done. */
  stats: GatewayStats;
  /** Milliseconds since the Unix epoch. */
  timestamp: number;
};

/** What the gateway has done since it started. */
export type GatewayStats = {
  /** How long it runs, in milliseconds. */
  uptime: number;
  /** Nodes that are registered. */
  totalNodes: number;
  /** Groups. */
  totalGroups: number;
  /** Messages that came in. */
  messagesProcessed: number;
  /** When it started: milliseconds since the Unix epoch. */
  startedAt: number;
  /** Sessions in which something runs or waits. */
  activeSessions: number;
};

/** What the gateway has done, and who is there. */
export type Stats = {
  /** What it has done. */
  gateway: GatewayStats;
  /** Nodes that are registered. */
  nodes: NodeList;
  /** Groups. */
  groups: GroupList;
};

/** Nodes that are registered. */
export type NodeList = {
  /** How many. */
  totalNodes: number;
  /** Which. */
  nodes: Array<NodeSummary>;
};

/** A node. */
export type NodeSummary = {
  /** Its id. */
  id: string;
  /** Its name. */
  name: string;
  /** What it can do, in its own words. */
  capabilities: Array<string>;
  /** The ids of the groups that it is a member of. */
  groups: Array<string>;
  /** The session that it works in, where it has said so. */
  sessionId?: string;
  /** The agent that it belongs to, where it has said so. */
  agentName?: string;
  /** When it came: milliseconds since the Unix epoch. */
  connectedAt: number;
};

/** Groups. */
export type GroupList = {
  /** How many. */
  totalGroups: number;
  /** Which. */
  groups: Array<GroupSummary>;
};

/** A group of nodes. */
export type GroupSummary = {
  /** Its id. */
  id: string;
  /** Its name. */
  name: string;
  /** What it is for. */
  description?: string;
  /** The node that made it. */
  createdBy: string;
  /** When it was made: milliseconds since the Unix epoch. */
  createdAt: number;
  /** How many nodes are in it. */
  members: number;
};

/** Why a request failed. */
export type Problem = {
  /** What kind of problem it is: `about:blank` where the status says all. */
  type: string;
  /** The kind of problem, for people; the same each time. */
  title: string;
  /** The HTTP status code. */
  status: number;
  /** What was wrong this time, for people. */
  detail?: string;
};
