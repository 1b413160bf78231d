/** What files were when they were opened, and whether they still are: one that is written over gives a mix of both. */
import type { Stats } from 'node:fs';

/** What a file was when it was opened, and how it is examined again. */
interface OpenedFile {
  /** Its name in messages. */
  readonly name: string;
  readonly was: Stats;
  readonly look: () => Promise<Stats>;
}

/** Files that are open. */
export class OpenedFiles {
  readonly #files = new Set<OpenedFile>();

  /** Adds a file; the function that is returned removes it, when it is closed. */
  add(file: OpenedFile): () => void {
    this.#files.add(file);
    return () => this.#files.delete(file);
  }

  /** A sentence for each file that is not what it was when it was opened; one that was removed can be read as before. */
  async changes(): Promise<readonly string[]> {
    const texts = await Promise.all(
      [...this.#files].map(async ({ name, was, look }) => {
        const now = await look().catch(() => undefined);
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
function changeOf(was: Stats, now: Stats): string | undefined {
  if (now.ino !== was.ino) return 'another file has taken its place';
  if (now.size !== was.size) return `it had ${was.size} bytes, and has ${now.size}`;
  return now.mtimeMs === was.mtimeMs ? undefined : `it was written again at ${now.mtime.toISOString()}`;
}
