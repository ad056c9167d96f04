// Builds the page's one of each, and starts and stops them with the sign-in. A list, no logic.
import { ApiClient } from "./api/client";
import { uuid } from "./ids";
import type { ServerConfig } from "./protocol/generated";
import { GatewaySocket } from "./socket/socket";
import { AuthStore } from "./stores/auth.svelte";
import { ConnectionStore } from "./stores/connection.svelte";
import { ConversationStore } from "./stores/conversation.svelte";
import { QuestionsStore } from "./stores/questions.svelte";
import { Resource } from "./stores/resource.svelte";
import { SessionsStore } from "./stores/sessions.svelte";
import { ThemeStore } from "./stores/theme.svelte";
import { recall, remember } from "./tabStorage";

export const version = "0.1.0";

const socket = new GatewaySocket({
  url: `${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws`,
  instanceId: instanceId(),
  version,
});

export const api = new ApiClient();
export const auth = new AuthStore(api);
export const config = new Resource<ServerConfig>(() => api.config());
export const sessions = new SessionsStore(api);
export const questions = new QuestionsStore(api);
export const connection = new ConnectionStore(socket);
export const theme = new ThemeStore();

export function openConversation(sessionId: string): ConversationStore {
  return new ConversationStore(api, socket, sessionId, () => sessions.find(sessionId)?.agentId);
}

/** Runs while somebody is signed in. Returns how to stop. */
export function startSignedIn(): () => void {
  void config.load();
  void sessions.list.load();
  const stopHearing = socket.onFrame((frame) => {
    sessions.hear(frame);
    questions.hear(frame);
  });
  const stopWatching = socket.onConnection((now) => {
    if (now.state === "ready") {
      sessions.refreshSoon(0);
      questions.refreshSoon(0);
    }
    // Most refusals mean that the sign-in ended; the gateway knows.
    if (now.state === "refused") void auth.session.load();
  });
  connection.start();
  return () => {
    stopHearing();
    stopWatching();
    sessions.stop();
    questions.stop();
    connection.stop();
    sessions.list.value = null;
    config.value = null;
  };
}

/** The same after a reload, so that a run begun before it can still be stopped by this tab. */
function instanceId(): string {
  const known = recall("instance") ?? uuid();
  remember("instance", known);
  return known;
}
