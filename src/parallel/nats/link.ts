import { EwaldError } from '../../util/errors.js';

/** A connection, and whether its server answers. While it does not, nothing is sent: the library would drop it. */
export type Connection = import('@nats-io/nats-core').NatsConnection;

/** Subjects of answers: a request must not have an answer published anywhere else. */
export const inbox = /^_INBOX\./;

/** What the server has refused: a permission that the account lacks. */
export interface Denial {
  readonly operation: 'publish' | 'subscribe';
  readonly subject: string;
  readonly error: EwaldError;
}

/** Milliseconds in which a server must confirm what it was told, before a member goes on without. */
const confirmMs = 2000;

/** An answer; `absent` if the server knows of no subscriber, `silent` if none came in time or the server is gone. */
export type Answer = Uint8Array | 'absent' | 'silent';

const awayPause = 100;

export const pause = (milliseconds: number): Promise<void> => new Promise((done) => setTimeout(done, milliseconds));

export class Link {
  readonly connection: Connection;
  readonly #listeners = new Set<(back: boolean) => void>();
  /** Ends the requests in progress, whose answers would never arrive. */
  readonly #cuts = new Set<() => void>();
  readonly #denials: Denial[] = [];
  readonly #deniedListeners = new Set<(denial: Denial) => void>();
  readonly #account: string;
  #away: number | undefined;

  /** `account` is the user in words, for the message of a permission that it lacks. */
  constructor(connection: Connection, account = 'the account') {
    this.connection = connection;
    this.#account = account;
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

  /** Calls `listener` for each permission that the server refuses; returns a function that removes the listener. */
  onDenied(listener: (denial: Denial) => void): () => void {
    this.#deniedListeners.add(listener);
    for (const denial of this.#denials) listener(denial);
    return () => this.#deniedListeners.delete(listener);
  }

  /**
   * Waits until the server has taken what it was told. Throws `Argument` if it has refused to publish or to subscribe to
   * one of these subjects.
   */
  async permitted(needed: {
    readonly publish: readonly string[];
    readonly subscribe: readonly string[];
  }): Promise<void> {
    if (this.usable) await Promise.race([this.connection.flush().catch(() => {}), pause(confirmMs)]);
    // Refusals come before the confirmation, and are handed on after it.
    await pause(0);
    const denial = this.#denials.find(({ operation, subject }) => needed[operation].includes(subject));
    if (denial) throw denial.error;
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

  /** Notes a refusal. That of an answer is not one: the other side asked too late, or for something else. */
  #deny({ operation, subject }: { operation?: string; subject?: string } = {}): void {
    if (operation === undefined || subject === undefined || (operation === 'publish' && inbox.test(subject))) return;
    const verb = operation === 'publish' ? 'publish' : 'subscribe';
    const shown = subject.replace(/^(_INBOX)\..*|(\.(?:run|worker|value))\.[^.]*$/, (_, own, kind) =>
      own ? '_INBOX.>' : `${kind}.*`,
    );
    const error = new EwaldError(
      'Argument',
      `${this.#account} lacks a permission at the NATS server: to ${verb} to "${shown}"; add it to the account in the ` +
        'configuration of the server (docs/cluster.md, Accounts)',
      { detail: { operation: verb, subject } },
    );
    const denial: Denial = { operation: verb, subject, error };
    this.#denials.push(denial);
    for (const listener of [...this.#deniedListeners]) listener(denial);
  }

  async #watch(): Promise<void> {
    for await (const { type, error } of this.connection.status() as AsyncIterable<{ type: string; error?: unknown }>) {
      if (type === 'error') this.#deny(error as { operation?: string; subject?: string } | undefined);
      if (type !== 'disconnect' && type !== 'reconnect') continue;
      const back = type === 'reconnect';
      this.#away = back ? undefined : (this.#away ?? Date.now());
      if (!back) for (const cut of this.#cuts) cut();
      for (const listener of [...this.#listeners]) listener(back);
    }
  }
}
