/** The flags of commands with frames, with CrystFEL's names. */
import {
  acceptanceRows,
  commandRows,
  type FlagValues,
  gridRows,
  indexingRows,
  integrationRows,
  orientationRows,
  type Parameters,
  profileRows,
  proxyRows,
  rankRows,
  refinementRows,
  regionRows,
  runRows,
  sinkRows,
  sourceRows,
  thresholdRows,
  unknownCellRows,
  watchRows,
} from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { executorRows, executorRowsOf } from './executor-rows.js';
import { listRows } from './list-rows.js';
import { peakRows } from './peak-rows.js';
import { backendRow } from './shell-rows.js';

/** Flags that other commands have as well, and that apply to frames only here. */
const ofFrames = <Rows extends Parameters>(rows: Rows): Rows =>
  Object.fromEntries(
    Object.entries(rows).map(([name, row]) => [name, { ...row, of: ['detector frames'] }] as const),
  ) as unknown as Rows;

/** All flags of frames except those of the executor, in the order of the stages. */
export const frameRows = {
  ...sourceRows,
  ...peakRows,
  ...acceptanceRows,
  ...integrationRows,
  ...refinementRows,
  ...regionRows,
  ...runRows,
  ...gridRows,
  ...sinkRows,
  ...profileRows,
  ...commandRows,
  ...ofFrames(watchRows),
  ...ofFrames(proxyRows),
  ...rankRows,
} as const satisfies Parameters;

/** Flags of `ewald index` that every mode has. */
export const everywhereRows = {
  cells: {
    kind: 'texts',
    short: 'p',
    group: 'cells and indexing',
    common: true,
    sentence:
      "known cell instead of the lists' own: a CrystFEL .cell or PDB file, or a,b,c,alpha,beta,gamma; " +
      'may be repeated. Without it the cell is determined from the frames; none: peaks only',
    flag: 'cell',
    value: 'cell',
  },
  backend: backendRow,
} as const satisfies Parameters;

/** Flags of `ewald index` that depend on its mode. */
const modeRows = {
  ...indexingRows,
  ...thresholdRows,
  ...orientationRows,
  ...listRows,
  ...unknownCellRows,
  ...executorRowsOf('frames searched at once, each by its own worker', 'none for little work, up to one per core'),
  ...frameRows,
} as const satisfies Parameters;

/** The same, for checking which of them a mode does not use: those of executors are for frames. */
export const indexRows = { ...modeRows, ...ofFrames(executorRows) } as const satisfies Parameters;

export const command = {
  description: 'from detector frames, or the spots of stills, to oriented crystal cells',
  arguments: [
    [
      '[files...]',
      'files of detector frames, or spot lists, or - for standard input: ' +
        'x y z of one spot per line, further columns are ignored; a first line of nine numbers is the known ' +
        'cell (angstrom)',
    ],
  ],
  rows: { ...everywhereRows, ...modeRows },
} as const satisfies CommandWords<Parameters>;

/** The values of the flags of `ewald index`. */
export type IndexFlags = FlagValues<typeof command.rows>;

/** Whether `-p none` says that frames are only searched for peaks. */
export const isNone = (cells: IndexFlags['cells'] = []): boolean => cells.length === 1 && cells[0] === 'none';
