// Generated from parameters.ts by `npm run layout`. Do not edit.

/** Where a server of pages listens. */
export interface ListenParameters {
  /** Port to listen on; 0 chooses a free one. 0 … 65535; default 0. */
  readonly port?: number | undefined;
  /**
   * Address to listen on, for a browser on another computer. The default can be reached from this computer only.
   * Default 127.0.0.1.
   */
  readonly host?: string | undefined;
}

/** With what a viewer shows frames. */
export interface ViewParameters {
  /** CrystFEL .geom of the detector. Default described by the file. */
  readonly geometry?: string | undefined;
  /**
   * Known cell: a CrystFEL .cell or PDB file, or a,b,c,alpha,beta,gamma. Without one, "Index all" determines it from
   * the frames; those that arrive are only searched for peaks.
   */
  readonly cell?: string | undefined;
  /** Shows frames as they are added: to files that grow, to a stream, and as new files of folders. Default false. */
  readonly follow?: boolean | undefined;
  /**
   * Of frames that are followed (--follow). Dataset of the frames in HDF5 files. Default the geometry's, or the
   * file's own choice.
   */
  readonly dataset?: string | undefined;
  /**
   * Of frames that arrive (--follow, --zmq-input). Rows and columns of a chip that is scanned, such as 400x400; then
   * ,serpentine; ,columns: along the columns; ,first=N: number of the first image; ,repeat=K: images of each well.
   */
  readonly grid?: string | undefined;
  /**
   * Of frames that arrive (--follow, --zmq-input). Positions on a chip: a line "image x y" for the number of each
   * image.
   */
  readonly gridFile?: string | undefined;
  /** Shows the frames that a stream names wherever they are. Default false. */
  readonly allowOutside?: boolean | undefined;
  /**
   * Shape of the scan, slowest axis first, whose product is the number of frames: 128,128; -1 stands for a length
   * that follows from it. Integers, -1 … 9007199254740991; default stated by the file.
   */
  readonly navShape?: readonly number[] | undefined;
  /** Shape of a frame, slowest axis first: 256,256. Integers, 1 … 9007199254740991; default stated by the file. */
  readonly sigShape?: readonly number[] | undefined;
  /**
   * Element type, for files that do not state it; flags take NumPy's words, too: uint16, <u2, >u2. Default stated by
   * the file.
   */
  readonly dtype?:
    | 'u8'
    | 'u16'
    | 'u32'
    | 'u64'
    | 'i8'
    | 'i16'
    | 'i32'
    | 'i64'
    | 'f16'
    | 'f32'
    | 'f64'
    | 'c64'
    | 'c128'
    | undefined;
  /** Byte order of the numbers. Default stated by the file, otherwise little. */
  readonly endian?: 'little' | 'big' | undefined;
  /** Of raw. Bytes before the first frame. 0 … 9007199254740991; default 0. */
  readonly offset?: number | undefined;
  /** Of raw. Bytes before each frame. 0 … 9007199254740991; default 0. */
  readonly frameHeader?: number | undefined;
  /** Of raw. Bytes after each frame. 0 … 9007199254740991; default 0. */
  readonly frameFooter?: number | undefined;
  /**
   * Of raw, dm, hdf5. Which axes vary fastest, those of the frame or of the scan. For HDF5, 'navigation' reverses all
   * axes, as rosettasciio does with EMD files of NCEM. Default signal.
   */
  readonly order?: 'signal' | 'navigation' | undefined;
  /**
   * First frame of the file that belongs to the scan; if negative, that many positions have no frame. Frames;
   * -2147483648 … 2147483648; default 0.
   */
  readonly syncOffset?: number | undefined;
  /** Shows this part of the scan: y,x or y0:y1,x0:x1. Default the whole scan. */
  readonly roi?: string | undefined;
  /** Uses the first frames only. 1 … 2147483648; default all. */
  readonly first?: number | undefined;
  /** Uses these frames only, counted from 0, each or every n-th: 0:100, 100:, 0:1000:10. Default all. */
  readonly frames?: string | readonly [first?: number, end?: number, step?: number] | undefined;
  /** Calibration of the scan: what ewald calibrate wrote; otherwise the page makes one when it needs it. */
  readonly calibration?: string | undefined;
}

/** How a run that nobody looks at is watched. */
export interface WatchParameters {
  /** Appends the events of the run to this file, one JSON line each. */
  readonly log?: string | undefined;
  /**
   * Size at which the log begins a new file; the last four are kept as FILE.1 … FILE.4. Bytes; 1000 … 1099511627776;
   * default 16777216.
   */
  readonly logBytes?: number | undefined;
  /**
   * Answers /health and /metrics (Prometheus) on this port of this computer, or host:port; prints the address.
   * Requests need the token of the address, as `?token=` or as a Bearer; EWALD_STATUS_TOKEN sets one that stays the
   * same.
   */
  readonly status?: string | undefined;
  /**
   * An alarm, such as 'hits<5% for 2min', of hits, indexed, rate, lag, disk, memory or drift, or of medians: spots,
   * resolution, background, ice, roi:NAME.FIELD ('roi:jet.sum<4000 for 30s'); may be repeated.
   */
  readonly alarm?: readonly string[] | undefined;
  /** Runs this command when an alarm begins and when it ends, with EWALD_ALARM and EWALD_ALARM_STATE. */
  readonly onAlarm?: string | undefined;
}
