/** The public names of simulation. */
export {
  type FrameSimulation,
  FrameSimulator,
  type SimulatedDetector,
  type SimulatedFrame,
} from './frames.js';
export { type SimulatedImage, type SpotSimulation, simulateSpots } from './spots.js';
