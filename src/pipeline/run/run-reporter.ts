/** What a run tells while it goes on: its caller, its viewer, and its report of the warnings. */
import { type Observer, observer } from '../../util/callbacks.js';
import type { EwaldError } from '../../util/errors.js';
import type { RunEvent } from '../events.js';
import type { PipelineOptions } from '../run-options.js';

/** Warnings that the report of a run repeats: its first ones. */
const maxKeptWarnings = 64;

/** Passes the events of a run on, and keeps its warnings and the first error of its caller's function. */
export class RunReporter {
  readonly #observer: Observer<[RunEvent]>;
  readonly #view: PipelineOptions['view'];
  readonly #warnings = new Set<string>();

  /** Warnings of a run without `onEvent` are passed to `log`. */
  constructor(options: PipelineOptions, log: (warning: string) => void) {
    const logWarning = (event: RunEvent): void => {
      if (event.kind === 'warning') log(event.text);
    };
    this.#observer = observer('pipeline', options.onEvent === undefined ? { onEvent: logWarning } : options, 'onEvent');
    this.#view = options.view;
  }

  /** The first different warnings, at most 64. */
  get warnings(): ReadonlySet<string> {
    return this.#warnings;
  }

  /** What the function of the caller has thrown. */
  get failure(): EwaldError | undefined {
    return this.#observer.failure;
  }

  /** Throws what the function of the caller has thrown. */
  throwIfFailed(): void {
    if (this.failure) throw this.failure;
  }

  // The methods below are passed on by themselves.

  /** Throws what the function of the caller throws. */
  readonly report = (event: RunEvent): void => {
    if (event.kind === 'warning' && this.#warnings.size < maxKeptWarnings) this.#warnings.add(event.text);
    this.#view?.happened?.(event);
    this.#observer(event);
  };

  readonly warn = (text: string, isDoubtful = false): void => this.report(warning(text, isDoubtful));

  /** For where outputs are open, or errors are caught: what the function throws ends the run at the next frame. */
  readonly reportQuietly = (event: RunEvent): void => {
    try {
      this.report(event);
    } catch {
      // What the caller's function has thrown is kept as the failure; a page that follows does not end a run.
    }
  };

  readonly warnQuietly = (text: string, isDoubtful = false): void => this.reportQuietly(warning(text, isDoubtful));
}

const warning = (text: string, isDoubtful: boolean): RunEvent => ({
  kind: 'warning',
  text,
  ...(isDoubtful ? { isDoubtful } : {}),
});
