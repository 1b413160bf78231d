/** The results of a run that workers of a cluster, or ranks, store: in this session, or in one that is resumed. */

import { decode } from '../../parallel/codec.js';
import type { PlatformSignal } from '../../util/globals.js';
import { checkSignal } from '../../util/options.js';
import type { PipelineItem } from '../one-frame.js';
import { type FrameFailure, type FrameRecord, isFailure, type StoredBytes } from '../record.js';
import type { Run } from '../run/run-state.js';
import type { Outputs } from '../sinks/outputs.js';
import type { IsDone } from '../sources/source.js';
import type { BriefResults } from '../task.js';
import { type BriefRecord, type BriefTask, briefRecords } from './brief.js';

/** A result of a run. */
export interface RecordedFrame {
  readonly record: FrameRecord | FrameFailure;
  /** The item itself, if it was not sent between processes. */
  readonly item?: PipelineItem;
}

export interface StoredResults {
  /** How workers report their results; undefined if they send them as they are. */
  readonly brief: BriefResults | undefined;
  /** Frames that an earlier session has stored and not written, in order. */
  readonly earlier: readonly BriefRecord[];
  /** Whether they come before all others, and not in the place of their serial numbers. */
  readonly areFirst: boolean;
  /** Whether a frame is one of them. */
  readonly has: IsDone;
  /** The whole record of a frame, if it is needed and was stored. */
  readonly wholeOf: (record: BriefRecord) => Promise<FrameRecord>;
}

/**
 * Opens the folder in which workers of a cluster, or ranks, store their results, if the stream is a file. Other
 * executors only read the folder that an earlier session has left.
 */
export async function storedResults(
  { options, place, prepared: { head }, events }: Run,
  outputs: Outputs,
  isDone: IsDone,
): Promise<StoredResults> {
  const { output, executor, briefItems, keepFrame, resume, force } = options;
  // Followed files may be listed in another order than before.
  const isFollowed = options.follow;
  const whole = !briefItems || keepFrame || outputs.needsWhole;
  const make = (executor?.kind === 'nats' || executor?.kind === 'mpi') && !keepFrame;
  const isFile = typeof output === 'string' && outputs.isContinuable;
  const folder = isFile ? await place.openShards?.(output, { resume, force, head, make }) : undefined;
  if (folder) outputs.joinFrom(folder);
  const shared = make ? folder : undefined;
  const { nonHitsInStream, peaksInStream, reflsInStream } = options;
  const contents = output === undefined ? undefined : { nonHitsInStream, peaksInStream, reflsInStream };
  const brief = { whole, contents, folder: shared && { path: shared.path, token: shared.token } };
  const keyOf = (serial: number, file: string, event: number): string =>
    isFollowed ? `${file} //${event}` : `${serial}`;
  const found = new Map<string, BriefRecord>();
  const damaged = new Set<string>();
  for (const record of (folder?.earlier ?? []).flatMap((task) => briefRecords(task as BriefTask))) {
    // What the stream does not need was not stored by every run, and pixels never are.
    if (isFailure(record) || keepFrame || (whole && !record.storedRecord)) continue;
    const { serial, filename, event = 0 } = record.origin;
    const frame = [serial, filename, Number(event)] as const;
    if (isDone(...frame)) continue;
    const parts = [record.storedText, whole ? record.storedRecord : undefined].filter(
      (part) => part && part.length > 0,
    );
    const held = await Promise.all(parts.map((part) => folder?.holds(part as StoredBytes)));
    if (held.every(Boolean)) found.set(keyOf(...frame), record);
    else damaged.add(keyOf(...frame));
  }
  const again = [...damaged].filter((key) => !found.has(key)).length;
  if (again > 0)
    events.warnQuietly(
      `results of ${again} frame${again === 1 ? '' : 's'} in ${folder?.path} are damaged; they are computed again`,
    );
  return {
    brief: whole && !shared ? undefined : brief,
    earlier: [...found.values()].sort((a, b) => a.origin.serial - b.origin.serial),
    areFirst: isFollowed,
    has: (...frame) => found.has(keyOf(...frame)),
    async wholeOf(record) {
      const { storedRecord, storedText } = record;
      if (!whole || !storedRecord || !folder) return record;
      const bytes = await folder.read([storedRecord]);
      const text = storedText && storedText.length > 0 ? await folder.read([storedText]) : undefined;
      return { ...(decode(bytes) as FrameRecord), chunk: text ? new TextDecoder().decode(text) : '', storedText };
    },
  };
}

/** The results of a session together with those that an earlier one has stored. */
export async function* withStored(
  results: AsyncGenerator<RecordedFrame, void, undefined>,
  { earlier, areFirst, wholeOf }: StoredResults,
  signal: PlatformSignal | undefined,
): AsyncGenerator<RecordedFrame, void, undefined> {
  let next = 0;
  const before = async function* (serial: number): AsyncGenerator<RecordedFrame, void, undefined> {
    for (; next < earlier.length; next++) {
      const record = earlier[next] as BriefRecord;
      if (record.origin.serial >= serial) return;
      checkSignal(signal);
      yield { record: await wholeOf(record) };
    }
  };
  if (areFirst) yield* before(Number.POSITIVE_INFINITY);
  for await (const recordedFrame of results) {
    yield* before(recordedFrame.record.origin.serial);
    yield recordedFrame;
  }
  yield* before(Number.POSITIVE_INFINITY);
}
