/** Files that grow and begin like none of the known formats, to which more bytes at their end make no difference. */

import { isNamedByEmpad } from '../../frames/formats/empad.js';
import { raw } from '../../frames/formats/raw.js';
import { formats } from '../../frames/formats/table.js';
import { fileSource, formatsOf } from '../../frames/opening.node.js';

/** Bytes that formats examine. */
const headBytes = 4096;
/** A beginning that has not changed for this time is final: programs write a header at once. */
const settledMs = 1000;

const endings = new Set(formats.flatMap(({ endings: own }) => own).filter((one) => !raw.endings.includes(one)));

export class UnrecognisedFile {
  #file = '';
  #head = '';
  #since = 0;

  /** Whether no format will recognise a file that none recognises now; to be asked at every look at it. */
  async isFinal(file: string): Promise<boolean> {
    const head = await beginning(file);
    const written = head.toString('base64');
    if (file !== this.#file || written !== this.#head) {
      [this.#file, this.#head, this.#since] = [file, written, performance.now()];
      return false;
    }
    // Some programs reserve a header and fill it in later, and a known ending announces one.
    const mayFollow = head.length < headBytes && endings.has(file.slice(file.lastIndexOf('.') + 1).toLowerCase());
    if (mayFollow || isNamedByEmpad(file) || head.every((byte) => byte === 0)) return false;
    return (
      performance.now() - this.#since >= settledMs && (await formatsOf(file).catch(() => [undefined])).length === 0
    );
  }
}

/** Empty for what cannot be read. */
async function beginning(file: string): Promise<Buffer> {
  try {
    const source = await fileSource(file);
    try {
      return Buffer.from(await source.read(0, Math.min(headBytes, source.size)));
    } finally {
      await source.close();
    }
  } catch {
    return Buffer.alloc(0);
  }
}
