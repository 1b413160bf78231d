/** Parameters of simulated frames and spot lists. */

import type { Cell } from '../crystal/cell.js';
import type { Centring } from '../crystal/centring.js';
import { type Parameters, typed } from '../options/parameters.js';
import { range } from '../util/range.js';

const degree = { unit: 'degrees', size: Math.PI / 180 };
const cell = {
  kind: 'text',
  short: 'p',
  sentence: 'the cell, rows a b c in angstrom, in any orientation; in the command numbers, or a .cell or PDB file',
  type: typed<Cell>('Cell'),
  required: true,
  value: 'cell',
} as const;
const centring = {
  kind: 'text',
  sentence: 'centring of the cell',
  type: typed<Centring>('Centring'),
  defaultText: 'P',
  flag: null,
} as const;
const wavelength = {
  kind: 'number',
  sentence: 'wavelength',
  range: range(0.001, 20, 1.3),
  unit: 'angstrom',
  flag: 'wavelength',
  value: 'angstrom',
} as const;
const distance = {
  kind: 'number',
  sentence: 'detector distance',
  range: range(1, 1e6, 120),
  unit: 'mm',
  flag: 'distance',
  value: 'mm',
} as const;
const highres = {
  kind: 'number',
  sentence: 'highest resolution',
  range: range(0.1, 100, 1.9),
  unit: 'angstrom',
  flag: 'highres',
  value: 'angstrom',
} as const;
const images = range(1, 1e6, 1);
const seed = range(0, Number.MAX_SAFE_INTEGER, 0);

/** Parameters of simulated frames. */
export const frameSimulationRows = {
  cell,
  centring,
  symmetry: {
    kind: 'text',
    short: 'y',
    sentence:
      'point group of the crystal as CrystFEL names it (4/mmm, 422, 2/m, …), whose Laue group the intensities obey',
    more: 'Without it only Friedel mates are equal. A name without an axis takes the unique axis of the cell.',
    defaultText: '-1',
    value: 'group',
  },
  images: { kind: 'integer', sentence: 'number of frames', range: images },
  seed: { kind: 'integer', sentence: 'the same seed gives the same frames', range: seed },
  crystals: { kind: 'integer', sentence: 'crystals in a frame that has any', range: range(1, 8, 1) },
  blank: { kind: 'number', sentence: 'fraction of frames without a crystal', range: range(0, 1, 0), value: 'fraction' },
  radiation: {
    kind: 'choice',
    sentence: 'radiation, which determines the background and the polarisation',
    choices: ['xray', 'electron'],
    fallback: 'xray',
  },
  wavelengthA: { ...wavelength, defaultText: '1.3, for electrons 0.0251 (200 kV)' },
  bandwidth: {
    kind: 'number',
    sentence: 'relative bandwidth (standard deviation)',
    range: range(0, 0.2, 0.0005),
    value: 'fraction',
  },
  mosaicityRad: {
    kind: 'number',
    sentence: 'mosaicity (standard deviation)',
    range: range(0, 0.2, 0.0005),
    unit: 'radians',
    inFlag: degree,
    flag: 'mosaicity',
    value: 'degrees',
  },
  domainA: {
    kind: 'number',
    sentence: 'size of a coherent domain',
    range: range(10, 1e9, 1700),
    unit: 'angstrom',
    flag: 'domain',
    value: 'angstrom',
  },
  distanceMm: { ...distance, defaultText: '60, for electrons 1000' },
  pixelMm: {
    kind: 'number',
    sentence: 'pixel size',
    range: range(1e-4, 10, 0.075),
    unit: 'mm',
    flag: 'pixel',
    value: 'mm',
  },
  detectorPx: {
    kind: 'integers',
    count: 2,
    sentence: 'pixels of the detector along x and y',
    range: range(16, 16384, Number.NaN),
    fallback: [1024, 1024],
    flag: 'size',
    value: 'w,h',
  },
  centrePx: {
    kind: 'numbers',
    count: 2,
    sentence: 'where the beam hits, from the corner',
    range: range(-1e5, 1e5, Number.NaN),
    defaultText: 'slightly off the middle',
    unit: 'pixels',
    flag: 'centre',
    value: 'x,y',
  },
  driftPx: {
    kind: 'number',
    sentence: 'how far the beam wanders from frame to frame (standard deviation); the beam stop stays',
    range: range(0, 1000, 0),
    unit: 'pixels',
    flag: 'drift',
    value: 'px',
  },
  modules: {
    kind: 'integers',
    count: 2,
    sentence: 'modules along x and y, separated by insensitive gaps',
    range: range(1, 64, Number.NaN),
    fallback: [1, 1],
    value: 'nx,ny',
  },
  gapPx: {
    kind: 'integer',
    sentence: 'width of a gap',
    range: range(0, 1024, 8),
    unit: 'pixels',
    flag: 'gap',
    value: 'px',
  },
  beamStopPx: {
    kind: 'number',
    sentence: 'radius of the beam stop; 0 for none',
    range: range(0, 1e4, 16),
    unit: 'pixels',
    flag: 'beam-stop',
    value: 'px',
  },
  badPixels: {
    kind: 'number',
    sentence: 'fraction of pixels that are hot or dead and marked as such',
    range: range(0, 0.5, 1e-4),
    value: 'fraction',
  },
  iceFrames: {
    kind: 'integers',
    sentence: 'frames with rings of ice, pairs of from and up to',
    more: 'The rings are a quarter brighter than their background.',
    range: range(0, 1e6, Number.NaN),
    defaultText: '',
    flag: 'ice',
    value: 'list',
  },
  jetOff: {
    kind: 'integers',
    sentence: 'frames without a jet: no crystals, and an eighth of the background, pairs of from and up to',
    range: range(0, 1e6, Number.NaN),
    defaultText: '',
    value: 'list',
  },
  pump: {
    kind: 'number',
    sentence: 'every other frame, from the second one on, is pumped, by which intensities change by this fraction',
    more: 'Half of the reflections become stronger, the others weaker. The lamp is 16 × 16 bright pixels of the corner.',
    range: range(0, 0.9, Number.NaN),
    defaultText: 'no frame is pumped',
    value: 'fraction',
  },
  background: {
    kind: 'number',
    sentence: "counts per pixel on the solvent's ring",
    range: range(0, 1e5, 5),
    value: 'counts',
  },
  strength: {
    kind: 'number',
    sentence: 'counts of a full reflection of average intensity at low resolution',
    range: range(0, 1e9, 900),
    value: 'counts',
  },
  spread: {
    kind: 'number',
    sentence: 'spread of crystal sizes: standard deviation of the logarithm of the strength',
    range: range(0, 3, 0.3),
  },
  bFactorA2: {
    kind: 'number',
    sentence: 'isotropic temperature factor B',
    range: range(0, 1e4, 25),
    unit: 'square angstrom',
    flag: 'b-factor',
    value: 'angstrom2',
  },
  spotPx: {
    kind: 'number',
    sentence: 'width of a spot (standard deviation)',
    range: range(0.2, 20, 0.8),
    unit: 'pixels',
    flag: 'spot',
    value: 'px',
  },
  dMinA: { ...highres, defaultText: "that of the detector's corner" },
} as const satisfies Parameters;

