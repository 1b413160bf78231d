/** The flags of `ewald simulate frames | scan | merlin | dectris | spots`. */
import {
  dectrisSimulationRows,
  type FlagValues,
  frameSimulationRows,
  frameWritingRows,
  merlinSimulationRows,
  openRows,
  type Parameter,
  type Parameters,
  scanSimulationRows,
  scanWritingRows,
  simulationWritingRows,
  spotSimulationRows,
} from '../entries/command.node.js';
import type { CommandWords } from './command.js';
import { folderRow, jsonRow } from './shell-rows.js';

/** The cell that the command simulates without `--cell`: lysozyme. */
export const usualCell = '79.1,79.1,38.1,90,90,90';

/** The rows with the defaults of the command, which simulates a series where the library simulates one image. */
const usualRows = <Rows extends Parameters & { readonly cell: Parameter }>(
  rows: Rows,
  usual: { readonly [Name in keyof Rows]?: number },
): Rows => {
  const { required: _, ...cell } = rows.cell;
  const own = Object.entries(usual).map(([name, value]) => [name, { ...rows[name], defaultText: String(value) }]);
  return { ...rows, cell: { ...cell, defaultText: usualCell }, ...Object.fromEntries(own) };
};

/** What the command simulates without a flag, where the library has other defaults. */
export const usual = { frames: { images: 20 }, spots: { images: 10, spurious: 0.2 } } as const;

export const framesRows = {
  output: folderRow,
  ...usualRows(frameSimulationRows, usual.frames),
  ...frameWritingRows,
  json: jsonRow('one JSON document: {frames, geometry, cell, truth}'),
} as const satisfies Parameters;
const scanRows = {
  output: folderRow,
  ...scanSimulationRows,
  ...scanWritingRows,
  json: jsonRow('one JSON document: {frames, truth}'),
} as const satisfies Parameters;
const merlinRows = {
  ...openRows,
  ...merlinSimulationRows,
  json: jsonRow('one line {host, port, dataPort} when it is ready'),
} as const satisfies Parameters;
const dectrisRows = {
  ...openRows,
  ...dectrisSimulationRows,
  json: jsonRow('one line {host, port} when it is ready'),
} as const satisfies Parameters;
const spotsRows = {
  output: folderRow,
  ...usualRows(spotSimulationRows, usual.spots),
  ...simulationWritingRows,
  json: jsonRow('one JSON document: {lists, truth}'),
} as const satisfies Parameters;

const sent = [['<file>', 'frames of any format: u8, u16 or u32']] as const;
export const description = 'generate data with known truth';
export const commands = {
  frames: {
    description: 'detector frames of simulated stills (NXmx), their .geom, .cell and truth',
    rows: framesRows,
  },
  scan: {
    description: 'a 4D-STEM scan of disks with known strain and shift (HDF5), and its truth',
    rows: scanRows,
  },
  merlin: {
    description: 'the sockets of a Merlin readout, which send the frames of a file until Ctrl-C',
    arguments: sent,
    rows: merlinRows,
  },
  dectris: {
    description: 'the stream of a DECTRIS detector, which sends the frames of a file by ZeroMQ until Ctrl-C',
    arguments: sent,
    rows: dectrisRows,
  },
  spots: {
    description: 'spot lists of simulated stills, one file per image, and truth.json with the orientations',
    rows: spotsRows,
  },
} as const satisfies Record<string, CommandWords<Parameters>>;
export type FramesFlags = FlagValues<typeof framesRows>;
export type ScanFlags = FlagValues<typeof scanRows>;
export type MerlinFlags = FlagValues<typeof merlinRows>;
export type DectrisFlags = FlagValues<typeof dectrisRows>;
export type SpotsFlags = FlagValues<typeof spotsRows>;
