/** The outputs of a run end independently: one that fails is reported, the others are written. */
import type { FrameRecord } from '../record.js';
import type { FrameSink } from './sink.js';
import type { StreamFile } from './stream-file.js';

/** What became of the outputs. */
export interface Ended {
  /** The name of what an interrupted stream left; true: it is whole; false: it failed; undefined: there is none. */
  readonly stream: string | boolean | undefined;
  /** What is reported of each sink. */
  readonly sinks: readonly string[];
}

/** Feeds and ends what is written beside the stream. */
export class Ends {
  readonly #sinks: Set<FrameSink>;
  readonly #report: (error: unknown) => void;
  /** Whether an output failed. */
  failed = false;

  /** `report` receives the error of each output that fails. */
  constructor(sinks: readonly FrameSink[], report: (error: unknown) => void) {
    this.#sinks = new Set(sinks);
    this.#report = report;
  }

  /** Gives a frame to every sink; one that fails gets no more, and the run goes on. */
  async add(record: FrameRecord): Promise<void> {
    for (const sink of this.#sinks) {
      const isTaken = await this.#trying(() => sink.add(record).then(() => true));
      if (isTaken) continue;
      this.#sinks.delete(sink);
      await sink.discard().catch(() => undefined);
    }
  }

  /** Ends the stream, then every sink. */
  async close(stream: StreamFile | undefined, isWhole: boolean): Promise<Ended> {
    const end = async (): Promise<string | boolean | undefined> => {
      if (!stream) return undefined;
      if (!isWhole) return stream.leave();
      await stream.close();
      return true;
    };
    const ofStream = stream && ((await this.#trying(end)) ?? (this.failed ? false : undefined));
    const sinks: string[] = [];
    for (const sink of this.#sinks) {
      const said = await this.#trying(() => sink.close(isWhole));
      if (said === undefined) await sink.discard().catch(() => undefined);
      else sinks.push(said);
    }
    return { stream: ofStream, sinks };
  }

  async discard(): Promise<void> {
    for (const sink of this.#sinks) await this.#trying(() => sink.discard());
  }

  async #trying<T>(work: () => Promise<T>): Promise<T | undefined> {
    try {
      return await work();
    } catch (error) {
      this.failed = true;
      this.#report(error);
      return undefined;
    }
  }
}
