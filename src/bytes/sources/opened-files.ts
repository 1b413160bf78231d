/** What files were when they were opened, and whether they still are: one that is written over gives a mix of both. */
import { fstat, type Stats, stat } from 'node:fs';
import { promisify } from 'node:util';

// Promisified callback functions, which take a fraction of the time of those of promises.
const statFile = promisify(fstat);
const statPath = promisify(stat);

/** What tells a file from another one, or from what it was. */
type Known = Pick<Stats, 'ino' | 'size' | 'mtimeMs'>;

/** What a file was when it was opened, and where it is examined again: a path, or the descriptor of standard input. */
interface OpenedFile {
  /** Its name in messages. */
  readonly name: string;
  readonly place: string | number;
  readonly was: Known;
}

/** Files that were opened together: a file, and those beside it that it refers to. */
export class OpenedFiles {
  /** As they were when they were opened first. */
  readonly #files = new Map<string | number, OpenedFile>();

  add({ name, place, was: { ino, size, mtimeMs } }: OpenedFile): void {
    if (!this.#files.has(place)) this.#files.set(place, { name, place, was: { ino, size, mtimeMs } });
  }

  /**
   * A sentence for each file that is not what it was when it was opened, also after it was closed; one that was removed can
   * be read as before.
   */
  async changes(): Promise<readonly string[]> {
    const texts = await Promise.all(
      [...this.#files.values()].map(async ({ name, place, was }) => {
        const looking = typeof place === 'number' ? statFile(place) : statPath(place);
        const now = await looking.catch(() => undefined);
        const how = now && changeOf(was, now);
        return how === undefined
          ? []
          : `${name} changed while it was read: ${how}; frames of both may be in the results`;
      }),
    );
    return texts.flat();
  }
}

/** How a file differs from what it was; undefined if it does not. */
function changeOf(was: Known, now: Stats): string | undefined {
  if (now.ino !== was.ino) return 'another file has taken its place';
  if (now.size !== was.size) return `it had ${was.size} bytes, and has ${now.size}`;
  return now.mtimeMs === was.mtimeMs ? undefined : `it was written again at ${now.mtime.toISOString()}`;
}
