/** Options of this room; the build writes each of them into the declarations, with the sentence of its row. */
import type { OptionsOf } from '../../base/parameters.js';
import type { Cell } from '../../crystal/cell.js';
import type { Centring } from '../../crystal/centring.js';
import type {
  dectrisSimulationRows,
  frameSimulationRows,
  merlinSimulationRows,
  scanSimulationRows,
  spotSimulationRows,
} from './parameters.js';

/** Parameters of simulated frames. */
export interface FrameSimulation extends OptionsOf<typeof frameSimulationRows> {
  readonly cell: Cell;
  readonly centring?: Centring | undefined;
}

/** Parameters of simulated spot lists. */
export interface SpotSimulation extends OptionsOf<typeof spotSimulationRows> {
  readonly cell: Cell;
  readonly centring?: Centring | undefined;
}

/** Parameters of a simulated scan. */
export interface ScanSimulation extends OptionsOf<typeof scanSimulationRows> {}

/** Parameters of a simulated Merlin readout. */
export interface MerlinSimulation extends OptionsOf<typeof merlinSimulationRows> {}

/** Parameters of a simulated DECTRIS detector. */
export interface DectrisSimulation extends OptionsOf<typeof dectrisSimulationRows> {}
