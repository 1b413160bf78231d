/** Ends the outputs of a run independently: a failure is reported, and the others are still written. */
import type { FrameRecord } from '../record.js';
import type { FrameSink } from './sink.js';
import type { StreamFile } from './stream-file.js';

/** The state of the outputs. */
export interface Ended {
  /**
   * For an interrupted stream the name of its file; true if the stream is complete, false if it failed, undefined if
   * there is none.
   */
  readonly stream: string | boolean | undefined;
  /** The report of each sink. */
  readonly sinks: readonly string[];
}

/** Feeds and closes the outputs other than the stream. */
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

  /**
   * Passes a frame to every sink, or one of an earlier session to those that hold these as well; a sink that fails
   * receives no further frames, and the run continues.
   */
  async add(record: FrameRecord, isEarlier = false): Promise<void> {
    for (const sink of this.#sinks) {
      if (isEarlier && !sink.isOfWholeRun) continue;
      const isTaken = await this.#trying(() => sink.add(record).then(() => true));
      if (isTaken) continue;
      this.#sinks.delete(sink);
      await sink.discard().catch(() => undefined);
    }
  }

  /** Ends the stream, then every sink; the files of those that were finished earlier stay as they are. */
  async close(stream: StreamFile | undefined, isWhole: boolean, finished: readonly FrameSink[]): Promise<Ended> {
    const end = async (): Promise<string | boolean | undefined> => {
      if (!stream) return undefined;
      if (!isWhole) return stream.leave();
      await stream.close();
      return true;
    };
    const ofStream = stream && ((await this.#trying(end)) ?? (this.failed ? false : undefined));
    const sinks: string[] = [];
    for (const sink of this.#sinks) {
      const said = finished.includes(sink) ? undefined : await this.#trying(() => sink.close(isWhole));
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
