/** What a run tells while it goes on: its caller, its viewer, and its report of the warnings. */
import { type Observer, observer } from '../../util/callbacks.js';
import type { RunEvent } from '../events.js';
import type { PipelineOptions } from '../run-options.js';

/** Warnings that a report repeats. */
const maxWarnings = 64;

export class RunEvents {
  readonly #observer: Observer<[RunEvent]>;
  readonly #view: PipelineOptions['view'];
  readonly #warnings = new Set<string>();

  /** Warnings of a run without `onEvent` are passed to `log`. */
  constructor(options: PipelineOptions, log: (warning: string) => void) {
    const logged = (event: RunEvent): void => (event.kind === 'warning' ? log(event.text) : undefined);
    this.#observer = observer('pipeline', options.onEvent === undefined ? { onEvent: logged } : options, 'onEvent');
    this.#view = options.view;
  }

  /** What was warned of so far. */
  get warnings(): ReadonlySet<string> {
    return this.#warnings;
  }

  /** What the function of the caller has thrown. */
  get failure(): Observer<[RunEvent]>['failure'] {
    return this.#observer.failure;
  }

  /** Throws what the function of the caller has thrown. */
  check(): void {
    if (this.failure) throw this.failure;
  }

  /** Throws what the function of the caller throws. */
  readonly report = (event: RunEvent): void => {
    this.#view?.happened?.(event);
    if (event.kind === 'warning' && this.#warnings.size < maxWarnings) this.#warnings.add(event.text);
    this.#observer(event);
  };

  readonly warn = (text: string, isDoubtful = false): void => this.report(warning(text, isDoubtful));

  /** For where outputs are open, or errors are caught: what the function throws ends the run at the next frame. */
  readonly reportQuietly = (event: RunEvent): void => {
    try {
      this.report(event);
    } catch {
      // It is the failure.
    }
  };

  readonly warnQuietly = (text: string, isDoubtful = false): void => this.reportQuietly(warning(text, isDoubtful));
}

const warning = (text: string, isDoubtful: boolean): RunEvent => ({
  kind: 'warning',
  text,
  ...(isDoubtful ? { isDoubtful } : {}),
});
