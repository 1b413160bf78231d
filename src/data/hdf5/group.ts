/** A group: links by name, and attributes. */
import { readAttributes } from './attributes.js';
import type { Hdf5Dataset } from './dataset.js';
import type { Hdf5File } from './file.js';
import type { Link } from './links.js';
import type { ObjectHeader } from './object-header.js';
import type { Hdf5Value } from './values.js';

/** A group; it belongs to its file. */
export class Hdf5Group {
  readonly file: Hdf5File;
  /** Its path by the way it was reached. */
  readonly path: string;
  readonly header: ObjectHeader;
  readonly links: ReadonlyMap<string, Link>;
  #attributes: Promise<Map<string, Hdf5Value>> | undefined;

  constructor(file: Hdf5File, path: string, header: ObjectHeader, links: ReadonlyMap<string, Link>) {
    this.file = file;
    this.path = path;
    this.header = header;
    this.links = links;
  }

  attributes(): Promise<ReadonlyMap<string, Hdf5Value>> {
    this.#attributes ??= readAttributes(this.file.superblock.pages, this.header);
    return this.#attributes;
  }

  /** What lies below it; undefined where there is nothing of the name. Throws where a link leads nowhere. */
  get(path: string): Promise<Hdf5Group | Hdf5Dataset | undefined> {
    return this.file.follow(this, path);
  }
}
