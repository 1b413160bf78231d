/**
 * What the page and its worker tell each other, by the calls of operations.ts: plain data. Typed arrays are transferred,
 * not copied.
 */
import type { OpenOptions } from '../../entries/data.js';
import type { KnownCell, RegionValue, SearchSettings } from '../../entries/index.js';
import type { PeakMaps, Preparation, Region, SliceOptions, VirtualShape } from '../../entries/pages.js';
import type { ChannelAxis } from '../../entries/udf.js';
import type { Limits } from './contrast.js';
import type { PlacedPanel } from './layout.js';
import type { PickedScan } from './picked-frames.js';
import type { LiveQuantity, ScanUnits } from './scan-quantities.js';

/** A file with its name: a dropped one, or the address of one on the server. */
export type InputFile = {
  readonly name: string;
  /** The name by which a stream refers to it, if the server knows that name. */
  readonly as?: string | undefined;
} & ({ readonly blob: Blob } | { readonly address: string });

/** Files to open together. */
export interface OpenRequest {
  /** Files of frames. */
  readonly frames: readonly InputFile[];
  readonly geometry: InputFile | undefined;
  readonly cell: InputFile | undefined;
  /** A stream whose results are shown with its frames. */
  readonly stream?: InputFile | undefined;
  /** How the frames are read, where their files do not say it. */
  readonly opening?:
    | (Pick<OpenOptions, 'dataset' | 'navShape' | 'sigShape' | 'dtype' | 'offset' | 'constants' | 'energy'> &
        Pick<PickedScan, 'syncOffset' | 'roi'> &
        SliceOptions)
    | undefined;
  /** A calibration of the scan, and the file that it comes from. */
  readonly calibration?: { readonly name: string; readonly found: unknown } | undefined;
  /** Why others of the files that were given are not opened. */
  readonly leftOut?: readonly string[] | undefined;
  /** The computer that can compute the images of a scan, and whether it does at first. */
  readonly compute?:
    | {
        readonly host: string;
        readonly where: 'here' | 'there';
        readonly kind: 'scan' | 'frames';
        /** Its address, from that of the page. */
        readonly at: string;
      }
    | undefined;
}

/** How files are opened, and what was given with them that is not opened. */
export type OpeningHow = Pick<OpenRequest, 'opening' | 'calibration' | 'leftOut' | 'compute'>;

/** What a file without a header asks for, with what fits: texts of fields. */
export interface AskedShape {
  readonly bytes?: string | undefined;
  readonly dtype?: string | undefined;
  readonly navShape?: string | undefined;
  readonly sigShape?: string | undefined;
}

/** A run in progress, as its server describes it. */
export interface LiveFacts {
  readonly name: string;
  readonly geometry: string;
  /** Dataset of the frames that the user named; undefined: the geometry's, or the file's own choice. */
  readonly dataset?: string | undefined;
  readonly cells: readonly KnownCell[];
  readonly peaks: Partial<FinderParameters> | null;
  /** Whether a run searches the frames; otherwise the page searches those that it shows. */
  readonly searches: boolean;
  /** Whether its frames have radial profiles. */
  readonly profiles?: boolean | undefined;
  /** What its overview has: `answers`, `alarms`, `profile`, `regions`, `origin`, `more`; absent without any. */
  readonly panes?: readonly string[] | undefined;
  /** The names of its regions. */
  readonly regions?: readonly string[] | undefined;
}

/** An open file of frames. */
export interface Opened {
  readonly name: string;
  readonly format: string;
  readonly dtype: string;
  readonly frames: number;
  readonly width: number;
  readonly height: number;
  /** Axes of the scan or series. */
  readonly navigation: readonly number[];
  /** Remarks for the user: guesses, missing numbers, warnings. */
  readonly notes: readonly string[];
  /** Why others of the files that were given are not opened. */
  readonly leftOut?: readonly string[] | undefined;
  /** Why what is shown may be wrong. */
  readonly doubts?: readonly string[] | undefined;
  /** Panels of the detector in the displayed plane; undefined without a geometry. */
  readonly panels: readonly PlacedPanel[] | undefined;
  /** Where the beam meets the displayed plane; undefined without a geometry. */
  readonly beam: readonly [x: number, y: number] | undefined;
  /** Whether frames may have beams of their own. */
  readonly beamVaries: boolean;
  /** The reason why there is no detector; peaks can then be found but not indexed. */
  readonly withoutDetector: string | undefined;
  /** Nonzero for bad pixels, [height, width]; undefined without a mask. */
  readonly bad: Uint8Array | undefined;
  readonly validRange: Limits;
  /** Lengths and angles of the known cell. */
  readonly cell: readonly number[] | undefined;
  /** Its centring, such as P. */
  readonly centring?: string | undefined;
  /** Whether the frames are electron diffraction patterns, which use another contrast rule. */
  readonly electrons: boolean;
  /** Where each frame of a file of hits was recorded: `recorded as 4 of run.h5`. */
  readonly recorded?: readonly string[] | undefined;
  /** The frames of a stream: their results are shown, and no others are searched for. */
  readonly listed: readonly FrameSummary[] | undefined;
  /** Whether the frames arrive without results, so that those of the shown ones are listed as the page finds them. */
  readonly unsearched?: boolean;
  /** The frame that is shown first; default 0. */
  readonly first?: number | undefined;
}

