/** `ewald index --merge`: the merge of a run that goes on, in lines. */
import { filePieces, regionProblem, regionSplitOf } from '../entries/command.node.js';
import {
  type Context,
  EwaldError,
  type MergeResult,
  mergeStream,
  type PipelineOptions,
} from '../entries/index.node.js';
import { type MergeSink, mergeSink, mergeStatusText, wantedText } from '../entries/merging.js';
import type { IndexFlags } from './frame-rows.js';
import { note } from './output.js';

/** A sink that prints how the merge of the run's crystals changes. */
export function runningMerge(
  context: Context,
  symmetry: string,
  { wanted, splitBy, copyHeader = [], rois = [] }: IndexFlags,
  inputs: PipelineOptions['inputs'],
): Promise<MergeSink> {
  const region = regionSplitOf(splitBy);
  const names = rois.map((roi) => roi.replace(/=[\s\S]*/, '').trim());
  const problem = region && regionProblem(`${region.name}.${region.field}`, names);
  if (problem !== undefined) throw new EwaldError('Argument', `--split-by ${splitBy}: ${problem}`);
  if (splitBy !== undefined && region === undefined && !copyHeader.some((field) => bare(field) === bare(splitBy)))
    throw new EwaldError('Argument', `--split-by needs the field in every frame: --copy-header ${splitBy}`);
  let said = '';
  const onStatus = (status: Parameters<typeof mergeStatusText>[0]): void => {
    const text = mergeStatusText(status);
    if (text !== said) note(`merge: ${text}`);
    said = text;
    for (const answer of status.wanted ?? []) note(`merge: ${wantedText(answer)}`);
  };
  const isLive = typeof inputs === 'object' && 'openLive' in inputs;
  const options = { symmetry, ...(wanted && { wanted }), ...(splitBy !== undefined && { splitBy }) };
  return mergeSink(context, options, { onStatus, isLive });
}

/**
 * The merge of a stream that an earlier session has finished, of which a run that is resumed searches no frame: its doubts
 * are those of the run.
 */
export async function finishedMerge(
  context: Context,
  symmetry: string,
  { wanted, splitBy }: IndexFlags,
  stream: string,
): Promise<MergeResult> {
  const options = { symmetry, ...(wanted && { wanted }), ...(splitBy !== undefined && { splitBy }) };
  const result = await mergeStream(context, { name: stream, bytes: filePieces(stream) }, options);
  const { ccHalf, completeness, dMin } = result.statistics.overall;
  note(
    `merge: ${mergeStatusText({ frames: result.counts.frames, crystals: result.merged, ccHalf, completeness, dMin })}`,
  );
  return result;
}

const bare = (field: string): string => field.replace(/^\/+/, '');
