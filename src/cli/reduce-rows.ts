/** The flags of `ewald reduce`. */
import {
  acceptanceRows,
  type FlagValues,
  integrationRows,
  type Parameters,
  rankRows,
  runRows,
  sinkRows,
  sourceRows,
} from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { executorRowsOf } from './executor-rows.js';
import { peakRows } from './peak-rows.js';
import { backendRow, jsonRow } from './shell-rows.js';

const { resume: _, ...chosenRows } = runRows;
const { blanks, codec, force } = sinkRows;

const rows = {
  output: {
    common: true,
    group: 'output',
    kind: 'text',
    short: 'o',
    sentence: 'the file of hits: NXmx and CXI at once; its geometry is written beside it',
    value: 'file',
    required: true,
  },
  ...sourceRows,
  ...peakRows,
  minPeaks: acceptanceRows.minPeaks,
  useSaturated: acceptanceRows.useSaturated,
  highres: integrationRows.highres,
  ...chosenRows,
  blanks: { ...blanks, common: true },
  codec: { ...codec, common: true },
  force,
  ...executorRowsOf('frames searched at once, each by its own worker', 'none for little work, up to one per core'),
  ...rankRows,
  backend: backendRow,
  json: jsonRow('{file, geometry, frames, hits, kept, blanks, bytes, rawBytes, failed, isWhole, isDoubtful}'),
} as const satisfies Parameters;

export const command = {
  description: 'keep the hits of a run, bit for bit, in one compressed file for ewald, CrystFEL and NeXus',
  arguments: [['[files...]', 'files of detector frames, or a list of them']],
  rows,
} as const satisfies CommandWords<Parameters>;
export type ReduceFlags = FlagValues<typeof rows>;
