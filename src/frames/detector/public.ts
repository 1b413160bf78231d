/** The public names of detectors. */
export type { BeamOfFrame } from './beams.js';
export type { Detector, DetectorOptions, DetectorPixel, Extent } from './detector.js';
export type { OpenOther } from './open-other.js';
export type { RingArc } from './resolution-ring.js';
