/** Determines which groups of parameters a run uses, from the source of its frames and from what is done with them. */

import { checkThresholds } from '../indexing/parameters.js';
import { checked, type Mode, namesOf, refuseOthers } from '../options/parameters.js';
import { libraryRows, refuseEmptyRing, refuseEmptySizes, searchRows } from '../peaks/parameters.js';
import { EwaldError } from '../util/errors.js';
import { type Elsewhere, inspect, knownOptions } from '../util/options.js';
import type { RefinementParameters } from './parameter-types.js';
import { isList, type PeakSource, refinementRows, searchSettingRows } from './parameters.js';
import type { PeakParameters, SearchSettings } from './settings.js';

/** The properties of a run that determine which parameters it uses. */
export interface RunMode {
  /** Frames in files, frames received by ZeroMQ, the peaks of a stream, or lists of spots. */
  readonly from: 'files' | 'live' | 'stream' | 'spots';
  readonly finder?: PeakSource | undefined;
  /** Whether frames are only searched for peaks; or what would do more, in words of the caller. */
  readonly peaksAlone?: boolean | string | undefined;
  readonly integrate?: boolean | undefined;
  readonly acceptBy?: 'chance' | 'crystfel' | undefined;
  readonly follow?: boolean | undefined;
  /** Whether a list names the frames. */
  readonly fromList?: boolean | undefined;
  /** Whether a stream is written. */
  readonly toStream?: boolean | undefined;
  /** Whether the cell is unknown. */
  readonly unknownCell?: boolean | undefined;
}

/** How messages name these properties to the caller: as flags or as options. */
export interface Words {
  readonly finder: (name: string) => string;
  readonly noIntegrate: string;
  readonly noCells: string;
  readonly cells: string;
  readonly crystfelRule: string;
  readonly zmqInput: string;
  readonly output: string;
  readonly follow: string;
  /** The source of the frames. */
  readonly source: string;
}

/** The wording for the command; `source` is the first input. */
export const inFlags = (source: string): Words => ({
  finder: (name) => `--peaks ${name}`,
  noIntegrate: '--no-integrate',
  noCells: '-p none',
  cells: '-p',
  crystfelRule: '--accept-by crystfel',
  zmqInput: '--zmq-input ADDRESS',
  output: '-o FILE',
  follow: '--follow',
  source,
});

/** Stages whose names contain flags, as the library calls them. */
export const stagesInOptions: Readonly<Record<string, string>> = {
  'waiting for frames (--follow, --zmq-input)': 'waiting for frames (follow, zmqInput)',
  'a list of files (-i)': 'a list of files',
  'a stream (-o)': 'a stream as output',
};

/** The wording for the library. */
export const inOptions: Words = {
  finder: (name) => `the finder ${name}`,
  noIntegrate: 'integrate: false',
  noCells: 'cells: []',
  cells: 'cells',
  crystfelRule: "acceptBy: 'crystfel'",
  zmqInput: 'zmqInput',
  output: 'output',
  follow: 'follow: true',
  source: 'the input',
};