/** Parameters of the peak search that can be set in the page. */
export interface FinderParameters {
  readonly threshold: number;
  readonly minSnr: number;
  readonly localBgRadius: number;
}

/** The stages of the peak search, as pictures: the values with which the finder compares the pixels of a frame. */
export type StageName = 'background' | 'noise' | 'limit' | 'snr' | 'marks';

/** Peaks of a frame. */
export interface ShownPeaks {
  readonly frame: number;
  readonly count: number;
  readonly fs: Float32Array;
  readonly ss: Float32Array;
  readonly intensity: Float32Array;
  /** Duration of the search; undefined for peaks of a stream. */
  readonly ms: number | undefined;
}

/** A crystal of a frame. */
export interface ShownCrystal {
  readonly lengths: readonly number[];
  readonly angles: readonly number[];
  /** Undefined if a stream does not state it. */
  readonly probability: number | undefined;
  /** Peaks that belong to it; undefined if a stream does not state it. */
  readonly explained: number | undefined;
  /** Å. */
  readonly resolutionA: number;
  readonly reflections: ShownReflections;
}

/** Reflections as columns. */
export interface ShownReflections {
  readonly count: number;
  readonly hkl: Int16Array;
  /** Pixels of the frame. */
  readonly fs: Float32Array;
  readonly ss: Float32Array;
  readonly intensity: Float32Array;
  readonly sigma: Float32Array;
}

/** One line of the list of frames. */
export interface FrameSummary {
  readonly frame: number;
  readonly peaks: number;
  readonly hit: boolean;
  readonly crystals: number;
  /** Lengths and angles of the first crystal. */
  readonly cell: readonly number[] | undefined;
  readonly resolutionA: number | undefined;
  /** The reason why the frame could not be searched. */
  readonly error: string | undefined;
}

/** Counts of peaks. */
export type ShownPeakMaps = Pick<PeakMaps, 'width' | 'step' | 'frames' | 'powder' | 'peakogram'>;

/** Information about a pixel. */
export interface PixelReading {
  /** The value as the file has it, where the picture has fewer digits. */
  readonly value?: string | undefined;
  readonly resolutionA: number | undefined;
  /** Fractional Miller indices in the first crystal. */
  readonly hkl: readonly [number, number, number] | undefined;
}

/** A curve of constant resolution, as points of the displayed plane. */
export interface ShownRing {
  readonly resolutionA: number;
  readonly arcs: readonly Float32Array[];
}

export type { VirtualShape };

/** A scan in the worker's memory. */
export interface LoadedScan {
  /** Number of detector pixels summed into one, along each axis. */
  readonly bin: number;
  /** Size of a pattern in memory. */
  readonly width: number;
  readonly height: number;
  /** Bytes that the scan takes in the file and in memory. */
  readonly fileBytes: number;
  readonly bytes: number;
  /** Whether it is in the memory of the server; undefined for one that is computed in this tab. */
  readonly isResident?: boolean | undefined;
  /** What the file states, and the calibration that was given with it. */
  readonly optics: Optics;
  readonly units: ScanUnits;
  readonly calibration: ShownCalibration | undefined;
}

/** A rectangle of positions of a scan: column and row of its first position, and its size. */
export interface ScanRegion {
  readonly x: number;
  readonly y: number;
  readonly w: number;
  readonly h: number;
}

/** An image of a scan to be computed from the pixels in a virtual detector. */
export interface ScanImageRequest {
  readonly shape: VirtualShape;
  readonly quantity: LiveQuantity;
  /** Whether the absolute Fourier transform of the image is returned. */
  readonly fourier: boolean;
  /** Length of a vector that has the full colour; undefined: that of the longest ones. */
  readonly rim?: number | undefined;
  readonly axes: ShiftAxes;
  /** Whether a server sends the numbers themselves, and not rounded ones. */
  readonly exact?: boolean | undefined;
}

/** How shifts of the centre of mass are measured. */
export interface ShiftAxes {
  /** Rotation of the shifts into the axes of the scan, in degrees, and whether y of the detector is inverted. */
  readonly scanRotation?: number | undefined;
  readonly flipY?: boolean | undefined;
  /** Pixels (y, x) of the frames without a count, which are skipped. */
  readonly without?: ShownCalibration['without'] | undefined;
  /** Radius of the direct beam in pixels; undefined if it is not known. */
  readonly radius?: number | undefined;
}

/** A field of shifts, by the detector and the axes with which its image was computed. */
export type FieldNotesRequest = Pick<ScanImageRequest, 'shape' | 'quantity' | 'axes'>;

/** What is known of the optics beside the pixels. */
export interface Optics {
  /** Acceleration voltage in kV, convergence semi-angle in mrad, step of the scan in nm. */
  readonly voltage?: number | undefined;
  readonly semiconv?: number | undefined;
  readonly dpix?: number | undefined;
}

