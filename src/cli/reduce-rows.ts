/** The flags of `ewald reduce`. */
import {
  acceptanceRows,
  type FlagValues,
  indexingRows,
  integrationRows,
  type Parameters,
  rankRows,
  refinementRows,
  runRows,
  sinkRows,
  sourceRows,
  thresholdRows,
} from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { executorRowsOf } from './executor-rows.js';
import { everywhereRows } from './frame-rows.js';
import { peakRows } from './peak-rows.js';
import { backendRow, jsonRow } from './shell-rows.js';

const { resume, ...chosenRows } = runRows;
const { keep, margin, proof, acceptProof, blanks, codec, html, force } = sinkRows;
const { intRadius, pushRes, fixProfileRadius, overpredict, highres } = integrationRows;

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
  ...acceptanceRows,
  cells: {
    ...everywhereRows.cells,
    sentence: 'known cell of --keep spots: a CrystFEL .cell or PDB file, or a,b,c,alpha,beta,gamma; may be repeated',
  },
  ...indexingRows,
  ...thresholdRows,
  ...refinementRows,
  ...{ intRadius, pushRes, fixProfileRadius, overpredict, highres },
  ...chosenRows,
  keep,
  margin,
  proof,
  acceptProof,
  blanks: { ...blanks, common: true },
  codec: { ...codec, common: true },
  html,
  resume: {
    ...resume,
    sentence: 'continues a reduction that did not end; frames that could not be read are tried again',
  },
  force,
  ...executorRowsOf('frames searched at once, each by its own worker', 'none for little work, up to one per core'),
  ...rankRows,
  backend: backendRow,
  json: jsonRow(
    '{file, geometry, frames, hits, kept, blanks, whole, pixels, bytes, rawBytes, proof, failed, isWhole, isDoubtful}',
  ),
} as const satisfies Parameters;

export const command = {
  description: 'keep the hits of a run, bit for bit, in one compressed file for ewald, CrystFEL and NeXus',
  arguments: [['[files...]', 'files of detector frames, or a list of them']],
  rows,
} as const satisfies CommandWords<Parameters>;
export type ReduceFlags = FlagValues<typeof rows>;
