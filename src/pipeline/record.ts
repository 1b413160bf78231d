/** The results of a frame as plain data, to be sent between processes and passed to outputs. */

import type { Beam, Geometry } from '../crystal/geometry/geometry.js';
import type { LatticeName } from '../crystal/lattice-name.js';
import type { RegionValues } from '../crystal/stream/regions.js';
import type { StreamChunk } from '../crystal/stream/stream.js';
import { formatChunk } from '../crystal/stream/write.js';
import type { Frame } from '../peaks/contract.js';
import type { PeakList } from '../peaks/peak-list.js';
import { EwaldError, type EwaldErrorTag } from '../util/errors.js';
import type { FrameCentre } from './centre/centred-beam.js';
import type { FrameGrid } from './chip/grid.js';
import type { CopiedHeader } from './inputs/copied-headers.js';
import type { FailedFrame, PipelineItem, SearchedFrame } from './one-frame.js';
import { type ProfileRecord, RadialProfile } from './profile/radial-profile.js';
import { accountOf, type CrystalAccount } from './stages/crystal-account.js';
import type { FrameCrystal, FrameResult, StageBackends, StageTimes } from './stages/frame.js';
import { crystalWith, tableOfCrystal, withoutReflections } from './stages/measured-crystal.js';
import { rowLength } from './stages/reflection-table.js';
import { chunkOf, type FrameOrigin } from './streams/chunk.js';

/** A crystal without its reflections, which are in the chunk. */
export type CrystalRecord = Omit<FrameCrystal, 'reflections'> & {
  /** Number of measured reflections; undefined if nothing was integrated. */
  readonly reflections: number | undefined;
  /** The reflections themselves, if they are sent; see reflection-table.ts. */
  readonly table?: Float64Array | undefined;
  /** What its reflections tell of the pixels; absent without any, or if a worker has not sent it. */
  readonly account?: CrystalAccount | undefined;
};

/** A finished frame. */
export interface FrameRecord {
  readonly origin: FrameOrigin;
  readonly hit: boolean;
  readonly peaks: PeakList;
  /** [count, 3] in 1/Å. */
  readonly spots: Float32Array;
  readonly crystals: readonly CrystalRecord[];
  readonly few?: true | undefined;
  readonly beam: Beam;
  readonly centre?: FrameCentre | undefined;
  readonly ms: StageTimes;
  readonly backends: StageBackends;
  readonly headers?: readonly CopiedHeader[] | undefined;
  readonly rois?: RegionValues | undefined;
  readonly grid?: FrameGrid | undefined;
  readonly maskedByFirst?: number | undefined;
  readonly unlit?: number | undefined;
  readonly profile?: ProfileRecord | undefined;
  /** Its chunk of a stream. */
  readonly chunk: string;
  /** The pixels of the frame, if they are kept. */
  readonly frame?: Frame | undefined;
  /** What it contributes to the stream if a worker has made that, empty for nothing; and where a worker has stored it. */
  readonly text?: Uint8Array | undefined;
  readonly storedText?: StoredBytes | undefined;
}

/** Bytes in a shard. */
export interface StoredBytes {
  readonly shard: string;
  readonly at: number;
  readonly length: number;
  readonly crc: number;
}

/** A frame that could not be read. */
export interface FrameFailure {
  readonly origin: FrameOrigin;
  readonly tag: EwaldErrorTag;
  readonly message: string;
}

/** A result and its chunk as plain data; with `travels`, they include its reflections. */
export function recordOf({ origin, result, chunk, frame }: SearchedFrame, travels = false): FrameRecord {
  const crystals = result.crystals.map((crystal) => {
    const table = tableOfCrystal(crystal);
    const plain = {
      ...withoutReflections(crystal),
      reflections: table && table.length / rowLength,
      ...(table && { account: accountOf(crystal, table) }),
    };
    return table ? { ...plain, table } : plain;
  });
  const { profile } = result;
  const record = {
    ...result,
    origin,
    crystals,
    ...(frame ? { frame } : {}),
    ...(profile ? { profile: { ...profile } } : {}),
  };
  if (travels) return { ...record, chunk: formatChunk(chunk) };
  let text: string | undefined;
  return {
    ...record,
    // The chunk is only formatted if it is written.
    get chunk() {
      text ??= formatChunk(chunk);
      return text;
    },
  };
}

/** The error of a frame as plain data. */
export const failureOf = ({ origin, error }: FailedFrame): FrameFailure => ({
  origin,
  tag: error.tag,
  message: error.message,
});

export const isFailure = (item: FrameRecord | FrameFailure): item is FrameFailure => 'message' in item;
export const isRead = (item: FrameRecord | FrameFailure): item is FrameRecord => !isFailure(item);

/** The geometry, lattices and method with which an item of a run is written. */
interface ItemSetup {
  readonly geometry: Geometry;
  readonly lattices: readonly LatticeName[];
  readonly method: string;
}

/**
 * Converts a sent record to the item that a run yields. Reflections and chunk are only made when they are accessed.
 */
export function pipelineItem(record: FrameRecord | FrameFailure, setup: ItemSetup): PipelineItem {
  if (isFailure(record)) return { origin: record.origin, error: new EwaldError(record.tag, record.message) };
  const { origin, hit, peaks, spots, beam, centre, few, ms, backends, headers, rois, grid, profile, frame } = record;
  const { maskedByFirst, unlit } = record;
  const crystals: FrameCrystal[] = record.crystals.map(({ table, reflections: _, account: _account, ...crystal }) =>
    crystalWith(crystal, table),
  );
  const optional = {
    ...(centre ? { centre } : {}),
    ...(few ? { few } : {}),
    ...(headers ? { headers } : {}),
    ...(rois ? { rois } : {}),
    ...(grid ? { grid } : {}),
    ...(maskedByFirst ? { maskedByFirst } : {}),
    ...(unlit === undefined ? {} : { unlit }),
    ...(profile ? { profile: new RadialProfile(profile) } : {}),
  };
  const result: FrameResult = { peaks, spots, hit, crystals, beam, ms, backends, ...optional };
  let chunk: StreamChunk | undefined;
  return {
    origin,
    result,
    get chunk() {
      if (record.chunk === '')
        throw new EwaldError('Unsupported', 'a brief item has no chunk; leave out briefItems, or read the stream');
      chunk ??= chunkOf(origin, result, setup.geometry, setup.lattices, setup.method);
      return chunk;
    },
    ...(frame ? { frame } : {}),
  };
}