/** A calibration of the scan, as far as the page shows and uses it. */
export interface ShownCalibration {
  /** Each part with its error, or the reason why it is not known. */
  readonly texts: readonly (readonly [name: string, text: string])[];
  readonly notes: readonly string[];
  /** Centre and radius of the bright field, in pixels. */
  readonly centre: readonly [y: number, x: number] | undefined;
  readonly radius: number | undefined;
  /** The disk that holds the bright field at every position, and the ring outside it; undefined if it is not known. */
  readonly fields: { readonly bright: VirtualShape; readonly dark: VirtualShape } | undefined;
  readonly scanRotation: number | undefined;
  readonly flipY: boolean | undefined;
  /** Pixels (y, x) without a count: hot, dead, in gaps, behind the beam stop. */
  readonly without: readonly (readonly [y: number, x: number])[];
  readonly optics: Optics;
  readonly units: ScanUnits;
  /** The file of the calibration. */
  readonly json: string;
}

/** The plane of an image that does not show the scan. */
export interface ImagePlane {
  readonly rows: number;
  readonly columns: number;
  /** Axes along y and x. */
  readonly axes: readonly [ChannelAxis, ChannelAxis];
}

/** An image of a scan. */
export interface ScanImage {
  readonly image: Float64Array;
  /** The vectors of a field, (y, x), whose lengths the image shows. */
  readonly vectors?: Float64Array | undefined;
  /** Colours of a field by direction and length, [rows, columns, 4]. */
  readonly rgba: Uint8Array | undefined;
  /** The colours of all directions and lengths, [wheelSize, wheelSize, 4]. */
  readonly wheel: Uint8Array | undefined;
  /** Length of the vectors at the rim of the wheel. */
  readonly rim?: number | undefined;
  /** Rows and columns, and their axes, of an image that does not show the scan. */
  readonly plane?: ImagePlane | undefined;
  /** What the image should be read with. */
  readonly notes?: readonly string[] | undefined;
  /** What it is not yet, in words: the share of the frames that it is of, by how much its numbers may be off. */
  readonly progress?: string | undefined;
  /** Whether another image was wanted before there was one. */
  readonly isGivenUp?: boolean | undefined;
  readonly ms: number;
}

/** Width and height of a colour wheel. */
export const wheelSize = 64;

/** What a run over all frames has determined on the first ones. */
export interface RunStart {
  readonly prepared: Preparation;
  /** Lengths and angles of the first cell; undefined if no cell explains the frames. */
  readonly cellParameters: readonly number[] | undefined;
  /** How the cell was determined, or why none was found, and how the geometry was refined; empty for neither. */
  readonly remarks: readonly string[];
}

/** A block of frames to search. */
export interface RunRequest {
  readonly settings: SearchSettings;
  /** What was determined before; undefined: this block is the whole run, and determines it. */
  readonly prepared: Preparation | undefined;
  readonly first: number;
  readonly count: number;
  /** Whether a report with pictures is written as well. */
  readonly html: boolean;
}

/** A block of frames that was searched. */
export interface RunResult {
  /** The CrystFEL stream of the block, with its head. */
  readonly stream: Blob;
  readonly html: Blob | undefined;
  readonly stopped: boolean;
  /** What was determined; undefined if the run was stopped before. */
  readonly start: RunStart | undefined;
  /** What its crystals contradict of the cell or the geometry, and other warnings. */
  readonly doubts: readonly string[];
}

/** How frames are combined. */
export type StackKind = 'sum' | 'mean' | 'maximum';

/** A known cell, as the page shows it: lengths in Å, angles in degrees, and its centring. */
export type ShownCell = Required<Pick<Opened, 'cell' | 'centring'>>;

/** The frame whose beam is meant. */
export interface OfFrame {
  readonly frame: number;
}

/** Where the page takes the detector to be, instead of where its geometry says. */
export interface Adjustment {
  /** How far the beam is moved over the displayed plane, in its pixels. */
  readonly moved: readonly [x: number, y: number];
  /** Mean distance of the panels in metres; undefined: as the geometry says. */
  readonly distanceM: number | undefined;
}

/** Pixels of a frame: fs and ss. */
export type PixelPlace = readonly [fs: number, ss: number];

/** A region of the displayed frame: its lines in the plane and its counts, or what is wrong with its text. */
export interface ShownRegion {
  readonly text: string;
  readonly region?: Region | undefined;
  readonly lines?: readonly Float32Array[] | undefined;
  readonly value?: RegionValue | undefined;
  readonly problem?: string | undefined;
}

/** How a scan is read: the bytes that it may take in memory, and the detector whose sum is shown while it grows. */
export interface ScanLoading {
  readonly maxBytes: number;
  readonly shape: VirtualShape;
  /** Where its images are computed, if there is a choice; by default here. */
  readonly where?: 'here' | 'there' | undefined;
}

/** Receives the fraction of a scan that is in memory, 0 … 1, and the sum of its virtual detector. */
export type LoadingReport = (progress: {
  readonly share: number;
  readonly image: ScanImage;
  /** Every how many positions were read, if not all. */
  readonly every?: number | undefined;
}) => void;
