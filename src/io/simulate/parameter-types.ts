// Generated from parameters.ts by `npm run layout`. Do not edit.

import type { Cell } from '../../crystal/cell.js';
import type { Centring } from '../../crystal/centring.js';

/** Parameters of simulated frames. */
export interface FrameSimulation {
  /** The cell, rows a b c in angstrom, in any orientation; in the command numbers, or a .cell or PDB file. */
  readonly cell: Cell;
  /** Centring of the cell. Default P. */
  readonly centring?: Centring | undefined;
  /**
   * Point group of the crystal as CrystFEL names it (4/mmm, 422, 2/m, …), whose Laue group the intensities obey.
   * Without it only Friedel mates are equal. A name without an axis takes the unique axis of the cell. Default -1.
   */
  readonly symmetry?: string | undefined;
  /** Number of frames. 1 … 1e6; default 1. */
  readonly images?: number | undefined;
  /** The same seed gives the same frames. 0 … 9007199254740991; default 0. */
  readonly seed?: number | undefined;
  /** Crystals in a frame that has any. 1 … 8; default 1. */
  readonly crystals?: number | undefined;
  /** Fraction of frames without a crystal. 0 … 1; default 0. */
  readonly blank?: number | undefined;
  /** Radiation, which determines the background and the polarisation. Default xray. */
  readonly radiation?: 'xray' | 'electron' | undefined;
  /** Wavelength. Angstrom; 0.001 … 20; default 1.3, for electrons 0.0251 (200 kV). */
  readonly wavelengthA?: number | undefined;
  /** Relative bandwidth (standard deviation). 0 … 0.2; default 0.0005. */
  readonly bandwidth?: number | undefined;
  /** Mosaicity (standard deviation). Radians; 0 … 0.2; default 0.0005. */
  readonly mosaicityRad?: number | undefined;
  /** Size of a coherent domain. Angstrom; 10 … 1e9; default 1700. */
  readonly domainA?: number | undefined;
  /** Detector distance. Mm; 1 … 1e6; default 60, for electrons 1000. */
  readonly distanceMm?: number | undefined;
  /** Pixel size. Mm; 0.0001 … 10; default 0.075. */
  readonly pixelMm?: number | undefined;
  /** Pixels of the detector along x and y. 2, 16 … 16384; default 1024,1024. */
  readonly detectorPx?: readonly [number, number] | undefined;
  /** Where the beam hits, from the corner. Pixels; 2, -1e5 … 1e5; default slightly off the middle. */
  readonly centrePx?: readonly [number, number] | undefined;
  /** Modules along x and y, separated by insensitive gaps. 2, 1 … 64; default 1,1. */
  readonly modules?: readonly [number, number] | undefined;
  /** Width of a gap. Pixels; 0 … 1024; default 8. */
  readonly gapPx?: number | undefined;
  /** Radius of the beam stop; 0 for none. Pixels; 0 … 10000; default 16. */
  readonly beamStopPx?: number | undefined;
  /** Fraction of pixels that are hot or dead and marked as such. 0 … 0.5; default 0.0001. */
  readonly badPixels?: number | undefined;
  /**
   * Frames with rings of ice, pairs of from and up to. The rings are a quarter brighter than their background.
   * Integers, 0 … 1e6.
   */
  readonly iceFrames?: readonly number[] | undefined;
  /**
   * Frames without a jet: no crystals, and an eighth of the background, pairs of from and up to. Integers, 0 … 1e6.
   */
  readonly jetOff?: readonly number[] | undefined;
  /**
   * Every other frame, from the second one on, is pumped, by which intensities change by this fraction. Half of the
   * reflections become stronger, the others weaker. The lamp is 16 × 16 bright pixels of the corner. 0 … 0.9; default
   * no frame is pumped.
   */
  readonly pump?: number | undefined;
  /** Counts per pixel on the solvent's ring. 0 … 1e5; default 5. */
  readonly background?: number | undefined;
  /** Counts of a full reflection of average intensity at low resolution. 0 … 1e9; default 900. */
  readonly strength?: number | undefined;
  /** Spread of crystal sizes: standard deviation of the logarithm of the strength. 0 … 3; default 0.3. */
  readonly spread?: number | undefined;
  /** Isotropic temperature factor B. Square angstrom; 0 … 10000; default 25. */
  readonly bFactorA2?: number | undefined;
  /** Width of a spot (standard deviation). Pixels; 0.2 … 20; default 0.8. */
  readonly spotPx?: number | undefined;
  /** Highest resolution. Angstrom; 0.1 … 100; default that of the detector's corner. */
  readonly dMinA?: number | undefined;
}

