// Generated from parameters.ts by `npm run layout`. Do not edit.

/** What a caller may tell about a file of frames, or override. */
export interface OpenParameters {
  /** The format of the file, one of those that ewald info lists. Default recognised by its contents. */
  readonly format?: string | undefined;
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
   * Of mib. Frames at the end of each line of a scan that are no positions of it, such as those of the flyback. A
   * negative number: at the beginning of each line. The length of a line is the last number of navShape, or what the
   * .hdr says. -65536 … 65536; default stated by the .hdr.
   */
  readonly skipPerLine?: number | undefined;
  /**
   * Which array of a file that contains several: a name, an HDF5 path or part of one, or a number from 0. Default
   * chosen by shape and name.
   */
  readonly dataset?: string | number | undefined;
  /**
   * Largest frame or chunk that is read. The largest cameras have 0.4 GB, and a damaged header may claim any size. A
   * file that is compressed as a whole (.gz, .bz2) may have as many bytes after decompression. Bytes; 1 …
   * 9007199254740991; default 1073741824.
   */
  readonly maxFrameBytes?: number | undefined;
  /**
   * Opens a file that is still being written: data files of a master that do not exist yet are omitted. Default
   * false.
   */
  readonly growing?: boolean | undefined;
  /**
   * Reads a file without the files that it refers to and that do not exist. Their frames are left out of a master,
   * and parts of a virtual dataset have its fill value. Each is named in a warning. Default false.
   */
  readonly allowMissing?: boolean | undefined;
  /** Allows the file to refer to files outside its folder. Default false. */
  readonly allowOutside?: boolean | undefined;
  /** Verifies checksums in the file (CBF, HDF5, TIFF, Zarr, zip). Default true. */
  readonly checksums?: boolean | undefined;
}

/** What is written of a file of frames. */
export interface ConvertParameters {
  /** Uses the first frames only. 1 … 2147483648; default all. */
  readonly first?: number | undefined;
  /** Uses these frames only, counted from 0, each or every n-th: 0:100, 100:, 0:1000:10. Default all. */
  readonly frames?: string | readonly [first?: number, end?: number, step?: number] | undefined;
  /** Compression of the chunks; bitshuffle is followed by LZ4. Default bitshuffle. */
  readonly packing?: 'bitshuffle' | 'gzip' | 'none' | undefined;
  /** Replaces an existing file; never the input. Default false. */
  readonly force?: boolean | undefined;
}
