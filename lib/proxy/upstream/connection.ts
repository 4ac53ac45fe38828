/** One socket to a cluster, used by one exchange after the other. Whatever it hears while nobody asked is reason enough to destroy it. */
import type { TLSSocket } from 'node:tls';

export interface User {
  onBytes(bytes: Buffer): void;
  onDrain(): void;
  /** The cluster says no more. */
  onEof(): void;
  onGone(why: string): void;
}

export class Connection {
  readonly socket: TLSSocket;
  user: User | null = null;
  /** How many exchanges it has carried before the present one. */
  uses = 0;
  idleSince = 0;
  readonly #onGone: (connection: Connection) => void;
  #why = 'the connection ended';

  constructor(socket: TLSSocket, onGone: (connection: Connection) => void) {
    this.socket = socket;
    this.#onGone = onGone;
    socket.on('data', this.#bytes);
    socket.on('drain', this.#drain);
    socket.on('end', this.#end);
    socket.on('error', this.#error);
    socket.on('close', this.#close);
  }

  /** Nothing unread in it, and open both ways. */
  get isClean(): boolean {
    const { socket } = this;
    return !socket.destroyed && socket.writable && socket.readable && socket.readableLength === 0;
  }

  /** The system has said that it took the last byte. */
  get hasSentAll(): boolean {
    return this.socket.writableLength === 0;
  }

  destroy(): void {
    this.user = null;
    this.socket.destroy();
    this.#onGone(this);
  }

  /** Leaves the bare socket to somebody else. */
  handOver(): TLSSocket {
    const { socket } = this;
    this.user = null;
    socket.off('data', this.#bytes);
    socket.off('drain', this.#drain);
    socket.off('end', this.#end);
    return socket;
  }

  #bytes = (bytes: Buffer): void => {
    if (this.user) this.user.onBytes(bytes);
    else this.destroy();
  };

  #drain = (): void => this.user?.onDrain();

  #end = (): void => {
    if (this.user) this.user.onEof();
    else this.destroy();
  };

  #error = (error: NodeJS.ErrnoException): void => {
    this.#why = error.code ?? error.message;
  };

  #close = (): void => {
    const { user } = this;
    this.user = null;
    this.#onGone(this);
    user?.onGone(this.#why);
  };
}
