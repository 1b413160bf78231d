/**
 * `ewald/pipeline` on Node: what a run of frames reads and writes, beside `ctx.pipeline` of `ewald`. The names of the
 * browser build, and paths.
 *
 *     import { createContext } from 'ewald';
 *     import { RunSummary } from 'ewald/pipeline';
 *     const summary = new RunSummary();
 *     const ctx = await createContext();
 *     for await (const item of ctx.pipeline({ inputs: 'run.h5', output: 'run.stream' })) summary.add(item);
 *     console.log(summary.indexed, summary.cells);
 *
 * @module
 */

import type { ChipMap } from '../pipeline/chip/chip-map.js';
import { type InputKind, inputKindIn } from '../pipeline/inputs/inputs.js';
import type { FileInput } from '../pipeline/inputs/place.js';
import { runPlace } from '../pipeline/inputs/place.node.js';
import { type StreamInfo, streamInfoIn } from '../pipeline/streams/info.js';
import { type Joined, type JoinOptions, joinStreamsIn } from '../pipeline/streams/join.js';

/** Joins streams of one detector and cell, such as the shards of a run, in the order of their frames. */
export const joinStreams = (streams: readonly FileInput[], options: JoinOptions): Promise<Joined> =>
  joinStreamsIn(runPlace, streams, options);

/** The chips of streams whose run had a grid: what was found in each well. */
export const streamMaps = async (streams: readonly FileInput[]): Promise<ChipMap[]> =>
  (await import('../pipeline/grid/stream-maps.js')).streamMapsIn(runPlace, streams);

/** What a stream holds: frames, hits, crystals, cells and resolution. */
export const streamInfo = (stream: FileInput): Promise<StreamInfo> => streamInfoIn(runPlace, stream);

/**
 * What a file is to a run: `frames`, a `stream`, a `folder`, or none of them. Nothing is thrown for what cannot be
 * read.
 */
export const inputKind = (file: FileInput): Promise<InputKind> => inputKindIn(runPlace, file);

export * from '../pipeline/public.entry.js';
export { zmqSource } from '../pipeline/sources/zeromq.node.js';
