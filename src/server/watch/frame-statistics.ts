/**
 * The statistics of a frame that a viewer receives: 56 bytes and 4 for each region, so that those of a whole shift fit
 * into memory.
 */

/** Bytes of a frame's statistics without regions, and with them. */
export const statisticsBytes = 56;
export const statisticsBytesOf = (regions: number): number => statisticsBytes + 4 * regions;

/** The statistics of a frame. */
export interface FrameStatistics {
  /** Serial number of the frame in the run. */
  readonly serial: number;
  /** Number of the frame in its file; undefined if the file holds one frame. */
  readonly event: number | undefined;
  /** Number of its file in the viewer's server. */
  readonly file: number;
  /** Whether the frame has been searched for peaks; otherwise it has only arrived. */
  readonly searched: boolean;
  readonly hit: boolean;
  /** Whether the frame could not be read. */
  readonly failed: boolean;
  readonly peaks: number;
  readonly crystals: number;
  /** Lengths (Å) and angles (degrees) of its first crystal. */
  readonly cell: readonly number[] | undefined;
  /** Resolution of its first crystal, Å. */
  readonly resolutionA: number | undefined;
  /** Time at which it was finished, in milliseconds since the run began. */
  readonly ms: number;
  /** Counts a pixel between the peaks; undefined if nothing has measured it. */
  readonly background?: number | undefined;
  /** The score of ice: the strongest of its rings over its surroundings, up to 3.98; undefined if it is not known. */
  readonly iceScore?: number | undefined;
  /** The resolution to which its peaks reach, Å; undefined without peaks. */
  readonly peakResolutionA?: number | undefined;
  /** The number of the image by its detector; undefined if nothing states it. */
  readonly image?: number | undefined;
  /** Its well, row × columns + column; undefined without one. */
  readonly well?: number | undefined;
  /** The mean of each region of the run, in their order; NaN without any. */
  readonly regions?: readonly number[] | undefined;
  /** The number of its chip in the run, from 0; beyond 255 they begin again at 0. */
  readonly chip?: number | undefined;
}

const none = 0xffffffff;
const flagBits = { searched: 1, hit: 2, failed: 4 } as const;
const upTo = (most: number, value: number): number => Math.max(0, Math.min(most, Math.round(value)));

/**
 * Writes the statistics of a frame at a byte offset. Little-endian: serial, event, file (u32), flags, crystals (u8),
 * peaks (u16), three angles in hundredths of a degree (u16), three lengths in Å (f32), resolution in thousandths of an
 * angstrom (u16), milliseconds (u32); background (f32, NaN for none), ice in 64ths (u8, 0 for none), chip (u8),
 * resolution of the peaks in thousandths of an angstrom (u16), image and well (u32); the mean of each region (f32).
 */
export function writeStatistics(view: DataView, at: number, frame: FrameStatistics, regions = 0): void {
  const { serial, event, file, searched, hit, failed, peaks, crystals, cell, resolutionA, ms } = frame;
  view.setUint32(at, upTo(none, serial), true);
  view.setUint32(at + 4, event === undefined ? none : upTo(none - 1, event), true);
  view.setUint32(at + 8, upTo(none, file), true);
  const flags = (searched ? flagBits.searched : 0) | (hit ? flagBits.hit : 0) | (failed ? flagBits.failed : 0);
  view.setUint8(at + 12, flags);
  view.setUint8(at + 13, upTo(0xff, crystals));
  view.setUint16(at + 14, upTo(0xffff, peaks), true);
  for (let i = 0; i < 3; i++) {
    view.setUint16(at + 16 + 2 * i, upTo(0xffff, 100 * (cell?.[3 + i] ?? 0)), true);
    view.setFloat32(at + 22 + 4 * i, cell?.[i] ?? 0, true);
  }
  view.setUint16(at + 34, upTo(0xffff, 1000 * (resolutionA ?? 0)), true);
  view.setUint32(at + 36, upTo(none, ms), true);
  const { background = Number.NaN, iceScore = 0, peakResolutionA = 0, image = none, well = none, chip = 0 } = frame;
  view.setFloat32(at + 40, background, true);
  view.setUint8(at + 44, upTo(0xff, 64 * iceScore));
  view.setUint8(at + 45, chip % 256);
  view.setUint16(at + 46, upTo(0xffff, 1000 * peakResolutionA), true);
  view.setUint32(at + 48, upTo(none, image), true);
  view.setUint32(at + 52, upTo(none, well), true);
  for (let i = 0; i < regions; i++)
    view.setFloat32(at + statisticsBytes + 4 * i, frame.regions?.[i] ?? Number.NaN, true);
}

/** Writes the well of a frame anew. */
export const writeWell = (view: DataView, at: number, well: number | undefined): void =>
  view.setUint32(at + 52, upTo(none, well ?? none), true);

/** A number that is not `missing`. */
const unless = (missing: number, value: number): number | undefined => (value === missing ? undefined : value);

/** Reads the statistics of frames of a run with so many regions; bytes beyond the last whole frame are ignored. */
export function readStatistics(bytes: Uint8Array, regions = 0): FrameStatistics[] {
  const each = statisticsBytesOf(regions);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return Array.from({ length: Math.floor(bytes.length / each) }, (_, i) => {
    const at = i * each;
    const event = view.getUint32(at + 4, true);
    const flags = view.getUint8(at + 12);
    const angles = [16, 18, 20].map((offset) => view.getUint16(at + offset, true) / 100);
    const lengths = [22, 26, 30].map((offset) => view.getFloat32(at + offset, true));
    const resolution = view.getUint16(at + 34, true);
    const background = view.getFloat32(at + 40, true);
    const [ice, reached] = [unless(0, view.getUint8(at + 44)), unless(0, view.getUint16(at + 46, true))];
    return {
      serial: view.getUint32(at, true),
      event: event === none ? undefined : event,
      file: view.getUint32(at + 8, true),
      searched: (flags & flagBits.searched) !== 0,
      hit: (flags & flagBits.hit) !== 0,
      failed: (flags & flagBits.failed) !== 0,
      crystals: view.getUint8(at + 13),
      peaks: view.getUint16(at + 14, true),
      cell: lengths[0] === 0 ? undefined : [...lengths, ...angles],
      resolutionA: resolution === 0 ? undefined : resolution / 1000,
      ms: view.getUint32(at + 36, true),
      background: Number.isNaN(background) ? undefined : background,
      iceScore: ice && ice / 64,
      peakResolutionA: reached && reached / 1000,
      image: unless(none, view.getUint32(at + 48, true)),
      well: unless(none, view.getUint32(at + 52, true)),
      chip: view.getUint8(at + 45),
      ...(regions > 0 && {
        regions: Array.from({ length: regions }, (_, k) => view.getFloat32(at + statisticsBytes + 4 * k, true)),
      }),
    };
  });
}
