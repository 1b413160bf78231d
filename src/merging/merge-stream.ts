/** A merge in one call. */
import { expects } from '../util/arguments.js';
import type { MergeFile, MergeInput } from './merger.js';
import type { MergeOptions } from './options.js';
import type { MergeResult } from './result.js';
import type { MergingMethods } from './room.js';
import type { MergeRunOptions } from './run.js';

/**
 * Merges one or several streams on a context, including scaling, partialities and the indexing ambiguity. Files are
 * given by their path (Node), address, File or Blob, other bytes as `{ name, bytes }`.
 *
 * Throws `Argument`, `File`, `Format`, `Aborted`.
 */
export async function mergeStream(
  context: MergingMethods,
  input: MergeInput | MergeFile | readonly (MergeInput | MergeFile)[],
  options: MergeOptions,
  running: MergeRunOptions = {},
): Promise<MergeResult> {
  expectsMerging('mergeStream: the first argument', context);
  const inputs: readonly (MergeInput | MergeFile)[] = Array.isArray(input) ? input : [input];
  for (const input of inputs)
    expects(
      typeof input === 'string' || (typeof input === 'object' && input !== null && (isFile(input) || 'bytes' in input)),
      'mergeStream: the second argument',
      input,
      'a path, a URL, a File, { bytes } of a stream, or an array of such',
    );
  const merger = await context.merger(options);
  const { signal } = running;
  for (const input of inputs) await merger.addStream(input, signal ? { signal } : {});
  return merger.run(running);
}

/** Throws `Argument` unless it is a context that merges. */
export const expectsMerging = (what: string, context: unknown): void =>
  expects(
    typeof (context as Partial<MergingMethods> | null | undefined)?.merger === 'function',
    what,
    context,
    'a context: await createContext()',
  );

/** Whether it is a URL, a File or a Blob. */
const isFile = (one: object): boolean => 'href' in one || 'slice' in one;
