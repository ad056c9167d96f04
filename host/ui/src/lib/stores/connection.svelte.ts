// The state of the page's one socket, for those who show it.
import type { Connection, GatewaySocket } from "../socket/socket";

export class ConnectionStore {
  current = $state.raw<Connection>({ state: "stopped" });
  #socket: GatewaySocket;

  constructor(socket: GatewaySocket) {
    this.#socket = socket;
    socket.onConnection((connection) => (this.current = connection));
  }

  get ready(): boolean {
    return this.current.state === "ready";
  }

  start(): void {
    this.#socket.start();
  }

  stop(): void {
    this.#socket.stop();
  }

  /** Worth a try now: the person asked, the network came back, or the page was looked at again. */
  nudge = (): void => {
    if (this.current.state === "refused") this.#socket.start();
    else this.#socket.nudge();
  };
}
