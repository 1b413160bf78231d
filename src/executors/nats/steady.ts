/** Requests that are repeated when the server restarts. */
import { EwaldError, isEwaldError, messageOf } from '../../base/errors.js';
import type { Connection } from './library.js';

const retryMs = 250;
const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, milliseconds));

/** What is exhausted, by the codes that the server answers with the status of a fault that passes, though it stays. */
const exhausted: Readonly<Record<number, string>> = {
  10023: 'its storage: max_file_store or max_memory_store of the server, or the limit of the account',
  10047: 'its storage: max_file_store or max_memory_store of the server, or the limit of the account',
  10077: 'the stream: max_bytes or max_msgs of its configuration',
};

/** Why the server refuses the request, now and every further time; undefined if it may accept it later. */
function refusal(error: unknown): string | undefined {
  const { name, status, code } = error as { name?: string; status?: number; code?: number };
  if (name === 'PermissionViolationError') return 'refuses a request';
  if (name !== 'JetStreamApiError') return undefined;
  const limit = exhausted[code ?? 0];
  if (limit) return `has no room left in ${limit}; raise it, or wait until other runs have ended`;
  return (status ?? 500) < 500 ? 'refuses a request' : undefined;
}

export class Steady {
  readonly #connection: Connection;
  readonly #url: string;
  readonly #seconds: number;
  readonly #cuts = new Set<() => void>();

  /** `seconds` is how long a request may keep failing before it is abandoned. */
  constructor(connection: Connection, url: string, seconds: number) {
    this.#connection = connection;
    this.#url = url;
    this.#seconds = seconds;
    void this.#watch();
  }

  /**
   * Runs `work`, and repeats it when it fails or the server disconnects in the meantime: the reply to a pending request
   * would never arrive. Throws `Lost` when the connection is closed, the server refuses, or it is unavailable for too
   * long.
   */
  async run<T>(what: string, work: () => Promise<T>): Promise<T> {
    let since: number | undefined;
    for (;;) {
      let cut = (): void => {};
      const away = new Promise<never>((_, reject) => {
        cut = () => reject(new Error('the server went away'));
      });
      this.#cuts.add(cut);
      try {
        return await Promise.race([work(), away]);
      } catch (error) {
        if (isEwaldError(error)) throw error;
        since ??= Date.now();
        const why = `${what} failed with: ${messageOf(error)}`;
        const server = `the NATS server at ${this.#url}`;
        const lost = (message: string): EwaldError => new EwaldError('Lost', message, { cause: error });
        if (this.#connection.isClosed()) throw lost(`the connection to ${server} was closed permanently; ${why}`);
        const refused = refusal(error);
        if (refused)
          throw new EwaldError('Lost', `${server} ${refused}; ${why}`, { cause: error, detail: { refused: true } });
        if (Date.now() - since > 1000 * this.#seconds)
          throw lost(`${server} has not answered for ${this.#seconds} s; ${why}`);
      } finally {
        this.#cuts.delete(cut);
      }
      await pause(retryMs);
    }
  }

  async #watch(): Promise<void> {
    for await (const { type } of this.#connection.status())
      if (type === 'disconnect') for (const cut of this.#cuts) cut();
  }
}
