/** Files of a run whose headers state another detector than that of the first, beside one geometry for all of them. */
import type { Geometry, StatedHeader } from '../../crystal/geometry/geometry.js';
import type { Dataset } from '../../frames/dataset.js';
import { otherInFrames } from '../../frames/detector/each-frame.js';
import { openBeside } from '../../frames/detector/open-other.js';
import { type HasHeader, headerOf, otherThanFirst } from '../../frames/detector/stated-header.js';
import type { SourceOptions } from './source.js';

/** Largest number of names in a sentence. */
const maxNames = 8;

export class OtherFiles {
  readonly #geometry: Geometry;
  readonly #warn: SourceOptions['warn'];
  readonly #looked = new Set<string>();
  /** What is different, by words that have been said. */
  readonly #said = new Set<string>();
  readonly #names: string[] = [];
  #first: { readonly name: string; readonly header: StatedHeader } | undefined;

  constructor(geometry: Geometry, warn: SourceOptions['warn']) {
    this.#geometry = geometry;
    this.#warn = warn;
  }

  /** Compares a file with the one that was opened first, and says what differs, the same of several files once. */
  async look(dataset: Dataset): Promise<void> {
    const { name } = dataset;
    if (this.#looked.has(name)) return;
    // The first file is compared with the geometry before the run.
    if (this.#first)
      for (const text of await otherInFrames(this.#geometry, dataset, openBeside(dataset))) this.#warn(text);
    this.compare(name, dataset);
  }

  /** Compares the header of a file, or of a series of frames that arrives, with that of the first one. */
  compare(name: string, header: HasHeader): void {
    if (this.#looked.has(name)) return;
    this.#looked.add(name);
    if (!this.#first) {
      this.#first = { name, header: headerOf(header) };
      return;
    }
    const found = otherThanFirst(this.#geometry, this.#first.header, header);
    if (found.length === 0) return;
    this.#names.push(name);
    const text = `${found.join(', and ')} as ${this.#first.name} does`;
    if (this.#said.has(text)) return;
    this.#said.add(text);
    this.#warn(
      `${name} states ${text}, and the geometry has one for all files: if both are right, index them in runs of their ` +
        'own, or have the geometry take what differs from each file (such as clen = /path)',
      true,
    );
  }

  /** Names all of these files at the end, if there are several. */
  texts(): readonly string[] {
    const [names, first] = [this.#names, this.#first];
    if (!first || names.length < 2) return [];
    const more = names.length > maxNames ? ` and ${names.length - maxNames} more` : '';
    return [
      `the headers of ${names.length} files state another detector or beam than ${first.name}: ` +
        `${names.slice(0, maxNames).join(', ')}${more}`,
    ];
  }
}