/** The stages of a run, and the reasons why it has no others. */
export function modeOf(run: RunMode, words: Words): Mode {
  const { from, finder = 'peakfinder8', peaksAlone = false, integrate = true, acceptBy = 'chance' } = run;
  const isFrames = from === 'files' || from === 'live';
  const isIndexed = !peaksAlone;
  const isIntegrated = isFrames && isIndexed && integrate;
  const parts: readonly (readonly [string, boolean])[] = [
    ['frames in files', from === 'files'],
    ['frames by ZeroMQ', from === 'live'],
    ['detector frames', isFrames],
    ['a stream as input', from === 'stream'],
    ['spot lists', from === 'spots'],
    [finder, isFrames],
    ['indexing', isIndexed],
    ['the indexing of peaks', isIndexed && from !== 'spots'],
    ['the indexing of detector frames', isIndexed && isFrames],
    ["CrystFEL's rule", isIndexed && from !== 'spots' && acceptBy === 'crystfel'],
    ['integration', isIntegrated],
    ['waiting for frames (--follow, --zmq-input)', from === 'live' || (from === 'files' && run.follow === true)],
    ['a list of files (-i)', from === 'files' && run.fromList === true],
    ['an unknown cell', isFrames && isIndexed && run.unknownCell === true],
    ['a stream (-o)', run.toStream === true && from !== 'spots'],
  ];
  const because = (of: readonly string[]): string => {
    const has = (...stages: string[]): boolean => stages.some((stage) => of.includes(stage));
    if (from === 'spots') return `${words.source} is a list of spots`;
    if (from === 'stream') return `${words.source} is a stream, whose peaks are indexed again as they are`;
    if (from === 'live' && has('frames in files')) return 'frames that come by ZeroMQ come once, and are in no file';
    if (
      peaksAlone &&
      has(...['indexing', 'the indexing of peaks', 'the indexing of detector frames', 'integration', "CrystFEL's rule"])
    )
      return typeof peaksAlone === 'string' ? peaksAlone : `${words.noCells} finds peaks alone`;
    if (has('integration')) return `${words.noIntegrate} leaves it out`;
    if (has("CrystFEL's rule")) return `lattices are judged against chance: leave it out, or add ${words.crystfelRule}`;
    if (has('frames by ZeroMQ')) return `frames come from files; ${words.zmqInput} takes them by ZeroMQ`;
    if (has('an unknown cell')) return `the cell is known by ${words.cells}: leave one out`;
    if (has('spot lists')) return `${words.source || 'the list'} holds detector frames`;
    if (has('a list of files (-i)')) return 'no list is given';
    if (has('a stream (-o)')) return `no stream is written: ${words.output}`;
    if (has('waiting for frames (--follow, --zmq-input)'))
      return `the files are taken as they are: ${words.follow} waits for more`;
    return isList(finder) ? `${words.finder(finder)} uses peaks as listed` : `${words.finder(finder)} does not use it`;
  };
  return { stages: parts.flatMap(([stage, has]) => (has ? [stage] : [])), because };
}

/** What is said of a parameter of the peak search that is given beside `peaks` instead of in it. */
export const ofPeaks: Elsewhere = (what, name, value) =>
  Object.hasOwn(searchRows, name) || Object.hasOwn(libraryRows, name)
    ? `${what}: ${name} belongs in \`peaks\`: peaks: { ${name}: ${inspect(value)} }`
    : undefined;

/**
 * Checks the names of the parameters of the peak search and of the thresholds, before a frame is searched: otherwise
 * every frame would fail by itself. Throws `Argument`.
 */
export function checkSearch(what: string, peaks: unknown, thresholds: unknown): void {
  checkThresholds(`${what}: thresholds`, thresholds);
  if (peaks === undefined || peaks === 'tune') return;
  if (typeof peaks !== 'object' || peaks === null || Array.isArray(peaks))
    throw new EwaldError(
      'Argument',
      `${what}: peaks is ${inspect(peaks)}; expected 'tune' or parameters of the search: peaks: { threshold: 12 }`,
    );
  for (const [name, value] of Object.entries(peaks))
    if (Object.hasOwn(searchSettingRows, name))
      throw new EwaldError(
        'Argument',
        `${what}: ${name} belongs beside \`peaks\`, not in it: { ${name}: ${inspect(value)}, peaks: { … } }`,
      );
  knownOptions(`${what}: peaks`, peaks, namesOf({ ...searchRows, ...libraryRows }));
  const rows = { ...searchRows, ...libraryRows };
  refuseEmptySizes(
    what,
    checked(rows, peaks as Record<string, unknown>, (name) => `${what}: peaks.${name}`),
  );
}

/** Checks how the settings of a run belong together, and rejects those that it does not use. Throws `Argument`. */
export function checkSettings(
  what: string,
  settings: Omit<SearchSettings, 'peaks' | 'cells' | 'profile'> & {
    readonly peaks?: 'tune' | PeakParameters | undefined;
    readonly cells?: readonly unknown[] | undefined;
  } & Partial<RefinementParameters>,
): void {
  const { cells, peaks, thresholds } = settings;
  const given = { ...settings } as Readonly<Record<string, unknown>>;
  const said = (name: string): string => `${what}: ${name}`;
  refuseEmptyRing(what, settings);
  checkSearch(what, peaks, thresholds);
  const mode = modeOf({ from: 'files', ...settings, peaksAlone: cells?.length === 0 }, inOptions);
  refuseOthers({ ...searchSettingRows, ...refinementRows }, given, mode, said, stagesInOptions);
  if (typeof peaks !== 'object' || peaks === null) return;
  const ofPeaks = peaks as Readonly<Record<string, unknown>>;
  const saidOfPeaks = (name: string): string => `${what}: peaks.${name}`;
  refuseOthers(searchRows, ofPeaks, mode, saidOfPeaks, stagesInOptions);
}
