/**
 * The hand-over of acquisitions: a receiver announces them, `next` waits for them, and a scan takes their frames. It is
 * the same for all detectors.
 */
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import type { Acquisition, FrameFormat } from './acquisition.js';

export class Handover {
  /** Address of the detector, for messages. */
  readonly #name: string;
  #pending = false;
  #format: FrameFormat | undefined;
  #scan: Acquisition | undefined;
  #closed = false;
  #failure: EwaldError | undefined;
  /** Whether `next` has an announcement and no frame of it: if it is refused, `next` is notified, whatever follows it. */
  #taken = false;
  /** Why the announced acquisition cannot be read. */
  #refusal: EwaldError | undefined;
  #wake: (() => void) | undefined;

  constructor(name: string) {
    this.#name = name;
  }

  /** Whether an acquisition was announced, or goes on, and has no scan yet. */
  get pending(): boolean {
    return this.#pending;
  }

  /** The scan that takes the frames. */
  get scan(): Acquisition | undefined {
    return this.#scan;
  }

  /** Whether the caller has closed the connection. */
  get closed(): boolean {
    return this.#closed;
  }

  // For the receiver:

  /** The connection was opened, perhaps again. */
  connected(): void {
    this.#failure = undefined;
  }

  /** Another acquisition begins: the previous one was ended at the detector. */
  announce(): void {
    this.end('the detector began another acquisition');
    this.proceed();
  }

  /** An acquisition goes on after its scan: its next frame is the first one of the next scan. */
  proceed(): void {
    this.#format = undefined;
    if (!this.#taken) this.#refusal = undefined;
    this.#pending = true;
    this.#wake?.();
  }

  /** The first frame of the announced acquisition has arrived. */
  first(format: FrameFormat): void {
    this.#format ??= format;
    this.#wake?.();
  }

  /** No more frames of the acquisition will arrive, for a reason if its scan is not complete. */
  end(reason: string): void {
    this.#scan?.end(reason);
    this.#scan = undefined;
  }

  /** The scan, if it is this one, needs no further frames; returns whether it was. */
  release(scan: Acquisition): boolean {
    if (this.#scan !== scan) return false;
    this.#scan = undefined;
    return true;
  }

  /** The announced acquisition cannot be read: the next wait ends with an error, once. */
  refuse(error: EwaldError): void {
    this.#refusal = error;
    this.#pending = false;
    this.#wake?.();
  }

  /** Ends the scan, and what waits for the next one, with an error. */
  fail(error: EwaldError): void {
    this.#failure = error;
    this.#scan?.fail(error);
    this.#scan = undefined;
    this.#pending = false;
    this.#format = undefined;
    this.#wake?.();
  }

  // For `next`:

  /**
   * Waits for an announcement and describes it, before anything else arrives. Throws the error of the connection, or of
   * the signal.
   */
  announced<T extends object>(describe: () => T, signal: PlatformSignal): Promise<T> {
    return this.#until(() => {
      if (!this.#pending) return undefined;
      this.#taken = true;
      this.#refusal = undefined;
      return describe();
    }, signal);
  }

  /** Waits for the first frame of the announced acquisition. */
  format(signal: PlatformSignal): Promise<FrameFormat> {
    return this.#until(() => (this.#refusal ? undefined : this.#format), signal);
  }

  /** The scan of the announced acquisition takes the frames. */
  deliver(scan: Acquisition): void {
    this.#scan = scan;
    this.#taken = false;
    this.#pending = false;
    this.#format = undefined;
  }

  close(): void {
    this.#closed = true;
    this.#wake?.();
  }

  async #until<T extends object>(result: () => T | undefined, signal: PlatformSignal): Promise<T> {
    for (;;) {
      const found = result();
      if (found) return found;
      if (signal.aborted) throw signal.reason;
      if (this.#closed) throw new EwaldError('Disposed', `the connection to ${this.#name} was closed`);
      if (this.#failure) throw this.#failure;
      const refusal = this.#refusal;
      this.#refusal = undefined;
      if (refusal) {
        this.#taken = false;
        throw refusal;
      }
      await new Promise<void>((resolve) => {
        const wake = (): void => {
          signal.removeEventListener('abort', wake);
          resolve();
        };
        this.#wake = wake;
        signal.addEventListener('abort', wake);
      });
    }
  }
}
