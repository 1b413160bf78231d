/** A log of JSON lines that is appended to, and begins a new file when it has become large. */
import {
  appendFileSync,
  closeSync,
  constants,
  fstatSync,
  lstatSync,
  openSync,
  readSync,
  renameSync,
  statSync,
  writeSync,
} from 'node:fs';
import { EwaldError } from '../../util/errors.js';
import { fileReason } from '../../util/file-errors.js';

/** How a line begins; a file that begins otherwise is no log, and is left as it is. */
const beginning = '{"time":"';
/** Number of former files that are kept, as FILE.1 (the newest) … FILE.4. */
const maxFormer = 4;

const formerOf = (path: string): string[] => Array.from({ length: maxFormer }, (_, i) => `${path}.${i + 1}`);

/** Whether a former log may be replaced: it is not there, or begins as one. */
function mayReplaceLog(path: string): boolean {
  const there = lstatSync(path, { throwIfNoEntry: false });
  if (there === undefined) return true;
  if (!there.isFile()) return false;
  const bytes = new Uint8Array(beginning.length);
  const file = openSync(path, 'r');
  try {
    const read = readSync(file, bytes, 0, bytes.length, 0);
    return read === 0 || new TextDecoder('latin1').decode(bytes.subarray(0, read)) === beginning;
  } finally {
    closeSync(file);
  }
}

/** A log file. */
export class LogFile {
  readonly #path: string;
  readonly #maxBytes: number;
  /** A pipe, which is opened once: without a reader, another open would never return. */
  #pipe: number | undefined;

  /**
   * A log that has at most about `maxBytes` in each of its files. Throws `Argument` for a file that is no log, `File`
   * for one that cannot be written.
   */
  constructor(path: string, maxBytes: number) {
    this.#path = path;
    this.#maxBytes = maxBytes;
    let head: string;
    try {
      const isPipe = statSync(path, { throwIfNoEntry: false })?.isFIFO() === true;
      if (isPipe) this.#pipe = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
      const file = this.#pipe ?? openSync(path, 'a+');
      const bytes = new Uint8Array(beginning.length);
      // Only regular files have a beginning; a terminal or a pipe would wait for input.
      const read = fstatSync(file).isFile() ? readSync(file, bytes, 0, bytes.length, 0) : 0;
      head = new TextDecoder('latin1').decode(bytes.subarray(0, read));
      if (!isPipe) closeSync(file);
    } catch (cause) {
      throw new EwaldError('File', `${path}: ${fileReason(cause)}`, { cause, detail: { path } });
    }
    if (head !== '' && head !== beginning)
      throw new EwaldError('Argument', `${path} is no log that ewald wrote; give the log another name`);
    const other = formerOf(path).find((one) => !mayReplaceLog(one));
    if (other !== undefined && this.#pipe === undefined)
      throw new EwaldError(
        'Argument',
        `${other} is no log that ewald wrote, and the lines of ${path} are moved there when it is full; give the log ` +
          'another name',
      );
  }

  /**
   * Appends a line with the time and the number of this process, by which lines of several runs in one file are told
   * apart; it is one write, so that they stay whole.
   */
  append(time: Date, values: object): void {
    const line = `${JSON.stringify({ time: time.toISOString(), pid: process.pid, ...values })}\n`;
    if (this.#pipe !== undefined) {
      try {
        writeSync(this.#pipe, line);
      } catch (error) {
        // Nobody reads the pipe, which is full.
        if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
      }
      return;
    }
    // Another run may have started a new file, or somebody may have moved this one.
    const { size = 0 } = statSync(this.#path, { throwIfNoEntry: false }) ?? {};
    if (size > 0 && size + Buffer.byteLength(line) > this.#maxBytes) this.#rotate();
    appendFileSync(this.#path, line);
  }

  #rotate(): void {
    const former = formerOf(this.#path);
    // A file that has come since is kept, and the log grows.
    if (!former.every(mayReplaceLog)) return;
    const all = [this.#path, ...former];
    for (let i = maxFormer; i > 0; i--)
      if (statSync(all[i - 1] as string, { throwIfNoEntry: false })) renameSync(all[i - 1] as string, all[i] as string);
  }
}
