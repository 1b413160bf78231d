/**
 * An HDF5 file: groups, datasets and attributes by path, with links followed within the file and into others.
 *
 * It is not the HDF5 library: it only reads, and it covers what files of detectors and microscopes contain.
 */

import type { ByteSource } from '../bytes/byte-source.js';
import type { Codecs } from '../bytes/codecs/codecs.js';
import { EwaldError } from '../util/errors.js';
import type { Pace } from '../util/pace.js';
import { readAttributes } from './attributes.js';
import { Hdf5Dataset, isDataset, openDataset } from './dataset.js';
import { type Link, readLinks, unknownLink } from './links.js';
import { objectKey } from './nesting.js';
import { type ObjectHeader, readHeader } from './object-header.js';
import { readSuperblock, type Superblock } from './superblock.js';
import type { Hdf5Value } from './values.js';

/** Links followed for one path before it counts as cyclic. */
const maxHops = 64;

/** State shared by files that refer to each other. */
export interface FileSet {
  /** Open files by the names that led to them. */
  readonly open: Map<string, Promise<Hdf5File>>;
  /** The same files by path, each once. */
  readonly opened: Map<string, Promise<Hdf5File>>;
  /** Files without a structure that hold elements, by the names that led to them. */
  readonly raw: Map<string, Promise<ByteSource>>;
  readonly allowOutside: boolean;
  /** Whether the files are still being written: parts at the end of a series may be missing. */
  readonly growing?: boolean;
  /** Number of frames that are needed: those after them may be in files that do not exist. */
  readonly until?: number | undefined;
  /** Whether files that do not exist are left out. */
  readonly allowMissing?: boolean;
  /** Those that were left out. */
  readonly missing?: Set<string>;
  /** Why parts at the end of a series that is still being written were left out, except those that do not exist. */
  readonly unfinished?: Set<string>;
  /** Whether checksums are verified; default true. */
  readonly checksums?: boolean;
  /** Larger chunks are rejected. */
  readonly maxFrameBytes: number;
  /** Serves the event loop in every walk through these files. */
  readonly pace: Pace;
  codecs(): Promise<Codecs>;
}

/** Closes the files that links, virtual datasets and external storage led to. */
export async function closeLinked({ open, raw }: Pick<FileSet, 'open' | 'raw'>): Promise<void> {
  for (const opening of [...open.values(), ...raw.values()])
    await opening.then((file) => file.close()).catch(() => undefined);
}

/** While a file is copied, its structures refer to bytes that have not come: frames, masks, numbers of the detector. */
function refuseIncomplete({ name, size }: ByteSource, { end }: Superblock): void {
  if (end > size)
    throw new EwaldError('Format', `${name} is incomplete: it has ${size} of ${end} bytes`, {
      detail: { path: name, size, end },
    });
}

/** A group; its file owns it. */
export class Hdf5Group {
  readonly file: Hdf5File;
  /** The path by which it was reached. */
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

  /** The object at a path below it; undefined if there is none. Throws if a link leads nowhere. */
  get(path: string): Promise<Hdf5Group | Hdf5Dataset | undefined> {
    return this.file.follow(this, path);
  }
}

type Hdf5Object = Hdf5Group | Hdf5Dataset;

/** An open file; `close` closes it and the files opened through its links. */
export class Hdf5File {
  readonly source: ByteSource;
  readonly superblock: Superblock;
  readonly files: FileSet;
  readonly #objects = new Map<number, Promise<Hdf5Object>>();
  /** Those that have been read. */
  readonly #ready = new WeakSet<Promise<Hdf5Object>>();

  private constructor(source: ByteSource, superblock: Superblock, files: FileSet) {
    this.source = source;
    this.superblock = superblock;
    this.files = files;
  }

  /** Opens a file. Throws `Format` if it is not HDF5, or of those that are still being written, if its end is missing. */
  static async open(source: ByteSource, files: FileSet): Promise<Hdf5File> {
    const opening = readSuperblock(source, files).then((superblock) => {
      if (files.growing) refuseIncomplete(source, superblock);
      return new Hdf5File(source, superblock, files);
    });
    files.opened.set(source.path ?? source.name, opening);
    return opening;
  }

  async close(): Promise<void> {
    await this.source.close();
  }

  async root(through: readonly string[] = []): Promise<Hdf5Group> {
    const root = await this.#object(this.superblock.root, '/', through);
    if (root instanceof Hdf5Dataset) throw new EwaldError('Format', `${this.source.name}: its root is not a group`);
    return root;
  }

  /**
   * The object at a path from the root; undefined if there is none. Throws if a link leads nowhere. `through` lists the
   * virtual datasets that are being opened through it.
   */
  async get(path: string, through: readonly string[] = []): Promise<Hdf5Object | undefined> {
    return this.follow(await this.root(through), path, { left: maxHops }, through);
  }

  /** Like `get`, but throws `Format` if there is no such object. */
  async need(path: string): Promise<Hdf5Object> {
    const hdf5Object = await this.get(path);
    if (!hdf5Object) throw new EwaldError('Format', `${this.source.name}: it has no ${path}`, { detail: { path } });
    return hdf5Object;
  }

