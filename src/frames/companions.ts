/**
 * Files that belong to another one: the data files of an Eiger master, the raw file of an EMPAD .xml. Users who drop
 * both on a page mean one dataset, in either order.
 */
import { type ByteSource, baseName } from '../bytes/byte-source.js';
import type { Dataset } from './dataset.js';

/** One of several inputs. */
export interface Given<T> {
  readonly input: T;
  readonly name: string;
}

/**
 * Number of files that are opened to see what they refer to: masters come first, and a series of plain frames needs
 * only a few probes.
 */
const maxProbed = 8;

/** The files most likely to refer to others first: masters by name, then the rarer endings. */
function byLikelihood<T>(given: readonly Given<T>[]): Given<T>[] {
  const ending = ({ name }: Given<T>): string => name.slice(name.lastIndexOf('.') + 1).toLowerCase();
  const counts = new Map<string, number>();
  for (const one of given) counts.set(ending(one), (counts.get(ending(one)) ?? 0) + 1);
  const rank = (one: Given<T>): number => (/master/i.test(one.name) ? 0 : (counts.get(ending(one)) ?? 1));
  return [...given].sort((a, b) => rank(a) - rank(b));
}

/**
 * The inputs that are separate datasets, in the given order, without the files that another input reads.
 *
 * `opened` opens an input and returns the files it requested. An input that cannot be opened is kept, so that its own
 * error is reported.
 */
export async function withoutCompanions<T>(
  given: readonly Given<T>[],
  opened: (one: Given<T>) => Promise<ReadonlySet<string>>,
): Promise<T[]> {
  const companions = new Set<string>();
  for (const one of byLikelihood(given).slice(0, maxProbed)) {
    if (companions.has(baseName(one.name))) continue;
    const siblings = await opened(one).catch(() => new Set<string>());
    for (const name of siblings) if (name !== baseName(one.name)) companions.add(name);
  }
  const own = given.filter(({ name }) => !companions.has(baseName(name)));
  return (own.length > 0 ? own : given).map(({ input }) => input);
}

/** A source that records which sibling files were requested. */
export function recording(source: ByteSource): { readonly source: ByteSource; readonly siblings: ReadonlySet<string> } {
  const siblings = new Set<string>();
  const sibling: ByteSource['sibling'] = async (path, options) => {
    const byteSource = await source.sibling(path, options);
    siblings.add(baseName(path));
    return byteSource;
  };
  return { source: Object.create(source, { sibling: { value: sibling } }) as ByteSource, siblings };
}

/** Opens and closes a source; returns the sibling files that were requested. */
export async function siblingsRequested(
  source: ByteSource,
  open: (source: ByteSource) => Promise<Dataset>,
): Promise<ReadonlySet<string>> {
  const recorded = recording(source);
  const dataset = await open(recorded.source);
  await dataset.dispose();
  return recorded.siblings;
}
