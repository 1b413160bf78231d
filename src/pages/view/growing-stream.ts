/** A stream that is being written: its new frames are listed, and the newest one is shown. */
import { redraw, say, viewer } from './app.js';
import { isOfKind } from './frame-filter.js';
import { inputsOf, type ServedFiles, servedFiles } from './served-files.js';

export class GrowingStream {
  /** Number of files that the server has named. */
  #files: number;
  readonly #followed: boolean;
  #growing = false;
  /** Time at which the last frame was added, or the stream was opened. */
  grownAt = performance.now();
  /** Number of frames that were added between shown ones and not shown. */
  passed = 0;

  /** The files that were opened at the start, and whether they are followed. */
  constructor({ files, follow }: ServedFiles) {
    this.#files = files.length;
    this.#followed = follow;
  }

  /** Whether the page shows a stream that its server follows. */
  get isFollowed(): boolean {
    return this.#followed && viewer.opened?.listed !== undefined && !viewer.opened.unsearched;
  }

  /** Lists the frames that the stream has gained, and shows the newest of them if the page follows it. */
  async grow(following: boolean): Promise<void> {
    const { opened } = viewer;
    if (this.#growing || !opened?.listed) return;
    this.#growing = true;
    try {
      const more = await viewer.engine.call('grown', opened.frames);
      if (more.length === 0 || viewer.opened !== opened) return;
      await this.#moreFiles();
      const atEnd = this.isFollowed ? following : viewer.frame === opened.frames - 1;
      viewer.summaries.push(...more);
      viewer.opened = { ...opened, frames: opened.frames + more.length };
      this.grownAt = performance.now();
      const kind = more.filter((frame) => isOfKind(frame, viewer.filter));
      const newest = kind.at(-1);
      if (atEnd && newest) {
        this.passed += kind.length - 1;
        await viewer.go(newest.frame);
      }
      redraw();
    } catch (error) {
      viewer.fail(error);
    } finally {
      this.#growing = false;
    }
  }

  /** New frames may be in files that the stream did not name before. */
  async #moreFiles(): Promise<void> {
    if (!this.#followed) return;
    const served = await servedFiles(this.#files);
    this.#files += served.files.length;
    if (served.note !== undefined) say(served.note, true);
    if (served.files.length > 0) await viewer.engine.call('addFiles', inputsOf(served));
  }
}