  /** Follows a path from a group. */
  async follow(
    from: Hdf5Group,
    path: string,
    hops = { left: maxHops },
    through: readonly string[] = [],
  ): Promise<Hdf5Object | undefined> {
    let at: Hdf5Object = path.startsWith('/') ? await from.file.root(through) : from;
    for (const name of path.split('/')) {
      if (name === '' || name === '.') continue;
      if (!(at instanceof Hdf5Group)) return undefined;
      const link: Link | undefined = at.links.get(name);
      if (!link) return undefined;
      const next: Hdf5Object | undefined = await at.file.#step(at, name, link, hops, through);
      if (!next) return undefined;
      at = next;
    }
    return at;
  }

  async #step(
    group: Hdf5Group,
    name: string,
    link: Link,
    hops: { left: number },
    through: readonly string[],
  ): Promise<Hdf5Object | undefined> {
    const path = `${group.path === '/' ? '' : group.path}/${name}`;
    if (link.kind === 'hard') return this.#object(link.address, path, through);
    if (hops.left-- <= 0)
      throw new EwaldError('Format', `${this.source.name}: the links of ${path} form a cycle`, { detail: { path } });
    if (link.kind === 'soft') return this.follow(group, link.path, hops, through);
    if (link.kind === 'user') throw unknownLink(this.source.name, path, link.type);
    const file = await this.linked(link.file, path);
    const hdf5Object = await file.follow(await file.root(through), link.path, hops, through);
    if (!hdf5Object)
      throw new EwaldError(
        'Format',
        `${this.source.name}: ${path} leads to ${link.path} of ${link.file}, which does not contain it`,
        {
          detail: { path, file: link.file, target: link.path },
        },
      );
    return hdf5Object;
  }

  /** The file named by a link, relative to this one. */
  async linked(name: string, path: string): Promise<Hdf5File> {
    if (name === '.' || name === '') return this;
    const { files } = this;
    const key = this.#keyOf(name);
    const opening =
      files.open.get(key) ??
      (async () => {
        const source = await this.#sibling(name, path);
        const known = files.opened.get(source.path ?? source.name);
        if (known) {
          await source.close();
          return known;
        }
        try {
          return await Hdf5File.open(source, files);
        } catch (error) {
          await source.close();
          throw error;
        }
      })();
    files.open.set(key, opening);
    opening.catch(() => files.open.delete(key));
    return opening;
  }

  async raw(name: string, path: string): Promise<ByteSource> {
    const { raw } = this.files;
    const key = this.#keyOf(name);
    const opening = raw.get(key) ?? this.#sibling(name, path);
    raw.set(key, opening);
    opening.catch(() => raw.delete(key));
    return opening;
  }

  /** A name in the folder of this file. */
  #keyOf(name: string): string {
    return `${this.source.name.replace(/[^/\\]*$/, '')}\n${name}`;
  }

  /** The object whose header is at an address, to which a reference leads. */
  async at(address: number): Promise<Hdf5Group | Hdf5Dataset> {
    return this.#object(address, `the object at ${address}`, []);
  }

  async #sibling(name: string, path: string): Promise<ByteSource> {
    try {
      return await this.source.sibling(name, { allowOutside: this.files.allowOutside });
    } catch (error) {
      // For an absolute path on the machine that wrote the file, the HDF5 library also looks next to the file.
      const base = name.split(/[/\\]/).at(-1) ?? name;
      if (error instanceof EwaldError && base !== name && /^([/\\]|[A-Za-z]:)/.test(name))
        try {
          return await this.source.sibling(base);
        } catch {
          // The first error is more informative.
        }
      if (error instanceof EwaldError)
        throw new EwaldError(error.tag, `${this.source.name}: ${path} is in another file: ${error.message}`, {
          cause: error,
          detail: { ...error.detail, link: path, file: name },
        });
      throw error;
    }
  }

  #object(address: number, path: string, through: readonly string[]): Promise<Hdf5Object> {
    const held = this.#objects.get(address);
    // A virtual dataset being opened must not wait for one that may be waiting for it.
    if (held && (through.length === 0 || this.#ready.has(held))) return held;
    if (through.includes(objectKey(this.source, address))) return this.#read(address, path, through);
    const reading = this.#read(address, path, through);
    // Objects are small; in a file with very many, they are read again.
    if (this.#objects.size > 4096) this.#objects.clear();
    if (!held) this.#objects.set(address, reading);
    reading.then(
      () => this.#ready.add(reading),
      () => !held && this.#objects.delete(address),
    );
    return reading;
  }

  async #read(address: number, path: string, through: readonly string[]): Promise<Hdf5Object> {
    const { pages } = this.superblock;
    const header = await readHeader(pages, address);
    if (isDataset(header)) return openDataset(this, path, header, through);
    return new Hdf5Group(this, path, header, (await readLinks(pages, header)) ?? new Map());
  }
}
