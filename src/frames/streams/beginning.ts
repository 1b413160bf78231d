/**
 * The beginning of a series of frames that arrive only once: it is kept while the parameters and the geometry of a run
 * are determined from it, and then passes through the run, in order and without loss.
 */

/** How much is kept: items, bytes, and seconds from the first item for which further ones are waited for. */
interface BeginningLimits {
  readonly items: number;
  readonly bytes: number;
  readonly seconds: number;
}

/**
 * Limits of memory. Messages that arrive while the geometry is refined are read as well, so that fewer of them have to
 * wait in the socket.
 */
export const keptInMemory = { items: 4096, bytes: 2 ** 29 } as const;

export class Beginning<T> {
  readonly #source: AsyncGenerator<T, void, undefined>;
  readonly #bytesOf: (item: T) => number;
  readonly #limits: BeginningLimits;
  readonly #kept: T[] = [];
  readonly #since = performance.now();
  #bytes = 0;
  #count = 0;
  #reading: Promise<void> | undefined;
  /** Whether items are read before they are requested. */
  #readsAhead = false;
  #ended = false;
  #failure: { readonly cause: unknown } | undefined;

  /** `first` has arrived already; time is counted from now. */
  constructor(
    first: T,
    source: AsyncGenerator<T, void, undefined>,
    bytesOf: (item: T) => number,
    limits: BeginningLimits,
  ) {
    this.#source = source;
    this.#bytesOf = bytesOf;
    this.#limits = limits;
    this.#keep(first);
  }

  /** Number of items that have arrived. */
  get count(): number {
    return this.#count;
  }

  /** Item `i`, which may still have to arrive; undefined if the series ends, or a limit is reached, before it does. */
  async at(i: number): Promise<T | undefined> {
    if (!this.#readsAhead) {
      this.#readsAhead = true;
      void this.#readAhead();
    }
    while (i >= this.#kept.length && this.#hasRoom) {
      const left = 1000 * this.#limits.seconds - (performance.now() - this.#since);
      if (!(left > 0 && (await isInTime(this.#read(), left)))) break;
    }
    return this.#kept[i];
  }

  /** Whether another item may come and be kept. */
  get #hasRoom(): boolean {
    const { items, bytes } = this.#limits;
    return !this.#ended && this.#kept.length < items && this.#bytes < bytes;
  }

  /** All items: those that are kept, then the others as they arrive. Nothing more is kept from now on. */
  async *all(): AsyncGenerator<T, void, undefined> {
    this.#readsAhead = false;
    for (;;) {
      const [item] = this.#kept.splice(0, 1);
      if (item !== undefined) yield item;
      else if (this.#failure) throw this.#failure.cause;
      else if (this.#ended) return;
      else await this.#read();
    }
  }

  async #readAhead(): Promise<void> {
    while (this.#readsAhead && this.#hasRoom) await this.#read();
  }

  /** Waits for the next item; a failure is reported after the items before it. */
  #read(): Promise<void> {
    this.#reading ??= this.#source
      .next()
      .then(
        ({ done, value }) => {
          if (done) this.#ended = true;
          else this.#keep(value);
        },
        (cause: unknown) => {
          this.#failure = { cause };
          this.#ended = true;
        },
      )
      .finally(() => {
        this.#reading = undefined;
      });
    return this.#reading;
  }

  #keep(item: T): void {
    this.#kept.push(item);
    this.#count++;
    this.#bytes += this.#bytesOf(item);
  }
}

/** Whether a promise is settled within some milliseconds. */
async function isInTime(promise: Promise<void>, ms: number): Promise<boolean> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const late = new Promise<boolean>((resolve) => {
    timer = setTimeout(() => resolve(false), Math.min(ms, 2 ** 31 - 1));
  });
  try {
    return await Promise.race([promise.then(() => true), late]);
  } finally {
    clearTimeout(timer);
  }
}
