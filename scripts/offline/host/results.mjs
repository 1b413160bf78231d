// Writes the results of a run: at most eight files of at most 16 MiB in one folder, each written atomically.
import { mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const mostBytes = 16 * 2 ** 20;
const mostFiles = 8;

export class Results {
  #folder;
  #log = '';
  files = new Set();

  /** Throws if the folder is not writable. */
  constructor(folder) {
    this.#folder = folder;
    mkdirSync(folder, { recursive: true });
    this.log('begun', new Date().toISOString());
  }

  path(name) {
    return join(this.#folder, name);
  }

  write(name, content) {
    if (!this.files.has(name) && this.files.size >= mostFiles)
      throw new Error(`${name} would be result file number ${mostFiles + 1}`);
    const aside = this.path(`.${name}.part`);
    const bytes = Buffer.byteLength(content);
    writeFileSync(
      aside,
      bytes <= mostBytes ? content : `${JSON.stringify({ leftOut: `${bytes} bytes, most are ${mostBytes}` })}\n`,
    );
    renameSync(aside, this.path(name));
    this.files.add(name);
  }

  json(name, document) {
    this.write(name, `${JSON.stringify(document, null, 1)}\n`);
  }

  /** Adds a section to log.txt. Only the end of long texts is kept. */
  log(title, text) {
    this.#log = `${this.#log}== ${title}\n${text.slice(-(2 ** 16)).trimEnd()}\n`.slice(-(2 ** 22));
    this.write('log.txt', this.#log);
  }
}
