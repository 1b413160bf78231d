/** What a run is given to search, checked: words that are natural but wrong are answered with the right ones. */

import { EwaldError } from '../base/errors.js';
import { shown } from '../base/options.js';
import type { Dataset } from '../data/dataset.js';

/** Frames to be searched: all of a dataset, or some. */
export interface PipelineInput {
  /** Open, and the caller's. */
  readonly dataset: Dataset;
  /** As the stream names the file; default: the dataset's own name. */
  readonly filename?: string;
  /** Numbers of frames; default: all. */
  readonly frames?: readonly number[];
}

const openIt = "open files first, with open from 'ewald/data': inputs: [{ dataset: await open(file) }]";

const isDataset = (value: unknown): boolean =>
  typeof value === 'object' && value !== null && 'frames' in value && 'read' in value && 'shape' in value;

/** What opens as a file: a path, URL, File, Blob or bytes. */
const isFile = (value: unknown): boolean =>
  typeof value === 'string' ||
  (typeof value === 'object' && value !== null && ('href' in value || 'arrayBuffer' in value)) ||
  value instanceof ArrayBuffer ||
  ArrayBuffer.isView(value);

/** The inputs as they come, each checked. Throws `Argument`. */
export function checkInputs(inputs: unknown): AsyncGenerator<PipelineInput, void, undefined> {
  if (isFile(inputs)) throw new EwaldError('Argument', `pipeline: inputs is ${shown(inputs)}; ${openIt}`);
  if (isDataset(inputs))
    throw new EwaldError('Argument', 'pipeline: inputs is a dataset; expected a list: inputs: [{ dataset }]');
  const source = inputs as Partial<Iterable<unknown> & AsyncIterable<unknown>> | null | undefined;
  if (typeof source?.[Symbol.iterator] !== 'function' && typeof source?.[Symbol.asyncIterator] !== 'function')
    throw new EwaldError('Argument', `pipeline: inputs is ${shown(inputs)}; expected a list: inputs: [{ dataset }]`);
  return (async function* () {
    let index = 0;
    for await (const input of source as AsyncIterable<unknown>) yield checkInput(input, `inputs[${index++}]`);
  })();
}

function checkInput(input: unknown, what: string): PipelineInput {
  if (isFile(input)) throw new EwaldError('Argument', `pipeline: ${what} is ${shown(input)}; ${openIt}`);
  if (isDataset(input)) throw new EwaldError('Argument', `pipeline: ${what} is a dataset; write inputs: [{ dataset }]`);
  const { dataset, frames, filename } = (input ?? {}) as { readonly [K in keyof PipelineInput]?: unknown };
  if (isFile(dataset)) throw new EwaldError('Argument', `pipeline: ${what}.dataset is ${shown(dataset)}; ${openIt}`);
  if (!isDataset(dataset))
    throw new EwaldError(
      'Argument',
      `pipeline: ${what}${input === undefined || input === null ? '' : '.dataset'} is ${shown(dataset ?? input)}; ${openIt}`,
    );
  if (filename !== undefined && typeof filename !== 'string')
    throw new EwaldError('Argument', `pipeline: ${what}.filename is ${shown(filename)}; expected a string`);
  const isFrame = (frame: unknown): boolean => Number.isInteger(frame) && (frame as number) >= 0;
  if (frames !== undefined && !(Array.isArray(frames) && frames.every(isFrame)))
    throw new EwaldError(
      'Argument',
      `pipeline: ${what}.frames is ${shown(frames)}; expected a list of frame numbers, from 0`,
    );
  return input as PipelineInput;
}
