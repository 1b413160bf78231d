/** What a run refuses before it opens anything: options that do not go with its inputs or its executor. */
import { EwaldError } from '../../util/errors.js';
import type { GivenInputs } from '../inputs/inputs.js';
import type { CheckedRun } from '../run-options.js';
import type { FrameSpec } from '../sources/source.js';

export type FrameInputs = Exclude<GivenInputs, { kind: 'stream' }>;

/** Refuses options that do not go with the inputs or with the executor. Throws `Argument`. */
export function refuseForInputs(frameInputs: FrameInputs, options: CheckedRun): void {
  if (frameInputs.kind === 'live') refuseForLive(frameInputs.input.address, options);
  else if (options.given.firstFramesTimeoutS !== undefined && !options.follow && Array.isArray(frameInputs.wanted))
    throw new EwaldError(
      'Argument',
      'pipeline: firstFramesTimeoutS is for frames that are still arriving: follow: true, an iterable of inputs, or ' +
        'a live source',
    );
  if (options.executor) refuseForExecutor(options);
}

/** For live frames, rejects options that require files. */
function refuseForLive(address: string, { given }: CheckedRun): void {
  const names = ['follow', 'first', 'frames', 'shard', 'resume', 'bad', 'orientations'] as const;
  const without = names.find((name) => given[name] !== undefined && given[name] !== false);
  if (without !== undefined)
    throw new EwaldError(
      'Argument',
      `pipeline: ${without} is for frames in files; those of ${address} arrive only once`,
    );
}

/** Rejects options that cannot be sent to workers. */
function refuseForExecutor(options: CheckedRun): void {
  const without = (['bad', 'openOther'] as const).find((name) => options[name] !== undefined);
  if (without !== undefined)
    throw new EwaldError('Argument', `pipeline: ${without} is of this process; an executor's workers do not get it`);
}

/** Rejects frames that workers cannot open: a dataset, and a File outside of this process. Throws `Argument`. */
export function refuseForWorkers({ file, dataset, input }: FrameSpec, kind: string): void {
  const isFile = typeof input === 'object' && !('href' in input);
  if (dataset === undefined && !(isFile && !['workers', 'inline'].includes(kind))) return;
  throw new EwaldError(
    'Argument',
    `pipeline: ${file} is ${dataset ? 'open' : 'a File'} in this process; an executor's workers open ` +
      `${isFile ? '' : 'Files, '}paths and addresses`,
  );
}
