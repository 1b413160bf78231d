/** The options of a run that say what is written. */
import type { Rule } from '../../options/call-options.js';
import { type OptionsOf, type Parameters, setting, typed } from '../../options/parameters.js';
import { having } from '../../options/shapes.js';
import { EwaldError } from '../../util/errors.js';
import type { PlatformSignal } from '../../util/globals.js';
import type { OutputTarget } from '../inputs/place.js';
import { runRows, sinkRows } from '../parameters.js';
import { abortableTarget } from './function-output.js';
import type { RunView } from './run-view.js';
import type { FrameSink } from './sink.js';

const target = {
  type: typed<OutputTarget>('OutputTarget'),
  check: (what: string, value: unknown): void => {
    if (typeof value === 'string' || typeof value === 'function') return;
    throw new EwaldError('Argument', `${what} is no path and no function that receives bytes`);
  },
} as const;

/** The outputs of a run. */
export const outputRows = {
  ...sinkRows,
  output: { ...sinkRows.output, ...target, sentence: 'a CrystFEL stream' },
  hdf5: { ...sinkRows.hdf5, ...target },
  sol: { ...sinkRows.sol, ...target },
  html: { ...sinkRows.html, ...target },
  hits: { ...sinkRows.hits, ...target },
  refinedGeometry: { ...sinkRows.refinedGeometry, ...target },
  milleFile: { ...sinkRows.milleFile, ...target },
  sinks: {
    kind: 'value',
    sentence: 'further outputs; they receive every frame in order, and are closed with the run',
    type: typed<readonly FrameSink[]>('readonly FrameSink[]'),
  },
  view: {
    kind: 'value',
    sentence: 'a viewer that follows the run in a browser, owned by the caller; it never slows down the run',
    type: typed<RunView>('RunView'),
    check: having('runSink', 'what await serveView([]) of ewald/view gives'),
  },
  resume: { ...runRows.resume, of: undefined },
  commandLine: {
    kind: 'text',
    sentence: 'how the run was started, as recorded in the stream and the report',
    defaultText: 'the options that determine the contents of the stream',
  },
} as const satisfies Parameters;

/** The outputs of a run; the options are named like the flags of `ewald index`. */
export interface OutputOptions extends OptionsOf<typeof outputRows> {}

/** How outputs belong together. */
export const outputRules: readonly Rule<
  Pick<
    OutputOptions,
    | 'resume'
    | 'output'
    | 'hits'
    | 'keep'
    | 'margin'
    | 'proof'
    | 'acceptProof'
    | 'blanks'
    | 'codec'
    | 'mille'
    | 'milleFile'
    | 'maxMilleLevel'
  >
>[] = [
  ({ hits, ...given }) => {
    const alone =
      hits === undefined
        ? (['keep', 'margin', 'proof', 'acceptProof', 'blanks', 'codec'] as const).find(
            (name) => given[name] !== undefined,
          )
        : undefined;
    return alone && ((said) => `${said(alone)} belongs to a file of hits: ${said('hits')}`);
  },
  ({ proof, acceptProof }) =>
    acceptProof !== undefined &&
    proof === undefined &&
    ((said) => `${said('acceptProof')} is what a proof may find: ${said('proof')}`),
  ({ proof, hits }) =>
    proof !== undefined &&
    typeof hits === 'function' &&
    ((said) => `${said('proof')} reads the file of hits again; expected a path, not a function`),
  ({ keep, margin }) =>
    margin !== undefined &&
    keep !== 'spots' &&
    ((said) => `${said('margin')} is around the spots of ${setting(said, 'keep', 'spots')}`),
  ({ resume, output }) =>
    resume === true &&
    output === undefined &&
    ((said) => `${said('resume')} requires a stream to continue: ${said('output')}`),
  ({ mille, ...given }) => {
    const alone = mille
      ? undefined
      : (['milleFile', 'maxMilleLevel'] as const).find((name) => given[name] !== undefined);
    return alone && ((said) => `${said(alone)} belongs to calibration data: ${setting(said, 'mille', true)}`);
  },
];

export const fileKinds = ['refinedGeometry', 'sol', 'hdf5', 'html', 'hits'] as const;

const targetNames = ['output', 'milleFile', ...fileKinds] as const;

/** The outputs of a run that ends with a signal, whatever functions of the caller receive them. */
export function endingOutputs<T extends OutputOptions>(options: T, signal: PlatformSignal): T {
  const targets = targetNames.map((name) => [name, options[name]] as const);
  const heeded = targets.map(
    ([name, to]) => [name, typeof to === 'function' ? abortableTarget(to, signal) : to] as const,
  );
  return { ...options, ...Object.fromEntries(heeded.filter(([, target]) => target !== undefined)) };
}
