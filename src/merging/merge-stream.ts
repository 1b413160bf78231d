/** A merge in one call. */
import { expects } from '../base/arguments.js';
import type { MergeInput } from './merger.js';
import type { MergeOptions } from './options.js';
import type { MergeResult } from './result.js';
import type { MergingMethods } from './room.js';
import type { MergeRunOptions } from './run.js';

/**
 * Merges one or several streams on a context, including scaling, partialities and the indexing ambiguity.
 *
 * Throws `Argument`, `Format`, `Aborted`.
 */
export async function mergeStream(
  context: MergingMethods,
  input: MergeInput | readonly MergeInput[],
  options: MergeOptions,
  running: MergeRunOptions = {},
): Promise<MergeResult> {
  expects(
    typeof (context as Partial<MergingMethods> | null | undefined)?.merger === 'function',
    'mergeStream: the first argument',
    context,
    'a context: await createContext()',
  );
  expects(
    typeof input === 'object' && input !== null && ('bytes' in input || Array.isArray(input)),
    'mergeStream: the second argument',
    input,
    '{ bytes } of a stream, or an array of such',
  );
  const merger = await context.merger(options);
  const inputs: readonly MergeInput[] = 'bytes' in input ? [input] : input;
  for (const one of inputs) await merger.addStream(one);
  return merger.run(running);
}
