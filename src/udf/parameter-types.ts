// Generated from parameters.ts by `npm run layout`. Do not edit.

import type { DetectorControl } from './acquisition/detector-control.js';
import type { ComParams } from './builtin/com.js';
import type { Calibration } from './calibrate/calibration.js';
import type { MaskFactory } from './images/masks.js';
import type { Roi } from './scans/roi.js';

/** Parameters of connections to detectors and of live scans. */
export interface LiveParameters {
  /**
   * A detector whose frames are processed as they arrive, instead of a file: merlin://host:6341,
   * dectris://host:31001.
   */
  readonly connect?: string | undefined;
  /**
   * Processes the frames of a file that grows, or of files that are added to a folder, as they arrive; the scan needs
   * its shape (--nav-shape). Default false.
   */
  readonly follow?: boolean | undefined;
  /**
   * Of a detector (--connect). Port on which the detector sends frames. 1 … 65535; default the next one after the
   * port for commands.
   */
  readonly dataPort?: number | undefined;
  /**
   * Of a detector (--connect). Starts the acquisition by the detector's usual command. In JavaScript, a function may
   * send other commands. Without it, the acquisition is started by others. Default false.
   */
  readonly controller?: true | ((control: DetectorControl) => unknown) | undefined;
  /**
   * Longest time to wait for an acquisition, or for the first frame of a file. Seconds; 0 … 86400; default no limit.
   */
  readonly timeoutS?: number | undefined;
  /**
   * Time without a frame after which the scan ends with an error. Before the first frame of a detector, which may
   * wait for its trigger, there is no limit unless this is set. Seconds; 0 … 86400; default 60.
   */
  readonly stallS?: number | undefined;
  /**
   * Of a detector (--connect). Time to connect again if the connection ends during a scan; frames of that time are
   * lost. Seconds; 0 … 86400; default 5.
   */
  readonly reconnectS?: number | undefined;
  /**
   * Processes the latest frames and skips those that arrived meanwhile, for results without positions. Default false.
   */
  readonly latest?: boolean | undefined;
  /** Memory for frames that wait for the run. Bytes; 1 … 1099511627776; default 268435456. */
  readonly ringBytes?: number | undefined;
}

