/** Frames that are in the joined streams more than once, by their names. */
import { hash53 } from '../../base/hash53.js';

export class CopiedFrames {
  readonly #seen = new Set<number>();
  readonly #copied = new Set<number>();
  #first = '';

  add({ filename, event = '' }: { readonly filename: string; readonly event: string | undefined }): void {
    const frame = hash53([filename, '\n', event]);
    if (this.#seen.has(frame)) {
      if (this.#copied.size === 0) this.#first = `${filename} ${event}`.trim();
      this.#copied.add(frame);
    }
    this.#seen.add(frame);
  }

  /** A remark on the copies; undefined without any. */
  get remark(): string | undefined {
    const { size } = this.#copied;
    if (size === 0) return undefined;
    return (
      `${size === 1 ? '1 frame is' : `${size} frames are`} in the streams more than once, the first of them ` +
      `${this.#first}: each copy is kept, and a merge would count one image as several measurements`
    );
  }
}