/** Parameters of simulated spot lists. */
export const spotSimulationRows = {
  cell,
  centring,
  images: { kind: 'integer', sentence: 'number of lists', range: images },
  seed: { kind: 'integer', sentence: 'the same seed gives the same lists', range: seed },
  spots: {
    kind: 'integer',
    sentence: 'spots per list, including spurious ones: the strongest reflections, or fewer if there are not enough',
    range: range(1, 1e5, 100),
  },
  spurious: {
    kind: 'number',
    sentence: 'fraction of spots that belong to no crystal',
    range: range(0, 1, 0),
    value: 'fraction',
  },
  noisePx: {
    kind: 'number',
    sentence: 'position noise (standard deviation)',
    range: range(0, 100, 0.5),
    unit: 'pixels',
    flag: 'noise',
    value: 'px',
  },
  crystals: {
    kind: 'integer',
    sentence: 'crystals in the beam, which share the spots',
    range: range(0, 8, 1),
  },
  wavelengthA: wavelength,
  bandwidth: { ...frameSimulationRows.bandwidth, range: range(0, 0.2, 0.002) },
  mosaicityRad: { ...frameSimulationRows.mosaicityRad, range: range(0, 0.2, 0.0009) },
  domainA: { ...frameSimulationRows.domainA, range: range(10, 1e9, 3000) },
  distanceMm: distance,
  pixelMm: frameSimulationRows.pixelMm,
  detectorPx: {
    ...frameSimulationRows.detectorPx,
    sentence: 'pixels of the detector along x and y; the beam hits its centre',
    fallback: [2070, 2167],
  },
  dMinA: highres,
  bFactorA2: frameSimulationRows.bFactorA2,
  missing: {
    kind: 'number',
    sentence: 'fraction of reflections that the spot finder misses',
    range: range(0, 1, 0.15),
    value: 'fraction',
  },
} as const satisfies Parameters;

/** Where the files of a simulation go. */
export const simulationWritingRows = {
  force: { kind: 'boolean', sentence: 'replaces the files of an earlier simulation; never an input' },
} as const satisfies Parameters;

/** The same for frames. */
export const frameWritingRows = {
  name: { kind: 'text', sentence: 'base name of the files', fallback: 'run' },
  voltageV: {
    kind: 'number',
    sentence: 'accelerating voltage of electrons, instead of their wavelength',
    range: range(1e3, 1e7, Number.NaN),
    defaultText: '200 kV',
    unit: 'V',
    inFlag: { unit: 'kV', size: 1000 },
    flag: 'voltage',
    value: 'kV',
    of: ['electron'],
  },
  ...simulationWritingRows,
} as const satisfies Parameters;

