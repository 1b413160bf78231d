/** Options of this room; the build writes each of them into the declarations, with the sentence of its row. */
import type { OptionsOf } from '../options/parameters.js';
import type {
  dectrisSimulationRows,
  frameSimulationRows,
  merlinSimulationRows,
  scanSimulationRows,
  spotSimulationRows,
} from './parameters.js';

/** Parameters of simulated frames. */
export interface FrameSimulation extends OptionsOf<typeof frameSimulationRows> {}

/** Parameters of simulated spot lists. */
export interface SpotSimulation extends OptionsOf<typeof spotSimulationRows> {}

/** Parameters of a simulated scan. */
export interface ScanSimulation extends OptionsOf<typeof scanSimulationRows> {}

/** Parameters of a simulated Merlin readout. */
export interface MerlinSimulation extends OptionsOf<typeof merlinSimulationRows> {}

/** Parameters of a simulated DECTRIS detector. */
export interface DectrisSimulation extends OptionsOf<typeof dectrisSimulationRows> {}
