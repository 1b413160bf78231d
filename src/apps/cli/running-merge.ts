/** `ewald index --merge`: the merge of a run that goes on, in lines. */
import type { Context } from '../../entries/index.node.js';
import { type MergeSink, mergeSink, mergeStatusText } from '../../entries/merging.js';
import { note } from './output.js';

/** A sink that prints how the merge of the run's crystals changes. */
export function runningMerge(context: Context, symmetry: string): Promise<MergeSink> {
  let said = '';
  const onStatus = (status: Parameters<typeof mergeStatusText>[0]): void => {
    const text = mergeStatusText(status);
    if (text !== said) note(`merge: ${text}`);
    said = text;
  };
  return mergeSink(context, { symmetry }, { onStatus });
}
