// Generated from parameters.ts by `npm run layout`. Do not edit.

/** What frames are searched with, besides the parameters of peaks, the cells and the thresholds of indexing. */
export interface SearchParameters {
  /** Of detector frames. How peaks are found, or where they are taken from. Default peakfinder8. */
  readonly finder?:
    | 'peakfinder8'
    | 'zaef'
    | 'dispersion'
    | 'dispersion-extended'
    | 'cxi'
    | 'hdf5'
    | 'msgpack'
    | 'stream'
    | undefined;
  /** Of detector frames. Pixels nearer to the beam than this take no part. Pixels; 0 … 1e6; default 0. */
  readonly minRes?: number | undefined;
  /**
   * Of detector frames. Pixels farther from the beam than this take no part; 0 sets no limit. Pixels; 0 … 1e6;
   * default 0.
   */
  readonly maxRes?: number | undefined;
  /** Of cxi, hdf5. Group or table of the peaks. Default peak_list of the geometry, or where the file has them. */
  readonly hdf5Peaks?: string | undefined;
  /**
   * Of cxi, hdf5, msgpack, stream. Adds half a pixel, since such lists count from the centre of the first pixel.
   * Default true.
   */
  readonly halfPixelShift?: boolean | undefined;
  /** Of cxi, hdf5, msgpack, stream. Omits peaks on bad pixels and beyond minRes and maxRes. Default true. */
  readonly revalidate?: boolean | undefined;
  /** Of indexing. How lattices are looked for. Default fast. */
  readonly method?: 'fast' | 'exhaustive' | 'turbo' | undefined;
  /** Of indexing. Most spots of a frame that take part, lowest resolution first. 6 … 4096; default 300. */
  readonly maxSpots?: number | undefined;
  /** Of indexing. Looks for several lattices in a frame. Default false. */
  readonly multi?: boolean | undefined;
  /**
   * Of peakfinder8, zaef, dispersion, dispersion-extended. Uses peaks with pixels above max_adu of their panel.
   * Default true.
   */
  readonly useSaturated?: boolean | undefined;
  /**
   * Of detector frames, a stream as input. Frames with fewer peaks are no hits and are not indexed. 0 … 1048576;
   * default 5.
   */
  readonly minPeaks?: number | undefined;
  /** Of the indexing of peaks. Lattices are judged against chance, or by CrystFEL's rule. Default chance. */
  readonly acceptBy?: 'chance' | 'crystfel' | undefined;
  /**
   * Of CrystFEL's rule. Greatest deviations from the known cell: of a*, b* and c* in percent, of the angles in
   * degrees. 6, 0 … inf; default 5,5,5,1.5,1.5,1.5.
   */
  readonly tolerance?: readonly [number, number, number, number, number, number] | undefined;
  /**
   * Of detector frames. Predicts and integrates reflections; without it a run gives orientations and peaks alone.
   * Default true.
   */
  readonly integrate?: boolean | undefined;
  /**
   * Of integration. How reflections are integrated: rings, with -cen (moved to the spot), -sat (also saturated),
   * -grad (plane). Default rings-nocen.
   */
  readonly integration?: string | undefined;
  /**
   * Of integration, zaef. Radii of integration: of a reflection, and between which its background lies. Pixels; 3,
   * rising, above 0 … 1e6; default from the first frames.
   */
  readonly intRadius?: readonly [number, number, number] | undefined;
  /**
   * Of integration. Predicts this far beyond the resolution of a crystal's own peaks; below 0: less far. 1/nm; -inf …
   * inf; default inf.
   */
  readonly pushRes?: number | undefined;
  /**
   * Of integration. The profile radius of every crystal; nodes within 1.7 of it of the Ewald sphere are predicted.
   * 1/m; above 0 … 1e12; default from each crystal's own peaks.
   */
  readonly fixProfileRadius?: number | undefined;
  /**
   * Of integration. Predicts nodes five times as far from the Ewald sphere: a buffer for programs that post-refine.
   * Default false.
   */
  readonly overpredict?: boolean | undefined;
  /**
   * Of detector frames. Pixels beyond this resolution take no part, and nothing is predicted there. Angstrom; 0.1 …
   * 1000; default no limit.
   */
  readonly highres?: number | undefined;
}

/** How the geometry of a run is refined before its frames are searched. */
export interface RefinementParameters {
  /**
   * Refines distance, shift and panels (auto), or distance and shift (detector), on the first crystals, and uses the
   * result for all frames; nothing moves by less than three errors. Default auto.
   */
  readonly refineGeometry?: 'auto' | 'detector' | 'off' | undefined;
  /**
   * The known cell is right to its last digit and fixes the distance; without it its size may be wrong by 0.3 %, and
   * the distance moves only if wide scattering angles tell it from the size. Default false.
   */
  readonly trustCell?: boolean | undefined;
}

/** How a run counts its frames, waits for them and holds them. */
export interface RunParameters {
  /** Serial number of the first frame. 0 … 2147483648; default 1. */
  readonly serialStart?: number | undefined;
  /** Waits for more frames: of files that grow, and of new files in folders. Node only. Default false. */
  readonly follow?: boolean | undefined;
  /** A run that waits for frames ends after this long without any. Of files with `follow`. S; 0 … 1e9; default 60. */
  readonly noDataTimeout?: number | undefined;
  /**
   * Frames that are still arriving are collected for this long, from the first one, until there are enough to
   * determine parameters, cell and geometry; the run then starts with those that there are. With `follow`, for frames
   * received live, and for an iterable of inputs, which has no limit by default. S; 0 … 1e9; default 20.
   */
  readonly firstFramesTimeoutS?: number | undefined;
  /**
   * Memory of this process near which frames are searched one at a time, with a warning. Bytes; 1048576 …
   * 9007199254740991; default the machine's or container's.
   */
  readonly maxMemory?: number | undefined;
}

/** Options of `checkGeometryFile`. */
export interface CheckGeometryOptions {
  /** Frames that the geometry should fit. */
  readonly framesFile?: string | undefined;
  /** Dataset of the frames in HDF5 files. Default the geometry's, or the file's own choice. */
  readonly dataset?: string | undefined;
  /** Verifies checksums in the file (CBF, HDF5, TIFF, Zarr, zip). Default true. */
  readonly checksums?: boolean | undefined;
  /** Opens masks that the geometry names wherever they are. Default false. */
  readonly allowOutside?: boolean | undefined;
  /** Draws panels, their first pixels and directions, and resolution rings into this file. */
  readonly svg?: string | undefined;
  /** Writes it as a .geom file. */
  readonly output?: string | undefined;
  /** Replaces existing files; never an input. Default false. */
  readonly force?: boolean | undefined;
}