/** Parameters of simulated spot lists. */
export interface SpotSimulation {
  /** The cell, rows a b c in angstrom, in any orientation; in the command numbers, or a .cell or PDB file. */
  readonly cell: Cell;
  /** Centring of the cell. Default P. */
  readonly centring?: Centring | undefined;
  /** Number of lists. 1 … 1e6; default 1. */
  readonly images?: number | undefined;
  /** The same seed gives the same lists. 0 … 9007199254740991; default 0. */
  readonly seed?: number | undefined;
  /**
   * Spots per list, including spurious ones: the strongest reflections, or fewer if there are not enough. 1 … 1e5;
   * default 100.
   */
  readonly spots?: number | undefined;
  /** Fraction of spots that belong to no crystal. 0 … 1; default 0. */
  readonly spurious?: number | undefined;
  /** Position noise (standard deviation). Pixels; 0 … 100; default 0.5. */
  readonly noisePx?: number | undefined;
  /** Crystals in the beam, which share the spots. 0 … 8; default 1. */
  readonly crystals?: number | undefined;
  /** Wavelength. Angstrom; 0.001 … 20; default 1.3. */
  readonly wavelengthA?: number | undefined;
  /** Relative bandwidth (standard deviation). 0 … 0.2; default 0.002. */
  readonly bandwidth?: number | undefined;
  /** Mosaicity (standard deviation). Radians; 0 … 0.2; default 0.0009. */
  readonly mosaicityRad?: number | undefined;
  /** Size of a coherent domain. Angstrom; 10 … 1e9; default 3000. */
  readonly domainA?: number | undefined;
  /** Detector distance. Mm; 1 … 1e6; default 120. */
  readonly distanceMm?: number | undefined;
  /** Pixel size. Mm; 0.0001 … 10; default 0.075. */
  readonly pixelMm?: number | undefined;
  /** Pixels of the detector along x and y; the beam hits its centre. 2, 16 … 16384; default 2070,2167. */
  readonly detectorPx?: readonly [number, number] | undefined;
  /** Highest resolution. Angstrom; 0.1 … 100; default 1.9. */
  readonly dMinA?: number | undefined;
  /** Isotropic temperature factor B. Square angstrom; 0 … 10000; default 25. */
  readonly bFactorA2?: number | undefined;
  /** Fraction of reflections that the spot finder misses. 0 … 1; default 0.15. */
  readonly missing?: number | undefined;
}

/** Parameters of a simulated scan. */
export interface ScanSimulation {
  /** Rows and columns of the scan. 2, 1 … 4096; default 16,16. */
  readonly navShape?: readonly [number, number] | undefined;
  /** Rows and columns of a frame. Pixels; 2, 16 … 4096; default 128,128. */
  readonly sigShape?: readonly [number, number] | undefined;
  /** Radius of the disks. Pixels; 1 … 1000; default 5. */
  readonly diskRadiusPx?: number | undefined;
  /** Distance of neighbouring disks, which form a square lattice turned by 8°. Pixels; 3 … 2000; default 21. */
  readonly spacingPx?: number | undefined;
  /** Range of the strain e_yy over the rows of the scan. 0 … 0.2; default 0.02. */
  readonly strain?: number | undefined;
  /** By how much the pattern moves at most along each axis. Pixels; 0 … 1000; default 1. */
  readonly shiftPx?: number | undefined;
  /** Expected counts of a pixel of the middle disk. 0 … 60000; default 60. */
  readonly counts?: number | undefined;
  /** Expected counts of a pixel between the disks. 0 … 60000; default 0.5. */
  readonly background?: number | undefined;
  /** Pixels that always have 5000 counts, which the mask of the file marks. 0 … 1000; default 0. */
  readonly hotPixels?: number | undefined;
  /** The same seed gives the same frames. 0 … 9007199254740991; default 0. */
  readonly seed?: number | undefined;
}

/** Parameters of a simulated Merlin readout. */
export interface MerlinSimulation {
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Port for commands; 0: any free port. 0 … 65535; default 6341. */
  readonly port?: number | undefined;
  /** Port for frames; 0: any free port. 0 … 65535; default the next one after the port for commands. */
  readonly dataPort?: number | undefined;
  /** Time per frame; 0: as fast as they are received. Μs; 0 … 1e9; default 0. */
  readonly dwellUs?: number | undefined;
  /** Number of acquisitions. 1 … 1e9; default 1. */
  readonly repeat?: number | undefined;
  /** Announces an acquisition without an end. Default false. */
  readonly continuous?: boolean | undefined;
  /** Waits for the commands STARTACQUISITION and SOFTTRIGGER. Default false. */
  readonly trigger?: boolean | undefined;
}

/** Parameters of a simulated DECTRIS detector. */
export interface DectrisSimulation {
  /** Address to listen on. Default 127.0.0.1. */
  readonly host?: string | undefined;
  /** Port on which frames are pushed; 0: any free port. 0 … 65535; default 31001, for stream v1 9999. */
  readonly port?: number | undefined;
  /** Version of the stream. Default v2. */
  readonly streamVersion?: 'v1' | 'v2' | undefined;
  /** Compression of the frames; bslz4 is bitshuffle and LZ4. Default bslz4. */
  readonly encoding?: 'bslz4' | 'lz4' | 'none' | undefined;
  /** Time per frame; 0: as fast as they are received. Μs; 0 … 1e9; default 0. */
  readonly dwellUs?: number | undefined;
  /** Number of series. 1 … 1e9; default 1. */
  readonly repeat?: number | undefined;
  /** Numbers of images, from 0, that are not sent, as if they were lost on their way. Integers, 0 … 2147483648. */
  readonly lose?: readonly number[] | undefined;
}
