/** A connection, and whether its server answers. While it does not, nothing is sent: the library would drop it. */
export type Connection = import('@nats-io/nats-core').NatsConnection;

/** Subjects of answers: a request must not have an answer published anywhere else. */
export const inbox = /^_INBOX\./;

/** An answer; `absent` if the server knows of no subscriber, `silent` if none came in time or the server is gone. */
export type Answer = Uint8Array | 'absent' | 'silent';

const awayPause = 100;

export const pause = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

export class Link {
  readonly connection: Connection;
  readonly #listeners = new Set<(back: boolean) => void>();
  /** Ends the requests in progress, whose answers would never arrive. */
  readonly #cuts = new Set<() => void>();
  #away: number | undefined;

  constructor(connection: Connection) {
    this.connection = connection;
    void this.#watch();
  }

  /** When the server was lost (ms since 1970); undefined while it is connected. */
  get away(): number | undefined {
    return this.#away;
  }

  get usable(): boolean {
    return this.#away === undefined && !this.connection.isClosed() && !this.connection.isDraining();
  }

  /** Calls `listener` when the server is lost and when it is back; returns a function that removes the listener. */
  onChange(listener: (back: boolean) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Sends a message if the server is connected. */
  publish(subject: string, data?: Uint8Array, reply?: string): void {
    if (this.usable) this.connection.publish(subject, data, reply === undefined ? {} : { reply });
  }

  /** Calls `use` with each message to a subject; a request has a reply. What it throws is given to `ignored`. */
  hear(
    subject: string,
    use: (data: Uint8Array, reply: string | undefined) => void,
    ignored: (error: unknown) => void = () => {},
    queue?: string,
  ): { unsubscribe(): void } {
    return this.connection.subscribe(subject, {
      ...(queue !== undefined && { queue }),
      // An error that leaves this function would end the connection.
      callback: (error, message) => {
        if (error) return;
        try {
          use(message.data, message.reply || undefined);
        } catch (thrown) {
          ignored(thrown);
        }
      },
    });
  }

  /** Asks the subscriber of a subject, for at most `milliseconds`. */
  async ask(subject: string, data: Uint8Array | undefined, milliseconds: number): Promise<Answer> {
    if (!this.usable) {
      await pause(awayPause);
      return 'silent';
    }
    let cut = (): void => {};
    const gone = new Promise<Answer>((resolve) => {
      cut = () => resolve('silent');
    });
    this.#cuts.add(cut);
    const reply = this.connection.request(subject, data, { timeout: milliseconds }).then(
      (message) => message.data,
      (error): Answer =>
        this.usable && /NoResponders|no responders/i.test(`${error?.name} ${error?.message}`) ? 'absent' : 'silent',
    );
    try {
      return await Promise.race([reply, gone]);
    } finally {
      this.#cuts.delete(cut);
    }
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.connection.status()) {
      if (type !== 'disconnect' && type !== 'reconnect') continue;
      const back = type === 'reconnect';
      this.#away = back ? undefined : (this.#away ?? Date.now());
      if (!back) for (const cut of this.#cuts) cut();
      for (const listener of [...this.#listeners]) listener(back);
    }
  }
}
