/** The connection of the page to its server: facts about a run, and the statistics of its frames. */
import { type FrameStatistics, readStatistics, type SeriesMoment } from '../../entries/pages.js';
import type { ScanFacts } from './live-scan.js';
import type { LiveFacts } from './protocol.js';

/** The state of the run that the server reports, or `waiting` before there is one. */
type RunState = 'waiting' | 'starting' | 'running' | 'ended' | 'stopped';

/** The wells of the chips of a run, and their names in the order of their first images. */
export interface ChipFacts {
  readonly rows: number;
  readonly columns: number;
  readonly names: readonly string[];
  /** Counts how often the wells were determined from positions; absent if they are known from the beginning. */
  readonly revision?: number;
}

/** Facts about a run. */
export interface RunFacts extends LiveFacts {
  /** The time of the server, ms since it was started. */
  readonly now: number;
  readonly state: RunState;
  readonly total?: number | undefined;
  /** The wells of the chip that is scanned, and the names of its chips so far. */
  readonly chip?: ChipFacts | undefined;
  /** The images of a run over a scan, instead of frames. */
  readonly scan?: ScanFacts | undefined;
  /** What a run that begins does with its first frames. */
  readonly doing?: string | undefined;
  /** What the server has to say, such as why there are no frames yet. */
  readonly note?: string | undefined;
}

/** The server sends a message every two seconds; after this time without any, ms, it is considered gone. */
const silenceMs = 7000;
/** Time between attempts to connect again, ms. */
const againMs = 3000;

export class LiveFeed {
  /** A name by which the server knows this page. */
  readonly client = crypto.randomUUID();
  facts: RunFacts | undefined;
  /** What the run has found so far, such as the quality of a running merge. */
  status: readonly string[] = [];
  /** Whether the server is answering. */
  connected = false;
  /** Number of frames that have been reported. */
  count = 0;
  onFacts: (facts: RunFacts) => void = () => undefined;
  onFrames: (frames: readonly FrameStatistics[], first: number) => void = () => undefined;
  onMoments: (moments: readonly SeriesMoment[]) => void = () => undefined;
  /** Called when the server has stopped answering, or answers again. */
  onConnection: () => void = () => undefined;
  #events: EventSource | undefined;
  #heardAt = performance.now();
  /** Best estimate of the time of the server minus that of the page. */
  #ahead = 0;
  /** The time of the last moment of the run that was received. */
  #knownTo = -1;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Connects, and connects again whenever the connection ends, until the run has ended. */
  open(): void {
    this.#connect();
    this.#timer = setInterval(() => {
      if (performance.now() - this.#heardAt > silenceMs) this.#lost();
    }, 1000);
  }

  /** The server's time, ms since it was started. */
  get now(): number {
    return performance.now() + this.#ahead;
  }

  get isOver(): boolean {
    return this.facts?.state === 'ended' || this.facts?.state === 'stopped';
  }

  #connect(): void {
    // The browser would connect again by itself, but not after an answer such as 403 or 503.
    const events = new EventSource(`live/events?client=${this.client}&from=${this.count}&since=${this.#knownTo}`);
    this.#events = events;
    const heard = (now: string | undefined): void => {
      this.#heardAt = performance.now();
      // The message with the least delay gives the best estimate.
      if (now !== undefined) this.#ahead = Math.max(this.#ahead, Number(now) - performance.now());
      if (this.connected) return;
      this.connected = true;
      this.onConnection();
    };
    events.addEventListener('run', ({ data }) => {
      this.facts = JSON.parse(data) as RunFacts;
      heard(String(this.facts.now));
      this.onFacts(this.facts);
    });
    events.addEventListener('status', ({ data }) => {
      heard(undefined);
      this.status = JSON.parse(data) as string[];
    });
    events.addEventListener('moments', ({ data }) => {
      heard(undefined);
      const moments = JSON.parse(data) as SeriesMoment[];
      this.#knownTo = Math.max(...moments.map(({ at }) => at));
      this.onMoments(moments);
    });
    events.addEventListener('now', ({ data }) => heard(data));
    events.addEventListener('frames', ({ data }: MessageEvent<string>) => {
      const [now, text = ''] = data.split(' ');
      heard(now);
      const frames = readStatistics(
        Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0)),
        this.facts?.regions?.length,
      );
      const first = this.count;
      this.count += frames.length;
      this.onFrames(frames, first);
    });
    events.onerror = () => this.#lost();
  }

  #lost(): void {
    this.#events?.close();
    this.#events = undefined;
    this.#heardAt = performance.now();
    const was = this.connected;
    this.connected = false;
    if (was) this.onConnection();
    // The server ends with its run.
    if (this.isOver) clearInterval(this.#timer);
    else setTimeout(() => this.#events ?? this.#connect(), againMs);
  }
}
