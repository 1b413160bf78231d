/** The flags of `ewald stream merge | info | map | compare`. */
import { type FlagValues, joinStreamRows, mapStreamRows, type Parameters } from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { csvRow, jsonRow } from './shell-rows.js';

export const description = 'join, count, draw and compare CrystFEL streams';
const infoRows = { csv: csvRow('a line per stream'), json: jsonRow('one JSON line per stream') } as const;
const compareRows = { json: jsonRow('one JSON document') } as const;
export const commands = {
  merge: {
    description: 'join several streams, such as the shards of a run, in the order of their frames',
    arguments: [['<streams...>', 'streams of one detector and cell']],
    rows: joinStreamRows,
  },
  info: {
    description: 'frames, hits, crystals, cells and resolution of streams',
    arguments: [['<streams...>', 'streams; one that is still being written may end in .part']],
    rows: infoRows,
  },
  map: {
    description: 'what was found in each well of a chip (ewald index --grid), as pictures or numbers',
    arguments: [['<streams...>', 'streams of one run']],
    rows: mapStreamRows,
  },
  compare: {
    description: 'two streams of the same frames, or a stream and the truth of a simulation',
    arguments: [
      ['<stream>', 'the stream'],
      ['<other>', 'another stream, or a truth.json of ewald simulate frames'],
    ],
    rows: compareRows,
  },
} as const satisfies Record<string, CommandWords<Parameters>>;
export type MergeFlags = FlagValues<typeof joinStreamRows>;
export type InfoFlags = FlagValues<typeof infoRows>;
export type MapFlags = FlagValues<typeof mapStreamRows>;
export type CompareFlags = FlagValues<typeof compareRows>;
