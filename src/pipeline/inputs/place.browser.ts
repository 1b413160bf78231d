/**
 * The platform functions of a run in browsers: inputs are Files, Blobs and addresses, and functions receive the
 * outputs.
 */

import { parseCellText, readCell } from '../../crystal/cell-file.js';
import { openPlatform } from '../../frames/open-platform.browser.js';
import { formatsOf, open, openCodecs } from '../../frames/opening.browser.js';
import { absoluteAddress } from '../../util/addresses.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import { functionOutput } from '../sinks/function-output.js';
import { streamThrough } from '../sinks/stream-file.js';
import type { FileInput, OutputTarget, RunPlace } from './place.js';
import { nameOfInput, openingOf, textOfRemote } from './place-inputs.js';

const textOf = async (input: FileInput, signal?: PlatformSignal): Promise<string> =>
  textOfRemote(typeof input === 'string' ? absoluteAddress(input) : input, signal);

/** The function that receives an output. Throws `Unsupported` for a path. */
function receiver(target: OutputTarget): Exclude<OutputTarget, string> {
  if (typeof target === 'function') return target;
  throw new EwaldError(
    'Unsupported',
    `${target} is a path; a browser writes no files: give a function that receives the bytes`,
  );
}

const opening = openingOf(openPlatform, { open, formatsOf, openCodecs });

export const runPlace: RunPlace = {
  ...opening,
  source: (input) => opening.source(typeof input === 'string' ? absoluteAddress(input) : input),
  cores: undefined,
  memory: undefined,
  spentMs: () => ({ processor: performance.now(), waiting: 0 }),
  files: undefined,
  named: absoluteAddress,
  textOf,
  async *linesOf(input) {
    yield* (await textOf(input)).replace(/\n$/, '').split('\n');
  },
  async cellOf(input, signal) {
    const typed = typeof input === 'string' ? parseCellText(input) : undefined;
    return typed ?? readCell(await textOf(input, signal), nameOfInput(input, 'the cell'));
  },
  refuseSame: async () => {},
  async checkOutput(target) {
    receiver(target);
  },
  openOutput: async (target) => functionOutput(receiver(target)),
  async checkStream(target) {
    receiver(target);
    return undefined;
  },
  async openStream(target, { head, resume }) {
    if (resume) throw new EwaldError('Unsupported', 'resume needs a stream in a file, which a browser does not have');
    return streamThrough(functionOutput(receiver(target)), head);
  },
};
