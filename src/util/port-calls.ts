/**
 * Calls to another thread, over any port.
 *
 * A request is `{ id, call, options }`, and `{ id, cancel: true }` fires its signal. The other side answers with any
 * number of `{ id, progress }` and one `{ id, call, value }` or `{ id, error }`. A port may carry calls both ways.
 */
import type { PlainError } from './errors.js';
import type { PlatformSignal } from './globals.js';
import type { Port, Transfer } from './worker-port.js';

/** A call: what it is given, what it returns, and what it reports before that. */
export interface Call {
  readonly options: unknown;
  readonly value: unknown;
  readonly progress?: unknown;
}

/** The calls of one side by name. */
export type Calls<C> = { readonly [K in keyof C]: Call };

/** How calls are answered: each with its value and what moves with it. The signal fires when it is not needed. */
export type Handlers<C extends Calls<C>> = {
  readonly [K in keyof C]: (
    options: C[K]['options'],
    signal: PlatformSignal,
    report: (progress: C[K]['progress'], transfer?: Transfer) => void,
  ) => Promise<readonly [value: C[K]['value'], transfer?: Transfer]>;
};

/** How a call is made: what moves with it, and what hears of its progress. */
interface Asking<P> {
  readonly transfer?: Transfer | undefined;
  readonly onReport?: ((progress: P) => void) | undefined;
}

interface Waiting {
  readonly call: string;
  /** As of `performance.now`. */
  readonly since: number;
  readonly onReport: ((progress: never) => void) | undefined;
  resolve(value: never): void;
  reject(error: Error): void;
}

/** A message that may be anything. */
export type Message = Readonly<
  Partial<Record<'id' | 'call' | 'options' | 'cancel' | 'value' | 'error' | 'progress', unknown>>
>;

export const isReply = (message: Message): boolean => 'value' in message || 'error' in message || 'progress' in message;

export const refusal = (tag: 'Argument' | 'Internal', message: string): PlainError => {
  return { name: 'EwaldError', tag, message, stack: '' };
};

/** Makes calls. While replies are awaited, and only then, its port keeps the process alive. */
export class Caller<C extends Calls<C>> {
  readonly #port: Port & { hold?(alive: boolean): void };
  readonly #restore: (error: PlainError) => Error;
  readonly #waiting = new Map<unknown, Waiting>();
  #next = 0;
  #failure: Error | undefined;

  /** `restore` makes an error of what the other side sends. */
  constructor(port: Port, restore: (error: PlainError) => Error) {
    this.#port = port;
    this.#restore = restore;
    port.onMessage((message) => this.#hear(Object(message)));
  }

  /** Milliseconds for which the oldest pending call has been waiting; 0 without one. */
  get waitingMs(): number {
    const [oldest] = this.#waiting.values();
    return oldest ? performance.now() - oldest.since : 0;
  }

  /** Makes a call. Throws at once if the options cannot be cloned; rejects with the error of the other side. */
  ask<K extends keyof C & string>(
    call: K,
    options: C[K]['options'],
    { transfer, onReport }: Asking<C[K]['progress']> = {},
  ): Promise<C[K]['value']> {
    if (this.#failure) return Promise.reject(this.#failure);
    const id = this.#next++;
    this.#port.post({ id, call, options }, transfer);
    if (this.#waiting.size === 0) this.#port.hold?.(true);
    return new Promise((resolve, reject) =>
      this.#waiting.set(id, { call, since: performance.now(), onReport, resolve, reject }),
    );
  }

  /** Like `ask`; `cancel` asks the other side to end the call early, which its reply then says. */
  begin<K extends keyof C & string>(
    call: K,
    options: C[K]['options'],
    asking?: Asking<C[K]['progress']>,
  ): { readonly value: Promise<C[K]['value']>; cancel(): void } {
    // Not a signal: a listener of one takes longer than a small task.
    const id = this.#next;
    return { value: this.ask(call, options, asking), cancel: () => this.#port.post({ id, cancel: true }) };
  }

  /** The other side has ended: rejects all pending and future calls. */
  fail(error: Error): void {
    this.#failure ??= error;
    for (const { reject } of this.#waiting.values()) reject(error);
    this.#waiting.clear();
    this.#port.hold?.(false);
  }

  #hear(message: Message): void {
    const waiting = isReply(message) && this.#waiting.get(message.id);
    if (!waiting) return;
    const { call, onReport, resolve, reject } = waiting;
    if ('progress' in message) {
      onReport?.(message.progress as never);
      return;
    }
    this.#waiting.delete(message.id);
    if (this.#waiting.size === 0) this.#port.hold?.(false);
    const error = message.error as PlainError | undefined;
    if (typeof error?.message === 'string') reject(this.#restore(error));
    else if ('value' in message && (message.call ?? call) === call) resolve(message.value as never);
    else reject(this.#restore(refusal('Internal', `the worker answered ${String(message.call)} to ${call}`)));
  }
}
