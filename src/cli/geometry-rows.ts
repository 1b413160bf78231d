/** The flags of `ewald geometry check` and `refine`. */
import {
  checkGeometryRows,
  type FlagValues,
  type Parameters,
  refinePowderRows,
  refineStreamRows,
} from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { jsonRow } from './shell-rows.js';

export const description = 'detector geometries: CrystFEL .geom files, and the descriptions in files of frames';
export const checkRows = { ...checkGeometryRows, json: jsonRow('one JSON document') } as const satisfies Parameters;
const refineRows = {
  ...refineStreamRows,
  ...refinePowderRows,
  json: jsonRow('one JSON document'),
} as const satisfies Parameters;
export const commands = {
  refine: {
    description: 'refine distance, shift and panels on the crystals of a stream, or on the rings of a powder',
    arguments: [['<stream>', 'a CrystFEL stream with peaks and crystals; with --powder also frames']],
    rows: refineRows,
  },
  check: {
    description: 'describe a geometry, check its consistency (also with frames), draw it',
    arguments: [
      ['<geometry>', 'a .geom file, or a file of frames that describes its own'],
      ['[frames]', 'a file of frames that it should fit'],
    ],
    rows: checkRows,
  },
} as const satisfies Record<string, CommandWords<Parameters>>;
export type CheckFlags = FlagValues<typeof checkRows>;
export type RefineFlags = FlagValues<typeof refineRows>;
