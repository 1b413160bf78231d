/**
 * `ewald/pipeline`: what a run of frames reads and writes, beside `ctx.pipeline` of `ewald`. The browser build; Node's
 * has the same names and takes paths.
 *
 *     import { createContext } from 'ewald';
 *     import { RunSummary } from 'ewald/pipeline';
 *     const summary = new RunSummary();
 *     const ctx = await createContext();
 *     for await (const item of ctx.pipeline({ inputs: [file], output: (piece) => pieces.push(piece) })) summary.add(item);
 *     console.log(summary.indexed, summary.cells);
 *
 * @module
 */

import type { ChipMap } from '../pipeline/chip/chip-map.js';
import { type InputKind, inputKindIn } from '../pipeline/inputs/inputs.js';
import { runPlace } from '../pipeline/inputs/place.browser.js';
import type { FileInput } from '../pipeline/inputs/place.js';
import type { LiveInput } from '../pipeline/sources/source.js';
import type { ZmqSourceOptions } from '../pipeline/sources/zeromq.node.js';
import { type StreamInfo, streamInfoIn } from '../pipeline/streams/info.js';
import { type Joined, type JoinOptions, joinStreamsIn } from '../pipeline/streams/join.js';
import { EwaldError } from '../util/errors.js';

/** Joins streams of one detector and cell, such as the shards of a run, in the order of their frames. */
export const joinStreams = (streams: readonly FileInput[], options: JoinOptions): Promise<Joined> =>
  joinStreamsIn(runPlace, streams, options);

/** The chips of streams whose run had a grid: what was found in each well. */
export const streamMaps = async (streams: readonly FileInput[]): Promise<ChipMap[]> =>
  (await import('../pipeline/grid/stream-maps.js')).streamMapsIn(runPlace, streams);

/** What a stream holds: frames, hits, crystals, cells and resolution. */
export const streamInfo = (stream: FileInput): Promise<StreamInfo> => streamInfoIn(runPlace, stream);

/** Frames that arrive by ZeroMQ: Node only; in a browser this throws `Unsupported`. */
export function zmqSource({ zmqInput }: ZmqSourceOptions): LiveInput {
  throw new EwaldError('Unsupported', `${zmqInput}: browsers have no ZeroMQ; pass frames as Files or URLs`);
}

/** What a file is to a run: `frames`, a `stream`, or neither of them. Nothing is thrown for what cannot be read. */
export const inputKind = (file: FileInput): Promise<InputKind> => inputKindIn(runPlace, file);

export * from '../pipeline/public.entry.js';