/** Parameters of analyses. */
export interface AnalysisParameters {
  /**
   * Of disk, ring, radial-fourier, radial-bins, polar, fem, crystallinity, cluster, com, icom, fft-sum, ssb, bragg.
   * Centre along x. Pixels; -inf … inf; default half the size, rounded down.
   */
  readonly cx?: number | undefined;
  /**
   * Of disk, ring, radial-fourier, radial-bins, polar, fem, crystallinity, cluster, com, icom, fft-sum, ssb, bragg.
   * Centre along y. Pixels; -inf … inf; default half the size, rounded down.
   */
  readonly cy?: number | undefined;
  /** Of point. The pixel along x. Pixels; -inf … inf; default half the size, rounded down. */
  readonly x?: number | undefined;
  /** Of point. The pixel along y. Pixels; -inf … inf; default half the size, rounded down. */
  readonly y?: number | undefined;
  /** Of disk. Radius. Pixels; 0 … 1e6; default disk: 0.15 of the shorter side; com: the whole frame. */
  readonly r?: number | undefined;
  /**
   * Of com, icom. Radius of the disk that is used. Pixels; 0 … 1e6; default what the disk of the calibration reaches;
   * the whole frame without one.
   */
  readonly maskRadius?: number | undefined;
  /** Of crystallinity, fft-sum. Radius of the disk that is taken out. Pixels; 0 … 1e6; default 0. */
  readonly radius?: number | undefined;
  /**
   * Of disks, strain, bragg. Radius of diffraction disks. Pixels; 0 … 1e6; default that of the calibration; without
   * one that of the direct beam in the sum.
   */
  readonly diskRadius?: number | undefined;
  /**
   * Of ring, radial-fourier, radial-bins, polar, fem, crystallinity, cluster. Inner radius. Pixels; 0 … 1e6; default
   * by the analysis.
   */
  readonly ri?: number | undefined;
  /** Of com, icom. Inner radius of the ring that is used. Pixels; 0 … 1e6; default 0. */
  readonly maskRadiusInner?: number | undefined;
  /**
   * Of ring, radial-fourier, radial-bins, polar, fem, crystallinity, cluster. Outer radius. Pixels; 0 … 1e6; default
   * half of the shorter side.
   */
  readonly ro?: number | undefined;
  /** Of com, icom, ssb. Angle between detector and scan. Degrees; -10000 … 10000; default 0. */
  readonly scanRotation?: number | undefined;
  /** Of com, icom, ssb. Inverts the detector's y axis. Default false. */
  readonly flipY?: boolean | undefined;
  /**
   * Of com, icom. Trend that is subtracted, where -1, 0 and 1 are LiberTEM's numbers. calibrated: the calibration's
   * descan, and the constant field that looks like it. Default com: none; icom: mean.
   */
  readonly regression?: ComParams['regression'] | 'none' | 'mean' | 'plane' | 'calibrated' | undefined;
  /**
   * Of radial-fourier, radial-bins, polar. Rings, or radii. 1 … 4096; default radial-fourier: 1; radial-bins, polar:
   * one per pixel.
   */
  readonly nBins?: number | undefined;
  /** Of polar. Azimuths of a full turn, as in PolarDatacube of py4DSTEM. 1 … 4096; default 180. */
  readonly nAnnular?: number | undefined;
  /** Of radial-fourier. Highest Fourier order. 0 … 1024; default 24. */
  readonly maxOrder?: number | undefined;
  /** Of radial-bins. Divides each sum by the weight of its ring. Default false. */
  readonly normalize?: boolean | undefined;
  /** Of cluster. Number of regions. 1 … 2147483648; default 20. */
  readonly clusters?: number | undefined;
  /** Of cluster. Largest number of pixels per frame that are compared. 1 … 65536; default 500. */
  readonly nPeaks?: number | undefined;
  /** Of cluster. Smallest distance between these pixels, and to the edge. Pixels; 1 … 65536; default 1. */
  readonly minDistance?: number | undefined;
  /** Of pick, pick-fft. Scan position, slowest axis first. Integers, 0 … 2147483648; default the first. */
  readonly at?: readonly number[] | undefined;
  /** Of masks. Functions that create masks; in the command .npy files with a mask [y, x], or several [masks, y, x]. */
  readonly factories: readonly MaskFactory[];
  /** Of masks, radial-fourier. Multiplies by sparse matrices. Default false. */
  readonly useSparse?: boolean | 'auto' | undefined;
  /** Of masks. Shift (dy, dx) of the masks in pixels, or one for each scan position. */
  readonly shifts?: readonly [number, number] | ArrayLike<number> | undefined;
  /**
   * Of disks, strain, bragg. Pattern with which frames are correlated; one of background subtraction suits most.
   * Default background-subtraction.
   */
  readonly pattern?:
    | 'circular'
    | 'radial-gradient'
    | 'background-subtraction'
    | 'radial-gradient-background-subtraction'
    | 'user'
    | undefined;
  /**
   * Of disks, strain, bragg. Outer radius of the ring that the pattern subtracts. Pixels; 0 … 1e6; default 1.5 radii.
   */
  readonly radiusOuter?: number | undefined;
  /**
   * Of disks, strain, bragg. Half the side of the square in which a disk is searched. Pixels; 0 … 1024; default 2
   * radii, and at least the outer radius.
   */
  readonly search?: number | undefined;
  /** Of disks, strain, bragg. The pattern user: an image { data, shape }; in the command a .npy file [y, x]. */
  readonly template?: { readonly data: ArrayLike<number>; readonly shape: readonly [number, number] } | undefined;
  /** Of disks, strain. Correlates a crop around each disk (fast) or whole frames (full). Default fast. */
  readonly correlation?: 'fast' | 'full' | undefined;
  /**
   * Of disks, strain. Refines maxima by a parabola, by blobfinder's centre of mass (com), or by upsampling (dft). The
   * parabola has the smallest errors; upsampling takes 11 times as long. Default parabola.
   */
  readonly refine?: 'parabola' | 'com' | 'dft' | undefined;
  /** Of disks, strain, bragg. Largest number of disks that are searched in the sum. 1 … 65536; default 25. */
  readonly numPeaks?: number | undefined;
  /**
   * Of disks, strain, bragg. Smallest distance between these disks, and to the edge. Pixels; 1 … 65536; default the
   * radius.
   */
  readonly peakDistance?: number | undefined;
  /**
   * Of disks, strain, bragg. Smallest height of these disks above the median of the correlation, relative to the
   * highest; noise is usually below 0.1. 0 … 1; default 0.1.
   */
  readonly minHeight?: number | undefined;
  /**
   * Of disks, strain. Expected positions of the disks, instead of those found in the sum. Pixels; default found in
   * the sum.
   */
  readonly positions?: ArrayLike<number> | undefined;
  /** Of bragg. Pixels of the map for one of the frames, as in py4DSTEM. 0.1 … 16; default 1. */
  readonly sampling?: number | undefined;
  /**
   * Of strain. Position of the direct beam, from which a and b span the lattice. Pixels; 2, -inf … inf; default from
   * the sum.
   */
  readonly zero?: readonly [number, number] | undefined;
  /** Of strain. First lattice vector. Pixels; 2, -inf … inf; default from the sum. */
  readonly a?: readonly [number, number] | undefined;
  /** Of strain. Second lattice vector. Pixels; 2, -inf … inf; default from the sum. */
  readonly b?: readonly [number, number] | undefined;
  /**
   * Of strain. Largest distance of a disk from its lattice point, divided by the root of its index. Pixels; above 0 …
   * 1e6; default 3.
   */
  readonly tolerance?: number | undefined;
  /** Of strain. Smallest elevation of a disk that is used. 0 … 1e9; default 0.1. */
  readonly minWeight?: number | undefined;
  /** Of strain. Smallest number of disks of a fit. 3 … 65536; default 3. */
  readonly minMatch?: number | undefined;
  /**
   * Of strain. Region without strain: y,x or y0:y1,x0:x1 of the scan, or a .npy file of it. Default the whole scan.
   */
  readonly reference?: Roi | undefined;
  /** Of strain. Angle by which the axes of the strain are turned, from x to y. Degrees; -10000 … 10000; default 0. */
  readonly axesRotation?: number | undefined;
  /**
   * Of disk, ring, radial-fourier, radial-bins, polar, fem, crystallinity, cluster, com, icom, fft-sum, ssb, bragg,
   * disks, strain. Result of ctx.calibrate, or a file of ewald calibrate, for the options that are not given. It
   * gives the centre, the radius of disk, disks, bragg, strain and ssb, scale and distortion of polar and bragg, bad
   * pixels of polar, hot pixels of com and icom, descan of bragg, the rotation where it is certain, the optics of ssb
   * and the step for filters of icom.
   */
  readonly calibration?: Calibration | undefined;
  /** Of icom. Mirrors the shifts at the edges of the scan, so that they need not be periodic. Default true. */
  readonly mirrored?: boolean | undefined;
  /**
   * Of icom. Frequency of a low pass at half of its height, as in DPC of py4DSTEM. 1/Å; above 0 … 1e9; default no
   * filter.
   */
  readonly qLowpass?: number | undefined;
  /**
   * Of icom. Frequency of a high pass at half of its height, which removes what varies slowly over the scan. 1/Å;
   * above 0 … 1e9; default no filter.
   */
  readonly qHighpass?: number | undefined;
  /** Of icom. Order n of these filters, 1 / (1 + (q / q₀)²ⁿ). Above 0 … 1000; default 2. */
  readonly butterworthOrder?: number | undefined;
  /** Of ssb. Acceleration voltage. KV; 0.001 … 3000; default that of the calibration; required without one. */
  readonly voltage?: number | undefined;
  /**
   * Of icom, ssb. Step of the scan. Nm; 1e-6 … 1e6; default that of the calibration; required without one, in icom by
   * filters only.
   */
  readonly dpix?: number | undefined;
  /** Of ssb. Convergence semi-angle. Mrad; above 0 … 1500; default that of the calibration; required without one. */
  readonly semiconv?: number | undefined;
  /**
   * Of ssb. Radius of the central disk on the detector. Pixels; 0.5 … 1e5; default that of the calibration; required
   * without one.
   */
  readonly semiconvPix?: number | undefined;
  /** Of ssb. Smallest sum of weights of an overlap that is used. 0 … 1e9; default 1. */
  readonly cutoff?: number | undefined;
  /**
   * Of holo. Side band, as an index of the spectrum with frequency 0 in the corner. 2, -65536 … 65536; default the
   * brightest of the sum.
   */
  readonly sbPosition?: readonly [number, number] | undefined;
  /** Of holo. Half of the spectrum in which the side band is searched. Default lower. */
  readonly sideband?: 'lower' | 'upper' | undefined;
  /**
   * Of holo. Radius of the aperture around the side band, in pixels of the spectrum. 0.5 … 1e6; default half the
   * distance of the side band.
   */
  readonly apertureRadius?: number | undefined;
  /** Of holo. Order of a Butterworth aperture; without it, the aperture is a disk. 0.5 … 1000. */
  readonly apertureOrder?: number | undefined;
  /** Of holo. Height and width of the waves. Pixels; 2, 1 … 65536; default those of the frames. */
  readonly outShape?: readonly [number, number] | undefined;
  /**
   * Of holo. Keeps the amplitude of waves smaller than the frames; LiberTEM-holo's grows by the ratio of pixels.
   * Default false.
   */
  readonly normalised?: boolean | undefined;
}

/** Options of `newUdf`. */
export interface NewUdfParameters {
  /** JavaScript, or AssemblyScript, which compiles to WebAssembly. Default js. */
  readonly language?: 'js' | 'as' | undefined;
  /**
   * Folder to create, which appears with all files or not at all. Default the name of the function, in the current
   * folder.
   */
  readonly folder?: string | undefined;
}