/** A simulated scan of 4D-STEM. */
export const scanSimulationRows = {
  navShape: {
    kind: 'integers',
    sentence: 'rows and columns of the scan',
    count: 2,
    range: range(1, 4096, Number.NaN),
    fallback: [16, 16],
    value: 'y,x',
  },
  sigShape: {
    kind: 'integers',
    sentence: 'rows and columns of a frame',
    count: 2,
    range: range(16, 4096, Number.NaN),
    fallback: [128, 128],
    unit: 'pixels',
    value: 'y,x',
  },
  diskRadiusPx: {
    kind: 'number',
    sentence: 'radius of the disks',
    range: range(1, 1000, 5),
    unit: 'pixels',
    flag: 'disk-radius',
    value: 'pixels',
  },
  spacingPx: {
    kind: 'number',
    sentence: 'distance of neighbouring disks, which form a square lattice turned by 8°',
    range: range(3, 2000, 21),
    unit: 'pixels',
    flag: 'spacing',
    value: 'pixels',
  },
  strain: {
    kind: 'number',
    sentence: 'range of the strain e_yy over the rows of the scan',
    range: range(0, 0.2, 0.02),
  },
  shiftPx: {
    kind: 'number',
    sentence: 'by how much the pattern moves at most along each axis',
    range: range(0, 1000, 1),
    unit: 'pixels',
    flag: 'shift',
    value: 'pixels',
  },
  counts: { kind: 'number', sentence: 'expected counts of a pixel of the middle disk', range: range(0, 60000, 60) },
  background: { kind: 'number', sentence: 'expected counts of a pixel between the disks', range: range(0, 60000, 0.5) },
  hotPixels: {
    kind: 'integer',
    sentence: 'pixels that always have 5000 counts, which the mask of the file marks',
    range: range(0, 1000, 0),
  },
  seed: { kind: 'integer', sentence: 'the same seed gives the same frames', range: seed },
} as const satisfies Parameters;

/** Where the files of a simulated scan go. */
export const scanWritingRows = {
  name: { ...frameWritingRows.name, fallback: 'scan' },
  ...simulationWritingRows,
} as const satisfies Parameters;

/** A simulated Merlin readout. */
export const merlinSimulationRows = {
  host: { kind: 'text', sentence: 'address to listen on', fallback: '127.0.0.1', value: 'address' },
  port: {
    kind: 'integer',
    sentence: 'port for commands; 0: any free port',
    range: range(0, 65535, 6341),
  },
  dataPort: {
    kind: 'integer',
    sentence: 'port for frames; 0: any free port',
    range: range(0, 65535, Number.NaN),
    defaultText: 'the next one after the port for commands',
  },
  dwellUs: {
    kind: 'number',
    sentence: 'time per frame; 0: as fast as they are received',
    range: range(0, 1e9, 0),
    unit: 'µs',
    flag: 'dwell',
    value: 'µs',
  },
  repeat: { kind: 'integer', sentence: 'number of acquisitions', range: range(1, 1e9, 1) },
  continuous: { kind: 'boolean', sentence: 'announces an acquisition without an end' },
  trigger: { kind: 'boolean', sentence: 'waits for the commands STARTACQUISITION and SOFTTRIGGER' },
} as const satisfies Parameters;

/** A simulated DECTRIS detector. */
export const dectrisSimulationRows = {
  host: merlinSimulationRows.host,
  port: {
    kind: 'integer',
    sentence: 'port on which frames are pushed; 0: any free port',
    range: range(0, 65535, Number.NaN),
    defaultText: '31001, for stream v1 9999',
  },
  streamVersion: { kind: 'choice', sentence: 'version of the stream', choices: ['v1', 'v2'], fallback: 'v2' },
  encoding: {
    kind: 'choice',
    sentence: 'compression of the frames; bslz4 is bitshuffle and LZ4',
    choices: ['bslz4', 'lz4', 'none'],
    fallback: 'bslz4',
  },
  dwellUs: merlinSimulationRows.dwellUs,
  repeat: { ...merlinSimulationRows.repeat, sentence: 'number of series' },
  lose: {
    kind: 'integers',
    sentence: 'numbers of images, from 0, that are not sent, as if they were lost on their way',
    range: range(0, 2 ** 31, Number.NaN),
    defaultText: '',
    value: 'list',
  },
} as const satisfies Parameters;

/** The tables of this room by the names of their types, for its README and for declarations. */
export const tables = {
  FrameSimulation: frameSimulationRows,
  SpotSimulation: spotSimulationRows,
  ScanSimulation: scanSimulationRows,
  MerlinSimulation: merlinSimulationRows,
  DectrisSimulation: dectrisSimulationRows,
} as const;
